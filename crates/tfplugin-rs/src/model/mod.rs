//! The typed layer: Rust structs as schemas and values.
//!
//! `#[derive(Model)]` on a struct whose fields are [`Value`](crate::Value)s makes a schema of it (field names, types,
//! doc comments as markdown descriptions, flags from `#[attr(…)]`) and converts between it and
//! [`Dynamic`](crate::Dynamic). The same struct stands for configuration, plan and state, because all three have the
//! same shape and differ only in which values may be null or unknown.

mod duration;
mod timeouts;
mod types;

pub use duration::{GoDuration, GoDurationError};
pub use timeouts::Timeouts;

use std::collections::BTreeMap;

use thiserror::Error;

use crate::schema::{AttributeKind, Block};
use crate::{Dynamic, Path, Value};

/// A struct that is the shape of a resource, data source, provider configuration or nested attribute. Derive it.
pub trait Model: Sized + Send + Sync + 'static {
    /// Attributes and blocks, with descriptions.
    fn block() -> Block;

    /// Reads the members of an object.
    ///
    /// # Errors
    /// When a member does not fit the Rust type of its field, for example 0.5 for an `i64`.
    fn from_members(members: BTreeMap<String, Dynamic>, path: &Path) -> Result<Self, ConversionError>;

    /// Writes the members of an object: every attribute and block, null ones too.
    fn to_members(&self) -> BTreeMap<String, Dynamic>;
}

/// A Rust type that can stand inside a [`Value`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no attribute type",
    note = "a struct becomes one by `#[derive(Model)]`; collections are `List<T>` and `Map<T>`, whose elements are `Value<T>`"
)]
pub trait AttributeType: Sized + Send + Sync + 'static {
    /// The type in the schema, or the nested attributes.
    fn kind() -> AttributeKind;

    /// Reads a known, non-null value.
    ///
    /// # Errors
    /// When the value does not fit this Rust type.
    fn decode(value: Dynamic, path: &Path) -> Result<Self, ConversionError>;

    /// Writes the value.
    fn encode(&self) -> Dynamic;
}

/// A type that a model's field can have: [`Value<T>`] and nothing else.
#[diagnostic::on_unimplemented(
    message = "a field of a model cannot be `{Self}`",
    label = "may be null or unknown, so it must be `Value<{Self}>`",
    note = "every attribute can be null or unknown in some phase; `Value<T>` makes the cases visible"
)]
pub trait Field: Sized {
    /// What stands inside.
    type Inner: AttributeType;

    /// Reads a value of any case.
    ///
    /// # Errors
    /// When a known value does not fit the Rust type.
    fn decode(value: Dynamic, path: &Path) -> Result<Self, ConversionError>;

    /// Writes the value.
    fn encode(&self) -> Dynamic;
}

impl<T: AttributeType> Field for Value<T> {
    type Inner = T;

    fn decode(value: Dynamic, path: &Path) -> Result<Self, ConversionError> {
        match value {
            Dynamic::Null => Ok(Self::Null),
            Dynamic::Unknown(_) => Ok(Self::Unknown),
            // Only `Any` keeps the type beside an unknown value; for all others the case is what counts.
            Dynamic::Any(any) if !T::kind().is_dynamic() => <Self as Field>::decode(any.value, path),
            known => T::decode(known, path).map(Self::Known),
        }
    }

    fn encode(&self) -> Dynamic {
        match self {
            Self::Known(value) => value.encode(),
            Self::Null => Dynamic::Null,
            Self::Unknown => Dynamic::UNKNOWN,
        }
    }
}

/// A value that does not fit the Rust type of its field.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{path} is {found}, which does not fit {wanted}")]
pub struct ConversionError {
    /// Where.
    pub path: Path,
    /// What the field takes.
    pub wanted: &'static str,
    /// What was there; never the value of a text, which may be secret.
    pub found: String,
}

impl ConversionError {
    /// An error about `found` at `path`, where `wanted` is expected.
    pub fn new(path: &Path, wanted: &'static str, found: &Dynamic) -> Self {
        let found = match found {
            Dynamic::Number(number) => number.to_string(),
            other => other.describe().to_owned(),
        };
        Self { path: path.clone(), wanted, found }
    }
}

