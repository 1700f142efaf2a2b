//! Gamedays: failure practised on purpose, from a file, with expectations that a machine judges.
//!
//! [`parse`] reads the file, [`plan`] turns it into steps that are the same for the same seed, [`judge`] compares what was
//! seen with what was expected. All that is known afterwards goes into a [`Journal`], from which every [`report`] can be
//! made again, and against which a later gameday can be held ([`baseline`]).

pub mod baseline;
mod day;
mod expect;
pub mod journal;
mod model;
mod parse;
mod plan;
pub mod report;
mod share;
mod steady;
mod verdict;

pub use day::Day;
pub use expect::{Detection, Judged, Met, Seen, judge};
pub use journal::Journal;
pub use model::{Candidate, Entry, Expectation, Gameday, Needs, SteadyState, Teaching};
pub use parse::{Problem, parse};
pub use plan::{MOST_STEPS, Plan, Step, plan};
pub use share::Share;
pub use steady::{ready_pods, shop_digest, steady, unmet};
pub use verdict::{Verdict, verdict};
