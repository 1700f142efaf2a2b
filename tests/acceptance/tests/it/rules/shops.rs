//! Two shops in one cluster, watched by one Prometheus.

use boutique_core::contract::SetId;
use boutique_core::monitoring::{MonitoringSpec, Windows};

use super::promtool::{Case, Line};
use super::requests::long;
use super::shop::{LIMIT, Shop, mk_spec_with_edge, pod};

const STEPS: u32 = 140;
const END: u32 = 139;
const WELL: u32 = 60;

/// Another shop of the same name, in a namespace whose name begins alike.
fn mk_other(windows: Windows) -> MonitoringSpec {
    let mut spec = MonitoringSpec::new("monitoring", "other", &SetId::stack("shop-2", "small"));
    spec.windows = windows;
    spec.ingress = Some("shop-2/door".to_owned());
    spec
}

pub(super) fn cases(windows: Windows) -> Vec<Case> {
    vec![one_is_well(windows)]
}

/// Everything that can go wrong goes wrong in one of them.
fn one_is_well(windows: Windows) -> Case {
    let sick = Shop::of(windows, STEPS);
    let well = Shop { namespace: "shop-2", ..sick };
    // One controller serves both; each of them has it scraped, and so everything is there twice.
    let traefik = |namespace: &str, code: &str, by: f64| {
        ["shop", "shop-2"].map(|scraped_for| {
            let labels = format!(
                r#"job="boutique-edge",boutique_stack="{scraped_for}/small",service="{namespace}-frontend-80@kubernetes",code="{code}""#
            );
            (format!("traefik_service_requests_total{{{labels}}}"), Line::counter(by, STEPS))
        })
    };
    let fails = |from: f64, to: f64| Line::flat(from, WELL).at(to, STEPS - WELL);
    let killed = |metric: &str, own: &str| {
        sick.state(metric, &format!(r#"pod="{}",container="server"{own}"#, pod("cartservice")))
    };
    let here = r#"namespace="shop""#;
    let case = Case::new("one shop is sick and the other is well", &mk_spec_with_edge(windows))
        .beside(&mk_other(windows))
        .with(sick.healthy())
        .change(&["traces_span_metrics", "calls_total"], &Line::flat(0.0, STEPS))
        .change(&["probe_success"], &fails(1.0, 0.0))
        .change(&["kube_endpoint_address"], &Line::flat(1.0, WELL).gone(STEPS - WELL))
        .change(&["kube_deployment_status_replicas"], &fails(1.0, 0.0))
        .change(&["kube_node_status_condition"], &fails(0.0, 1.0))
        .change(&["memory_working_set"], &fails(LIMIT / 2.0, LIMIT))
        .change(&["throttled_periods"], &Line::counter(100.0, STEPS))
        .with([
            (sick.served("home", "error"), Line::counter(10.0, STEPS)),
            (killed("kube_pod_container_status_restarts_total", ""), Line::flat(0.0, END - 3).at(1.0, 4)),
            (
                killed("kube_pod_container_status_last_terminated_reason", r#",reason="OOMKilled""#),
                Line::flat(1.0, STEPS),
            ),
            (
                killed("kube_pod_container_status_waiting_reason", r#",reason="CrashLoopBackOff""#),
                Line::flat(1.0, STEPS),
            ),
        ])
        .with(well.healthy())
        .with([traefik("shop", "200", 10.0), traefik("shop", "502", 10.0), traefik("shop-2", "200", 35.0)].concat());
    let window = format!(r#"sli="requests",window="{}""#, long(windows));
    case.never_fired(END, r#"namespace="shop-2""#)
        .never_fired(END, r#"namespace!="shop""#)
        .fires(END, "BoutiqueErrorBudgetBurn", &format!(r#"{here},severity="critical",{window}"#))
        .fires(END, "BoutiqueOOMKilled", here)
        .fires(END, "BoutiqueCrashLooping", here)
        .fires(END, "BoutiqueRedisMemory", here)
        .fires(END, "BoutiqueNodeDiskPressure", here)
        .fires(END, "BoutiqueServiceDown", &format!(r#"{here},service="frontend""#))
        .fires(END, "BoutiqueEndpointsEmpty", &format!(r#"{here},service="frontend""#))
        .fires(END, "BoutiqueCPUThrottling", &format!(r#"{here},service="frontend""#))
        .value(END, "boutique:sli_bad:ratio", &format!(r#"{here},{window}"#), 0.5)
        .value(END, "boutique:sli_bad:ratio", &format!(r#"namespace="shop-2",{window}"#), 0.0)
        .value(END, "boutique:memory:ratio", r#"namespace="shop-2",service="redis-cart""#, 0.5)
        .value(
            END,
            "boutique:requests:rate",
            r#"namespace="shop-2",source="spans",service="frontend""#,
            40.0 / f64::from(sick.interval),
        )
        .value(END, "boutique:requests:rate", r#"namespace="shop-2",source="edge""#, 35.0 / f64::from(sick.interval))
}
