//! The edge, whichever controller it is and however it is scraped.

use boutique_core::monitoring::Windows;

use super::promtool::{Case, Line};
use super::requests::long;
use super::shop::{Shop, mk_spec_with_edge};

const GROUPS: [&str; 3] = ["boutique.requests", "boutique.slo", "boutique.alerts.shoppers"];
const STEPS: u32 = 80;
const END: u32 = 79;

pub(super) fn cases(windows: Windows) -> Vec<Case> {
    let mut cases: Vec<Case> = CONTROLLERS.iter().map(|controller| counted(windows, controller)).collect();
    cases.extend([
        through_the_edge(windows),
        past_the_edge(windows),
        only_the_edge_sees_it(windows),
        an_edge_that_counts_nothing(windows),
        shoppers_without_spans(windows),
    ]);
    cases
}

/// How a controller's requests arrive, `STATUS` and `LE` being what they are told apart by.
struct Scraped {
    name: &'static str,
    requests: &'static str,
    buckets: &'static str,
    /// Bounds of a tenth of a second and of none.
    bounds: [&'static str; 2],
}

const CONTROLLERS: [Scraped; 6] = [
    Scraped {
        name: "ingress-nginx",
        requests: r#"nginx_ingress_controller_requests{job="boutique-edge",boutique_stack="shop/small",namespace="edge",service="edge-metrics",exported_namespace="shop",exported_service="frontend",ingress="door",host="shop.local",status="STATUS"}"#,
        buckets: r#"nginx_ingress_controller_request_duration_seconds_bucket{job="boutique-edge",boutique_stack="shop/small",namespace="edge",service="edge-metrics",exported_namespace="shop",exported_service="frontend",ingress="door",status="STATUS",le="LE"}"#,
        bounds: ["0.1", "+Inf"],
    },
    Scraped {
        name: "ingress-nginx that keeps its labels",
        requests: r#"nginx_ingress_controller_requests{job="boutique-edge",boutique_stack="shop/small",namespace="shop",service="frontend",ingress="door",host="shop.local",status="STATUS"}"#,
        buckets: r#"nginx_ingress_controller_request_duration_seconds_bucket{job="boutique-edge",boutique_stack="shop/small",namespace="shop",service="frontend",ingress="door",status="STATUS",le="LE"}"#,
        bounds: ["0.1", "+Inf"],
    },
    Scraped {
        name: "traefik",
        requests: r#"traefik_service_requests_total{job="boutique-edge",boutique_stack="shop/small",namespace="edge",service="edge-metrics",exported_service="shop-frontend-80@kubernetes",code="STATUS",method="GET"}"#,
        buckets: r#"traefik_service_request_duration_seconds_bucket{job="boutique-edge",boutique_stack="shop/small",namespace="edge",service="edge-metrics",exported_service="shop-frontend-80@kubernetes",code="STATUS",le="LE"}"#,
        bounds: ["0.1", "+Inf"],
    },
    Scraped {
        name: "traefik that keeps its labels",
        requests: r#"traefik_service_requests_total{job="boutique-edge",boutique_stack="shop/small",namespace="edge",service="shop-frontend-http@kubernetes",code="STATUS",method="GET"}"#,
        buckets: r#"traefik_service_request_duration_seconds_bucket{job="boutique-edge",boutique_stack="shop/small",namespace="edge",service="shop-frontend-http@kubernetes",code="STATUS",le="LE"}"#,
        bounds: ["0.1", "+Inf"],
    },
    Scraped {
        name: "f5 nginx, in milliseconds",
        requests: r#"nginx_ingress_controller_upstream_server_response_latency_ms_count{job="boutique-edge",boutique_stack="shop/small",namespace="edge",service="edge-metrics",exported_service="frontend",resource_namespace="shop",resource_name="door",code="STATUS"}"#,
        buckets: r#"nginx_ingress_controller_upstream_server_response_latency_ms_bucket{job="boutique-edge",boutique_stack="shop/small",namespace="edge",service="edge-metrics",exported_service="frontend",resource_namespace="shop",resource_name="door",code="STATUS",le="LE"}"#,
        bounds: ["100", "+Inf"],
    },
    Scraped {
        name: "f5 nginx that keeps its labels",
        requests: r#"nginx_ingress_controller_upstream_server_response_latency_ms_count{job="boutique-edge",boutique_stack="shop/small",namespace="edge",service="frontend",resource_namespace="shop",resource_name="door",code="STATUS"}"#,
        buckets: r#"nginx_ingress_controller_upstream_server_response_latency_ms_bucket{job="boutique-edge",boutique_stack="shop/small",namespace="edge",service="frontend",resource_namespace="shop",resource_name="door",code="STATUS",le="LE"}"#,
        bounds: ["100", "+Inf"],
    },
];

impl Scraped {
    fn requests(&self, status: &str) -> String {
        self.requests.replace("STATUS", status)
    }
}

fn counted(windows: Windows, controller: &Scraped) -> Case {
    let shop = Shop::of(windows, STEPS);
    let per_second = |count: f64| count / f64::from(shop.interval);
    let name = format!("requests through {} are counted, those of its other routes are not", controller.name);
    let other = |series: String| {
        series
            .replace("shop-frontend", "shop-grafana")
            .replace("\"door\"", "\"grafana\"")
            .replace("\"frontend\"", "\"grafana\"")
    };
    let bucket = |le: &str| (controller.buckets.replace("STATUS", "200").replace("LE", le), Line::counter(10.0, STEPS));
    let edge = r#"source="edge",service="frontend""#;
    Case::new(&name, &mk_spec_with_edge(windows))
        .only(&["boutique.requests"])
        .with(controller.bounds.map(bucket))
        .with([
            (controller.requests("200"), Line::counter(10.0, STEPS)),
            (controller.requests("302"), Line::counter(5.0, STEPS)),
            (controller.requests("503"), Line::counter(5.0, STEPS)),
            (other(controller.requests("500")), Line::counter(50.0, STEPS)),
        ])
        .value(END, "boutique:requests:rate", edge, per_second(20.0))
        .value(END, "boutique:errors:rate", edge, per_second(5.0))
        .value(END, "boutique:errors:ratio", edge, 0.25)
        .value(END, "boutique:latency_seconds:p50", edge, 0.05)
        .value(END, "boutique:latency_seconds:p99", edge, 0.099)
}

/// Requests through the edge, as Traefik counts them.
fn edge(status: &str, line: Line) -> [(String, Line); 1] {
    [(CONTROLLERS[2].requests(status), line)]
}

fn window(windows: Windows, source: &str) -> String {
    format!(r#"sli="requests",source="{source}",window="{}""#, long(windows))
}

fn through_the_edge(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let chosen = format!(r#"sli="requests",window="{}""#, long(windows));
    Case::new("what flows through the edge is counted once", &mk_spec_with_edge(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .with(edge("200", Line::counter(35.0, STEPS)))
        .between(END, "boutique:sli_all:count", &chosen, 35.0 * 55.0, 35.0 * 121.0)
        .value(END, "boutique:sli_bad:ratio", &chosen, 0.0)
        .nothing(END, "boutique:sli_all:count", &window(windows, "spans"))
        .nothing(END, "boutique:sli_bad:count", &window(windows, "spans"))
        .never_fired(END, "")
}

/// Upstream's load generator calls the frontend itself; the edge sees nothing but our own journeys.
fn past_the_edge(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("what goes past the edge is counted by spans", &mk_spec_with_edge(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .with(edge("200", Line::counter(5.0, STEPS)))
        .with([(shop.served("home", "error"), Line::counter(10.0, STEPS))])
        .nothing(END, "boutique:sli_all:count", &window(windows, "edge"))
        .nothing(END, "boutique:sli_bad:count", &window(windows, "edge"))
        .value(END, "boutique:sli_bad:ratio", &format!(r#"sli="requests",window="{}""#, long(windows)), 0.2)
}

fn only_the_edge_sees_it(windows: Windows) -> Case {
    let steps = 200;
    let shop = Shop::of(windows, steps);
    let stops = |by: f64| Line::counter(by, 150).at(by * 149.0, steps - 150);
    Case::new("a frontend that is gone is an outage at the edge", &mk_spec_with_edge(windows))
        .only(&["boutique.slo", "boutique.alerts.shoppers"])
        .with(shop.spans())
        .change(&["traces_span_metrics", "calls_total"], &stops(10.0))
        .with(edge("200", stops(30.0)))
        .with(edge("503", Line::new().unborn(150).at(30.0, 1).by(30.0, steps - 151)))
        .never_fired(149, "")
        .fires(
            199,
            "BoutiqueErrorBudgetBurn",
            &format!(r#"sli="requests",severity="critical",window="{}""#, long(windows)),
        )
}

/// F5's controller without upstream: no sample at all. Nothing may be made of nothing; journeys and silence speak.
fn an_edge_that_counts_nothing(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("an edge that counts nothing is not asked", &mk_spec_with_edge(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .with([(CONTROLLERS[4].requests("200"), Line::flat(500.0, STEPS))])
        .nothing(END, "boutique:sli_all:count", &window(windows, "edge"))
        .value(END, "boutique:sli_bad:ratio", &format!(r#"sli="requests",window="{}""#, long(windows)), 0.0)
        .value(END, "boutique:requests:rate", r#"source="edge""#, 0.0)
        .nothing(END, "boutique:errors:ratio", r#"source="edge""#)
        .never_fired(END, "")
}

fn shoppers_without_spans(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("without spans the edge says who shops", &mk_spec_with_edge(windows))
        .only(&GROUPS)
        .with([shop.journeys(), shop.reachability(), shop.cluster(), shop.containers()].concat())
        .without(&["kube_deployment", "opentelemetrycollector"])
        .with(edge("200", Line::counter(35.0, STEPS)))
        .value(END, "boutique:shopper_requests:rate", "", 30.0 / f64::from(shop.interval))
        .never_fired(END, "")
}
