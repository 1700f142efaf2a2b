//! Customers beside the prober's, so that a service has work to do.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use boutique_core::catalogue::Page;
use tokio::task::JoinSet;

use super::{ActivityError, Work};
use crate::storefront::Reply;

/// No answer is waited for longer.
const LIMIT: Duration = Duration::from_secs(5);

/// Pages in the order in which each of them asks: together they reach every service but checkout's.
const ROUND: [Page; 4] = [Page::Home, Page::Product, Page::AddToCart, Page::ViewCart];

/// Asks for pages, as many at the same time as were wanted, until it is called off. What the shop answers does not matter.
pub(super) async fn load(work: &Work, in_flight: u16) -> Result<Vec<String>, ActivityError> {
    let answered = Arc::new(AtomicU64::new(0));
    let mut customers = JoinSet::new();
    work.say(format!("load: {in_flight} customers at the same time, through {}", work.storefront));
    for n in 0..in_flight {
        let (storefront, cancel, answered) = (work.storefront.clone(), work.cancel.clone(), Arc::clone(&answered));
        let shopper = storefront.shopper(format!("boutique-load-{}-{n}", work.fault.id));
        customers.spawn(async move {
            let browse = async {
                for page in ROUND.into_iter().cycle() {
                    let (reply, _) = storefront.send(&shopper, &shopper.step(page), LIMIT).await;
                    if matches!(reply, Reply::Shop(_)) {
                        answered.fetch_add(1, Ordering::Relaxed);
                    } else {
                        // Nobody there answers at once; asking again at once would only heat this machine.
                        tokio::time::sleep(Duration::from_millis(50)).await;
                    }
                }
            };
            tokio::select! {
                () = cancel.cancelled() => {}
                () = browse => {}
            }
            storefront.send(&shopper, &shopper.leave(), LIMIT).await;
        });
    }
    while customers.join_next().await.is_some() {}
    Ok(vec![format!("load: {} pages were answered", answered.load(Ordering::Relaxed))])
}
