//! What one page does when calls of a service fail.

use super::way::{Target, way};
use super::{Effect, PageImpact};
use crate::catalogue::{Condition, Hardness, Page};
use crate::service::Service;

/// What a caller that cannot do without the answer will get to feel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Felt {
    /// It fails.
    Surely,
    /// It may fail; why it may not.
    Perhaps(&'static str),
}

/// Whether the broken side lets its callers know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Calls are refused at once, and who can do without carries on.
    Refusal,
    /// Calls hang, also those of callers that could do without: upstream gives a deadline to ads only.
    Silence,
}

/// Every page, given that the calls of `target` fail.
pub(super) fn pages(target: Target, felt: Felt, answer: Answer) -> Vec<PageImpact> {
    Page::ALL.into_iter().map(|page| impact(page, target, felt, answer)).collect()
}

fn impact(page: Page, target: Target, felt: Felt, answer: Answer) -> PageImpact {
    let said = |effect, reason: String| PageImpact::new(page, effect, reason);
    if target == Target::all_calls_of(Service::Frontend) {
        return match felt {
            Felt::Surely => said(Effect::Fails, "nobody answers for the shop".into()),
            Felt::Perhaps(why) => said(Effect::MayFail, why.into()),
        };
    }
    let Some(way) = way(page, target) else {
        return match redirect(page, target, answer) {
            Some(next) => {
                let fails = impact(next, target, felt, answer).effect;
                said(Effect::Works, format!("done at once, but it leads on to {next}, which {fails}"))
            }
            None => said(Effect::Works, does_not_use(target)),
        };
    };
    let chain = way.chain();
    match (hardness(&way.through, way.hardness, answer), felt, way.condition) {
        (Hardness::Soft, _, _) if answer == Answer::Silence => {
            said(Effect::Degrades, format!("{chain}: given up after 100 ms"))
        }
        (Hardness::Soft, _, _) => said(Effect::Degrades, format!("{chain}: a refusal is only logged")),
        (Hardness::Hard, Felt::Perhaps(why), _) => said(Effect::MayFail, format!("{chain}: {why}")),
        (Hardness::Hard, Felt::Surely, Condition::CartNotEmpty) => {
            said(Effect::MayFail, format!("{chain}: fails only for a cart with something in it"))
        }
        (Hardness::Hard, Felt::Surely, Condition::Always) if way.hardness == Hardness::Soft => {
            said(Effect::Fails, format!("{chain}: could do without, but waits for an answer without end"))
        }
        (Hardness::Hard, Felt::Surely, Condition::Always) => said(Effect::Fails, chain),
    }
}

/// A soft call without a deadline is as hard as any other when nobody answers.
fn hardness(through: &[Service], stated: Hardness, answer: Answer) -> Hardness {
    match answer {
        Answer::Silence if !through.contains(&Service::Adservice) => Hardness::Hard,
        _ => stated,
    }
}

pub(super) fn does_not_use(target: Target) -> String {
    match target.caller {
        None | Some(Service::Frontend) => format!("does not use {}", target.callee),
        Some(caller) => format!("does not need {} through {caller}", target.callee),
    }
}

/// The page that a page leads on to, if that one fails.
fn redirect(page: Page, target: Target, answer: Answer) -> Option<Page> {
    page.spec().then.filter(|next| {
        way(*next, target).is_some_and(|way| hardness(&way.through, way.hardness, answer) == Hardness::Hard)
    })
}
