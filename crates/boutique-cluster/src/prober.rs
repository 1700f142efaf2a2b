//! The open-loop prober: requests leave by the timetable, whatever became of the earlier ones.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use boutique_core::catalogue::Page;
use boutique_core::probe::{Outcome, SESSIONS, Sample, Slot, Timetable};
use boutique_core::purchase::{Shopper, judge};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::storefront::{Reply, Storefront};

/// No customer waits longer.
pub const LIMIT: Duration = Duration::from_secs(2);

/// Requests on their way at once. At 20 a second and 2 s each there can be 40; what is beyond that is the prober's own
/// trouble, and is not held against the shop.
const IN_FLIGHT: usize = 64;

/// A prober at work.
pub struct Prober {
    started: Instant,
    samples: Arc<Mutex<Vec<Sample>>>,
    /// A prober that is dropped sends nothing more.
    stop: DropGuard,
    clerk: JoinHandle<()>,
    storefront: Storefront,
    shoppers: Arc<Vec<Shopper>>,
}

impl Prober {
    /// Starts probing. `name` goes into the session names, so that two probers do not share carts.
    pub fn start(storefront: Storefront, timetable: Timetable, name: &str) -> Self {
        let shoppers: Arc<Vec<Shopper>> =
            Arc::new((0..SESSIONS).map(|n| storefront.shopper(format!("boutique-probe-{name}-{n}"))).collect());
        let samples = Arc::new(Mutex::new(Vec::new()));
        let stop = CancellationToken::new();
        let started = Instant::now();
        let work =
            Work { storefront: storefront.clone(), shoppers: shoppers.clone(), samples: samples.clone(), started };
        let clerk = tokio::spawn(work.run(timetable, stop.clone()));
        Self { started, samples, stop: stop.drop_guard(), clerk, storefront, shoppers }
    }

    /// Time since the start, the clock of the samples.
    pub fn now(&self) -> Duration {
        self.started.elapsed()
    }

    /// Samples whose fate is settled: those that were due so long ago that they have either been answered or timed out.
    pub fn settled(&self) -> Vec<Sample> {
        let until = self.now().saturating_sub(LIMIT);
        self.all().into_iter().filter(|sample| sample.at <= until).collect()
    }

    /// All samples so far, also those that came in before earlier ones were answered.
    pub fn all(&self) -> Vec<Sample> {
        self.samples.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Stops, waits for what is on its way, and leaves the carts empty.
    pub async fn stop(self) -> Vec<Sample> {
        drop(self.stop);
        // The clerk only ends early by a panic, and then the samples are what there is.
        let _ = self.clerk.await;
        let carts = self.shoppers.iter().map(|shopper| {
            let step = shopper.leave();
            let storefront = &self.storefront;
            async move { storefront.send(shopper, &step, LIMIT).await }
        });
        futures::future::join_all(carts).await;
        self.samples.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Work {
    storefront: Storefront,
    shoppers: Arc<Vec<Shopper>>,
    samples: Arc<Mutex<Vec<Sample>>>,
    started: Instant,
}

impl Work {
    async fn run(self, timetable: Timetable, stop: CancellationToken) {
        let in_flight = Arc::new(Semaphore::new(IN_FLIGHT));
        let mut sent = tokio::task::JoinSet::new();
        for n in 0.. {
            let slot = timetable.slot(n);
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep_until(self.started + slot.at) => {}
            }
            while sent.try_join_next().is_some() {}
            let (samples, started) = (self.samples.clone(), self.started);
            let Ok(permit) = in_flight.clone().try_acquire_owned() else {
                let outcome = Outcome::Unknown { reason: "too many requests on their way".to_owned() };
                note(&samples, Sample { at: slot.at, page: slot.page, took: Duration::ZERO, outcome });
                continue;
            };
            let (storefront, shoppers) = (self.storefront.clone(), self.shoppers.clone());
            sent.spawn(async move {
                let outcome = ask(&storefront, &shoppers[slot.session], slot).await;
                let took = started.elapsed().saturating_sub(slot.at);
                note(&samples, Sample { at: slot.at, page: slot.page, took, outcome });
                drop(permit);
            });
        }
        while sent.join_next().await.is_some() {}
    }
}

fn note(samples: &Mutex<Vec<Sample>>, sample: Sample) {
    samples.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
}

async fn ask(storefront: &Storefront, shopper: &Shopper, slot: Slot) -> Outcome {
    let step = shopper.step(slot.page);
    let (reply, _) = storefront.send(shopper, &step, LIMIT).await;
    outcome(slot.page, shopper, reply)
}

fn outcome(page: Page, shopper: &Shopper, reply: Reply) -> Outcome {
    match reply {
        Reply::Shop(answer) => match judge(&shopper.step(page), &answer) {
            Ok(()) => Outcome::Good,
            Err(complaint) => Outcome::Bad { status: Some(answer.status), culprit: complaint.culprit },
        },
        Reply::Nobody(_) => Outcome::Bad { status: None, culprit: None },
        Reply::Unknown(reason) => Outcome::Unknown { reason },
        Reply::Timeout => Outcome::Timeout,
    }
}
