//! What an apply that did not succeed answers: what exists, why it stopped, and how to go on.

use boutique_cluster::bounds::Interrupted;
use boutique_cluster::purchase::Purchase;
use boutique_cluster::stack::{Applied, ApplyError, Cause, WaitError};
use boutique_core::finding::Finding;
use boutique_core::judge::condense;
use boutique_core::object::ObjectRef;
use boutique_core::status::Status;
use tfplugin_rs::{Answer, Diagnostic, Failure, Outcome, Reason};

use super::apply::{Run, sentences};
use super::model::StackModel;
use super::wait::WaitFailure;
use super::{notes, read};
use crate::connection::sentence;

/// The answer when not everything was written.
pub(super) fn not_applied(run: &Run<'_>, error: &ApplyError) -> Outcome<StackModel> {
    let nothing_written = error.partial.changes.is_empty();
    if matches!(error.cause, Cause::Interrupted(_)) && was_stopped(run) {
        return if nothing_written && run.prior.is_none() {
            Err(run.ctx.interrupted().into())
        } else {
            interrupted(half_planned(run))
        };
    }
    let mut detail = sentence(&error.to_string());
    if let Cause::Api(api) = &error.cause
        && api.is_unreachable()
    {
        detail.push_str(" Nothing is lost: the next apply goes on from what is there.");
    }
    let diagnostic = Diagnostic::error(summary(&error.cause), detail);
    match &run.prior {
        None if nothing_written => Err(diagnostic.into()),
        None => Err(Failure::with_state(run.half_written(), tainted(diagnostic))),
        Some(_) => Err(Failure::with_state(run.half_written(), diagnostic)),
    }
}

fn summary(cause: &Cause) -> &'static str {
    match cause {
        Cause::NamespaceTerminating(_) => "The namespace is being deleted",
        Cause::OtherStack { .. } => "The namespace holds another stack",
        Cause::Foreign(_) => "Objects of the same names belong to others",
        Cause::Conflicts(_) => "Others own fields of the shop",
        Cause::Rights { .. } => "The credentials do not suffice",
        Cause::Lease(_) | Cause::LeaseLost(_) => "Another apply is under way",
        Cause::Contract(_) => "A newer release wrote this shop's records",
        Cause::Interrupted(_) => "The shop was not applied in time",
        _ => "The shop was not applied",
    }
}

impl WaitFailure {
    /// The answer when everything is written and the wait ended without success.
    pub(super) fn outcome(self, run: &Run<'_>, applied: &Applied) -> Outcome<StackModel> {
        let called_off = match &self {
            Self::Ready(error) => matches!(**error, WaitError::Ended { by: Interrupted::Cancelled, .. }),
            Self::Interrupted(by) => *by == Interrupted::Cancelled,
            Self::Purchase(_) | Self::Api(_) => false,
        };
        let state = run.state(applied, &self.pending());
        if called_off && was_stopped(run) {
            return interrupted(state);
        }
        let diagnostic = self.diagnostic();
        Err(Failure::with_state(state, if run.prior.is_none() { tainted(diagnostic) } else { go_on(diagnostic) }))
    }

    fn pending(&self) -> Vec<String> {
        match self {
            Self::Ready(error) => match &**error {
                WaitError::Failed { missing, .. } | WaitError::Ended { missing, .. } if !missing.is_empty() => {
                    missing.iter().map(|(object, status)| format!("{object} is not ready: {}", status.reason)).collect()
                }
                _ => vec!["the wait for the shop did not come to its end; the next apply waits again".to_owned()],
            },
            Self::Purchase(_) | Self::Api(_) | Self::Interrupted(_) => vec![notes::PURCHASE_DUE_SENTENCE.to_owned()],
        }
    }

