//! Reports of a gameday, made from its journal alone: for people ([`markdown`], [`html`]) and for programs ([`json`]).

use super::baseline::Comparison;
use super::journal::Journal;

mod html;
mod json;
mod markdown;
mod summary;
mod terms;
mod words;

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The gameday as it went.
    pub journal: &'a Journal,
    /// How it compares with an earlier one, if it was held against one.
    pub comparison: Option<&'a Comparison>,
}

impl Report<'_> {
    /// For people, as text.
    pub fn markdown(&self) -> String {
        markdown::markdown(self)
    }

    /// For people, as one page that loads nothing from anywhere.
    pub fn html(&self) -> String {
        html::html(self)
    }

    /// For programs; the fields are only ever added to.
    pub fn json(&self) -> serde_json::Value {
        json::json(self)
    }
}

pub use summary::{Summary, summary};
pub use words::story;

#[cfg(test)]
mod tests;
