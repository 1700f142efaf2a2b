//! What the provider remembers of a shop between operations, unseen by the practitioner.

use boutique_cluster::apply::PlannedDrift;
use boutique_cluster::stack::StackReading;
use tfplugin_rs::{Context, Diagnostic};

use super::Stack;

/// Places that refresh found changed: the plan shows them, so apply may take them back.
pub(super) const DRIFT: &str = "drift";
/// Whether the last apply ended before a synthetic customer had bought something.
pub(super) const PURCHASE_DUE: &str = "purchase_due";

/// The sentence that says so in `pending`.
pub(super) const PURCHASE_DUE_SENTENCE: &str =
    "nobody has bought anything since the last apply; the next apply tries again";

/// Remembers what the next plan shows as drift.
pub(super) fn remember_drift(ctx: &Context<Stack>, reading: &StackReading) -> Result<(), Diagnostic> {
    let planned: Vec<PlannedDrift> = reading
        .drift
        .iter()
        .map(|drift| PlannedDrift { object: drift.object.clone(), path: drift.path.to_string() })
        .collect();
    if planned.is_empty() {
        ctx.private().remove(DRIFT);
        return Ok(());
    }
    ctx.private().set(DRIFT, planned).map_err(|error| Diagnostic::caused_by("The drift cannot be remembered", &error))
}
