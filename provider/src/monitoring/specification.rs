//! Between Terraform's model and the domain's specification, both ways.

use boutique_core::contract::{Owner, SetId};
use boutique_core::monitoring::{
    AlertSettings, Chart, Grafana, Journey, MonitoringSpec, Platform, Slo, Storage, Windows,
};
use boutique_core::spec::Problem;
use serde_json::{Map as JsonMap, Value as Json};
use tfplugin_rs::{Diagnostic, Diagnostics, Map, Path, Set, Value};

use super::model::{AlertsModel, ChartModel, GrafanaModel, MonitoringModel, SloModel, StorageModel, WaitModel};
use crate::dynamic;
use crate::reader::{self, Reader, Tool};

/// A specification as far as it is known.
pub(super) struct Reading {
    /// With defaults in the places of what is unknown.
    pub(super) spec: MonitoringSpec,
    /// Whether all of it is known, so that it can be rendered.
    pub(super) complete: bool,
    /// Whether all is known that decides the Helm release.
    pub(super) release_complete: bool,
}

/// Stands for a part of an id that is not known yet.
const UNKNOWN: &str = "unknown";

/// Reads a model. Errors name values that are no object.
pub(super) fn read(model: &MonitoringModel) -> Result<Reading, Diagnostics> {
    let mut reader = Reader::new();
    let (namespace, name) = (reader.name(&model.namespace), reader.name(&model.name));
    let mut spec = MonitoringSpec::new(namespace, name, &SetId::new(Owner::Stack, UNKNOWN, UNKNOWN));
    reader.installed(model, &mut spec);
    let release_complete = reader.complete;
    reader.watched(model, &mut spec);
    let (spec, complete) = reader.finish(spec)?;
    Ok(Reading { spec, complete, release_complete })
}

/// Where a problem of the specification stands in the resource.
pub(super) fn path(problem: &Problem) -> Path {
    let steps: Vec<&str> = problem.path.iter().map(String::as_str).collect();
    let (first, rest) = match steps.as_slice() {
        ["grafana", "password_version", ..] => ("grafana", vec!["admin_password_wo_version"]),
        [first, rest @ ..] => (*first, rest.to_vec()),
        [] => return Path::root(),
    };
    let keyed = matches!((first, rest.first()), ("chart", Some(&"selector_labels")) | ("alerts", Some(&"labels")));
    rest.into_iter().enumerate().fold(Path::attribute(first), |path, (at, step)| {
        if keyed && at == 1 { path.key(step) } else { path.then(step) }
    })
}

impl Reader {
    /// All that goes into the chart's values.
    fn installed(&mut self, model: &MonitoringModel, spec: &mut MonitoringSpec) {
        if let Some(chart) = self.take(&model.chart) {
            spec.chart = self.chart(&chart);
        }
        spec.platform = match self.take(&model.platform).as_deref() {
            Some("kind") => Platform::Kind,
            Some("gke") => Platform::Gke,
            Some("eks") => Platform::Eks,
            Some("aks") => Platform::Aks,
            Some("bare") => Platform::Bare,
            _ => Platform::Any,
        };
        spec.retention = self.take(&model.retention);
        spec.storage = self.take(&model.storage).and_then(|storage| {
            let (size, class) = (self.take(&storage.size), self.take(&storage.class));
            Some(Storage { size: size?, class })
        });
        if let Some(grafana) = self.take(&model.grafana) {
            spec.grafana = Grafana {
                enabled: self.take(&grafana.enabled).unwrap_or(true),
                host: self.take(&grafana.host),
                password_version: self.take(&grafana.admin_password_wo_version),
            };
        }
        if let Some(slo) = self.take(&model.slo) {
            let default = Slo::default();
            spec.slo = Slo {
                availability: self.take(&slo.availability).unwrap_or(default.availability),
                latency: self.take(&slo.latency).unwrap_or(default.latency),
                latency_ms: self.take(&slo.latency_ms).unwrap_or(default.latency_ms),
                period_days: self.take(&slo.period_days).unwrap_or(default.period_days),
            };
        }
        spec.windows = match self.take(&model.windows).as_deref() {
            Some("lab") => Windows::Lab,
            _ => Windows::Standard,
        };
    }

