//! What watches a shop: the programs behind the images of kube-prometheus-stack, and what the shop's own monitoring adds.
//!
//! They come from one module of their own, with Kubernetes' libraries in the versions of the other parts' module, so that
//! Go compiles those once for both.

use super::{Linking, Part};
use crate::cut::Cut;

/// Clients of clouds that Prometheus may send samples or alerts to.
const CLOUDS: &[Cut] = &[("github.com/prometheus/prometheus", "prometheus"), ("github.com/prometheus/sigv4", "sigv4")];

impl Part {
    /// Prometheus 3.14 and promtool. Targets come from Kubernetes, files or the configuration; the sources of other
    /// products are left out, and the clouds' ways to sign a remote write.
    pub const PROMETHEUS: Self = Self {
        name: "prometheus",
        version: "0.314.0",
        module: "monitoring",
        programs: &[
            ("github.com/prometheus/prometheus/cmd/prometheus", "prometheus"),
            ("github.com/prometheus/prometheus/cmd/promtool", "promtool"),
        ],
        linking: Linking::Named("3.14.0"),
    };
    /// The operator that runs Prometheus, and the companion that reloads its configuration.
    pub const PROMETHEUS_OPERATOR: Self = Self {
        name: "prometheus-operator",
        version: "0.93.1",
        module: "monitoring",
        programs: &[
            ("github.com/prometheus-operator/prometheus-operator/cmd/operator", "operator"),
            (
                "github.com/prometheus-operator/prometheus-operator/cmd/prometheus-config-reloader",
                "prometheus-config-reloader",
            ),
        ],
        linking: Linking::Named("0.93.1"),
    };
    /// The state of Kubernetes' objects as metrics.
    pub const KUBE_STATE_METRICS: Self = Self {
        name: "kube-state-metrics",
        version: "2.20.0",
        module: "monitoring",
        programs: &[("k8s.io/kube-state-metrics/v2", "kube-state-metrics")],
        linking: Linking::Named("2.20.0"),
    };
    /// Spans to metrics: OpenTelemetry's collector with the components that a shop's tracing names.
    pub const COLLECTOR: Self = Self {
        name: "collector",
        version: "0.157.0",
        module: "monitoring",
        programs: &[("boutique.dev/monitoring/collector", "collector")],
        linking: Linking::Pure,
    };
    /// Asks services from outside whether they work.
    pub const BLACKBOX_EXPORTER: Self = Self {
        name: "blackbox-exporter",
        version: "0.28.0",
        module: "monitoring",
        programs: &[("github.com/prometheus/blackbox_exporter", "blackbox-exporter")],
        linking: Linking::Named("0.28.0"),
    };
    /// The machine's metrics. Only the real chart asks for it, so it is built by hand alone.
    pub const NODE_EXPORTER: Self = Self {
        name: "node-exporter",
        version: "1.12.1",
        module: "monitoring",
        programs: &[("github.com/prometheus/node_exporter", "node-exporter")],
        linking: Linking::Named("1.12.1"),
    };

    /// What a monitored shop needs on a lab.
    pub const MONITORING: &[Self] = &[
        Self::PROMETHEUS,
        Self::PROMETHEUS_OPERATOR,
        Self::KUBE_STATE_METRICS,
        Self::COLLECTOR,
        Self::BLACKBOX_EXPORTER,
    ];

    /// What is left out of a part of this module.
    pub(super) fn monitoring_cut(&self) -> &'static [Cut] {
        if [Self::PROMETHEUS, Self::PROMETHEUS_OPERATOR, Self::COLLECTOR].contains(self) { CLOUDS } else { &[] }
    }

    /// Build tags by which Prometheus itself leaves out sources of targets.
    pub(crate) fn tags(&self) -> &'static str {
        if *self == Self::PROMETHEUS { "remove_all_sd,enable_kubernetes_sd" } else { "" }
    }
}
