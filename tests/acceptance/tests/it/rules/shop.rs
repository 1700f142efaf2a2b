//! A shop as Prometheus sees it when all is well: every series that the rules read, with the labels of the real exporters.

use boutique_core::contract::SetId;
use boutique_core::monitoring::{Journey, MonitoringSpec, Pace, Windows};
use boutique_core::service::Service;

use super::promtool::Line;

pub(super) const MIB: f64 = 1024.0 * 1024.0;
/// Memory limit of every container.
pub(super) const LIMIT: f64 = 128.0 * MIB;

pub(super) fn mk_spec(windows: Windows) -> MonitoringSpec {
    let mut spec = MonitoringSpec::new("monitoring", "watch", &SetId::stack("shop", "small"));
    spec.windows = windows;
    spec
}

/// The same with a way in.
pub(super) fn mk_spec_with_edge(windows: Windows) -> MonitoringSpec {
    let mut spec = mk_spec(windows);
    spec.ingress = Some("shop/door".to_owned());
    spec
}

/// The shop in a namespace, measured for so many steps.
#[derive(Clone, Copy)]
pub(super) struct Shop<'a> {
    pub(super) namespace: &'a str,
    pub(super) stack: &'a str,
    /// Seconds between two samples.
    pub(super) interval: u32,
    pub(super) steps: u32,
}

pub(super) type Series = Vec<(String, Line)>;

/// Name of the one pod of a workload.
pub(super) fn pod(workload: &str) -> String {
    format!("{workload}-6d5f7c9b8d-x7k2p")
}

