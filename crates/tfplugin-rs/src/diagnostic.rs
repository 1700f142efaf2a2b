//! Feedback for the practitioner: errors and warnings that say where and what to do.

use std::error::Error;
use std::fmt;

use crate::Path;

/// How bad a [`Diagnostic`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The operation failed.
    Error,
    /// The operation went on, but the practitioner should know.
    Warning,
}

/// One error or warning. The summary is a title or one sentence; the detail says why, and how to get out.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[must_use = "a diagnostic that is not returned is never seen"]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A title.
    pub summary: String,
    /// What was tried, what was said, what to do next. Never a secret value.
    pub detail: String,
    /// The value it is about; Terraform shows its source line. The root means the whole resource.
    pub path: Path,
}

impl Diagnostic {
    /// An error about the whole resource; add a place with [`Diagnostic::at`].
    pub fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Error, summary: summary.into(), detail: detail.into(), path: Path::root() }
    }

    /// A warning about the whole resource; add a place with [`Diagnostic::at`].
    pub fn warning(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(summary, detail) }
    }

    /// An error with the whole chain of sources of a Rust error as its detail.
    pub fn caused_by(summary: impl Into<String>, error: &(dyn Error + 'static)) -> Self {
        Self::error(summary, chain(error))
    }

    /// Says which value the diagnostic is about.
    pub fn at(mut self, path: impl Into<Path>) -> Self {
        self.path = path.into();
        self
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// An error that only the provider's developers can mend.
    pub(crate) fn provider_bug(summary: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self::error(
            summary,
            format!(
                "{detail}\n\nThis is a bug in the provider, not in your configuration. Please report it to its developers."
            ),
        )
    }
}

/// Joins an error and its sources to one sentence.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Some errors already print their source.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

/// Diagnostics in the order in which they were found, without duplicates.
///
/// A [`Diagnostic`] and every Rust error convert into it, so `?` works in functions that return
/// `Result<_, Diagnostics>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "diagnostics that are not returned are never seen"]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// No diagnostics.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds one, unless the same one is there.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.0.contains(&diagnostic) {
            self.0.push(diagnostic);
        }
    }

    /// Adds all of `others`.
    pub fn extend(&mut self, others: impl IntoIterator<Item = Diagnostic>) {
        for diagnostic in others {
            self.push(diagnostic);
        }
    }

    /// Whether one of them is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(Diagnostic::is_error)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.0.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl FromIterator<Diagnostic> for Diagnostics {
    fn from_iter<I: IntoIterator<Item = Diagnostic>>(diagnostics: I) -> Self {
        let mut all = Self::none();
        all.extend(diagnostics);
        all
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl<E: Error + 'static> From<E> for Diagnostics {
    fn from(error: E) -> Self {
        let (text, outermost) = (chain(&error), error.to_string());
        let summary = outermost.lines().next().unwrap_or_default();
        // What the title already says is not said again.
        let detail = if text == summary { "" } else { &text };
        Diagnostic::error(summary, detail).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_brings_its_sources_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("read kubeconfig")]
        struct Outer(#[source] std::io::Error);
        let error = Outer(std::io::Error::other("permission denied"));
        assert_eq!(Diagnostic::caused_by("x", &error).detail, "read kubeconfig: permission denied");
    }

    #[test]
    fn a_plain_error_is_said_once() {
        let all = Diagnostics::from(std::io::Error::other("permission denied"));
        let one = all.iter().next().unwrap();
        assert_eq!((one.summary.as_str(), one.detail.as_str()), ("permission denied", ""));
    }

    #[test]
    fn duplicates_are_kept_once() {
        let all: Diagnostics = [Diagnostic::error("a", "b"), Diagnostic::error("a", "b")].into_iter().collect();
        assert_eq!(all.iter().count(), 1);
    }
}
