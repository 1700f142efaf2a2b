//! What watches a shop, under the names that kube-prometheus-stack and this project's own manifests give it.
//!
//! Users are those of the published images, also where that is a name or, as the blackbox exporter's, root: a pod that
//! must not run as root and says no user of its own is refused here as it is anywhere.

use anyhow::Result;

use super::{Entry, Image};
use crate::build::build;
use crate::cache::Cache;
use crate::part::Part;
use crate::progress::Progress;

/// Prometheus under the name in kube-prometheus-stack 88.5.3, and under the plain one.
pub const PROMETHEUS: [&str; 2] =
    ["quay.io/prometheus/prometheus:v3.14.0-distroless", "quay.io/prometheus/prometheus:v3.14.0"];
/// The operator of kube-prometheus-stack 88.5.3.
pub const PROMETHEUS_OPERATOR: &str = "quay.io/prometheus-operator/prometheus-operator:v0.93.1";
/// What the operator puts beside Prometheus.
pub const CONFIG_RELOADER: &str = "quay.io/prometheus-operator/prometheus-config-reloader:v0.93.1";
/// The kube-state-metrics of kube-prometheus-stack 88.5.3.
pub const KUBE_STATE_METRICS: &str = "registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.20.0";
/// The node exporter of kube-prometheus-stack 88.5.3, and that of its subchart alone.
pub const NODE_EXPORTER: [&str; 2] =
    ["quay.io/prometheus/node-exporter:v1.12.1-distroless", "quay.io/prometheus/node-exporter:v1.12.1"];
/// The collector beside a shop that is traced.
pub const COLLECTOR: &str = "docker.io/otel/opentelemetry-collector-contrib:0.157.0";
/// What goes a customer's ways through the shop.
pub const BLACKBOX_EXPORTER: &str = "quay.io/prometheus/blackbox-exporter:v0.28.0";

/// Everything that the chart runs and what a monitored shop adds, the collector included; builds the parts that are
/// missing (minutes).
///
/// # Errors
/// When a part cannot be built.
pub fn monitoring(cache: &Cache, progress: &Progress) -> Result<Vec<Image>> {
    let part = |part: &Part| build(cache, part, progress);
    let operator = part(&Part::PROMETHEUS_OPERATOR)?;
    let folder = part(&Part::PROMETHEUS)?;
    let mut prometheus = image(&PROMETHEUS, "/bin/prometheus", folder.join("prometheus"), "65532");
    prometheus.files.push(Entry::program("/bin/promtool", folder.join("promtool")));
    prometheus.args =
        ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"].map(str::to_owned).to_vec();
    prometheus.files.push(Entry::Folder { path: "/prometheus".to_owned(), mode: 0o777 });
    prometheus.folder = "/prometheus".to_owned();
    let program = part(&Part::KUBE_STATE_METRICS)?.join("kube-state-metrics");
    let mut state = image(&[KUBE_STATE_METRICS], "/kube-state-metrics", program, "nobody");
    state.entrypoint.extend(["--port=8080", "--telemetry-port=8081"].map(str::to_owned));
    let program = part(&Part::BLACKBOX_EXPORTER)?.join("blackbox-exporter");
    let mut blackbox = image(&[BLACKBOX_EXPORTER], "/bin/blackbox_exporter", program, "");
    blackbox.args = vec!["--config.file=/etc/blackbox_exporter/config.yml".to_owned()];
    let reloader = "prometheus-config-reloader";
    Ok(vec![
        prometheus,
        image(&[PROMETHEUS_OPERATOR], "/bin/operator", operator.join("operator"), "65534"),
        image(&[CONFIG_RELOADER], &format!("/bin/{reloader}"), operator.join(reloader), "nobody"),
        state,
        blackbox,
        collector(cache, progress)?,
    ])
}

/// The collector alone, for a shop that is traced and not watched. It has the otlp receiver, the processors
/// memory_limiter, batch, transform and filter, the spanmetrics connector, the prometheus exporter and the extension
/// health_check, each as in the contrib image.
///
/// # Errors
/// When it cannot be built.
pub fn collector(cache: &Cache, progress: &Progress) -> Result<Image> {
    let program = build(cache, &Part::COLLECTOR, progress)?.join("collector");
    let mut collector = image(&[COLLECTOR], "/otelcol-contrib", program, "10001");
    collector.args = vec!["--config=/etc/otelcol-contrib/config.yaml".to_owned()];
    Ok(collector)
}

/// The node exporter, which only the real chart runs.
///
/// # Errors
/// When it cannot be built.
pub fn node_exporter(cache: &Cache, progress: &Progress) -> Result<Image> {
    let program = build(cache, &Part::NODE_EXPORTER, progress)?.join("node-exporter");
    Ok(image(&NODE_EXPORTER, "/bin/node_exporter", program, "nobody"))
}

fn image(names: &[&str], path: &str, program: std::path::PathBuf, user: &str) -> Image {
    let nobody = "nobody:x:65534:65534:nobody:/home:/bin/false\n";
    Image {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        entrypoint: vec![path.to_owned()],
        files: vec![
            Entry::program(path, program),
            Entry::Text { path: "/etc/passwd".to_owned(), text: nobody.to_owned() },
            Entry::Folder { path: "/tmp".to_owned(), mode: 0o1777 },
        ],
        user: user.to_owned(),
        ..Image::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_named_after_the_versions_of_their_parts() {
        for (name, part) in [
            (PROMETHEUS_OPERATOR, Part::PROMETHEUS_OPERATOR),
            (CONFIG_RELOADER, Part::PROMETHEUS_OPERATOR),
            (KUBE_STATE_METRICS, Part::KUBE_STATE_METRICS),
            (NODE_EXPORTER[1], Part::NODE_EXPORTER),
            (COLLECTOR, Part::COLLECTOR),
            (BLACKBOX_EXPORTER, Part::BLACKBOX_EXPORTER),
        ] {
            let tag = name.rsplit_once(':').map(|(_, tag)| tag.trim_start_matches('v'));
            assert_eq!(tag, Some(part.version), "{name}");
        }
    }
}