    /// The rest.
    fn watched(&mut self, model: &MonitoringModel, spec: &mut MonitoringSpec) {
        let (stack, ingress) = (self.take(&model.stack), self.take(&model.ingress));
        // What is not known yet does not contradict the other.
        let known = [&stack, &ingress].into_iter().flatten().find_map(|id| id.split_once('/'));
        let place = format!("{}/{UNKNOWN}", known.map_or(UNKNOWN, |(namespace, _)| namespace));
        spec.stack = stack.unwrap_or_else(|| place.clone());
        spec.ingress = if model.ingress.is_unknown() { Some(place) } else { ingress };
        if let Some(journeys) = self.take(&model.journeys) {
            let names: Vec<String> = journeys.iter().filter_map(|journey| self.take(journey)).collect();
            spec.journeys =
                Journey::ALL.into_iter().filter(|journey| names.iter().any(|name| name == journey.name())).collect();
        }
        spec.blackbox_image = self.take(&model.blackbox_image);
        if let Some(alerts) = self.take(&model.alerts) {
            let disabled = self.take(&alerts.disabled).unwrap_or_default();
            spec.alerts = AlertSettings {
                disabled: disabled.iter().filter_map(|name| self.take(name)).collect(),
                labels: self.texts(&alerts.labels),
                runbooks: self.take(&alerts.runbooks),
            };
        }
        spec.tool = tool(model);
    }

    fn texts(&mut self, map: &Value<Map<String>>) -> std::collections::BTreeMap<String, String> {
        let map = self.take(map).unwrap_or_default();
        map.into_iter().filter_map(|(key, value)| Some((key, self.take(&value)?))).collect()
    }

    fn chart(&mut self, model: &ChartModel) -> Chart {
        Chart {
            existing: self.take(&model.existing).unwrap_or_default(),
            name: self.take(&model.name),
            repository: self.take(&model.repository),
            version: self.take(&model.version),
            release: self.take(&model.release),
            selector_labels: self.texts(&model.selector_labels),
            values: match self.take(&model.values) {
                Some(values) => self.values(&values, Path::attribute("chart").then("values")),
                None => JsonMap::new(),
            },
        }
    }
}

/// Secret values of a configuration as JSON; none where there are none.
///
/// # Errors
/// When they are no object.
pub(super) fn secret_values(model: &MonitoringModel) -> Result<Option<Json>, Diagnostic> {
    let any = model.chart.known().and_then(|chart| chart.values_wo.known());
    reader::secret_values(any, Path::attribute("chart").then("values_wo"))
}

/// What only the provider wants to find again, so that an import gives back the whole resource.
fn tool(model: &MonitoringModel) -> JsonMap<String, Json> {
    let tool = Tool {
        wait: model.wait.known().and_then(|wait| wait.until.as_str()).map(str::to_owned),
        adopt: model.adopt.clone(),
        force_conflicts: model.force_conflicts,
        timeouts: model.timeouts.clone(),
    };
    let mut tool = tool.to_json();
    // An object that only repeats defaults is another configuration than none.
    let written = [
        ("chart", model.chart.is_known()),
        ("grafana", model.grafana.is_known()),
        ("slo", model.slo.is_known()),
        ("alerts", model.alerts.is_known()),
        ("journeys", model.journeys.is_known()),
    ];
    let written: Vec<Json> = written.iter().filter(|(_, is)| *is).map(|(name, _)| (*name).into()).collect();
    if !written.is_empty() {
        tool.insert(WRITTEN.to_owned(), written.into());
    }
    let Some(chart) = model.chart.known() else { return tool };
    if let Some(version) = chart.values_wo_version.known() {
        tool.insert("values_wo_version".to_owned(), (*version).into());
    }
    if let Some(username) = chart.username.as_str() {
        tool.insert("username".to_owned(), username.into());
    }
    tool
}

