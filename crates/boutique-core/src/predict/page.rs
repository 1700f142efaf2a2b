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
    /// One of the two, which depends on the network.
    Either,
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
    if way.hardness == Hardness::Soft {
        return without(page, &chain, &way.through, felt, answer);
    }
    match (felt, way.condition) {
        (Felt::Perhaps(why), _) => said(Effect::MayFail, format!("{chain}: {why}")),
        (Felt::Surely, Condition::CartNotEmpty) => {
            said(Effect::MayFail, format!("{chain}: fails only for a cart with something in it"))
        }
        (Felt::Surely, Condition::Always) => said(Effect::Fails, chain),
    }
}

/// A page that could do without. Only ads have a deadline; whoever else gets no answer waits for it.
fn without(page: Page, chain: &str, through: &[Service], felt: Felt, answer: Answer) -> PageImpact {
    let said = |effect, why: &str| PageImpact::new(page, effect, format!("{chain}: {why}"));
    match (answer, felt) {
        (Answer::Refusal, _) => said(Effect::Degrades, "a refusal is only logged"),
        _ if through.contains(&Service::Adservice) => said(Effect::Degrades, "given up after 100 ms"),
        (Answer::Silence, Felt::Surely) => said(Effect::Fails, "could do without, but waits for an answer without end"),
        (Answer::Silence, Felt::Perhaps(why)) => said(Effect::MayFail, why),
        (Answer::Either, _) => {
            said(Effect::MayFail, "does without where the network refuses, waits without end where it drops")
        }
    }
}

/// Pages that were well, given that the pods of `service` are exchanged meanwhile: whoever asks at that moment fails.
pub(super) fn exchange(pages: &mut [PageImpact], service: Service, when: &str) {
    let target = Target::all_calls_of(service);
    for impact in pages {
        let needs =
            service == Service::Frontend || way(impact.page, target).is_some_and(|way| way.hardness == Hardness::Hard);
        if needs && impact.effect <= Effect::Degrades {
            impact.effect = Effect::MayFail;
            impact.reason = format!("the pods of {service} are exchanged {when}: a request at that moment is lost");
        }
    }
}

/// Of two things that happen to each page, the worse one.
pub(super) fn worse(pages: &mut [PageImpact], other: Vec<PageImpact>) {
    for (impact, other) in pages.iter_mut().zip(other) {
        if impact.effect < other.effect {
            *impact = other;
        }
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
        way(*next, target).is_some_and(|way| way.hardness == Hardness::Hard || answer == Answer::Silence)
    })
}
