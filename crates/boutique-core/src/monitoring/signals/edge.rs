//! Requests as the ingress controller counts them: what shoppers got, the edge's own 502 and 503 included.
//!
//! Names of series and labels come from the table of controllers ([`crate::edge::controller::CONTROLLERS`]), for all of them at once,
//! so that a change of controller changes no name here. A label that Prometheus also sets for the target arrives with the
//! prefix `exported_` unless the scrape honours labels; both are selected. Only our own scrape counts, which says for which
//! shop it is: a controller that several shops share is scraped for each of them. F5's controller leaves no sample for a request
//! that it could not hand on: a total outage looks like no traffic there, which is why journeys exist.

use super::super::monitors::EDGE;
use super::super::rule::Rule;
use super::super::scope::Scope;
use super::QUANTILES;
use crate::edge::controller::{CONTROLLERS, Controller};

/// Selectors for the requests of the shop's Ingress, one for each controller and way of scraping.
pub(in super::super) fn counted(scope: &Scope<'_>) -> Vec<String> {
    CONTROLLERS.iter().flat_map(|known| selectors(scope, known, counter(known), "")).collect()
}

/// The same for requests whose status begins with a digit.
pub(in super::super) fn with_status(scope: &Scope<'_>, class: char) -> Vec<String> {
    let with = |known: &Controller| known.metrics.status.map(|label| format!(r#"{label}=~"{class}..""#));
    CONTROLLERS
        .iter()
        .filter_map(|known| Some((known, with(known)?)))
        .flat_map(|(known, status)| selectors(scope, known, counter(known), &status))
        .collect()
}

/// The counter in which statuses are told apart.
fn counter(known: &Controller) -> &'static str {
    known.metrics.by_status.unwrap_or(known.metrics.requests)
}

/// None without an ingress.
fn selectors(scope: &Scope<'_>, known: &Controller, metric: &str, matchers: &str) -> Vec<String> {
    let Some((namespace, ingress)) = scope.spec.ingress_id() else {
        return Vec::new();
    };
    let metrics = &known.metrics;
    // Whoever else scrapes the controller, for another shop or for itself, would be counted beside.
    let mut own = vec![format!("job={:?},boutique_stack={:?}", EDGE, scope.spec.stack)];
    if !matchers.is_empty() {
        own.push(matchers.to_owned());
    }
    let own = own.join(",");
    let ways = match (metrics.namespace, metrics.ingress, metrics.service) {
        (Some(own), Some(name), _) => {
            let ingress = format!("{name}={ingress:?}");
            either(own, &format!("={namespace:?}")).into_iter().map(|way| format!("{way},{ingress}")).collect()
        }
        // Namespace, Service and port in one word.
        (None, None, Some(service)) => either(service, &format!(r#"=~"{namespace}-frontend-[a-z0-9]+@kubernetes""#)),
        _ => Vec::new(),
    };
    ways.into_iter().map(|way: String| format!("{metric}{{{way},{own}}}")).collect()
}

/// A label as it is, and as it is called where the target has one of the same name.
fn either(label: &str, is: &str) -> Vec<String> {
    if matches!(label, "namespace" | "service") {
        vec![format!("exported_{label}{is}"), format!(r#"{label}{is},exported_{label}="""#)]
    } else {
        vec![format!("{label}{is}")]
    }
}

pub(super) fn rules(scope: &Scope<'_>) -> Vec<Rule> {
    let all = counted(scope);
    if all.is_empty() {
        return Vec::new();
    }
    let edge = [("source", "edge"), ("service", "frontend")];
    let rate = |selectors: &[String]| {
        let rates: Vec<String> =
            selectors.iter().map(|selector| format!("rate({selector}[{}])", scope.rate())).collect();
        rates.join(" or ")
    };
    let requests = scope.recorded("boutique:requests:rate", r#"source="edge""#);
    let mut rules = vec![
        scope.record("boutique:requests:rate", format!("sum({})", rate(&all)), edge),
        scope.record(
            "boutique:errors:rate",
            format!("sum({}) or sum({requests}) * 0", rate(&with_status(scope, '5'))),
            edge,
        ),
    ];
    for (quantile, suffix) in QUANTILES {
        let by_controller: Vec<String> = CONTROLLERS
            .iter()
            .map(|known| {
                let buckets = selectors(scope, known, &format!("{}_bucket", known.metrics.latency), "");
                let unit = match known.metrics.latency_per_second {
                    1 => String::new(),
                    units => format!(" / {units}"),
                };
                format!("histogram_quantile({quantile}, sum by (le) ({})){unit} >= 0", rate(&buckets))
            })
            .map(|one| format!("({one})"))
            .collect();
        rules.push(scope.record(&format!("boutique:latency_seconds:{suffix}"), by_controller.join(" or "), edge));
    }
    rules
}
