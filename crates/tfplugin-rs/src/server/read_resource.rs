use std::sync::Arc;

use super::run::{Limits, run};
use super::wire::encode;
use super::{RawValue, Server};
use crate::planning::{known_or_null, tidy};
use crate::resource::{Applied, Job, Operation, Private};
use crate::{Diagnostic, Diagnostics, Provider};

pub(crate) struct ReadRequest {
    pub(crate) type_name: String,
    pub(crate) state: RawValue,
    pub(crate) private: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct ReadResponse {
    /// Null when the object is gone.
    pub(crate) state: Option<Vec<u8>>,
    pub(crate) private: Vec<u8>,
    pub(crate) diagnostics: Diagnostics,
}

impl<P: Provider> Server<P> {
    pub(crate) async fn read_resource(self: Arc<Self>, request: ReadRequest) -> ReadResponse {
        let private = request.private.clone();
        match self.read(request).await {
            Ok(response) => response,
            Err(error) => ReadResponse { state: None, private, diagnostics: error.into() },
        }
    }

    async fn read(self: Arc<Self>, request: ReadRequest) -> Result<ReadResponse, Diagnostic> {
        let resource = self.resource(&request.type_name)?;
        let schema = resource.schema();
        let state = request.state.read(schema, "state")?;
        if state.is_null() {
            return Ok(ReadResponse { private: request.private, ..ReadResponse::default() });
        }
        let running = self.cancellable();
        let time = resource.timeout(Operation::Read, &state);
        let private = Private::from_bytes(&request.private)?;
        let job = Job::new(self.data()?, Operation::Read, time, private, running.cancel.clone());
        let limits = Limits { operation: Operation::Read, cancel: &running.cancel, time, grace: self.provider.grace() };
        let work = resource.clone().read(job.clone(), state);
        let Applied { state, mut diagnostics } = match run(limits, work).await {
            Ok(applied) => applied,
            Err(error) => Applied::failed(error),
        };
        if diagnostics.has_errors() {
            // Terraform keeps the state it has.
            return Ok(ReadResponse { state: None, private: request.private, diagnostics });
        }
        let Some(mut state) = state else {
            return Ok(ReadResponse { state: None, private: Vec::new(), diagnostics });
        };
        if !state.is_wholly_known() {
            diagnostics.push(Diagnostic::provider_bug(
                format!("Unknown values after reading {}", request.type_name),
                "A read answered values that are unknown; what it cannot know must be null.",
            ));
            state = known_or_null(state);
        }
        tidy(&schema.block, &mut state);
        let bytes = encode(&state, schema, "state after read")?;
        Ok(ReadResponse { state: Some(bytes), private: job.private.to_bytes(), diagnostics })
    }
}
