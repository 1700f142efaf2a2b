//! Looking at the ways into a shop, whoever made them: which hosts lead to it, and what it answers there.

use std::time::Duration;

use boutique_core::{
    catalogue::Page,
    contract::{INGRESS, INGRESS_NAMESPACE, SetId},
    edge::{
        IngressSpec, outputs,
        probe::{Answer, Probe},
    },
    object::Kind,
    purchase::{self, Shopper, judge},
    view::{FrontPage, RouteView, routes},
};
use serde_json::Value;
use tokio::time::Instant;

use super::{
    locate::locate,
    observe::objects,
    reach::{Ask, from_outside},
};
use crate::{connect::Cluster, request::ApiError, revisions::Records};

/// How long a page may take before `status` goes on without it: an address that is not reached from here says nothing.
const LIMIT: Duration = Duration::from_secs(3);

/// The ways into the shop of a namespace, and what its home page answers there from this machine. Certificates are not
/// checked: nothing is sent that anybody could want. Who may not see Ingresses gets none.
///
/// # Errors
/// When they cannot be listed.
pub async fn look(cluster: &Cluster, namespace: &str) -> Result<Vec<RouteView>, ApiError> {
    let ingresses = match cluster.list(Kind::INGRESS, Some(namespace), "").await {
        Err(error) if error.missing_verb().is_some() => return Ok(Vec::new()),
        list => list?.items,
    };
    let mut found = routes(&ingresses);
    for id in ours(&ingresses) {
        // The Ingress alone does not say everything, such as node ports. What cannot be read is left as it says.
        if let Some((spec, outputs)) = placed(cluster, &id).await {
            let name = spec.ingress_name(&spec.host);
            if let Some(route) = found.iter_mut().find(|route| route.ingress == name) {
                route.url = outputs.url;
                route.address = outputs.outside.map(|(address, _)| address);
            }
        }
    }
    Ok(futures::future::join_all(found.into_iter().map(ask)).await)
}

/// The ingresses of ours among these.
fn ours(ingresses: &[Value]) -> Vec<SetId> {
    let id = |ingress: &Value| {
        let labels = ingress.pointer("/metadata/labels")?;
        Some(SetId::ingress(labels.get(INGRESS_NAMESPACE)?.as_str()?, labels.get(INGRESS)?.as_str()?))
    };
    let mut ids: Vec<SetId> = ingresses.iter().filter_map(id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

async fn placed(cluster: &Cluster, id: &SetId) -> Option<(IngressSpec, boutique_core::edge::Outputs)> {
    let revision = Records::read(cluster, id).await.ok()?.newest().ok()??;
    let spec: IngressSpec = serde_json::from_value(revision.spec).ok()?;
    let located = locate(cluster, &spec).await.ok()?;
    let outputs = outputs(&spec, &objects(cluster, &spec, &located).await.ok()?);
    Some((spec, outputs))
}

async fn ask(mut route: RouteView) -> RouteView {
    let Some((url, address)) = route.target() else { return route };
    let ask = Ask { host: url.host.clone(), path: format!("{}/", url.base_path), tls: url.secure, authority: None };
    let began = Instant::now();
    let probe = tokio::time::timeout(LIMIT, from_outside(address, url.port, &ask)).await.ok();
    let millis = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    match probe.map(|Probe { answer, .. }| answer) {
        Some(Answer::Http { status, body, .. }) => route.front_page = Some(front_page(status, body, millis)),
        Some(Answer::Refused(why) | Answer::TimedOut(why) | Answer::TlsFailed(why)) => route.unasked = Some(why),
        None => route.unasked = Some(format!("no answer within {} s", LIMIT.as_secs())),
    }
    route
}

fn front_page(status: u16, body: String, millis: u64) -> FrontPage {
    let step = Shopper::new("boutique-status", jiff::Zoned::now().year()).step(Page::Home);
    let judged = judge(&step, &purchase::Answer { status, body });
    FrontPage {
        good: judged.is_ok(),
        answer: judged.as_ref().map_or_else(|complaint| complaint.got.clone(), |()| status.to_string()),
        millis,
        way: "url".to_owned(),
        blame: judged.err().and_then(|complaint| complaint.culprit).map(|culprit| culprit.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_ingress_of_ours_is_known_by_its_labels_once() {
        let labels = json!({"boutique.dev/ingress": "shop", "boutique.dev/ingress-namespace": "shop"});
        let ours_made = json!({"metadata": {"name": "shop", "labels": labels}});
        let other = json!({"metadata": {"name": "other"}});
        assert_eq!(ours(&[ours_made.clone(), other, ours_made]), [SetId::ingress("shop", "shop")]);
    }

    #[test]
    fn a_page_of_somebody_else_is_no_good_answer() {
        assert!(front_page(200, "<h3>Hot Products</h3>".to_owned(), 4).good);
        let page = front_page(404, "404 page not found".to_owned(), 4);
        assert_eq!((page.good, page.answer.as_str()), (false, "404"));
    }
}
