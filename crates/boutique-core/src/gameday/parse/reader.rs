//! Reads a YAML value strictly and collects everything that is wrong with it.

use std::cell::RefCell;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde_yaml_ng::{Mapping, Value};

use super::place::{End, Way, line, name};
use crate::catalogue::Page;
use crate::duration;
use crate::gameday::share::Share;
use crate::service::{Service, edit_distance};

/// Something wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line of the file, counted from 1.
    pub line: Option<usize>,
    /// The value, such as `faults[2].service`; empty for the document.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "{}; {}", self.message, self.hint)
    }
}

/// Collects problems of one file.
pub(super) struct Problems<'t> {
    text: &'t str,
    found: RefCell<Vec<Problem>>,
}

impl<'t> Problems<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        Self { text, found: RefCell::default() }
    }

    fn add(&self, way: &[Way], end: End, message: String, hint: String) {
        let found = Problem { line: line(self.text, way, end), place: name(way), message, hint };
        self.found.borrow_mut().push(found);
    }

    /// All of them, in the order of the file.
    pub(super) fn into_vec(self) -> Vec<Problem> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|problem| problem.line);
        found
    }
}

/// A value and the way to it.
#[derive(Clone)]
pub(super) struct Node<'p> {
    way: Vec<Way>,
    value: &'p Value,
    problems: &'p Problems<'p>,
}

/// A mapping all of whose keys are known.
pub(super) struct Map<'p> {
    node: Node<'p>,
    entries: &'p Mapping,
}

impl<'p> Node<'p> {
    pub(super) fn root(value: &'p Value, problems: &'p Problems<'p>) -> Self {
        Self { way: Vec::new(), value, problems }
    }

    pub(super) fn problem(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.problems.add(&self.way, End::Value, message.into(), hint.into());
    }

    fn wrong<T>(&self, wanted: &str) -> Option<T> {
        self.problem(format!("is {}", described(self.value)), format!("write {wanted}"));
        None
    }

