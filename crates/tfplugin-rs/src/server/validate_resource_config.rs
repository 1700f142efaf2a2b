use super::run::guarded_call;
use super::{RawValue, Server};
use crate::checks::check_config;
use crate::{Diagnostic, Diagnostics, Provider};

pub(crate) struct ValidateResourceRequest {
    pub(crate) type_name: String,
    pub(crate) config: RawValue,
    pub(crate) write_only_allowed: bool,
}

impl<P: Provider> Server<P> {
    pub(crate) fn validate_resource_config(&self, request: &ValidateResourceRequest) -> Diagnostics {
        let read = || -> Result<_, Diagnostic> {
            let resource = self.resource(&request.type_name)?;
            let config = request.config.read(resource.schema(), "configuration")?;
            Ok((resource, config))
        };
        let (resource, config) = match read() {
            Ok(read) => read,
            Err(error) => return error.into(),
        };
        let mut diagnostics = check_config(&resource.schema().block, &config, request.write_only_allowed);
        // The author's checks may rely on the schema's.
        if !diagnostics.has_errors() {
            match guarded_call("validate", || resource.validate(config)) {
                Ok(more) => diagnostics.extend(more),
                Err(panic) => diagnostics.push(panic),
            }
        }
        diagnostics
    }
}
