//! What is wrong with a configuration, before anything is planned.

use boutique_core::monitoring::MonitoringSpec;
use boutique_core::spec::Problem;
use tfplugin_rs::{Diagnostic, Diagnostics, Path};

use super::model::MonitoringModel;
use super::specification::{self, Reading};
use crate::connection::sentence;

/// All problems of a configuration, and warnings for what works and should be known. Unknown values are passed over: they
/// are judged when they are known, at the latest by apply.
pub(super) fn validate(config: &MonitoringModel) -> Diagnostics {
    let Reading { spec, .. } = match specification::read(config) {
        Ok(reading) => reading,
        Err(diagnostics) => return diagnostics,
    };
    let mut diagnostics = problems(&spec);
    for warning in spec.warnings() {
        let path = specification::path(&warning);
        diagnostics.push(Diagnostic::warning(format!("About {path}"), said(&warning)).at(path));
    }
    diagnostics.extend(secrets(config));
    diagnostics
}

/// Problems of a specification as diagnostics at their attributes.
pub(super) fn problems(spec: &MonitoringSpec) -> Diagnostics {
    let mut diagnostics = Diagnostics::none();
    for problem in spec.validate() {
        let path = specification::path(&problem);
        diagnostics.push(Diagnostic::error(format!("Invalid {path}"), said(&problem)).at(path));
    }
    diagnostics
}

pub(super) fn said(problem: &Problem) -> String {
    format!("{} {}", sentence(&problem.message), sentence(&problem.hint))
}

/// Secret values and the attributes that go with them.
fn secrets(config: &MonitoringModel) -> Diagnostics {
    let mut diagnostics = Diagnostics::none();
    if let Err(diagnostic) = specification::secret_values(config) {
        diagnostics.push(diagnostic);
    }
    let versionless = |attribute: &str, version: &str, at: Path| {
        Diagnostic::error(
            format!("{attribute} has no version"),
            format!(
                "Terraform does not keep write-only values, so nobody would notice when they change. Set {version} = 1, and \
                 raise it with every change."
            ),
        )
        .at(at)
    };
    if let Some(grafana) = config.grafana.known() {
        let at = |attribute: &str| Path::attribute("grafana").then(attribute);
        let version = "admin_password_wo_version";
        if grafana.admin_password_wo.is_known() && grafana.admin_password_wo_version.is_null() {
            diagnostics.push(versionless("admin_password_wo", version, at(version)));
        }
        if grafana.admin_password_wo_version.is_known() && grafana.admin_password_wo.is_null() {
            diagnostics.push(
                Diagnostic::error(
                    "admin_password_wo_version has no password",
                    "A version is that of a password. Set admin_password_wo, or remove admin_password_wo_version to have a \
                     password made.",
                )
                .at(at("admin_password_wo")),
            );
        }
    }
    let Some(chart) = config.chart.known() else { return diagnostics };
    let at = |attribute: &str| Path::attribute("chart").then(attribute);
    if chart.values_wo.is_known() && chart.values_wo_version.is_null() {
        diagnostics.push(versionless("values_wo", "values_wo_version", at("values_wo_version")));
    }
    if chart.password_wo.is_known() && chart.username.is_null() {
        diagnostics.push(
            Diagnostic::error(
                "password_wo has no user name",
                "A repository takes a password only together with a user name. Set username.",
            )
            .at(at("username")),
        );
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use tfplugin_rs::Value;

    use super::super::model::{ChartModel, GrafanaModel, SloModel};
    use super::*;

    fn mk_model() -> MonitoringModel {
        MonitoringModel {
            name: "shop".into(),
            namespace: "monitoring".into(),
            stack: "shop/shop".into(),
            ..MonitoringModel::default()
        }
    }

    fn said(model: &MonitoringModel) -> String {
        let lines =
            validate(model).into_iter().map(|found| format!("{}: {} {}", found.path, found.summary, found.detail));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_plain_monitoring_is_valid_and_so_is_one_of_unknowns() {
        assert_eq!(said(&mk_model()), "");
        let unknown = MonitoringModel {
            name: Value::Unknown,
            namespace: Value::Unknown,
            stack: Value::Unknown,
            ingress: Value::Unknown,
            chart: Value::Unknown,
            storage: Value::Unknown,
            grafana: Value::Unknown,
            slo: Value::Unknown,
            journeys: Value::Unknown,
            alerts: Value::Unknown,
            ..MonitoringModel::default()
        };
        assert_eq!(said(&unknown), "");
    }

    #[test]
    fn problems_stand_at_the_attribute_that_has_them() {
        let slo = SloModel { availability: 100.0.into(), ..SloModel::default() };
        let found = said(&MonitoringModel { slo: slo.into(), ..mk_model() });
        assert!(found.starts_with("slo.availability: Invalid slo.availability 100 % leaves no room"), "{found}");
    }

    #[test]
    fn secret_values_need_a_version_and_a_version_needs_a_password() {
        let values = crate::dynamic::any(&serde_json::json!({"a": {"password": "s3cret"}}));
        let chart = ChartModel { values_wo: values.into(), ..ChartModel::default() };
        let grafana =
            GrafanaModel { admin_password_wo: tfplugin_rs::Secret::new("s3cret").into(), ..GrafanaModel::default() };
        let found = said(&MonitoringModel { chart: chart.into(), grafana: grafana.into(), ..mk_model() });
        assert!(found.contains("values_wo_version = 1") && found.contains("admin_password_wo_version = 1"), "{found}");
        assert!(!found.contains("s3cret"), "{found}");
        let grafana = GrafanaModel { admin_password_wo_version: 1.into(), ..GrafanaModel::default() };
        let found = said(&MonitoringModel { grafana: grafana.into(), ..mk_model() });
        assert!(found.starts_with("grafana.admin_password_wo:"), "{found}");
    }
}
