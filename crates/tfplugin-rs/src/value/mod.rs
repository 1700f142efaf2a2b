//! Values as Terraform knows them: each may be known, null or unknown.
//!
//! Two layers. [`Value<T>`] is what the author of a provider holds: the three cases are variants, so a plan whose value
//! is not decided yet cannot be read as if it were. [`Dynamic`] is the same tree without Rust types, shaped by a
//! [`Type`]; codecs, planning and checks work on it.

mod dynamic;
mod number;
mod secret;
mod set;
mod ty;

pub use dynamic::{Any, Dynamic, Refinement};
pub(crate) use number::Wire;
pub use number::{Number, NumberError};
pub use secret::Secret;
pub use set::Set;
pub use ty::{Type, TypeError};

use std::collections::BTreeMap;

use crate::{Diagnostic, Path};

/// A value of Terraform's three-case world.
///
/// *Null* means that nobody set it, *unknown* that it will be known only after apply. Both are ordinary cases: whoever
/// wants the inside has to say what happens in the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value<T> {
    /// The value itself.
    Known(T),
    /// Not set. It differs from an empty string, list or map.
    #[default]
    Null,
    /// To be decided by apply. It never appears in state and never in what `create`, `read` and `update` are given as
    /// configuration.
    Unknown,
}

/// A list as it stands in a model: each element may be unknown or null by itself.
pub type List<T> = Vec<Value<T>>;

/// A map as it stands in a model: each element may be unknown or null by itself.
pub type Map<T> = BTreeMap<String, Value<T>>;

impl<T> Value<T> {
    /// The inside of a known value, by reference; `None` for null *and* unknown.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// The inside of a known value; `None` for null *and* unknown.
    pub fn into_known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Null | Self::Unknown => None,
        }
    }

    /// Whether the value is known and not null.
    pub fn is_known(&self) -> bool {
        matches!(self, Self::Known(_))
    }

    /// Whether nobody set the value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether apply will decide the value.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    /// Borrows the inside.
    pub fn as_ref(&self) -> Value<&T> {
        match self {
            Self::Known(value) => Value::Known(value),
            Self::Null => Value::Null,
            Self::Unknown => Value::Unknown,
        }
    }

    /// Changes the inside of a known value; null and unknown stay what they are.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Value<U> {
        match self {
            Self::Known(value) => Value::Known(change(value)),
            Self::Null => Value::Null,
            Self::Unknown => Value::Unknown,
        }
    }

    /// The inside, or an error diagnostic at `path` that says whether it was null or unknown.
    ///
    /// # Errors
    /// When the value is null or unknown.
    pub fn require(&self, path: impl Into<Path>) -> Result<&T, Diagnostic> {
        match self {
            Self::Known(value) => Ok(value),
            Self::Null => Err(missing(&path.into())),
            Self::Unknown => Err(undecided(&path.into())),
        }
    }

    /// The inside of a value that may be absent: null gives `None`.
    ///
    /// # Errors
    /// When the value is unknown.
    pub fn optional(&self, path: impl Into<Path>) -> Result<Option<&T>, Diagnostic> {
        match self {
            Self::Known(value) => Ok(Some(value)),
            Self::Null => Ok(None),
            Self::Unknown => Err(undecided(&path.into())),
        }
    }

    /// Gives an unknown value its answer; known and null values stay as planned.
    pub fn decide(&mut self, value: impl Into<Value<T>>) {
        if self.is_unknown() {
            *self = value.into();
        }
    }

    /// A null becomes `value`; known and unknown stay.
    #[must_use]
    pub fn null_or(self, value: T) -> Self {
        if self.is_null() { Self::Known(value) } else { self }
    }
}

impl<T: Clone> Value<&T> {
    /// Clones the inside.
    pub fn cloned(self) -> Value<T> {
        self.map(T::clone)
    }
}

impl Value<String> {
    /// The inside of a known text.
    pub fn as_str(&self) -> Option<&str> {
        self.known().map(String::as_str)
    }
}

impl<T> From<T> for Value<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T> From<Option<T>> for Value<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Self::Known)
    }
}

impl From<&str> for Value<String> {
    fn from(value: &str) -> Self {
        Self::Known(value.to_owned())
    }
}

fn missing(path: &Path) -> Diagnostic {
    Diagnostic::error("A value is missing", format!("The attribute {path} is null, but a value is needed here."))
        .at(path.clone())
}

fn undecided(path: &Path) -> Diagnostic {
    Diagnostic::error(
        "A value is not known yet",
        format!(
            "The attribute {path} depends on something that is decided only during apply, but its value is needed now. \
             Apply what it depends on first, for example with -target, or give it a value that is known at plan time."
        ),
    )
    .at(path.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn require_says_whether_a_value_is_null_or_unknown() {
        let null: Value<String> = Value::Null;
        let unknown: Value<String> = Value::Unknown;
        assert!(null.require("name").unwrap_err().detail.contains("name is null"));
        assert!(unknown.require("name").unwrap_err().detail.contains("during apply"));
        assert_eq!(Value::<String>::from("x").require("name").unwrap(), "x");
    }

    #[test]
    fn decide_answers_only_the_unknown() {
        let mut value: Value<String> = Value::Unknown;
        value.decide("first".to_owned());
        value.decide("second".to_owned());
        assert_eq!(value.as_str(), Some("first"));
    }
}
