use std::sync::Arc;
use std::time::Duration;

use super::run::{Limits, run};
use super::wire::encode;
use super::{Erased, RawValue, Server};
use crate::checks::{bugs, check_plan};
use crate::planning::{plan, replacements, tidy};
use crate::resource::{Job, Operation, PlanAnswer, Private};
use crate::{Diagnostic, Diagnostics, Dynamic, Path, Provider};

pub(crate) struct PlanRequest {
    pub(crate) type_name: String,
    pub(crate) prior_state: RawValue,
    pub(crate) proposed_new_state: RawValue,
    pub(crate) config: RawValue,
    pub(crate) prior_private: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct PlanResponse {
    /// Null for a delete.
    pub(crate) planned_state: Option<Vec<u8>>,
    pub(crate) requires_replace: Vec<Path>,
    /// Prior private data with what planning wrote: of a replacement, the delete gets what the *second* plan answers.
    pub(crate) planned_private: Vec<u8>,
    pub(crate) diagnostics: Diagnostics,
}

/// Planning calls nothing that should take long.
const TIME: Duration = Duration::from_secs(20 * 60);

impl<P: Provider> Server<P> {
    pub(crate) async fn plan_resource_change(self: Arc<Self>, request: PlanRequest) -> PlanResponse {
        let planned_private = request.prior_private.clone();
        match self.plan(request).await {
            Ok(response) => response,
            Err(error) => PlanResponse { planned_private, diagnostics: error.into(), ..PlanResponse::default() },
        }
    }

    async fn plan(self: Arc<Self>, request: PlanRequest) -> Result<PlanResponse, Diagnostic> {
        let resource = self.resource(&request.type_name)?;
        let schema = resource.schema();
        let prior = request.prior_state.read(schema, "prior state")?;
        let proposed = request.proposed_new_state.read(schema, "proposed new state")?;
        let config = request.config.read(schema, "configuration")?;
        let running = self.cancellable();
        let private = Private::from_bytes(&request.prior_private)?;
        let job = Job::new(self.data()?, Operation::Plan, TIME, private, running.cancel.clone());
        let limits =
            Limits { operation: Operation::Plan, cancel: &running.cancel, time: TIME, grace: self.provider.grace() };
        if proposed.is_null() {
            if prior.is_null() {
                return Ok(PlanResponse { planned_private: request.prior_private, ..PlanResponse::default() });
            }
            let diagnostics = run(limits, resource.plan_delete(job.clone(), prior)).await?;
            return Ok(PlanResponse {
                planned_private: job.private.to_bytes(),
                diagnostics,
                ..PlanResponse::default()
            });
        }
        let planned = plan(&schema.block, &config, &prior, proposed);
        let known_prior = (!prior.is_null()).then(|| prior.clone());
        let work = resource.clone().modify_plan(job.clone(), known_prior, config.clone(), planned);
        let answer = run(limits, work).await?;
        respond::<P>(&resource, answer, &prior, &config, &job.private)
    }
}

fn respond<P: Provider>(
    resource: &Erased<P>,
    answer: PlanAnswer,
    prior: &Dynamic,
    config: &Dynamic,
    private: &Private,
) -> Result<PlanResponse, Diagnostic> {
    let schema = resource.schema();
    let PlanAnswer { mut plan, requires_replace, mut diagnostics } = answer;
    tidy(&schema.block, &mut plan);
    if !diagnostics.has_errors() {
        let summary = format!("Invalid plan for {}", resource.type_name());
        diagnostics.extend(bugs(&summary, check_plan(&schema.block, config, prior, &plan)));
    }
    let requires_replace = replacements(&schema.block, &plan, prior, requires_replace);
    let planned_state = Some(encode(&plan, schema, "planned state")?);
    Ok(PlanResponse { planned_state, requires_replace, planned_private: private.to_bytes(), diagnostics })
}
