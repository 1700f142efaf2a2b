//! What a wait that did not succeed answers: what is not ready, why, and how to go on.

use boutique_cluster::applyset::{Applied, WaitError};
use boutique_cluster::bounds::Interrupted;
use boutique_cluster::purchase::Purchase;
use boutique_core::finding::Finding;
use boutique_core::judge::condense;
use boutique_core::object::ObjectRef;
use boutique_core::status::Status;
use tfplugin_rs::{Diagnostic, Outcome};

use super::model::StackModel;
use super::wait::WaitFailure;
use super::{Stack, notes};
use crate::connection::sentence;
use crate::managed::{Run, SKIP, interrupted};

impl WaitFailure {
    /// The answer when everything is written and the wait ended without success.
    pub(super) fn outcome(self, run: &Run<'_, Stack>, applied: &Applied) -> Outcome<StackModel> {
        let called_off = match &self {
            Self::Ready(error) => matches!(**error, WaitError::Ended { by: Interrupted::Cancelled, .. }),
            Self::Interrupted(by) => *by == Interrupted::Cancelled,
            Self::Purchase(_) | Self::Api(_) => false,
        };
        let state = run.state(applied, &self.pending());
        if called_off && run.was_stopped() {
            return interrupted::<Stack>(state);
        }
        run.not_done(state, self.diagnostic())
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
                WaitError::Api(api) => {
                    Diagnostic::error("The shop cannot be watched", format!("{}{}", sentence(&api.to_string()), SKIP))
                }
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
