//! Everything that can be known to be wrong with a monitoring before a cluster is asked.

use serde_json::Value;

use super::blackbox;
use super::buckets::BUCKETS_MS;
use super::inputs::Inputs;
use super::render::alert_names;
use super::retention::{self, Fit, seconds};
use super::spec::{AlertSettings, MonitoringSpec};
use crate::contract::{Owner, SetId, is_dns_label};
use crate::edge::validate::{MAX_RELEASE, check_host, is_subdomain};
use crate::quantity::Quantity;
use crate::spec::{Problem, Problems, check_image, check_name};

/// The most characters in the name of a Service and in the value of a label.
const MAX_LABEL: usize = 63;
/// Nobody promises anything over a longer time.
const MAX_DAYS: i64 = 366;
/// Labels of alerts that say what they are about.
const OURS: [&str; 6] = ["alertname", "namespace", "service", "severity", "sli", "stack"];

pub(super) fn validate(spec: &MonitoringSpec) -> Vec<Problem> {
    let mut problems = Problems::default();
    for (attribute, name) in [("name", &spec.name), ("namespace", &spec.namespace)] {
        check_name(attribute, name, &mut problems);
    }
    let most = MAX_LABEL - blackbox::SUFFIX.len();
    if spec.name.len() > most && is_dns_label(&spec.name) {
        let message = format!("the name leaves no room for its blackbox exporter, {:?}", blackbox::name(spec));
        problems.add(&["name"], message, format!("use at most {most} characters"));
    }
    check_ids(spec, &mut problems);
    check_chart(spec, &mut problems);
    check_kept(spec, &mut problems);
    check_grafana(spec, &mut problems);
    check_slo(spec, &mut problems);
    if let Some(image) = &spec.blackbox_image
        && let Err(error) = check_image(image)
    {
        let message = format!("{image:?} is no image reference: {error}");
        problems.add(&["blackbox_image"], message, format!("write it like {}", blackbox::IMAGE));
    }
    check_alerts(spec, &mut problems);
    problems.into_vec()
}

/// What works and should be known.
pub(super) fn warnings(spec: &MonitoringSpec) -> Vec<Problem> {
    let mut problems = Problems::default();
    if let Fit::Tight(sum) = retention::fit(spec) {
        problems.add(
            &["retention"],
            format!("the volume may be too small: {sum}"),
            "the oldest samples go earlier then; use a larger storage.size or a shorter retention",
        );
    }
    let period = u64::try_from(spec.slo.period_days).unwrap_or_default().saturating_mul(86_400);
    if let Some(retention) = &spec.retention
        && seconds(retention).is_some_and(|kept| kept < period)
    {
        problems.add(
            &["retention"],
            format!("samples are kept for {retention}, and the budget counts over {} days", spec.slo.period_days),
            "the budget is then that of the time that is kept; leave retention out, or shorten slo.period_days",
        );
    }
    for (attribute, objective) in [("availability", spec.slo.availability), ("latency", spec.slo.latency)] {
        let factor = spec.pace().burns[0].factor;
        // Errors of 100 % burn 1 / (1 - objective) times too fast.
        if objective > 0.0 && objective < 100.0 && (100.0 - objective) * factor >= 100.0 {
            problems.add(
                &["slo", attribute],
                format!(
                    "even if nothing worked, an objective of {objective} % would not be missed {factor} times too fast"
                ),
                "the fastest alert never fires; promise more, or rely on the other alerts",
            );
        }
    }
    if spec.chart.values.get("grafana").is_some_and(|grafana| grafana.get("adminPassword").is_some()) {
        problems.add(
            &["chart", "values"],
            "grafana.adminPassword stands in the state, and Grafana does not read it: its password comes from a Secret",
            "remove it, and set grafana.admin_password_wo",
        );
    }
    problems.into_vec()
}

/// What is wrong with a monitoring of this very shop and edge.
#[must_use]
pub fn against(spec: &MonitoringSpec, inputs: &Inputs) -> Vec<Problem> {
    let mut problems = Problems::default();
    if let (Some(host), Some(edge)) = (&spec.grafana.host, &inputs.edge)
        && host.eq_ignore_ascii_case(&edge.host)
    {
        problems.add(
            &["grafana", "host"],
            format!("{host} is the shop's own host"),
            format!("use a host of its own, such as grafana.{host}"),
        );
    }
    problems.into_vec()
}

fn check_ids(spec: &MonitoringSpec, problems: &mut Problems) {
    if let Err(error) = SetId::parse(Owner::Stack, &spec.stack) {
        problems.add(&["stack"], error.to_string(), "take it from the stack: boutique_stack.NAME.id");
    }
    let Some(ingress) = &spec.ingress else { return };
    match SetId::parse(Owner::Ingress, ingress) {
        Err(error) => {
            problems.add(&["ingress"], error.to_string(), "take it from the ingress: boutique_ingress.NAME.id");
        }
        Ok(id) if id.namespace != spec.shop_namespace() && spec.stack.contains('/') => problems.add(
            &["ingress"],
            format!("the ingress {id} leads to the shop of namespace {}, not to {}", id.namespace, spec.stack),
            "name the ingress of the same shop",
        ),
        Ok(_) => {}
    }
}

