use std::fmt;
use std::ops::RangeBounds;
use std::sync::Arc;

use crate::model::AttributeType;
use crate::{Diagnostic, Dynamic, Path};

type Check = dyn Fn(&Dynamic, &Path) -> Option<Diagnostic> + Send + Sync;

/// A check of one known value. It never sees null or unknown.
#[derive(Clone)]
pub struct Validator(Arc<Check>);

impl Validator {
    /// A check on the Rust type of the attribute; what it answers is the detail of the error, a sentence that says what
    /// is wrong and what is allowed.
    pub fn new<T: AttributeType>(check: impl Fn(&T) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |value, path| {
            let typed = T::decode(value.clone(), path).ok()?;
            let problem = check(&typed).err()?;
            Some(Diagnostic::error(format!("Invalid value for {path}"), problem).at(path))
        }))
    }

    pub(crate) fn check(&self, value: &Dynamic, path: &Path) -> Option<Diagnostic> {
        (self.0)(value, path)
    }
}

impl fmt::Debug for Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Validator")
    }
}

/// One of the given words.
pub fn one_of<const N: usize>(words: [&'static str; N]) -> impl Fn(&String) -> Result<(), String> {
    move |value| {
        if words.contains(&value.as_str()) {
            return Ok(());
        }
        let allowed: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
        Err(format!("{value:?} is not one of {}.", allowed.join(", ")))
    }
}

/// A number of characters.
pub fn length(range: impl RangeBounds<usize> + fmt::Debug) -> impl Fn(&String) -> Result<(), String> {
    move |value| {
        let count = value.chars().count();
        if range.contains(&count) {
            Ok(())
        } else {
            Err(format!("The text has {count} characters; allowed is {range:?}."))
        }
    }
}

/// A text that is not empty.
pub fn non_empty() -> impl Fn(&String) -> Result<(), String> {
    |value| if value.is_empty() { Err("The text is empty.".to_owned()) } else { Ok(()) }
}

/// A number between bounds.
pub fn range<T: PartialOrd + fmt::Display>(
    range: impl RangeBounds<T> + fmt::Debug,
) -> impl Fn(&T) -> Result<(), String> {
    move |value| {
        if range.contains(value) { Ok(()) } else { Err(format!("{value} is outside of {range:?}.")) }
    }
}

/// A text of which a condition holds; `rule` completes "The text must …".
pub fn text(rule: &'static str, holds: impl Fn(&str) -> bool) -> impl Fn(&String) -> Result<(), String> {
    move |value| if holds(value) { Ok(()) } else { Err(format!("{value:?} is not allowed: the text must {rule}.")) }
}
