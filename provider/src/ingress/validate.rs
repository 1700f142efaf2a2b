//! What is wrong with a configuration, before anything is planned.

use boutique_core::edge::IngressSpec;
use boutique_core::spec::Problem;
use tfplugin_rs::{Diagnostic, Diagnostics, Path};

use super::model::IngressModel;
use super::specification::{self, Reading};
use crate::connection::sentence;

/// All problems of a configuration, and warnings for what works and should be known. Unknown values are passed over: they
/// are judged when they are known, at the latest by apply.
pub(super) fn validate(config: &IngressModel) -> Diagnostics {
    let Reading { spec, .. } = match specification::read(config) {
        Ok(reading) => reading,
        Err(diagnostics) => return diagnostics,
    };
    let mut diagnostics = problems(config, &spec);
    for warning in spec.warnings() {
        let path = specification::path(&warning);
        diagnostics.push(Diagnostic::warning(format!("About {path}"), said(&warning)).at(path));
    }
    diagnostics.extend(secrets(config));
    diagnostics
}

/// Problems of a specification as diagnostics at their attributes.
pub(super) fn problems(model: &IngressModel, spec: &IngressSpec) -> Diagnostics {
    let mut diagnostics = Diagnostics::none();
    let is_open = specification::tls_is_open(model);
    for problem in spec.validate() {
        if is_open && problem.path == ["tls"] {
            continue;
        }
        let path = specification::path(&problem);
        diagnostics.push(Diagnostic::error(format!("Invalid {path}"), said(&problem)).at(path));
    }
    diagnostics
}

fn said(problem: &Problem) -> String {
    format!("{} {}", sentence(&problem.message), sentence(&problem.hint))
}

/// Secret values and the attributes that go with them.
fn secrets(config: &IngressModel) -> Diagnostics {
    let mut diagnostics = Diagnostics::none();
    let Some(controller) = config.controller.known() else { return diagnostics };
    if let Err(diagnostic) = specification::secret_values(config) {
        diagnostics.push(diagnostic);
    }
    let at = |attribute: &str| Path::attribute("controller").then(attribute);
    if controller.values_wo.is_known() && controller.values_wo_version.is_null() {
        diagnostics.push(
            Diagnostic::error(
                "values_wo has no version",
                "Terraform does not keep write-only values, so nobody would notice when they change. Set \
                 values_wo_version = 1, and raise it with every change.",
            )
            .at(at("values_wo_version")),
        );
    }
    if let Some(chart) = controller.chart.known()
        && chart.password_wo.is_known()
        && chart.username.is_null()
    {
        diagnostics.push(
            Diagnostic::error(
                "password_wo has no user name",
                "A repository takes a password only together with a user name. Set username.",
            )
            .at(at("chart").then("username")),
        );
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use tfplugin_rs::Value;

    use super::super::model::{BackendModel, ControllerModel, TlsModel};
    use super::*;

    fn mk_model() -> IngressModel {
        let controller =
            ControllerModel { kind: "f5-nginx".into(), install: true.into(), ..ControllerModel::default() };
        IngressModel {
            name: "shop".into(),
            namespace: "shop".into(),
            host: "shop.local".into(),
            controller: controller.into(),
            ..IngressModel::default()
        }
    }

    fn with_controller(change: impl FnOnce(&mut ControllerModel)) -> IngressModel {
        let mut model = mk_model();
        if let Value::Known(controller) = &mut model.controller {
            change(controller);
        }
        model
    }

    fn said(model: &IngressModel) -> String {
        let lines =
            validate(model).into_iter().map(|found| format!("{}: {} {}", found.path, found.summary, found.detail));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_plain_ingress_is_valid_and_so_is_one_of_unknowns() {
        assert_eq!(said(&mk_model()), "");
        let unknown = IngressModel {
            name: Value::Unknown,
            namespace: Value::Unknown,
            host: Value::Unknown,
            path_prefix: Value::Unknown,
            service: Value::Unknown,
            hosts: Value::Unknown,
            controller: Value::Unknown,
            tls: Value::Unknown,
            annotations: Value::Unknown,
            load_generator: Value::Unknown,
            ..IngressModel::default()
        };
        assert_eq!(said(&unknown), "");
    }

    #[test]
    fn problems_stand_at_the_attribute_that_has_them() {
        let service = BackendModel { name: "frontend".into(), port: 0.into() };
        assert!(said(&IngressModel { service: service.into(), ..mk_model() }).starts_with("service.port: Invalid"));
        let found = said(&IngressModel { host: "https://shop.local/".into(), ..mk_model() });
        assert!(found.starts_with("host: Invalid host"), "{found}");
    }

    #[test]
    fn a_certificate_has_one_source_and_is_not_judged_while_that_is_open() {
        let tls = |secret| TlsModel { self_signed: false.into(), secret, ..TlsModel::default() };
        assert!(said(&IngressModel { tls: tls(Value::Null).into(), ..mk_model() }).starts_with("tls: Invalid tls"));
        assert_eq!(said(&IngressModel { tls: tls(Value::Unknown).into(), ..mk_model() }), "");
    }

    #[test]
    fn a_retired_controller_is_a_warning_that_says_what_to_move_to() {
        let model = with_controller(|controller| controller.kind = "ingress-nginx".into());
        assert!(!validate(&model).has_errors());
        let found = said(&model);
        assert!(
            found.starts_with("controller.kind") && found.contains("retired") && found.contains("f5-nginx"),
            "{found}"
        );
    }

    #[test]
    fn secret_values_need_a_version() {
        let values = crate::dynamic::any(&serde_json::json!({"a": {"password": "s3cret"}}));
        let model = with_controller(|controller| controller.values_wo = values.into());
        let found = said(&model);
        assert!(found.contains("values_wo_version = 1") && !found.contains("s3cret"), "{found}");
    }
}
