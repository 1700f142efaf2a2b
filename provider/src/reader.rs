//! Reading a model of which parts may be unknown, and what only the provider wants to find again in a revision.

use serde_json::{Map as JsonMap, Value as Json};
use tfplugin_rs::{Any, Diagnostic, Diagnostics, Path, Timeouts, Value};

use crate::{dynamic, timeouts};

/// Stands for a name that is not known yet; a valid one, so that nothing is wrong with it.
const UNKNOWN_NAME: &str = "unknown";

/// The default of `adopt`.
const NEVER: &str = "never";

/// One reading under way. Each resource has the steps of its own model beside its specification.
pub(crate) struct Reader {
    /// Whether everything that was taken so far is known.
    pub(crate) complete: bool,
    /// What is wrong with what was taken.
    pub(crate) diagnostics: Diagnostics,
}

impl Reader {
    /// A reading of nothing yet.
    pub(crate) fn new() -> Self {
        Self { complete: true, diagnostics: Diagnostics::none() }
    }

    /// A value, if it is set and known.
    pub(crate) fn take<T: Clone>(&mut self, value: &Value<T>) -> Option<T> {
        self.complete &= !value.is_unknown();
        value.known().cloned()
    }

    /// A name; a valid one in the place of one that is not known.
    pub(crate) fn name(&mut self, value: &Value<String>) -> String {
        self.take(value).unwrap_or_else(|| UNKNOWN_NAME.to_owned())
    }

    /// Values of a chart; what is unknown in them is left out.
    pub(crate) fn values(&mut self, any: &Any, at: Path) -> JsonMap<String, Json> {
        let (json, complete) = dynamic::json(any);
        self.complete &= complete;
        match dynamic::object(json) {
            Ok(values) => values.unwrap_or_default(),
            Err(what) => {
                self.diagnostics.push(no_object(what).at(at));
                JsonMap::new()
            }
        }
    }

    /// What was read and whether all of it is known.
    ///
    /// # Errors
    /// When something was wrong.
    pub(crate) fn finish<T>(self, read: T) -> Result<(T, bool), Diagnostics> {
        if self.diagnostics.has_errors() { Err(self.diagnostics) } else { Ok((read, self.complete)) }
    }
}

/// Secret values of a chart; none where there are none.
///
/// # Errors
/// When they are no object.
pub(crate) fn secret_values(any: Option<&Any>, at: Path) -> Result<Option<Json>, Diagnostic> {
    let Some(any) = any else { return Ok(None) };
    let values = dynamic::object(dynamic::json(any).0).map_err(|what| no_object(what).at(at))?;
    Ok(values.map(Json::Object))
}

fn no_object(what: &str) -> Diagnostic {
    Diagnostic::error("Values must be an object", format!("Here is {what}."))
}

/// Settings that change how a resource is applied and nothing of what is applied. They are stored with the
/// specification, so that an import gives back the whole resource.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tool {
    /// What apply waits for, if that is said.
    pub(crate) wait: Option<String>,
    /// `adopt`.
    pub(crate) adopt: Value<String>,
    /// `force_conflicts`.
    pub(crate) force_conflicts: Value<bool>,
    /// `timeouts`.
    pub(crate) timeouts: Value<Timeouts>,
}

impl Tool {
    /// What differs from the defaults, as it is stored.
    pub(crate) fn to_json(&self) -> JsonMap<String, Json> {
        let mut stored = JsonMap::new();
        if let Some(until) = &self.wait {
            stored.insert("wait".to_owned(), until.as_str().into());
        }
        if let Some(adopt) = self.adopt.as_str().filter(|adopt| *adopt != NEVER) {
            stored.insert("adopt".to_owned(), adopt.into());
        }
        if self.force_conflicts == Value::Known(true) {
            stored.insert("force_conflicts".to_owned(), true.into());
        }
        if let Some(set) = self.timeouts.known() {
            stored.insert("timeouts".to_owned(), timeouts::to_json(set));
        }
        stored
    }

    /// What [`Tool::to_json`] stored, with defaults for what it left out.
    pub(crate) fn from_json(stored: &JsonMap<String, Json>) -> Self {
        let text = |name: &str| stored.get(name).and_then(Json::as_str);
        Self {
            wait: text("wait").map(str::to_owned),
            adopt: text("adopt").unwrap_or(NEVER).into(),
            force_conflicts: stored.get("force_conflicts").and_then(Json::as_bool).unwrap_or_default().into(),
            timeouts: stored.get("timeouts").map(timeouts::from_json).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unknown_leaves_a_reading_incomplete_and_what_is_not_set_does_not() {
        let mut reader = Reader::new();
        assert_eq!((reader.take(&Value::from(1_i64)), reader.take(&Value::<i64>::Null)), (Some(1), None));
        assert!(reader.complete);
        assert_eq!(reader.name(&Value::Unknown), UNKNOWN_NAME);
        assert!(reader.finish(()).is_ok_and(|(_, complete)| !complete));
    }

    #[test]
    fn defaults_are_not_stored_and_come_back_all_the_same() {
        let settings = Tool { adopt: NEVER.into(), force_conflicts: false.into(), ..Tool::default() };
        let stored = settings.to_json();
        assert!(stored.is_empty(), "{stored:?}");
        assert_eq!(Tool::from_json(&stored), settings);
    }
}
