use std::error::Error;

use crate::{Diagnostic, Diagnostics};

/// What an operation answers: a value with warnings, or a failure that may still carry state.
///
/// `M` is the model; `T` what success gives, the model itself unless the operation says otherwise.
pub type Outcome<M, T = M> = Result<Answer<T>, Failure<M>>;

/// A success, with what the practitioner should know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// The value.
    pub value: T,
    /// Warnings. An error here makes the operation a failure that keeps the value as state.
    pub diagnostics: Diagnostics,
}

impl<T> Answer<T> {
    /// A success with diagnostics.
    pub fn with(value: T, diagnostics: impl Into<Diagnostics>) -> Self {
        Self { value, diagnostics: diagnostics.into() }
    }

    /// Adds a warning.
    #[must_use]
    pub fn warn(mut self, summary: impl Into<String>, detail: impl Into<String>) -> Self {
        self.diagnostics.push(Diagnostic::warning(summary, detail));
        self
    }
}

impl<T> From<T> for Answer<T> {
    fn from(value: T) -> Self {
        Self { value, diagnostics: Diagnostics::none() }
    }
}

/// A failure, with the state in which it leaves the object.
///
/// A [`Diagnostic`], [`Diagnostics`] and every Rust error convert into a failure without state, so `?` works. Such a
/// failure is answered with the last [checkpoint](crate::Context::checkpoint), if there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure<M> {
    /// What exists; `None` means the last checkpoint, and without one that nothing changed.
    pub state: Option<Box<M>>,
    /// Why; at least one error.
    pub diagnostics: Diagnostics,
}

impl<M> Failure<M> {
    /// A failure that leaves the object in a known state.
    pub fn with_state(state: M, diagnostics: impl Into<Diagnostics>) -> Self {
        Self { state: Some(Box::new(state)), diagnostics: diagnostics.into() }
    }
}

impl<M> From<Diagnostic> for Failure<M> {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { state: None, diagnostics: diagnostic.into() }
    }
}

impl<M> From<Diagnostics> for Failure<M> {
    fn from(diagnostics: Diagnostics) -> Self {
        Self { state: None, diagnostics }
    }
}

impl<M, E: Error + 'static> From<E> for Failure<M> {
    fn from(error: E) -> Self {
        Self { state: None, diagnostics: error.into() }
    }
}
