//! From a file to steps: repetitions are written out, and chance has decided.

use std::mem::discriminant;
use std::time::Duration;

use super::model::{Candidate, Entry, Expectation, Gameday};
use crate::fault::{FaultType, Wish};
use crate::service::Service;

/// Steps of one gameday; more take longer than a day.
pub const MOST_STEPS: usize = 200;

/// By how much calls get slower where the file does not say it.
const DELAY: Duration = Duration::from_millis(200);

/// What is going to be done, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What decided where chance decides.
    pub seed: u64,
    /// One fault after the other.
    pub steps: Vec<Step>,
}

/// One fault of a gameday.
#[derive(Clone)]
pub struct Step {
    /// Counted from 1.
    pub number: usize,
    /// What is done.
    pub kind: &'static dyn FaultType,
    /// To whom.
    pub service: Service,
    /// The other end, for faults between two services.
    pub peer: Option<Service>,
    /// How many pods; none for all.
    pub count: Option<usize>,
    /// How long it lasts.
    pub lasts: Duration,
    /// By how much each call gets slower.
    pub delay: Duration,
    /// Image for the kinds that need one.
    pub image: Option<String>,
    /// Grace period of killed pods; none for the pods' own.
    pub grace: Option<Duration>,
    /// A line for people.
    pub title: String,
    /// What is expected of it, what is expected of every step among it.
    pub expect: Vec<Expectation>,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { number, title, expect, .. } = self;
        write!(f, "Step {number} {} {title:?} {:?} {expect:?}", self.kind.name(), self.wish(String::new()))
    }
}

impl Step {
    /// What is asked of the kind of fault.
    pub fn wish(&self, id: String) -> Wish {
        Wish {
            id,
            service: self.service,
            peer: self.peer,
            count: self.count,
            grace: self.grace,
            bound: self.lasts,
            delay: self.delay,
            image: self.image.clone(),
        }
    }

    /// Answers that are needed to judge what is expected.
    pub fn requests(&self) -> u64 {
        self.expect.iter().map(Expectation::requests).max().unwrap_or(0)
    }
}

/// A gameday that would never end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("gameday {name} has more than {MOST_STEPS} steps; repeat and draw less, or make several gamedays of it")]
pub struct TooManySteps {
    /// Which.
    pub name: String,
}

/// Writes a gameday out; `seed` in place of the file's. The same seed gives the same steps, on every machine.
///
/// # Errors
///
/// When there are too many of them.
pub fn plan(gameday: &Gameday, seed: Option<u64>) -> Result<Plan, TooManySteps> {
    let seed = seed.unwrap_or(gameday.seed);
    let mut writer = Writer { steps: Vec::new(), chance: Chance(seed), every_step: &gameday.every_step };
    match writer.all(&gameday.faults) {
        Some(()) => Ok(Plan { seed, steps: writer.steps }),
        None => Err(TooManySteps { name: gameday.name.clone() }),
    }
}

struct Writer<'g> {
    steps: Vec<Step>,
    chance: Chance,
    every_step: &'g [Expectation],
}

