//! Pictures of results as text: pure functions from a model and a [`Look`](crate::style::Look) to lines.

pub(crate) mod age;
pub(crate) mod faults;
pub(crate) mod findings;
pub(crate) mod kinds;
pub(crate) mod plan;
#[cfg(test)]
mod scenarios;
pub(crate) mod table;
pub(crate) mod tree;
pub(crate) mod verdict;
pub(crate) mod wrap;
