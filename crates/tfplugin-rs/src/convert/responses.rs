use tfplugin_proto::tfplugin6 as proto;

use super::schema::{by_name, schema};
use crate::server::{
    ApplyResponse, ImportResponse, OpenResponse, PlanResponse, ReadResponse, SchemaResponse, UpgradeResponse,
};
use crate::{Diagnostic, Diagnostics, Path, Severity, Step};

pub(super) fn diagnostics(diagnostics: impl IntoIterator<Item = Diagnostic>) -> Vec<proto::Diagnostic> {
    diagnostics.into_iter().map(diagnostic).collect()
}

fn diagnostic(diagnostic: Diagnostic) -> proto::Diagnostic {
    let Diagnostic { severity, summary, detail, path: place } = diagnostic;
    let severity = match severity {
        Severity::Error => proto::diagnostic::Severity::Error,
        Severity::Warning => proto::diagnostic::Severity::Warning,
    };
    proto::Diagnostic {
        severity: severity.into(),
        summary,
        detail,
        attribute: (!place.is_root()).then(|| path(&place)),
    }
}

fn path(path: &Path) -> proto::AttributePath {
    use proto::attribute_path::step::Selector;
    let steps = path.steps().iter().map(|step| {
        let selector = match step.clone() {
            Step::Attribute(name) => Selector::AttributeName(name),
            Step::Key(key) => Selector::ElementKeyString(key),
            Step::Index(index) => Selector::ElementKeyInt(index),
        };
        proto::attribute_path::Step { selector: Some(selector) }
    });
    proto::AttributePath { steps: steps.collect() }
}

fn value(msgpack: Vec<u8>) -> proto::DynamicValue {
    proto::DynamicValue { msgpack, json: Vec::new() }
}

pub(super) fn schemas(response: &SchemaResponse<'_>) -> proto::get_provider_schema::Response {
    proto::get_provider_schema::Response {
        provider: Some(schema(response.provider)),
        resource_schemas: by_name(&response.resources),
        ephemeral_resource_schemas: by_name(&response.ephemerals),
        diagnostics: diagnostics(response.diagnostics.iter().cloned()),
        server_capabilities: Some(capabilities()),
        ..Default::default()
    }
}

pub(super) fn capabilities() -> proto::ServerCapabilities {
    proto::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: false,
        generate_resource_config: false,
    }
}

impl From<UpgradeResponse> for proto::upgrade_resource_state::Response {
    fn from(response: UpgradeResponse) -> Self {
        Self { upgraded_state: response.state.map(value), diagnostics: diagnostics(response.diagnostics) }
    }
}

impl From<ReadResponse> for proto::read_resource::Response {
    fn from(response: ReadResponse) -> Self {
        Self {
            new_state: response.state.map(value),
            private: response.private,
            diagnostics: diagnostics(response.diagnostics),
            ..Default::default()
        }
    }
}

impl From<PlanResponse> for proto::plan_resource_change::Response {
    fn from(response: PlanResponse) -> Self {
        Self {
            planned_state: response.planned_state.map(value),
            requires_replace: response.requires_replace.iter().map(path).collect(),
            planned_private: response.planned_private,
            diagnostics: diagnostics(response.diagnostics),
            ..Default::default()
        }
    }
}

impl From<ApplyResponse> for proto::apply_resource_change::Response {
    fn from(response: ApplyResponse) -> Self {
        Self {
            new_state: response.state.map(value),
            private: response.private,
            diagnostics: diagnostics(response.diagnostics),
            ..Default::default()
        }
    }
}

impl From<ImportResponse> for proto::import_resource_state::Response {
    fn from(response: ImportResponse) -> Self {
        let ImportResponse { type_name, state, private, diagnostics: said } = response;
        let imported = state.map(|state| proto::import_resource_state::ImportedResource {
            type_name,
            state: Some(value(state)),
            private,
            identity: None,
        });
        Self { imported_resources: imported.into_iter().collect(), diagnostics: diagnostics(said), deferred: None }
    }
}

impl From<OpenResponse> for proto::open_ephemeral_resource::Response {
    fn from(response: OpenResponse) -> Self {
        Self {
            diagnostics: diagnostics(response.diagnostics),
            renew_at: response.renew_at.map(Into::into),
            result: response.result.map(value),
            private: Some(response.private),
            deferred: None,
        }
    }
}

impl From<OpenResponse> for proto::renew_ephemeral_resource::Response {
    fn from(response: OpenResponse) -> Self {
        Self {
            diagnostics: diagnostics(response.diagnostics),
            renew_at: response.renew_at.map(Into::into),
            private: Some(response.private),
        }
    }
}

/// A response that can carry nothing but what went wrong.
pub(super) trait Refusal {
    fn refusal(diagnostics: Diagnostics) -> Self;
}

macro_rules! refusals {
    ($($module:ident),+ $(,)?) => {$(
        impl Refusal for proto::$module::Response {
            fn refusal(said: Diagnostics) -> Self {
                let mut response = Self::default();
                response.diagnostics = diagnostics(said);
                response
            }
        }
    )+};
}

refusals! {
    validate_provider_config, configure_provider, validate_resource_config, upgrade_resource_state, read_resource,
    plan_resource_change, apply_resource_change, import_resource_state, validate_ephemeral_resource_config,
    open_ephemeral_resource, renew_ephemeral_resource, close_ephemeral_resource,
}
