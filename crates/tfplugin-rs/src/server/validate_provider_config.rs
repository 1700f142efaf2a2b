use super::run::guarded_call;
use super::{RawValue, Server};
use crate::checks::check_config;
use crate::resource::misfit;
use crate::{Diagnostics, Provider, model};

impl<P: Provider> Server<P> {
    pub(crate) fn validate_provider_config(&self, config: &RawValue) -> Diagnostics {
        let config = match config.read(&self.schema, "provider configuration") {
            Ok(config) => config,
            Err(error) => return error.into(),
        };
        let mut diagnostics = check_config(&self.schema.block, &config, true);
        if diagnostics.has_errors() {
            return diagnostics;
        }
        match model::from_dynamic::<P::Config>(config) {
            Ok(config) => match guarded_call("validate", || self.provider.validate(&config)) {
                Ok(more) => diagnostics.extend(more),
                Err(panic) => diagnostics.push(panic),
            },
            Err(error) => diagnostics.push(misfit(error)),
        }
        diagnostics
    }
}