    fn diagnostic(&self) -> Diagnostic {
        match self {
            Self::Ready(error) => match &**error {
                WaitError::Failed { findings, missing } => Diagnostic::error(
                    "The shop does not come up",
                    explain("Waiting longer will not help.", missing, findings),
                ),
                WaitError::Ended { by, missing, findings } => Diagnostic::error(
                    "The shop did not come up in time",
                    explain(&sentence(&by.to_string()), missing, findings),
                ),
                WaitError::Api(api) => Diagnostic::error(
                    "The shop cannot be watched",
                    format!("{}{}", sentence(&api.to_string()), read::SKIP),
                ),
            },
            Self::Purchase(purchase) => Diagnostic::error("Nobody can buy anything in this shop", hops(purchase)),
            Self::Api(error) => Diagnostic::error("The purchase cannot be tried", sentence(&error.to_string())),
            Self::Interrupted(by) => Diagnostic::error(
                "The purchase was not made in time",
                format!("All pods are ready, but no purchase came to its end: {}", sentence(&by.to_string())),
            ),
        }
    }
}

/// Why services are not ready: findings, and for what no finding explains, the status.
fn explain(lead: &str, missing: &[(ObjectRef, Status)], findings: &[Finding]) -> String {
    let mut text = lead.to_owned();
    for finding in condense(findings.to_vec()) {
        text.push_str(&format!("\n\n{finding}"));
    }
    let explained = |name: &str| findings.iter().any(|finding| finding.service.as_deref() == Some(name));
    let unexplained: Vec<String> = missing
        .iter()
        .filter(|(object, _)| !explained(&object.name))
        .map(|(object, status)| format!("\n  {object}: {}", status.reason))
        .collect();
    if !unexplained.is_empty() {
        text.push_str(&format!("\n\nNot ready:{}", unexplained.concat()));
    }
    text
}

fn hops(purchase: &Purchase) -> String {
    let mut text = format!("All pods are ready, but a synthetic customer ({}) was refused:", purchase.way);
    for hop in &purchase.hops {
        let status = hop.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        text.push_str(&format!("\n  {} {} ({}): {status} in {} ms", hop.method, hop.path, hop.page, hop.millis));
        if let Some(problem) = &hop.problem {
            text.push_str(&format!("\n    {problem}"));
        }
    }
    text
}

/// Whether somebody stopped the operation, rather than its time being over.
fn was_stopped(run: &Run<'_>) -> bool {
    matches!(run.ctx.reason(), Some(Reason::Stop | Reason::HostGone))
}

/// A success for Terraform, so that nothing is tainted, and unfinished for everybody else.
fn interrupted(state: StackModel) -> Outcome<StackModel> {
    let left = state.pending.known().map_or(0, Vec::len);
    Ok(Answer::from(state).warn(
        "The apply was interrupted",
        format!(
            "What exists is in the state; {left} things are left to do, and the attribute pending names them. Run terraform \
             apply again to go on."
        ),
    ))
}

/// The planned state of an apply that was stopped while it wrote; it must be what was planned, because nothing failed.
fn half_planned(run: &Run<'_>) -> StackModel {
    let mut state = run.plan.clone();
    state.pending = sentences(&["the last apply was interrupted; the next apply completes it".to_owned()]);
    state.revision = run.prior.as_ref().map_or(tfplugin_rs::Value::Null, |prior| prior.revision);
    state
}

/// Says how to keep a new shop that Terraform now wants to replace.
fn tainted(mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.detail.push_str(
        "\n\nWhat exists is in the state, but Terraform marks a resource whose creation failed as tainted and would replace \
         it, with its carts. To go on with it instead, mend the cause and run:\n  terraform untaint boutique_stack.NAME\n  \
         terraform apply",
    );
    diagnostic
}

fn go_on(mut diagnostic: Diagnostic) -> Diagnostic {
    diagnostic.detail.push_str(
        "\n\nThe change is written; the shop is as it says above. Mend the cause and run terraform apply again, which goes on \
         from here.",
    );
    diagnostic
}
