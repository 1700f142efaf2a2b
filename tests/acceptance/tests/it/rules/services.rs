//! Services, Deployments, nodes: alerts about what the cluster says.

use boutique_core::monitoring::Windows;

use super::promtool::{Case, Line};
use super::shop::{Shop, mk_spec};

const GROUPS: [&str; 5] = [
    "boutique.requests",
    "boutique.resources",
    "boutique.alerts.shoppers",
    "boutique.alerts.services",
    "boutique.alerts.cluster",
];
const STEPS: u32 = 80;
const END: u32 = 79;

pub(super) fn cases(windows: Windows) -> Vec<Case> {
    vec![
        a_service_is_gone(windows),
        a_service_is_silent(windows),
        nobody_asks_the_services(windows),
        a_service_is_only_missed(windows),
        a_service_is_not_wanted(windows),
        one_failed_probe(windows),
        slices_in_place_of_endpoints(windows),
        neither_endpoints_nor_slices(windows),
        green_but_broken(windows),
        checkouts_of_shoppers_fail(windows),
        broken_and_not_green(windows),
        replicas_missing(windows),
        rollout_in_progress(windows),
        rollout_gave_up(windows),
        nodes(windows),
    ]
}

/// So long all is well.
const WELL: u32 = 20;

fn turns(from: f64, to: f64) -> Line {
    Line::flat(from, WELL).at(to, STEPS - WELL)
}

