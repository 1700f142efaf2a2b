use std::cmp::Ordering;

use super::run::guarded_call;
use super::wire::{encode, unreadable};
use super::{Erased, Server};
use crate::codec::from_json;
use crate::planning::tidy;
use crate::{Diagnostic, Diagnostics, Provider};

pub(crate) struct UpgradeRequest {
    pub(crate) type_name: String,
    pub(crate) version: i64,
    /// The stored state, byte for byte.
    pub(crate) json: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct UpgradeResponse {
    pub(crate) state: Option<Vec<u8>>,
    pub(crate) diagnostics: Diagnostics,
}

impl<P: Provider> Server<P> {
    pub(crate) fn upgrade_resource_state(&self, request: &UpgradeRequest) -> UpgradeResponse {
        let resource = match self.resource(&request.type_name) {
            Ok(resource) => resource,
            Err(error) => return UpgradeResponse { state: None, diagnostics: error.into() },
        };
        match upgrade::<P>(&resource, request) {
            Ok(state) => UpgradeResponse { state: Some(state), diagnostics: Diagnostics::none() },
            Err(diagnostics) => UpgradeResponse { state: None, diagnostics },
        }
    }
}

fn upgrade<P: Provider>(resource: &Erased<P>, request: &UpgradeRequest) -> Result<Vec<u8>, Diagnostics> {
    let schema = resource.schema();
    if request.json.is_empty() {
        return Err(Diagnostic::error(
            "State of an ancient Terraform",
            "The state was written by a Terraform before 0.12. Upgrade it with Terraform 0.12 first.",
        )
        .into());
    }
    let mut json: serde_json::Value =
        serde_json::from_slice(&request.json).map_err(|error| unreadable("stored state", &error))?;
    match request.version.cmp(&schema.version) {
        Ordering::Equal => {}
        Ordering::Less => {
            json = guarded_call("upgrade state", || resource.upgrade(request.version, json))??;
        }
        Ordering::Greater => {
            let detail = format!(
                "The state was written by schema version {} of {}, but this provider has version {}. Use the provider \
                 version that wrote it, or a newer one.",
                request.version, request.type_name, schema.version
            );
            return Err(Diagnostic::error("State of a newer provider", detail).into());
        }
    }
    let mut state = from_json(&json, &schema.ty()).map_err(|error| unreadable("stored state", &error))?;
    tidy(&schema.block, &mut state);
    Ok(encode(&state, schema, "upgraded state")?)
}
