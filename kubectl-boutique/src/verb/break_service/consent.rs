//! May we? Asked of the objects, of the flags, and of whoever sits there.

use super::order::Order;
use super::plan::Plan;
use crate::ctx::{Ctx, Place};
use crate::error::Error;

/// Whether somebody had to be asked, and agreed.
///
/// # Errors
///
/// When nobody agrees.
pub(super) fn ask(ctx: &Ctx, plan: &Plan, order: &Order, place: &Place) -> Result<bool, Error> {
    let namespace = &place.namespace;
    // A namespace that nobody named is not agreed to by a flag that was written for another one.
    if order.agreed && !place.said {
        return Err(Error::Refused {
            reason: format!("--yes was given, but not where: the only shop found is in namespace {namespace}"),
            remedy: format!("add -n {namespace}"),
        });
    }
    if order.agreed || plan.allowed && place.said {
        return Ok(false);
    }
    if !ctx.out.can_ask() {
        return Err(Error::Refused {
            reason: format!(
                "nobody can be asked whether {} in namespace {namespace} may be broken",
                plan.fault.service
            ),
            remedy: format!(
                "agree with --yes -n {namespace}, or allow faults there: kubectl label namespace {namespace} boutique.dev/faults=allowed"
            ),
        });
    }
    if ctx.out.ask(&format!("Do it, in namespace {namespace}?")) {
        return Ok(true);
    }
    Err(Error::Refused { reason: "not agreed to".to_owned(), remedy: "nothing was changed".to_owned() })
}