impl Shop<'_> {
    /// The shop that [`mk_spec`] watches.
    pub(super) fn of(windows: Windows, steps: u32) -> Self {
        Self { namespace: "shop", stack: "small", interval: Pace::of(windows).interval.seconds(), steps }
    }

    /// All is well. Forty requests at each step, thirty of them of shoppers.
    pub(super) fn healthy(&self) -> Series {
        [self.spans(), self.journeys(), self.reachability(), self.cluster(), self.containers()].concat()
    }

    /// Labels of what is scraped from the collector.
    fn of_collector(&self) -> String {
        format!(
            r#"namespace="{}",service="opentelemetrycollector",job="opentelemetrycollector",endpoint="metrics",pod="{}""#,
            self.namespace,
            pod("opentelemetrycollector")
        )
    }

    /// Requests that the frontend served.
    pub(super) fn served(&self, page: &str, outcome: &str) -> String {
        format!(
            r#"traces_span_metrics_calls_total{{{},service_name="frontend",span_kind="SPAN_KIND_SERVER",boutique_service="frontend",boutique_page="{page}",boutique_outcome="{outcome}"}}"#,
            self.of_collector()
        )
    }

    /// Calls of a caller to a service.
    pub(super) fn called(&self, caller: &str, service: &str, outcome: &str) -> String {
        format!(
            r#"traces_span_metrics_calls_total{{{},service_name="{caller}",span_kind="SPAN_KIND_CLIENT",boutique_service="{service}",boutique_page="",boutique_outcome="{outcome}"}}"#,
            self.of_collector()
        )
    }

    fn timed(&self, part: &str, le: &str, of: &str) -> String {
        format!(
            r#"traces_span_metrics_duration_seconds_{part}{{{},{of}boutique_outcome="ok"{le}}}"#,
            self.of_collector()
        )
    }

    /// Durations of the frontend's requests: count, and those that took no longer than 100 ms, 500 ms, any time.
    pub(super) fn durations(&self, of: &str, count: &Line, under: [&Line; 2]) -> Series {
        vec![
            (self.timed("count", "", of), count.clone()),
            (self.timed("bucket", r#",le="0.1""#, of), under[0].clone()),
            (self.timed("bucket", r#",le="0.5""#, of), under[1].clone()),
            (self.timed("bucket", r#",le="+Inf""#, of), count.clone()),
        ]
    }

    pub(super) fn spans(&self) -> Series {
        let mut series = vec![(format!("up{{{}}}", self.of_collector()), Line::flat(1.0, self.steps))];
        for (page, by) in [("home", 1.0), ("product", 2.0), ("checkout", 1.0)] {
            series.push((self.served(page, "ok"), Line::counter(by * 10.0, self.steps)));
            let count = Line::counter(by * 10.0, self.steps);
            series.extend(self.durations(&server(page), &count, [&count, &count]));
        }
        for (caller, service) in [
            ("frontend", "currencyservice"),
            ("frontend", "cartservice"),
            ("frontend", "productcatalogservice"),
            ("frontend", "adservice"),
            ("frontend", "recommendationservice"),
            ("frontend", "checkoutservice"),
            ("checkoutservice", "cartservice"),
            ("checkoutservice", "shippingservice"),
            ("checkoutservice", "paymentservice"),
            ("checkoutservice", "emailservice"),
        ] {
            let count = Line::counter(10.0, self.steps);
            series.push((self.called(caller, service, "ok"), count.clone()));
            series.extend(self.durations(&client(caller, service), &count, [&count, &count]));
        }
        // Servers count as well; nobody may count them a second time.
        let doubled = self.called("currencyservice", "currencyservice", "ok").replace("CLIENT", "SERVER");
        series.push((doubled, Line::counter(10.0, self.steps)));
        series
    }

    fn of_blackbox(&self, job: &str, own: &str) -> String {
        format!(
            r#"job="{job}",namespace="monitoring",boutique_namespace="{}",boutique_stack="{}",{own},instance="x""#,
            self.namespace, self.stack
        )
    }

    pub(super) fn journeys(&self) -> Series {
        let mut series = Series::new();
        for journey in Journey::ALL {
            for via in ["service", "edge"] {
                let labels =
                    self.of_blackbox("boutique-journeys", &format!(r#"journey="{}",via="{via}""#, journey.name()));
                series.push((format!("up{{{labels}}}"), Line::flat(1.0, self.steps)));
                series.push((format!("probe_success{{{labels}}}"), Line::flat(1.0, self.steps)));
                series.push((format!("probe_duration_seconds{{{labels}}}"), Line::flat(0.2, self.steps)));
            }
        }
        series
    }

    pub(super) fn reachability(&self) -> Series {
        let mut series = Series::new();
        for service in servers() {
            let labels = self.of_blackbox("boutique-reachability", &format!(r#"boutique_service="{service}""#));
            series.push((format!("up{{{labels}}}"), Line::flat(1.0, self.steps)));
            series.push((format!("probe_success{{{labels}}}"), Line::flat(1.0, self.steps)));
        }
        series
    }

    /// A series of kube-state-metrics.
    pub(super) fn state(&self, metric: &str, own: &str) -> String {
        format!(r#"{metric}{{job="kube-state-metrics",instance="10.0.0.9:8080",namespace="{}",{own}}}"#, self.namespace)
    }

    pub(super) fn cluster(&self) -> Series {
        let one = || Line::flat(1.0, self.steps);
        let zero = || Line::flat(0.0, self.steps);
        let mut series = Series::new();
        for workload in workloads() {
            let deployment = format!(r#"deployment="{workload}""#);
            for metric in ["spec_replicas", "status_replicas_ready", "status_replicas_updated"] {
                series.push((self.state(&format!("kube_deployment_{metric}"), &deployment), one()));
            }
            let stuck = format!(r#"{deployment},condition="Progressing",status="false",reason="x""#);
            series.push((self.state("kube_deployment_status_condition", &stuck), zero()));
            let pod = pod(workload);
            series
                .push((self.state("kube_pod_info", &format!(r#"pod="{pod}",node="node-{}""#, self.namespace)), one()));
            series.push((self.state("kube_pod_created", &format!(r#"pod="{pod}""#)), Line::flat(-1e6, self.steps)));
            let container = format!(r#"pod="{pod}",container="server""#);
            series.push((self.state("kube_pod_container_status_restarts_total", &container), zero()));
            for (resource, limit) in [("cpu", 0.2), ("memory", LIMIT)] {
                let limits = format!(r#"{container},resource="{resource}""#);
                series.push((self.state("kube_pod_container_resource_limits", &limits), Line::flat(limit, self.steps)));
            }
        }
        for service in servers() {
            series.push((self.state("kube_service_info", &format!(r#"service="{service}""#)), one()));
            series.push((self.state("kube_endpoint_info", &format!(r#"endpoint="{service}""#)), one()));
            let address = format!(r#"endpoint="{service}",ip="10.1.1.1",ready="true""#);
            series.push((self.state("kube_endpoint_address", &address), one()));
        }
        for condition in ["MemoryPressure", "DiskPressure", "PIDPressure"] {
            let node = format!(
                r#"kube_node_status_condition{{job="kube-state-metrics",node="node-{}",condition="{condition}",status="true"}}"#,
                self.namespace
            );
            series.push((node, zero()));
        }
        series
    }

    /// A series of cAdvisor.
    pub(super) fn container(&self, metric: &str, workload: &str) -> String {
        format!(
            r#"container_{metric}{{job="kubelet",metrics_path="/metrics/cadvisor",service="kubelet",node="n",namespace="{}",pod="{}",container="server",id="/kubepods/1"}}"#,
            self.namespace,
            pod(workload)
        )
    }

    pub(super) fn containers(&self) -> Series {
        let mut series = Series::new();
        for workload in workloads() {
            let mut add = |metric: &str, line: Line| series.push((self.container(metric, workload), line));
            add("cpu_usage_seconds_total", Line::counter(0.1 * f64::from(self.interval), self.steps));
            add("cpu_cfs_periods_total", Line::counter(100.0, self.steps));
            add("cpu_cfs_throttled_periods_total", Line::counter(10.0, self.steps));
            add("memory_working_set_bytes", Line::flat(0.5 * LIMIT, self.steps));
            add("memory_rss", Line::flat(0.4 * LIMIT, self.steps));
            add("start_time_seconds", Line::flat(-1e6, self.steps));
        }
        // The whole pod, and the container that holds its namespaces.
        for (name, container) in [("memory_working_set_bytes", ""), ("memory_working_set_bytes", "POD")] {
            let whole = self
                .container(name, "frontend")
                .replace(r#"container="server""#, &format!(r#"container="{container}""#));
            series.push((whole, Line::flat(LIMIT, self.steps)));
        }
        series
    }
}

/// Labels of a span of the frontend itself.
pub(super) fn server(page: &str) -> String {
    format!(
        r#"service_name="frontend",span_kind="SPAN_KIND_SERVER",boutique_service="frontend",boutique_page="{page}","#
    )
}

/// Labels of a span of a caller.
pub(super) fn client(caller: &str, service: &str) -> String {
    format!(r#"service_name="{caller}",span_kind="SPAN_KIND_CLIENT",boutique_service="{service}",boutique_page="","#)
}

/// Workloads that serve.
pub(super) fn servers() -> Vec<&'static str> {
    Service::ALL.into_iter().filter(|service| *service != Service::Loadgenerator).map(Service::name).collect()
}

/// Every workload.
pub(super) fn workloads() -> Vec<&'static str> {
    Service::ALL.into_iter().map(Service::name).chain(["opentelemetrycollector"]).collect()
}