    /// A mapping; keys that are not `known` are told.
    pub(super) fn map(&self, known: &[&str]) -> Option<Map<'p>> {
        let Value::Mapping(entries) = self.value else {
            return self.wrong(&format!("keys and values; the keys are {}", known.join(", ")));
        };
        for key in entries.keys() {
            let Some(key) = key.as_str() else {
                self.problem(format!("has {} for a key", described(key)), "write a name");
                continue;
            };
            if !known.contains(&key) {
                let way: Vec<Way> = self.way.iter().cloned().chain([Way::Key(key.to_owned())]).collect();
                self.problems.add(&way, End::Key, "is no key that is known here".to_owned(), suggestion(key, known));
            }
        }
        Some(Map { node: self.clone(), entries })
    }

    /// Elements of a list that is not empty.
    pub(super) fn list(&self, of: &str) -> Vec<Self> {
        match self.value {
            Value::Sequence(elements) if !elements.is_empty() => elements
                .iter()
                .enumerate()
                .map(|(index, value)| {
                    let way = self.way.iter().cloned().chain([Way::Index(index)]).collect();
                    Node { way, value, problems: self.problems }
                })
                .collect(),
            Value::Sequence(_) => {
                self.problem("is empty", format!("write at least one of {of}"));
                Vec::new()
            }
            _ => {
                self.wrong::<()>(&format!("a list of {of}"));
                Vec::new()
            }
        }
    }

    pub(super) fn text(&self) -> Option<String> {
        match self.value {
            Value::String(text) if !text.trim().is_empty() => Some(text.trim_end().to_owned()),
            _ => self.wrong("a text"),
        }
    }

    pub(super) fn is_mapping(&self) -> bool {
        self.value.is_mapping()
    }

    /// Whether it is a mapping with this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.value.get(key).is_some()
    }

    pub(super) fn flag(&self) -> Option<bool> {
        self.value.as_bool().or_else(|| self.wrong("true or false"))
    }

    pub(super) fn number(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let wanted = format!("a number from {} to {}", range.start(), range.end());
        self.value.as_u64().filter(|number| range.contains(number)).or_else(|| self.wrong(&wanted))
    }

    /// A text, or a number as it stands there.
    fn scalar(&self) -> Option<String> {
        match self.value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    pub(super) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let Some(text) = self.scalar() else { return self.wrong("a duration, for example 30s, 2m or 1m30s") };
        match duration::parse(&text) {
            Ok(duration) if range.contains(&duration) => Some(duration),
            Ok(_) => {
                let (from, to) = (range.start().as_secs_f64(), range.end().as_secs_f64());
                self.problem(format!("\"{text}\" is out of range"), format!("write {from}s to {to}s"));
                None
            }
            Err(said) => {
                let (message, hint) = said.split_once("; ").unwrap_or((&said, "write for example 30s"));
                self.problem(message, hint);
                None
            }
        }
    }

    pub(super) fn share(&self) -> Option<Share> {
        let Some(text) = self.scalar() else { return self.wrong("a percentage, for example 99.9%") };
        Share::parse(&text)
            .inspect_err(|said| {
                let (message, hint) = said.split_once("; ").unwrap_or((said, "write for example 99.9%"));
                self.problem(message, hint);
            })
            .ok()
    }

    pub(super) fn page(&self) -> Option<Page> {
        let text = self.text()?;
        let found = Page::ALL.into_iter().find(|page| page.name() == text || page.name().replace(' ', "-") == text);
        if found.is_none() {
            let names = Page::ALL.map(Page::name);
            self.problem(format!("{text:?} is no page of the shop"), suggestion(&text, &names));
        }
        found
    }

    pub(super) fn service(&self) -> Option<Service> {
        let text = self.text()?;
        match text.parse::<Service>() {
            Ok(service) => Some(service),
            Err(unknown) => {
                let names = Service::ALL.map(Service::name);
                let hint = unknown.closest.map_or_else(
                    || format!("write one of {}", names.join(", ")),
                    |service| format!("did you mean {:?}?", service.name()),
                );
                self.problem(format!("no service of Online Boutique is called {text:?}"), hint);
                None
            }
        }
    }

    /// One of these names.
    pub(super) fn one_of<'n>(&self, what: &str, names: &[&'n str]) -> Option<&'n str> {
        let text = self.text()?;
        let found = names.iter().copied().find(|name| *name == text);
        if found.is_none() {
            self.problem(format!("{text:?} is no {what}"), suggestion(&text, names));
        }
        found
    }
}

impl<'p> Map<'p> {
    /// What stands under a key, if anything does.
    pub(super) fn get(&self, key: &str) -> Option<Node<'p>> {
        let value = self.entries.get(key)?;
        let way = self.node.way.iter().cloned().chain([Way::Key(key.to_owned())]).collect();
        Some(Node { way, value, problems: self.node.problems })
    }

    /// The same, where something has to stand there.
    pub(super) fn must(&self, key: &str, example: &str) -> Option<Node<'p>> {
        let found = self.get(key);
        if found.is_none() {
            self.node.problem(format!("{key} is missing"), format!("write for example {example}"));
        }
        found
    }

    /// Whether a key stands there.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    pub(super) fn problem(&self, message: impl Into<String>, hint: impl Into<String>) {
        self.node.problem(message, hint);
    }
}

fn described(value: &Value) -> String {
    match value {
        Value::Null => "empty".into(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if text.trim().is_empty() => "an empty text".into(),
        Value::String(text) => format!("{text:?}"),
        Value::Sequence(_) => "a list".into(),
        Value::Mapping(_) => "a mapping".into(),
        Value::Tagged(tagged) => format!("tagged {}", tagged.tag),
    }
}

/// The nearest of the names if one is near, else all of them.
pub(super) fn suggestion(given: &str, names: &[&str]) -> String {
    let essence =
        |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let wanted = essence(given);
    let nearest = names.iter().map(|name| (edit_distance(&wanted, &essence(name)), *name)).min();
    match nearest {
        Some((distance, name)) if distance <= 1.max(wanted.len() / 3) => format!("did you mean {name:?}?"),
        _ => format!("write one of {}", names.join(", ")),
    }
}