fn a_service_is_gone(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("a service that a page needs is gone", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["probe_success", "boutique_service=\"cartservice\""], &turns(1.0, 0.0))
        .change(&["kube_endpoint_address", "\"cartservice\""], &Line::flat(1.0, WELL).gone(STEPS - WELL))
        .value(END, "boutique:reachable:ratio", r#"service="cartservice""#, 0.0)
        .silent(WELL, "BoutiqueServiceDown", "")
        .fires(
            END,
            "BoutiqueServiceDown",
            r#"service="cartservice",severity="critical",namespace="shop",stack="small""#,
        )
        .silent(WELL, "BoutiqueEndpointsEmpty", "")
        .fires(END, "BoutiqueEndpointsEmpty", r#"service="cartservice",severity="critical""#)
        .never_fired(END, r#"service!="cartservice""#)
}

/// Its address leads nowhere, and the exporter waits longer than Prometheus waits for the exporter.
fn a_service_is_silent(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let cart = "boutique_service=\"cartservice\"";
    Case::new("a service that does not even refuse is gone", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["probe_success", cart], &Line::flat(1.0, WELL).gone(STEPS - WELL))
        .change(&["up{", cart], &turns(1.0, 0.0))
        .value(END, "boutique:reachable:ratio", r#"service="cartservice""#, 0.0)
        .fires(END, "BoutiqueServiceDown", r#"service="cartservice",severity="critical""#)
        .never_fired(END, r#"service!="cartservice""#)
}

/// The exporter is gone: nothing is known of any service.
fn nobody_asks_the_services(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("without an exporter no service is said to be down", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["probe_success", "boutique-reachability"], &Line::flat(1.0, WELL).gone(STEPS - WELL))
        .change(&["up{", "boutique-reachability"], &turns(1.0, 0.0))
        .never_fired(END, r#"alertname="BoutiqueServiceDown""#)
}

fn a_service_is_only_missed(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("a service that is only missed warns", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["probe_success", "boutique_service=\"adservice\""], &turns(1.0, 0.0))
        .change(&["kube_endpoint_address", "\"adservice\""], &Line::flat(1.0, WELL).gone(STEPS - WELL))
        .fires(END, "BoutiqueServiceDown", r#"service="adservice",severity="warning""#)
        .fires(END, "BoutiqueEndpointsEmpty", r#"service="adservice",severity="warning""#)
        .never_fired(END, r#"severity="critical""#)
}

/// Switched off, or a database kept elsewhere: probes fail, and there is no Service.
fn a_service_is_not_wanted(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("a service that is switched off is not down", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["probe_success", "boutique_service=\"redis-cart\""], &Line::flat(0.0, STEPS))
        .without(&["kube_endpoint", "\"redis-cart\""])
        .without(&["kube_service_info", "\"redis-cart\""])
        .without(&["kube_deployment", "\"redis-cart\""])
        .never_fired(END, "")
}

fn one_failed_probe(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("one probe that fails is no service that is down", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["boutique-reachability", "probe_success"], &Line::flat(1.0, 40).at(0.0, 1).at(1.0, STEPS - 41))
        .never_fired(END, "")
}

fn slices_in_place_of_endpoints(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let slice = |service: &str, metric: &str, own: &str| {
        shop.state(&format!("kube_endpointslice_{metric}"), &format!(r#"endpointslice="{service}-x2z9q"{own}"#))
    };
    let mut case = Case::new("slices are read where endpoints are not shown", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .without(&["kube_endpoint_"]);
    for service in super::shop::servers() {
        let ready =
            if service == "emailservice" { Line::flat(1.0, WELL).gone(STEPS - WELL) } else { Line::flat(1.0, STEPS) };
        case = case.with([
            (slice(service, "info", ""), Line::flat(1.0, STEPS)),
            (slice(service, "endpoints", r#",address="10.1.1.1",ready="true""#), ready),
            (slice(service, "endpoints", r#",address="10.1.1.2",ready="false""#), Line::flat(1.0, STEPS)),
        ]);
    }
    case.silent(WELL, "BoutiqueEndpointsEmpty", "")
        .fires(END, "BoutiqueEndpointsEmpty", r#"service="emailservice""#)
        .never_fired(END, r#"service!="emailservice""#)
}

fn neither_endpoints_nor_slices(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("where endpoints are not shown at all, none are missing", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .without(&["kube_endpoint_"])
        .never_fired(END, "")
}

/// redis-cart is scaled away: everything that is left is ready.
fn green_but_broken(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("all is ready and a purchase fails", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["kube_deployment_spec_replicas", "\"redis-cart\""], &turns(1.0, 0.0))
        .change(&["kube_deployment_status_replicas", "\"redis-cart\""], &turns(1.0, 0.0))
        .change(&["probe_success", "journey=\"cart\"", "via=\"service\""], &turns(1.0, 0.0))
        .value(END, "boutique:journey_success:ratio", r#"journey="cart",via="service""#, 0.0)
        .silent(WELL, "BoutiqueGreenButBroken", "")
        .fires(END, "BoutiqueGreenButBroken", r#"severity="critical",namespace="shop",stack="small""#)
}

fn checkouts_of_shoppers_fail(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("checkouts of shoppers fail and no journey says so", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .with([
            (shop.served("checkout", "ok"), Line::counter(10.0, WELL).at(190.0, STEPS - WELL)),
            (shop.served("checkout", "error"), Line::new().unborn(WELL).at(10.0, 1).by(10.0, STEPS - WELL - 1)),
        ])
        .value(END, "boutique:page_errors:ratio", r#"page="checkout""#, 1.0)
        .value(END, "boutique:page_errors:ratio", r#"page="home""#, 0.0)
        .fires(END, "BoutiqueGreenButBroken", "")
}

fn broken_and_not_green(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("a failing purchase behind unready pods is no riddle", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["kube_deployment_status_replicas_ready", "\"cartservice\""], &turns(1.0, 0.0))
        .change(&["probe_success", "journey=\"cart\"", "via=\"service\""], &turns(1.0, 0.0))
        .never_fired(END, r#"alertname="BoutiqueGreenButBroken""#)
}

fn replicas_missing(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("half of the replicas are missing", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["kube_deployment_spec_replicas", "\"frontend\""], &turns(1.0, 4.0))
        .change(&["kube_deployment_status_replicas_updated", "\"frontend\""], &turns(1.0, 4.0))
        .change(&["kube_deployment_status_replicas_ready", "\"frontend\""], &turns(1.0, 2.0))
        .value(END, "boutique:replicas_ready:ratio", r#"service="frontend""#, 0.5)
        .silent(WELL + 2, "BoutiqueReplicasMissing", "")
        .fires(END, "BoutiqueReplicasMissing", r#"service="frontend",severity="warning""#)
        .never_fired(END, r#"alertname!="BoutiqueReplicasMissing""#)
}

/// Surge: more are ready than wanted, fewer are new; over after some steps.
fn rollout_in_progress(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let for_a_while = |value: f64| Line::flat(1.0, WELL).at(value, 10).at(1.0, STEPS - WELL - 10);
    Case::new("a rollout in progress is not stuck", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["kube_deployment_status_replicas_updated", "\"frontend\""], &for_a_while(0.0))
        .change(&["kube_deployment_status_replicas_ready", "\"frontend\""], &for_a_while(2.0))
        .value(WELL + 5, "boutique:replicas_ready:ratio", r#"service="frontend""#, 1.0)
        .never_fired(END, "")
}

fn rollout_gave_up(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("rollouts that gave up or never end are stuck", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["kube_deployment_status_condition", "\"frontend\""], &turns(0.0, 1.0))
        .change(&["kube_deployment_status_replicas_updated", "\"adservice\""], &turns(1.0, 0.0))
        .silent(WELL + 2, "BoutiqueRolloutStuck", "")
        .fires(END, "BoutiqueRolloutStuck", r#"service="frontend",severity="warning""#)
        .fires(END, "BoutiqueRolloutStuck", r#"service="adservice""#)
}

fn nodes(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let mut case = Case::new("a node of the shop is under pressure, and one that is not the shop's", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy());
    for condition in ["MemoryPressure", "DiskPressure", "PIDPressure"] {
        let elsewhere =
            format!(r#"kube_node_status_condition{{node="elsewhere",condition="{condition}",status="true"}}"#);
        case = case
            .change(&["kube_node_status_condition", condition], &turns(0.0, 1.0))
            .with([(elsewhere, turns(0.0, 1.0))])
            .silent(WELL, &format!("BoutiqueNode{condition}"), "")
            .fires(END, &format!("BoutiqueNode{condition}"), r#"node="node-shop",severity="warning",stack="small""#);
    }
    case.never_fired(END, r#"node="elsewhere""#)
}
