//! A gameday while it runs: what is known so far, and whether to go on.

use jiff::Timestamp;

use super::expect::{Seen, judge};
use super::journal::{
    API_VERSION, About, Ending, Journal, KIND, PageRecord, Place, Raw, SteadyRecord, StepRecord, Stopped, StoppedBy,
    VERSION, sha256,
};
use super::model::{Expectation, Gameday};
use super::plan::{Plan, Step};

/// A gameday that has begun.
#[derive(Debug, Clone)]
pub struct Day {
    whole_day: Vec<Expectation>,
    journal: Journal,
}

impl Day {
    /// Begins one; `source` is its file.
    pub fn begin(gameday: &Gameday, source: &str, plan: &Plan, place: Place, started: Timestamp) -> Self {
        let about = About {
            name: gameday.name.clone(),
            title: gameday.title.clone(),
            see: gameday.teaching.see.clone(),
            why: gameday.teaching.why.clone(),
            change: gameday.teaching.change.clone(),
            source: source.to_owned(),
            sha256: sha256(source.as_bytes()),
        };
        let journal = Journal {
            api_version: API_VERSION.to_owned(),
            kind: KIND.to_owned(),
            version: VERSION,
            gameday: about,
            seed: plan.seed,
            place,
            started,
            ended: started,
            planned: plan.steps.len(),
            steps: Vec::new(),
            whole_day: Vec::new(),
            stopped: None,
            raw: None,
        };
        Self { whole_day: gameday.whole_day.clone(), journal }
    }

    /// A step that was run. It is judged here; one that did not heal, or was stopped, ends the day.
    pub fn add(&mut self, step: &Step, mut record: StepRecord) {
        record.expectations = judge(&step.expect, &Seen::of_step(&record));
        match record.ending {
            Ending::NotHealed => {
                let reason = format!("the shop did not heal from step {}, {}", step.number, step.title);
                self.stop(StoppedBy::NotHealed, reason);
            }
            Ending::Interrupted => self.stop(StoppedBy::Interrupt, format!("stopped during step {}", step.number)),
            Ending::Recovered | Ending::Refused => {}
        }
        self.journal.steps.push(record);
    }

    /// A step that was refused, which ends the day.
    pub fn refuse(&mut self, step: &Step, steady: Option<SteadyRecord>, reason: &str) {
        self.journal.steps.push(StepRecord::refused(step, steady, reason));
        self.stop(StoppedBy::Refusal, format!("step {} was refused: {reason}", step.number));
    }

    /// Ends the day early. The first reason stands.
    pub fn stop(&mut self, by: StoppedBy, reason: String) {
        self.journal.stopped.get_or_insert(Stopped { by, reason });
    }

    /// Whether it ended early.
    pub fn is_over(&self) -> bool {
        self.journal.stopped.is_some()
    }

    /// What there is so far, judged as a whole.
    pub fn journal(&self, ended: Timestamp, raw: Option<Raw>) -> Journal {
        let steps = &self.journal.steps;
        let pages: Vec<PageRecord> = steps.iter().flat_map(|step| step.pages.clone()).collect();
        let early = steps.len() < self.journal.planned || self.is_over();
        let whole_day = judge(&self.whole_day, &Seen::of_day(steps, &pages, early));
        Journal { ended, raw, whole_day, ..self.journal.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::journal::fixture::{FILE, mk_journal};
    use super::*;
    use crate::gameday::{Verdict, parse, plan, verdict};

    fn mk_day() -> (Day, Plan, Journal) {
        let (gameday, journal) = (parse(FILE).unwrap(), mk_journal());
        let plan = plan(&gameday, None).unwrap();
        (Day::begin(&gameday, FILE, &plan, journal.place.clone(), journal.started), plan, journal)
    }

    #[test]
    fn a_shop_that_does_not_heal_ends_the_day() {
        let (mut day, plan, journal) = mk_day();
        day.add(&plan.steps[0], journal.steps[0].clone());
        assert!(!day.is_over());
        day.add(&plan.steps[1], StepRecord { ending: Ending::NotHealed, ..journal.steps[1].clone() });
        assert!(day.is_over());
        assert_eq!(verdict(&day.journal(journal.ended, None)), Verdict::NotHealed);
    }

    #[test]
    fn a_refused_step_is_told_with_its_reason() {
        let (mut day, plan, journal) = mk_day();
        day.refuse(&plan.steps[0], journal.steps[0].steady.clone(), "the shop is not well");
        let journal = day.journal(journal.ended, None);
        assert_eq!(verdict(&journal), Verdict::Refused);
        assert_eq!(crate::gameday::report::story(&journal.steps[0]), "Not done: the shop is not well.");
        assert_eq!(journal.stopped.unwrap().reason, "step 1 was refused: the shop is not well");
    }

    #[test]
    fn an_interrupted_day_keeps_what_was_seen_and_judges_no_more_than_that() {
        let (mut day, plan, journal) = mk_day();
        day.add(&plan.steps[0], StepRecord { ending: Ending::Interrupted, ..journal.steps[0].clone() });
        let journal = day.journal(journal.ended, None);
        assert_eq!((verdict(&journal), journal.steps.len()), (Verdict::Interrupted, 1));
    }
}