/// Key of the specification's `tool`: objects that the configuration has.
const WRITTEN: &str = "written";

/// The resource of a stored specification, with everything that configuration can say.
pub(super) fn model(spec: &MonitoringSpec) -> MonitoringModel {
    let tool = Tool::from_json(&spec.tool);
    let written = |name: &str| {
        let listed = spec.tool.get(WRITTEN).and_then(Json::as_array);
        listed.is_some_and(|listed| listed.iter().any(|one| one == name))
    };
    MonitoringModel {
        id: spec.id().to_string().into(),
        name: spec.name.clone().into(),
        namespace: spec.namespace.clone().into(),
        stack: spec.stack.clone().into(),
        ingress: spec.ingress.clone().into(),
        chart: written("chart").then(|| chart_model(spec)).into(),
        platform: match spec.platform {
            Platform::Any => "any",
            Platform::Kind => "kind",
            Platform::Gke => "gke",
            Platform::Eks => "eks",
            Platform::Aks => "aks",
            Platform::Bare => "bare",
        }
        .into(),
        retention: spec.retention.clone().into(),
        storage: spec
            .storage
            .as_ref()
            .map(|storage| StorageModel { size: storage.size.clone().into(), class: storage.class.clone().into() })
            .into(),
        grafana: written("grafana")
            .then(|| GrafanaModel {
                enabled: spec.grafana.enabled.into(),
                host: spec.grafana.host.clone().into(),
                admin_password_wo: Value::Null,
                admin_password_wo_version: spec.grafana.password_version.into(),
            })
            .into(),
        slo: written("slo")
            .then(|| SloModel {
                availability: spec.slo.availability.into(),
                latency: spec.slo.latency.into(),
                latency_ms: spec.slo.latency_ms.into(),
                period_days: spec.slo.period_days.into(),
            })
            .into(),
        windows: match spec.windows {
            Windows::Standard => "standard",
            Windows::Lab => "lab",
        }
        .into(),
        journeys: written("journeys")
            .then(|| set(spec.journeys.iter().map(|journey| journey.name().to_owned())))
            .into(),
        blackbox_image: spec.blackbox_image.clone().into(),
        alerts: written("alerts").then(|| alerts_model(&spec.alerts)).into(),
        wait: tool.wait.map(|until| WaitModel { until: until.into() }).into(),
        adopt: tool.adopt,
        force_conflicts: tool.force_conflicts,
        timeouts: tool.timeouts,
        ..MonitoringModel::default()
    }
}

fn set(texts: impl Iterator<Item = String>) -> Set<String> {
    texts.map(Value::Known).collect()
}

fn texts(map: &std::collections::BTreeMap<String, String>) -> Value<Map<String>> {
    let texts: Map<String> = map.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    if texts.is_empty() { Value::Null } else { texts.into() }
}

fn chart_model(spec: &MonitoringSpec) -> ChartModel {
    let chart = &spec.chart;
    ChartModel {
        existing: chart.existing.into(),
        name: chart.name.clone().into(),
        repository: chart.repository.clone().into(),
        version: chart.version.clone().into(),
        release: chart.release.clone().into(),
        selector_labels: texts(&chart.selector_labels),
        values: (!chart.values.is_empty()).then(|| dynamic::any(&Json::Object(chart.values.clone()))).into(),
        values_wo: Value::Null,
        values_wo_version: spec.tool.get("values_wo_version").and_then(Json::as_i64).into(),
        username: spec.tool.get("username").and_then(Json::as_str).map(str::to_owned).into(),
        password_wo: Value::Null,
    }
}

