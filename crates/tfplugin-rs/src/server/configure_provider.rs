use std::sync::{Arc, PoisonError};

use super::{RawValue, Server, guarded};
use crate::resource::misfit;
use crate::{Configure, Diagnostics, Provider, model};

pub(crate) struct ConfigureRequest {
    pub(crate) config: RawValue,
    pub(crate) terraform_version: String,
}

impl<P: Provider> Server<P> {
    /// Configures, or configures anew: operations that already run keep the data they began with.
    pub(crate) async fn configure_provider(&self, request: ConfigureRequest) -> Diagnostics {
        let config = match request.config.read(&self.schema, "provider configuration") {
            Ok(config) => config,
            Err(error) => return error.into(),
        };
        let config = match model::from_dynamic(config) {
            Ok(config) => config,
            Err(error) => return misfit(error).into(),
        };
        let request = Configure { config, terraform_version: request.terraform_version };
        match guarded("configure", self.provider.configure(request)).await {
            Ok(Ok(answer)) => {
                if !answer.diagnostics.has_errors() {
                    *self.data.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(answer.value));
                }
                answer.diagnostics
            }
            Ok(Err(errors)) => errors,
            Err(panic) => panic.into(),
        }
    }
}
