//! What no page shows and people should know all the same.

use std::time::Duration;

use super::killed::serves_on;
use crate::service::Service;

/// When all pods of a service go.
pub(super) fn of_service(service: Service) -> Vec<String> {
    let notes: &[&str] = match service {
        Service::RedisCart => &[
            "all carts are lost if the data lies in an emptyDir, as upstream has it",
            "no pod but redis-cart itself will leave the Ready state",
        ],
        Service::Emailservice => &["orders go through, confirmations are not sent"],
        Service::Loadgenerator => &["the simulated shoppers pause; the shop does not notice"],
        Service::Shippingservice => &["an order caught between payment and shipping is charged and not shipped"],
        _ => &[],
    };
    notes.iter().map(|note| (*note).to_owned()).collect()
}

/// When a service is well and not reached.
pub(super) fn of_cut(callee: Service) -> Vec<String> {
    let mut notes = vec![format!("{callee} itself stays Ready: every health check of this shop answers a constant")];
    if callee == Service::Emailservice {
        notes.extend(of_service(callee));
    }
    notes
}

/// When pods are told to stop.
pub(super) fn of_stop(service: Service, grace: Duration) -> Option<String> {
    let lingers = serves_on(service) && grace > Duration::from_secs(1);
    let seconds = grace.as_secs();
    lingers
        .then(|| format!("{service} ignores SIGTERM: the old pod serves open connections for {seconds} more seconds"))
}
