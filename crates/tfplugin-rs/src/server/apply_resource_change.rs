use std::sync::{Arc, PoisonError};

use futures::future::BoxFuture;

use super::run::{Limits, run};
use super::wire::encode;
use super::{RawValue, Server};
use crate::checks::{bugs, check_applied};
use crate::planning::{known_or_null, tidy};
use crate::resource::{Applied, Job, Operation, Private};
use crate::schema::Schema;
use crate::{Diagnostic, Diagnostics, Dynamic, Provider};

pub(crate) struct ApplyRequest {
    pub(crate) type_name: String,
    pub(crate) prior_state: RawValue,
    pub(crate) planned_state: RawValue,
    pub(crate) config: RawValue,
    pub(crate) planned_private: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct ApplyResponse {
    /// Null when no object is left.
    pub(crate) state: Option<Vec<u8>>,
    pub(crate) private: Vec<u8>,
    pub(crate) diagnostics: Diagnostics,
}

impl<P: Provider> Server<P> {
    pub(crate) async fn apply_resource_change(self: Arc<Self>, request: ApplyRequest) -> ApplyResponse {
        let private = request.planned_private.clone();
        match self.apply(request).await {
            Ok(response) => response,
            // Terraform keeps the prior state.
            Err(error) => ApplyResponse { state: None, private, diagnostics: error.into() },
        }
    }

    async fn apply(self: Arc<Self>, request: ApplyRequest) -> Result<ApplyResponse, Diagnostic> {
        let resource = self.resource(&request.type_name)?;
        let schema = resource.schema();
        let prior = request.prior_state.read(schema, "prior state")?;
        let planned = request.planned_state.read(schema, "planned state")?;
        let config = request.config.read(schema, "configuration")?;
        let operation = match (prior.is_null(), planned.is_null()) {
            (true, true) => return Ok(ApplyResponse::default()),
            (true, false) => Operation::Create,
            (false, false) => Operation::Update,
            (false, true) => Operation::Delete,
        };
        let running = self.cancellable();
        let time = resource.timeout(operation, if planned.is_null() { &prior } else { &planned });
        let private = Private::from_bytes(&request.planned_private)?;
        let job = Job::new(self.data()?, operation, time, private, running.cancel.clone());
        let limits = Limits { operation, cancel: &running.cancel, time, grace: self.provider.grace() };
        let work: BoxFuture<'static, Applied> = match operation {
            Operation::Create => resource.clone().create(job.clone(), planned.clone(), config),
            Operation::Update => resource.clone().update(job.clone(), prior.clone(), planned.clone(), config),
            _ => resource.clone().delete(job.clone(), prior.clone()),
        };
        let mut applied = run(limits, work).await.unwrap_or_else(Applied::failed);
        if applied.diagnostics.has_errors() {
            let checkpoint = job.checkpoint.lock().unwrap_or_else(PoisonError::into_inner).take();
            // The state of the failure, else the last checkpoint, else what was there before.
            let prior = (!prior.is_null()).then_some(prior);
            applied.state = applied.state.or(checkpoint).or(prior).map(known_or_null);
        } else {
            check(&mut applied, schema, &request.type_name, &planned);
        }
        let Applied { state, diagnostics } = applied;
        let state = state.map(|mut state| {
            tidy(&schema.block, &mut state);
            encode(&state, schema, "new state")
        });
        Ok(ApplyResponse { state: state.transpose()?, private: job.private.to_bytes(), diagnostics })
    }
}

/// Holds a success against the plan. What Terraform would refuse is an error here, with the state saved.
fn check(applied: &mut Applied, schema: &Schema, type_name: &str, planned: &Dynamic) {
    match (&mut applied.state, planned.is_null()) {
        (Some(state), false) => {
            let mut compared = state.clone();
            tidy(&schema.block, &mut compared);
            let complaints = check_applied(&schema.block, planned, &compared);
            if !complaints.is_empty() {
                let summary = format!("Inconsistent result after applying {type_name}");
                applied.diagnostics.extend(bugs(&summary, complaints));
                *state = known_or_null(std::mem::take(state));
            }
        }
        (None, false) => applied.diagnostics.push(Diagnostic::provider_bug(
            format!("No state after applying {type_name}"),
            "The operation succeeded without answering the state of the object.",
        )),
        (Some(_) | None, true) => {}
    }
}