fn check_chart(spec: &MonitoringSpec, problems: &mut Problems) {
    let chart = &spec.chart;
    if let Some(release) = &chart.release
        && (!is_dns_label(release) || release.len() > MAX_RELEASE)
    {
        problems.add(
            &["chart", "release"],
            format!("{release:?} is no name of a Helm release"),
            "use at most 53 lower-case letters, digits and dashes",
        );
    }
    for (key, value) in &chart.selector_labels {
        if !is_label_key(key) || !is_label_value(value) {
            let message = format!("{key:?} = {value:?} is no label");
            problems.add(&["chart", "selector_labels", key], message, "write it like release = \"prometheus\"");
        }
    }
    if chart.existing {
        let set = [
            ("name", chart.name.is_some()),
            ("repository", chart.repository.is_some()),
            ("version", chart.version.is_some()),
            ("values", !chart.values.is_empty()),
        ];
        for (attribute, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
            problems.add(
                &["chart", attribute],
                "this is for a chart that is installed here, and chart.existing says that operator and Prometheus are there",
                "remove it, or set existing = false",
            );
        }
        return;
    }
    let selects_otherwise = value(spec, "/prometheus/prometheusSpec/ruleSelector").is_some();
    let labels = &chart.selector_labels;
    if !labels.is_empty() && !selects_otherwise && labels.get("release").map(String::as_str) != Some(spec.release()) {
        problems.add(
            &["chart", "selector_labels"],
            format!(
                "the chart's Prometheus looks for the label release = {:?}, and it is not among them",
                spec.release()
            ),
            "leave selector_labels out: they are for an existing Prometheus",
        );
    }
    for part in ["prometheus", "prometheusOperator"] {
        if value(spec, &format!("/{part}/enabled")) == Some(&Value::Bool(false)) {
            problems.add(
                &["chart", "values"],
                format!("{part}.enabled = false leaves nobody to scrape the shop"),
                "remove it, or use a Prometheus that is there: chart = { existing = true }",
            );
        }
    }
    contradictions(spec, problems);
}

/// Values that contradict the attributes which say the same.
fn contradictions(spec: &MonitoringSpec, problems: &mut Problems) {
    let mut contradicts = |path: &str, wanted: Option<Value>, attribute: &str| {
        let (Some(there), Some(wanted)) = (value(spec, path), wanted) else { return };
        if *there != wanted {
            let dotted = path.trim_start_matches('/').replace('/', ".");
            problems.add(
                &["chart", "values"],
                format!("{dotted} = {there} contradicts {attribute} = {wanted}"),
                format!("remove it from the values and set {attribute}"),
            );
        }
    };
    contradicts("/grafana/enabled", Some(spec.grafana.enabled.into()), "grafana.enabled");
    contradicts("/prometheus/prometheusSpec/retention", spec.retention.clone().map(Value::from), "retention");
    contradicts(
        "/prometheus/prometheusSpec/storageSpec/volumeClaimTemplate/spec/resources/requests/storage",
        spec.storage.as_ref().map(|storage| storage.size.clone().into()),
        "storage.size",
    );
    let existing = spec.grafana.enabled.then(|| spec.grafana_secret().into());
    contradicts("/grafana/admin/existingSecret", existing, "the Secret that this resource makes");
}

fn value<'a>(spec: &'a MonitoringSpec, path: &str) -> Option<&'a Value> {
    let (first, rest) = path.trim_start_matches('/').split_once('/')?;
    spec.chart.values.get(first)?.pointer(&format!("/{rest}"))
}

/// Retention and storage.
fn check_kept(spec: &MonitoringSpec, problems: &mut Problems) {
    for (attribute, is_set) in [("retention", spec.retention.is_some()), ("storage", spec.storage.is_some())] {
        if spec.chart.existing && is_set {
            problems.add(
                &[attribute],
                "an existing Prometheus keeps samples as whoever installed it has said",
                "remove it, and set it there",
            );
        }
    }
    if let Some(retention) = &spec.retention {
        match seconds(retention) {
            None => problems.add(
                &["retention"],
                format!("{retention:?} is no duration that Prometheus takes"),
                "write it like 15d, 2w or 1d12h, the largest unit first",
            ),
            Some(kept) if kept < 3600 => problems.add(
                &["retention"],
                format!("nothing can be seen of a time as short as {retention}"),
                "keep samples for at least 1h",
            ),
            Some(_) => {}
        }
    }
    if let Some(storage) = &spec.storage {
        match storage.size.parse::<Quantity>() {
            Err(error) => problems.add(&["storage", "size"], error.to_string(), "write it like 20Gi"),
            Ok(size) if size.ceil() < 1 << 28 => problems.add(
                &["storage", "size"],
                format!("{} is too small for any Prometheus", storage.size),
                "use at least 256Mi; mind the unit, such as 20Gi",
            ),
            Ok(_) => {}
        }
        if let Some(class) = storage.class.as_deref().filter(|class| !is_subdomain(class)) {
            let hint = "use one of those that kubectl get storageclasses shows";
            problems.add(&["storage", "class"], format!("{class:?} is no name of a StorageClass"), hint);
        }
    }
    if let Fit::TooSmall(sum) = retention::fit(spec) {
        problems.add(
            &["retention"],
            format!("the volume cannot hold that: {sum}"),
            "use a larger storage.size or a shorter retention",
        );
    }
}

