//! What is wrong, in words a person can act on. The provider's failed apply and the plugin's `doctor` print the same.

mod registry;

use std::fmt;

use serde::{Serialize, Serializer};

pub use registry::{Entry, REGISTRY};

use crate::object::ObjectRef;

/// The number of a finding in the registry: `BTQ-1001`. Thousands are areas: 1 stack, 2 edge, 3 monitoring, 4 faults,
/// 5 access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

impl Code {
    /// Its entry in the registry; every code that can be made has one.
    #[must_use]
    pub fn entry(self) -> Option<&'static Entry> {
        REGISTRY.iter().find(|entry| entry.code == self)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BTQ-{:04}", self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Something works that could work better, or soon will not.
    Warning,
    /// Something does not work.
    Error,
}

/// Something wrong, with what shows it and what ends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which kind of trouble.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// The service it is about, as its `app` label; none where it concerns the whole shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The object that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectRef>,
    /// One sentence without a full stop, beginning with the service or object.
    pub summary: String,
    /// From the symptom to its root, each the reason of the one before.
    pub cause: Vec<String>,
    /// What was seen, word for word: messages, events, log lines.
    pub evidence: Vec<String>,
    /// The command or attribute that ends it.
    pub fix: String,
    /// Whether waiting alone will not end it, so that a wait may give up.
    pub settled: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.summary)?;
        if let Some(object) = &self.object {
            write!(f, " ({object})")?;
        }
        for cause in &self.cause {
            write!(f, "\n  because {cause}")?;
        }
        for evidence in &self.evidence {
            write!(f, "\n  seen    {evidence}")?;
        }
        write!(f, "\n  fix     {}", self.fix.replace('\n', "\n          "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_sorted() {
        for pair in REGISTRY.windows(2) {
            assert!(pair[0].code < pair[1].code, "{} comes before {}", pair[0].code, pair[1].code);
        }
    }

    /// `codes.txt` only ever grows: people search for codes that an old release has printed.
    #[test]
    fn no_code_is_removed_or_renamed() {
        let known: Vec<&str> = include_str!("codes.txt").lines().collect();
        let ours: Vec<String> = REGISTRY.iter().map(|entry| format!("{} {}", entry.code, entry.title)).collect();
        for line in &known {
            assert!(ours.iter().any(|entry| entry == line), "{line:?} has left the registry");
        }
        assert_eq!(ours, known, "a new code also goes into codes.txt");
    }

    #[test]
    fn a_finding_reads_like_advice() {
        let finding = Finding {
            code: Code::IMAGE_PULL,
            severity: Severity::Error,
            service: Some("adservice".to_owned()),
            object: ObjectRef::of(&serde_json::json!({
                "apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "shop", "name": "adservice-1"},
            })),
            summary: "adservice: the image example.com/adservice:v9 cannot be pulled".to_owned(),
            cause: vec!["the registry does not have it".to_owned()],
            evidence: vec!["ErrImagePull: not found".to_owned()],
            fix: "name another image".to_owned(),
            settled: true,
        };
        insta::assert_snapshot!(finding, @r"
        BTQ-1001: adservice: the image example.com/adservice:v9 cannot be pulled (Pod shop/adservice-1)
          because the registry does not have it
          seen    ErrImagePull: not found
          fix     name another image
        ");
    }
}
