//! May we? Asked of the objects, of the flags, and of whoever sits there.

use super::BreakArgs;
use super::plan::Plan;
use crate::ctx::{Ctx, Place};
use crate::error::Error;

pub(super) fn ask(ctx: &Ctx, plan: &Plan, args: &BreakArgs, place: &Place) -> Result<(), Error> {
    let namespace = &place.namespace;
    // A namespace that nobody named is not agreed to by a flag that was written for another one.
    if args.yes && !place.said {
        return Err(Error::Refused {
            reason: format!("--yes was given, but not where: the only shop found is in namespace {namespace}"),
            remedy: format!("add -n {namespace}"),
        });
    }
    if args.yes || plan.allowed && place.said {
        return Ok(());
    }
    if !ctx.out.can_ask() {
        return Err(Error::Refused {
            reason: format!("nobody can be asked whether {} in namespace {namespace} may be broken", args.service),
            remedy: format!(
                "agree with --yes -n {namespace}, or allow faults there: kubectl label namespace {namespace} boutique.dev/faults=allowed"
            ),
        });
    }
    let pods = match plan.victims.len() {
        1 => "1 pod".to_owned(),
        many => format!("{many} pods"),
    };
    if ctx.out.ask(&format!("kill {pods} of {} in namespace {namespace}?", args.service)) {
        return Ok(());
    }
    Err(Error::Refused { reason: "not agreed to".to_owned(), remedy: "nothing was changed".to_owned() })
}
