use std::collections::BTreeMap;

use super::{Number, Type};

/// A value without a Rust type: a tree, shaped by a [`Type`] or a schema that is kept beside it.
///
/// Equality is Terraform's: numbers compare by value, sets without order (the constructor [`Dynamic::set`] sorts), and
/// refinements of an unknown count as part of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dynamic {
    /// Not set.
    #[default]
    Null,
    /// Decided by apply; what is already promised about it stands in the refinement.
    Unknown(Option<Box<Refinement>>),
    /// True or false.
    Bool(bool),
    /// A number.
    Number(Number),
    /// Text.
    String(String),
    /// A list or a tuple.
    List(Vec<Dynamic>),
    /// A set; build it with [`Dynamic::set`].
    Set(Vec<Dynamic>),
    /// A map or an object.
    Map(BTreeMap<String, Dynamic>),
    /// A value under a dynamic type, with the type it brings.
    Any(Box<Any>),
}

/// A value that brings its own type, for attributes of type `dynamic`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Any {
    /// The type of `value`.
    pub ty: Type,
    /// The value; may be null or unknown.
    pub value: Dynamic,
}

/// What is already known about an unknown value. Fields that do not fit the type of the value are ignored.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Refinement {
    /// It will not be null.
    pub not_null: bool,
    /// The text will begin so.
    pub prefix: Option<String>,
    /// The number's lower bound, and whether the bound itself is allowed.
    pub lower: Option<(Number, bool)>,
    /// The number's upper bound, and whether the bound itself is allowed.
    pub upper: Option<(Number, bool)>,
    /// The least length of a collection.
    pub min_length: Option<i64>,
    /// The greatest length of a collection.
    pub max_length: Option<i64>,
}

impl Dynamic {
    /// An unknown value about which nothing is promised.
    pub const UNKNOWN: Self = Self::Unknown(None);

    /// A set: order is made canonical, duplicates merge unless something in them is unknown.
    pub fn set(elements: impl IntoIterator<Item = Self>) -> Self {
        let mut elements: Vec<Self> = elements.into_iter().collect();
        elements.sort();
        elements.dedup_by(|a, b| a == b && a.is_wholly_known());
        Self::Set(elements)
    }

    /// A map or an object.
    pub fn map<N: Into<String>>(elements: impl IntoIterator<Item = (N, Self)>) -> Self {
        Self::Map(elements.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }

    /// Whether nobody set the value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether the whole value is unknown. A typed unknown under `dynamic` counts too.
    pub fn is_unknown(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::Any(any) => any.value.is_unknown(),
            _ => false,
        }
    }

    /// Whether no part of the value is unknown.
    pub fn is_wholly_known(&self) -> bool {
        match self {
            Self::Unknown(_) => false,
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => true,
            Self::List(elements) | Self::Set(elements) => elements.iter().all(Self::is_wholly_known),
            Self::Map(elements) => elements.values().all(Self::is_wholly_known),
            Self::Any(any) => any.value.is_wholly_known(),
        }
    }

    /// The member of an object or map; null when there is none.
    pub fn get(&self, name: &str) -> &Self {
        match self {
            Self::Map(elements) => elements.get(name).unwrap_or(&Self::Null),
            _ => &Self::Null,
        }
    }

    /// The same tree with every unknown stripped of its refinement: the form in which plans are compared.
    #[must_use]
    pub fn without_refinements(&self) -> Self {
        match self {
            Self::Unknown(_) => Self::UNKNOWN,
            Self::List(elements) => Self::List(elements.iter().map(Self::without_refinements).collect()),
            Self::Set(elements) => Self::set(elements.iter().map(Self::without_refinements)),
            Self::Map(elements) => {
                Self::Map(elements.iter().map(|(name, value)| (name.clone(), value.without_refinements())).collect())
            }
            Self::Any(any) => Self::Any(Box::new(Any { ty: any.ty.clone(), value: any.value.without_refinements() })),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::String(_) => self.clone(),
        }
    }

    /// What to call this value in a message, without its content, which may be secret.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Unknown(_) => "unknown",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::List(_) => "a list",
            Self::Set(_) => "a set",
            Self::Map(_) => "a map or object",
            Self::Any(_) => "a value with its own type",
        }
    }
}

impl From<&str> for Dynamic {
    fn from(value: &str) -> Self {
        Self::String(value.to_owned())
    }
}

impl From<String> for Dynamic {
    fn from(value: String) -> Self {
        Self::String(value)
    }
}

impl From<bool> for Dynamic {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Dynamic {
    fn from(value: i64) -> Self {
        Self::Number(value.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_compare_without_order_and_merge_duplicates() {
        let one = Dynamic::set(["a".into(), "b".into(), "a".into()]);
        let other = Dynamic::set(["b".into(), "a".into()]);
        assert_eq!(one, other);
    }

    #[test]
    fn unknown_elements_of_a_set_stay_distinct() {
        let Dynamic::Set(elements) = Dynamic::set([Dynamic::UNKNOWN, Dynamic::UNKNOWN]) else { panic!("a set") };
        assert_eq!(elements.len(), 2);
    }
}
