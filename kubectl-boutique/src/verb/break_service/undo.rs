//! Ending a fault: at its end, or at once when somebody asks for it.

use std::time::Duration;

use boutique_cluster::connect::Cluster;
use boutique_cluster::fault;
use boutique_cluster::prober::Prober;
use boutique_core::fault::Fault;

use super::plan::Plan;
use super::story::Story;
use crate::ctx::Ctx;
use crate::error::Error;
use crate::interrupt::Interrupts;

/// A fault that is over.
pub(super) struct Done {
    /// T3 on the prober's clock.
    pub(super) at: Duration,
    /// What was done and what was left to others, as sentences.
    pub(super) lines: Vec<String>,
}

/// Undoes the fault. Whoever asks to stop meanwhile is told how to go on.
pub(super) async fn undo(
    ctx: &Ctx,
    cluster: &Cluster,
    plan: &Plan,
    fault: &Fault,
    story: &Story<'_>,
    prober: &Prober,
    interrupts: &Interrupts,
) -> Result<Done, Error> {
    let at = prober.now();
    let left = |reason: String| Error::NotUndone {
        id: fault.id.clone(),
        namespace: fault.namespace.clone(),
        reason,
        by_hand: plan.injection.by_hand.clone(),
    };
    let pressed = interrupts.count();
    let undone = tokio::select! {
        undone = fault::undo(cluster, fault, ctx.now()) => undone.map_err(|error| left(error.to_string()))?,
        () = interrupts.times(pressed + 1) => return Err(left("stopped while it was being undone".to_owned())),
    };
    story.tell(at, "T3  undone");
    let kept = undone.kept.iter().map(|line| format!("left as it is: {line}"));
    let lines: Vec<String> = undone.done.iter().cloned().chain(kept).collect();
    for line in &lines {
        story.tell(prober.now(), &format!("    {line}"));
    }
    Ok(Done { at, lines })
}
