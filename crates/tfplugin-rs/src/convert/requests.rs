use tfplugin_proto::tfplugin6 as proto;

use crate::server::{
    ApplyRequest, ConfigureRequest, ImportRequest, OpenRequest, OpenedRequest, PlanRequest, RawValue, ReadRequest,
    UpgradeRequest, ValidateResourceRequest,
};

/// A value that is not there at all is the same as null.
pub(super) fn raw(value: Option<proto::DynamicValue>) -> RawValue {
    value.map(|proto::DynamicValue { msgpack, json }| RawValue { msgpack, json }).unwrap_or_default()
}

impl From<proto::configure_provider::Request> for ConfigureRequest {
    fn from(request: proto::configure_provider::Request) -> Self {
        Self { config: raw(request.config), terraform_version: request.terraform_version }
    }
}

impl From<proto::validate_resource_config::Request> for ValidateResourceRequest {
    fn from(request: proto::validate_resource_config::Request) -> Self {
        let capabilities = request.client_capabilities.unwrap_or_default();
        Self {
            type_name: request.type_name,
            config: raw(request.config),
            write_only_allowed: capabilities.write_only_attributes_allowed,
        }
    }
}

impl From<proto::upgrade_resource_state::Request> for UpgradeRequest {
    fn from(request: proto::upgrade_resource_state::Request) -> Self {
        let json = request.raw_state.map(|state| state.json).unwrap_or_default();
        Self { type_name: request.type_name, version: request.version, json }
    }
}

impl From<proto::read_resource::Request> for ReadRequest {
    fn from(request: proto::read_resource::Request) -> Self {
        Self { type_name: request.type_name, state: raw(request.current_state), private: request.private }
    }
}

impl From<proto::plan_resource_change::Request> for PlanRequest {
    fn from(request: proto::plan_resource_change::Request) -> Self {
        Self {
            type_name: request.type_name,
            prior_state: raw(request.prior_state),
            proposed_new_state: raw(request.proposed_new_state),
            config: raw(request.config),
            prior_private: request.prior_private,
        }
    }
}

impl From<proto::apply_resource_change::Request> for ApplyRequest {
    fn from(request: proto::apply_resource_change::Request) -> Self {
        Self {
            type_name: request.type_name,
            prior_state: raw(request.prior_state),
            planned_state: raw(request.planned_state),
            config: raw(request.config),
            planned_private: request.planned_private,
        }
    }
}

impl From<proto::import_resource_state::Request> for ImportRequest {
    fn from(request: proto::import_resource_state::Request) -> Self {
        Self { type_name: request.type_name, id: request.id }
    }
}

impl From<proto::validate_ephemeral_resource_config::Request> for OpenRequest {
    fn from(request: proto::validate_ephemeral_resource_config::Request) -> Self {
        Self { type_name: request.type_name, config: raw(request.config) }
    }
}

impl From<proto::open_ephemeral_resource::Request> for OpenRequest {
    fn from(request: proto::open_ephemeral_resource::Request) -> Self {
        Self { type_name: request.type_name, config: raw(request.config) }
    }
}

impl From<proto::renew_ephemeral_resource::Request> for OpenedRequest {
    fn from(request: proto::renew_ephemeral_resource::Request) -> Self {
        Self { type_name: request.type_name, private: request.private.unwrap_or_default() }
    }
}

impl From<proto::close_ephemeral_resource::Request> for OpenedRequest {
    fn from(request: proto::close_ephemeral_resource::Request) -> Self {
        Self { type_name: request.type_name, private: request.private.unwrap_or_default() }
    }
}