fn check_grafana(spec: &MonitoringSpec, problems: &mut Problems) {
    let grafana = &spec.grafana;
    let set = [("host", grafana.host.is_some()), ("password_version", grafana.password_version.is_some())];
    for (attribute, _) in set.into_iter().filter(|(_, is_set)| *is_set && !spec.has_grafana()) {
        let (message, hint) = if spec.chart.existing {
            ("Grafana comes with the chart, and chart.existing says that nothing is installed", "remove it")
        } else {
            ("there is no Grafana: grafana.enabled is false", "remove it, or set grafana.enabled = true")
        };
        problems.add(&["grafana", attribute], message, hint);
    }
    if let Some(host) = &grafana.host {
        check_host(&["grafana", "host"], host, false, problems);
        if spec.ingress.is_none() {
            problems.add(
                &["grafana", "host"],
                "a host needs an ingress that leads to it",
                "set ingress = boutique_ingress.NAME.id, or leave host out and use kubectl port-forward",
            );
        }
    }
}

fn check_slo(spec: &MonitoringSpec, problems: &mut Problems) {
    let slo = &spec.slo;
    for (attribute, objective) in [("availability", slo.availability), ("latency", slo.latency)] {
        // Written so that what is no number is refused, too.
        if !(objective > 0.0 && objective < 100.0) {
            let why = if objective == 100.0 {
                "leaves no room for a single error, so every one of them would be an alert"
            } else if objective == 0.0 {
                "promises nothing, so it can never be missed"
            } else {
                "is no share of requests"
            };
            problems.add(
                &["slo", attribute],
                format!("{objective} % {why}"),
                "use per cent above 0 and below 100, such as 99.9",
            );
        }
    }
    if !BUCKETS_MS.iter().any(|bound| i64::from(*bound) == slo.latency_ms) {
        let bounds: Vec<String> = BUCKETS_MS.iter().map(ToString::to_string).collect();
        problems.add(
            &["slo", "latency_ms"],
            format!(
                "{} ms is no bound of the histograms' buckets, so nobody could count what is slower",
                slo.latency_ms
            ),
            format!("use one of {}", bounds.join(", ")),
        );
    }
    problems.range(&["slo", "period_days"], slo.period_days, 1..=MAX_DAYS);
}

fn check_alerts(spec: &MonitoringSpec, problems: &mut Problems) {
    let alerts = &spec.alerts;
    if !alerts.disabled.is_empty() {
        let known = alert_names(&MonitoringSpec { alerts: AlertSettings::default(), ..spec.clone() });
        for name in alerts.disabled.iter().filter(|name| !known.contains(*name)) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let hint = format!("there are {}", known.join(", "));
            problems.add(&["alerts", "disabled"], format!("there is no alert {name:?}"), hint);
        }
    }
    for key in alerts.labels.keys() {
        let starts = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !starts || !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') || key.starts_with("__") {
            let message = format!("{key:?} is no name of a label of Prometheus");
            problems.add(&["alerts", "labels", key], message, "use letters, digits and _, not beginning with a digit");
        } else if OURS.contains(&key.as_str()) {
            let message = format!("the label {key} says what an alert is about");
            problems.add(&["alerts", "labels", key], message, "use another name");
        }
    }
    if let Some(base) = &alerts.runbooks {
        let is_url = ["https://", "http://"].iter().any(|scheme| base.len() > scheme.len() && base.starts_with(scheme));
        if !is_url || base.contains(char::is_whitespace) {
            let hint = "write it like https://wiki.example.com/runbooks; the alert's name and .md are appended";
            problems.add(&["alerts", "runbooks"], format!("{base:?} is no URL"), hint);
        }
    }
}

fn is_label_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    prefix.is_none_or(is_subdomain) && !name.is_empty() && is_label_value(name)
}

fn is_label_value(value: &str) -> bool {
    let is_end = |c: char| c.is_ascii_alphanumeric();
    value.len() <= MAX_LABEL
        && value.chars().all(|c| is_end(c) || matches!(c, '-' | '_' | '.'))
        && value.chars().next().is_none_or(is_end)
        && value.chars().last().is_none_or(is_end)
}

#[cfg(test)]
mod tests;
