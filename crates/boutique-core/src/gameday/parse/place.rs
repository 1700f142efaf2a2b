//! Where in a file something stands. YAML values forget that once they are read, so the file is read again up to the place;
//! only a file with a problem pays for it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// One step on the way from the document to a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// The value of a key.
    Key(String),
    /// An element of a list, counted from 0.
    Index(usize),
}

/// Which end of the way is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The last key itself.
    Key,
    /// What stands there.
    Value,
}

/// As people write it: `faults[2].service`.
pub(super) fn name(way: &[Way]) -> String {
    let mut out = String::new();
    for step in way {
        match step {
            Way::Key(key) if out.is_empty() => out.push_str(key),
            Way::Key(key) => out.push_str(&format!(".{key}")),
            Way::Index(index) => out.push_str(&format!("[{index}]")),
        }
    }
    out
}

/// The line, counted from 1.
pub(super) fn line(text: &str, way: &[Way], end: End) -> Option<usize> {
    let walked = Walk { way, end }.deserialize(serde_yaml_ng::Deserializer::from_str(text));
    walked.err()?.location().map(|location| location.line())
}

/// Goes the way, and fails at its end: the error says where that is.
#[derive(Clone, Copy)]
struct Walk<'w> {
    way: &'w [Way],
    end: End,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.way {
            [] => deserializer.deserialize_any(Here),
            _ => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a part of the document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let [Way::Key(wanted), rest @ ..] = self.way else { return Err(A::Error::custom("no such key")) };
        let stop = rest.is_empty() && self.end == End::Key;
        while let Some(found) = map.next_key_seed(Key { wanted, stop })? {
            if found {
                return map.next_value_seed(Walk { way: rest, ..self });
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let [Way::Index(wanted), rest @ ..] = self.way else { return Err(A::Error::custom("no such element")) };
        for _ in 0..*wanted {
            list.next_element::<IgnoredAny>()?;
        }
        list.next_element_seed(Walk { way: rest, ..self })?;
        Ok(())
    }
}

/// Accepts nothing.
struct Here;

impl Visitor<'_> for Here {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the end of the way")
    }
}

/// Whether a key is the wanted one.
struct Key<'w> {
    wanted: &'w str,
    stop: bool,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<bool, E> {
        match key == self.wanted {
            true if self.stop => Err(E::custom("here")),
            same => Ok(same),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a: 1\n# a comment\nb:\n  - x: |\n      b: no key\n    y: 2\n  - {z: 3}\n";

    fn key(key: &str) -> Way {
        Way::Key(key.to_owned())
    }

    #[test]
    fn keys_and_values_are_found_whatever_the_notation() {
        assert_eq!(line(TEXT, &[key("a")], End::Value), Some(1));
        assert_eq!(line(TEXT, &[key("b")], End::Key), Some(3));
        assert_eq!(line(TEXT, &[key("b"), Way::Index(0), key("y")], End::Key), Some(6));
        assert_eq!(line(TEXT, &[key("b"), Way::Index(1), key("z")], End::Value), Some(7));
        assert_eq!(line(TEXT, &[key("b"), Way::Index(0)], End::Value), Some(4));
    }

    #[test]
    fn what_is_not_there_has_no_line() {
        assert_eq!(line(TEXT, &[key("c")], End::Key), None);
    }

    #[test]
    fn a_way_is_written_as_people_write_it() {
        assert_eq!(name(&[key("faults"), Way::Index(2), key("service")]), "faults[2].service");
    }
}