impl AttributeKind {
    pub(crate) fn is_dynamic(&self) -> bool {
        matches!(self, Self::Plain(crate::Type::Dynamic))
    }
}

/// Reads a whole model from an object.
///
/// # Errors
/// When the value is no object or a member does not fit.
pub fn from_dynamic<M: Model>(value: Dynamic) -> Result<M, ConversionError> {
    match value {
        Dynamic::Map(members) => M::from_members(members, &Path::root()),
        other => Err(ConversionError::new(&Path::root(), "an object", &other)),
    }
}

/// Writes a whole model as an object.
pub fn to_dynamic<M: Model>(model: &M) -> Dynamic {
    Dynamic::Map(model.to_members())
}

/// What the derive macro calls; not for people.
#[doc(hidden)]
pub mod derive_support {
    pub use super::{AttributeType, ConversionError, Field, Model};
    pub use crate::schema::{
        Attribute, AttributeKind, Behaviour, Block, BlockNesting, NestedBlock, Nesting, Validator,
    };
    pub use crate::{Dynamic, Path};
    pub use std::collections::BTreeMap;

    /// The attribute of a field of type `F`.
    pub fn attribute<F: Field>(name: &str) -> Attribute {
        Attribute::new(name, F::Inner::kind())
    }

    /// The default of a field of type `F`.
    pub fn default<F: Field>(value: impl Into<F>) -> Dynamic {
        value.into().encode()
    }

    /// A validator of a field of type `F`.
    pub fn validator<F: Field>(check: impl Fn(&F::Inner) -> Result<(), String> + Send + Sync + 'static) -> Validator {
        Validator::new::<F::Inner>(check)
    }

    /// The nested block of a field.
    pub fn nested_block<B: super::BlockField>(name: &str, min_items: i64, max_items: i64) -> NestedBlock {
        let nesting = B::NESTING;
        NestedBlock { name: name.to_owned(), block: B::Body::block(), nesting, min_items, max_items }
    }

    /// A struct derived as a model, as a nested attribute.
    pub fn nested_kind<M: Model>() -> AttributeKind {
        AttributeKind::Nested { nesting: Nesting::Single, attributes: M::block().attributes }
    }

    /// Reads a nested model.
    pub fn decode_nested<M: Model>(value: Dynamic, path: &Path) -> Result<M, ConversionError> {
        match value {
            Dynamic::Map(members) => M::from_members(members, path),
            other => Err(ConversionError::new(path, "an object", &other)),
        }
    }

    /// Takes one member out of an object.
    pub fn take<F: Field>(
        members: &mut BTreeMap<String, Dynamic>,
        name: &str,
        path: &Path,
    ) -> Result<F, ConversionError> {
        F::decode(members.remove(name).unwrap_or_default(), &path.then(name))
    }
}

/// A type that a `#[block]` field can have: `Value<Model>`, `Value<List<Model>>` or `Value<Map<Model>>`.
#[diagnostic::on_unimplemented(
    message = "a block cannot be `{Self}`",
    note = "blocks are `Value<M>`, `Value<List<M>>` or `Value<Map<M>>` of a model `M`"
)]
pub trait BlockField: Field {
    /// What stands inside of the block.
    type Body: Model;
    /// How the blocks are held.
    const NESTING: crate::schema::BlockNesting;
}

impl<M: Model + AttributeType> BlockField for Value<M> {
    type Body = M;
    const NESTING: crate::schema::BlockNesting = crate::schema::BlockNesting::Single;
}

impl<M: Model + AttributeType> BlockField for Value<crate::List<M>> {
    type Body = M;
    const NESTING: crate::schema::BlockNesting = crate::schema::BlockNesting::List;
}

impl<M: Model + AttributeType> BlockField for Value<crate::Map<M>> {
    type Body = M;
    const NESTING: crate::schema::BlockNesting = crate::schema::BlockNesting::Map;
}