/// What can be drawn: a fault of one service, or a whole entry.
#[derive(Clone, Copy)]
enum Lot<'g> {
    One(&'g Candidate, Service),
    Entry(&'g Entry),
}

impl<'g> Writer<'g> {
    /// None where there are too many.
    fn all(&mut self, entries: &'g [Entry]) -> Option<()> {
        entries.iter().try_for_each(|entry| self.entry(entry))
    }

    fn entry(&mut self, entry: &'g Entry) -> Option<()> {
        match entry {
            Entry::Fault(fault) => fault.services.iter().try_for_each(|service| self.step(fault, *service)),
            Entry::Repeat { times, faults } => (0..*times).try_for_each(|_| self.all(faults)),
            Entry::Random { draws, faults } => self.random(*draws, faults),
        }
    }

    /// As from a bag: nothing is drawn twice before all was drawn once.
    fn random(&mut self, draws: u32, faults: &'g [Entry]) -> Option<()> {
        let lots: Vec<Lot<'g>> = faults
            .iter()
            .flat_map(|entry| match entry {
                Entry::Fault(fault) => fault.services.iter().map(|service| Lot::One(fault, *service)).collect(),
                other => vec![Lot::Entry(other)],
            })
            .collect();
        let mut bag: Vec<Lot<'g>> = Vec::new();
        for _ in 0..draws {
            if bag.is_empty() {
                bag.clone_from(&lots);
            }
            if bag.is_empty() {
                return Some(());
            }
            match bag.remove(self.chance.below(bag.len())) {
                Lot::One(fault, service) => self.step(fault, service)?,
                Lot::Entry(entry) => self.entry(entry)?,
            }
        }
        Some(())
    }

    fn step(&mut self, fault: &Candidate, service: Service) -> Option<()> {
        if self.steps.len() == MOST_STEPS {
            return None;
        }
        self.steps.push(Step {
            number: self.steps.len() + 1,
            kind: fault.kind,
            service,
            peer: fault.peer,
            count: fault.count,
            lasts: fault.lasts,
            delay: fault.delay.unwrap_or(DELAY),
            image: fault.image.clone(),
            grace: fault.grace,
            title: title(fault, service),
            expect: expected(&fault.expect, self.every_step),
        });
        Some(())
    }
}

fn title(fault: &Candidate, service: Service) -> String {
    match (fault.title.as_str(), fault.peer) {
        ("", None) => format!("{} of {service}", fault.kind.name()),
        ("", Some(peer)) => format!("{} of {service} and {peer}", fault.kind.name()),
        // A title that several services share says which one is meant.
        (title, _) if fault.services.len() > 1 => format!("{title}: {service}"),
        (title, _) => title.to_owned(),
    }
}

/// A step's own expectations, and those of every step that it says nothing else about.
fn expected(own: &[Expectation], every_step: &[Expectation]) -> Vec<Expectation> {
    let said = |one: &Expectation| own.iter().any(|other| discriminant(one) == discriminant(other));
    own.iter().chain(every_step.iter().filter(|one| !said(one))).cloned().collect()
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). Own, because the numbers of a
/// seed must stay the same in every version of this program.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is small: the bias of the remainder cannot be noticed.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(1).max(1);
        usize::try_from(self.next() % end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::gameday::parse;

    const HEAD: &str = "apiVersion: boutique.dev/v1\nkind: Gameday\nname: x\ntitle: x\n";
    const FOUR: &str = "{fault: kill-pods, services: [adservice, cartservice, frontend, emailservice]}";

    fn mk_plan(faults: &str, seed: Option<u64>) -> Plan {
        plan(&parse(&format!("{HEAD}faults: {faults}\n")).unwrap(), seed).unwrap()
    }

    fn services(plan: &Plan) -> Vec<&'static str> {
        plan.steps.iter().map(|step| step.service.name()).collect()
    }

    #[test]
    fn repetitions_are_written_out_in_order() {
        let plan = mk_plan(
            "[{repeat: 2, faults: [{fault: kill-pods, services: [adservice, frontend]}, {fault: kill-pods, service: cartservice}]}]",
            None,
        );
        assert_eq!(services(&plan), ["adservice", "frontend", "cartservice", "adservice", "frontend", "cartservice"]);
        assert_eq!(plan.steps[5].number, 6);
    }

    #[test]
    fn a_seed_says_what_chance_decides_for_ever() {
        let faults = format!("[{{random: 3, faults: [{FOUR}]}}]");
        assert_eq!(services(&mk_plan(&faults, Some(7))), ["emailservice", "adservice", "cartservice"]);
    }

    #[test]
    fn what_a_step_says_itself_replaces_what_is_said_of_every_step() {
        let text = format!(
            "{HEAD}faults: [{{fault: kill-pods, service: adservice, expect: {{availability: 50%}}}}]
expect: {{everyStep: {{availability: 99%, prediction: confirmed}}}}"
        );
        let plan = plan(&parse(&text).unwrap(), None).unwrap();
        let half = super::super::Share::parse("50%").ok();
        let wanted = Expectation::Availability { at_least: half, below: None, surely: None, requests: 0 };
        assert_eq!(plan.steps[0].expect, [wanted, Expectation::Predicted]);
    }

    #[test]
    fn a_gameday_that_never_ends_is_refused() {
        let text = format!("{HEAD}faults: [{{repeat: 100, faults: [{FOUR}]}}]");
        assert!(plan(&parse(&text).unwrap(), None).unwrap_err().to_string().contains("more than 200 steps"));
    }

    proptest! {
        #[test]
        fn nothing_is_drawn_twice_before_all_was_drawn_once(seed in any::<u64>(), draws in 1_usize..20) {
            let plan = mk_plan(&format!("[{{random: {draws}, faults: [{FOUR}]}}]"), Some(seed));
            prop_assert_eq!(plan.steps.len(), draws);
            for round in services(&plan).chunks(4) {
                let mut seen = round.to_vec();
                seen.sort_unstable();
                seen.dedup();
                prop_assert_eq!(seen.len(), round.len());
            }
            prop_assert_eq!(&plan, &mk_plan(&format!("[{{random: {draws}, faults: [{FOUR}]}}]"), Some(seed)));
        }
    }
}