fn alerts_model(alerts: &AlertSettings) -> AlertsModel {
    let disabled = (!alerts.disabled.is_empty()).then(|| set(alerts.disabled.iter().cloned()));
    AlertsModel { disabled: disabled.into(), labels: texts(&alerts.labels), runbooks: alerts.runbooks.clone().into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mk_spec() -> MonitoringSpec {
        serde_json::from_value(json!({
            "name": "shop", "namespace": "monitoring", "stack": "store/shop", "ingress": "store/shop",
            "chart": {
                "name": "./charts/kube-prometheus-stack", "version": "88.5.3", "release": "watch",
                "selector_labels": {"release": "watch"}, "values": {"nodeExporter": {"enabled": false}},
            },
            "platform": "kind", "retention": "40d", "storage": {"size": "50Gi", "class": "fast"},
            "grafana": {"enabled": true, "host": "grafana.shop.local", "password_version": 2},
            "slo": {"availability": 99.95, "latency": 99.5, "latency_ms": 250, "period_days": 28},
            "windows": "lab", "journeys": ["checkout", "home"], "blackbox_image": "example.com/blackbox:1",
            "alerts": {"disabled": ["BoutiqueNoTraffic"], "labels": {"team": "shop"}, "runbooks": "https://wiki"},
            "tool": {
                "wait": "none", "adopt": "always", "force_conflicts": true, "values_wo_version": 3, "username": "ann",
                "timeouts": {"create": "20m"}, "written": ["chart", "grafana", "slo", "alerts", "journeys"],
            },
        }))
        .expect("is a specification")
    }

    #[test]
    fn every_setting_survives_the_way_into_a_resource_and_back() {
        for platform in ["any", "kind", "gke", "eks", "aks", "bare"] {
            let platform = serde_json::from_value(json!(platform)).expect("is a platform");
            let spec = MonitoringSpec { platform, ..mk_spec() };
            let Reading { spec: again, complete, .. } = read(&model(&spec)).expect("reads");
            assert!(complete);
            assert_eq!(serde_json::to_value(again).expect("is JSON"), serde_json::to_value(&spec).expect("is JSON"));
        }
    }

    #[test]
    fn what_is_not_configured_does_not_come_back_as_an_object_of_defaults() {
        let plain = MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"));
        let resource = model(&plain);
        assert!(resource.chart.is_null() && resource.grafana.is_null() && resource.slo.is_null());
        assert!(resource.journeys.is_null() && resource.alerts.is_null());
        assert_eq!(read(&resource).expect("reads").spec, plain);
    }

    #[test]
    fn what_is_unknown_is_in_nobodys_way() {
        let unknown = MonitoringModel {
            stack: Value::Unknown,
            ingress: "store/shop".into(),
            ..MonitoringModel { name: "shop".into(), namespace: "monitoring".into(), ..MonitoringModel::default() }
        };
        let reading = read(&unknown).expect("reads");
        assert!(!reading.complete && reading.release_complete);
        assert_eq!(reading.spec.stack, "store/unknown");
        assert_eq!(reading.spec.validate(), []);
    }

    #[test]
    fn problems_stand_where_the_resource_has_them() {
        let printed = |steps: &[&str]| {
            let path_of = steps.iter().map(|step| (*step).to_owned()).collect();
            path(&Problem { path: path_of, message: String::new(), hint: String::new() }).to_string()
        };
        assert_eq!(printed(&["slo", "availability"]), "slo.availability");
        assert_eq!(printed(&["grafana", "password_version"]), "grafana.admin_password_wo_version");
        assert_eq!(printed(&["chart", "selector_labels", "a/b"]), r#"chart.selector_labels["a/b"]"#);
        assert_eq!(printed(&["alerts", "labels", "team"]), r#"alerts.labels["team"]"#);
        assert_eq!(printed(&["storage", "size"]), "storage.size");
    }

    #[test]
    fn values_that_are_no_object_are_refused() {
        let mut resource = model(&mk_spec());
        if let Value::Known(chart) = &mut resource.chart {
            chart.values = dynamic::any(&json!("a: 1")).into();
        }
        let found = read(&resource).err().expect("is refused");
        let found = found.into_iter().next().expect("says something");
        assert!(found.detail.contains("yamldecode") && found.path.to_string() == "chart.values", "{found:?}");
    }
}
