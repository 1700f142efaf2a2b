//! Finding shops by upstream's labels.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::text;

/// Selects the workloads of any Online Boutique, whoever installed it, and the collector of one that traces.
pub const SELECTOR: &str = "app in (frontend,adservice,cartservice,checkoutservice,currencyservice,emailservice,\
                            paymentservice,productcatalogservice,recommendationservice,shippingservice,redis-cart,\
                            loadgenerator,opentelemetrycollector)";

/// Workloads that no other application is likely to have together.
const FINGERPRINT: [&str; 3] = ["frontend", "cartservice", "productcatalogservice"];

/// Namespaces that hold a shop, given Deployments that [`SELECTOR`] has found. One missing workload does not hide a shop:
/// that it is missing is what somebody wants to be told.
pub fn namespaces_with_shops(deployments: &[Value]) -> Vec<String> {
    let mut apps: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for deployment in deployments {
        if let (Some(namespace), Some(app)) =
            (text(deployment, "/metadata/namespace"), text(deployment, "/metadata/labels/app"))
        {
            apps.entry(namespace).or_default().insert(app);
        }
    }
    let is_shop = |apps: &BTreeSet<&str>| FINGERPRINT.iter().filter(|app| apps.contains(*app)).count() >= 2;
    apps.into_iter().filter(|(_, apps)| is_shop(apps)).map(|(namespace, _)| namespace.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::service::Service;

    fn mk_deployment(namespace: &str, app: &str) -> Value {
        json!({"metadata": {"namespace": namespace, "name": app, "labels": {"app": app}}})
    }

    #[test]
    fn a_frontend_alone_is_no_shop() {
        let found = [
            mk_deployment("blog", "frontend"),
            mk_deployment("shop", "frontend"),
            mk_deployment("shop", "cartservice"),
        ];
        assert_eq!(namespaces_with_shops(&found), ["shop"]);
    }

    #[test]
    fn the_selector_names_every_service() {
        for service in Service::ALL {
            assert!(SELECTOR.contains(service.name()), "{service}");
        }
        assert!(SELECTOR.contains(crate::render::COLLECTOR));
    }
}
