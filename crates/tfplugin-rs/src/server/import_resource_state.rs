use std::sync::Arc;

use super::Server;
use super::run::{Limits, run};
use super::wire::encode;
use crate::planning::{known_or_null, tidy};
use crate::resource::{Applied, Job, Operation, Private};
use crate::{Diagnostic, Diagnostics, Provider};

pub(crate) struct ImportRequest {
    pub(crate) type_name: String,
    pub(crate) id: String,
}

#[derive(Default)]
pub(crate) struct ImportResponse {
    pub(crate) type_name: String,
    /// Missing only with errors.
    pub(crate) state: Option<Vec<u8>>,
    pub(crate) private: Vec<u8>,
    pub(crate) diagnostics: Diagnostics,
}

impl<P: Provider> Server<P> {
    pub(crate) async fn import_resource_state(self: Arc<Self>, request: ImportRequest) -> ImportResponse {
        match self.import(request).await {
            Ok(response) => response,
            Err(error) => ImportResponse { diagnostics: error.into(), ..ImportResponse::default() },
        }
    }

    async fn import(self: Arc<Self>, request: ImportRequest) -> Result<ImportResponse, Diagnostic> {
        let ImportRequest { type_name, id } = request;
        let resource = self.resource(&type_name)?;
        let schema = resource.schema();
        let running = self.cancellable();
        let time = resource.timeout(Operation::Import, &schema.block.empty());
        let job = Job::new(self.data()?, Operation::Import, time, Private::default(), running.cancel.clone());
        let limits =
            Limits { operation: Operation::Import, cancel: &running.cancel, time, grace: self.provider.grace() };
        let Applied { state, diagnostics } = run(limits, resource.clone().import(job.clone(), id)).await?;
        if diagnostics.has_errors() {
            return Ok(ImportResponse { diagnostics, ..ImportResponse::default() });
        }
        let Some(mut state) = state.map(known_or_null) else {
            return Err(Diagnostic::provider_bug("Import without state", "The import succeeded without a state."));
        };
        tidy(&schema.block, &mut state);
        let bytes = encode(&state, schema, "imported state")?;
        Ok(ImportResponse { type_name, state: Some(bytes), private: job.private.to_bytes(), diagnostics })
    }
}
