use std::collections::BTreeMap;

use super::{Nesting, Validator};
use crate::{Dynamic, Type};

/// One attribute of a block or of a nested attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The name in configuration.
    pub name: String,
    /// The type, or the attributes nested inside.
    pub kind: AttributeKind,
    /// The practitioner must set it.
    pub required: bool,
    /// The practitioner may set it.
    pub optional: bool,
    /// The provider may decide it when the practitioner does not.
    pub computed: bool,
    /// Terraform hides it in its output.
    pub sensitive: bool,
    /// It stands only in configuration, never in plan or state.
    pub write_only: bool,
    /// Why it should not be used any more.
    pub deprecated: Option<String>,
    /// Markdown.
    pub description: String,
    /// What it is when configuration does not say.
    pub default: Option<Dynamic>,
    /// What planning does with it.
    pub behaviour: Behaviour,
    /// Checks of a known value.
    pub validators: Vec<Validator>,
}

/// What an attribute holds.
#[derive(Clone, Debug)]
pub enum AttributeKind {
    /// A value of a type.
    Plain(Type),
    /// Objects with attributes of their own.
    Nested {
        /// How many, and how they are told apart.
        nesting: Nesting,
        /// The attributes of each.
        attributes: Vec<Attribute>,
    },
}

/// What planning does with an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Behaviour {
    /// A change replaces the object.
    pub requires_replace: bool,
    /// A computed value is kept from prior state, even when other attributes change.
    pub use_state_for_unknown: bool,
}

impl AttributeKind {
    /// The type of a value of this kind.
    pub fn ty(&self) -> Type {
        match self {
            Self::Plain(ty) => ty.clone(),
            Self::Nested { nesting, attributes } => {
                let object = object_type(attributes);
                match nesting {
                    Nesting::Single => object,
                    Nesting::List => Type::list(object),
                    Nesting::Set => Type::set(object),
                    Nesting::Map => Type::map(object),
                }
            }
        }
    }
}

/// The type of an object of attributes.
pub(crate) fn object_type(attributes: &[Attribute]) -> Type {
    Type::Object(attributes.iter().map(|attribute| (attribute.name.clone(), attribute.ty())).collect())
}

/// An object of attributes, all null.
pub(crate) fn null_object(attributes: &[Attribute]) -> Dynamic {
    let nulls: BTreeMap<_, _> = attributes.iter().map(|attribute| (attribute.name.clone(), Dynamic::Null)).collect();
    Dynamic::Map(nulls)
}

impl Attribute {
    /// An attribute without any flag; set one of `required`, `optional`, `computed`.
    pub fn new(name: impl Into<String>, kind: AttributeKind) -> Self {
        Self {
            name: name.into(),
            kind,
            required: false,
            optional: false,
            computed: false,
            sensitive: false,
            write_only: false,
            deprecated: None,
            description: String::new(),
            default: None,
            behaviour: Behaviour::default(),
            validators: Vec::new(),
        }
    }

    /// The type of its values.
    pub fn ty(&self) -> Type {
        self.kind.ty()
    }

    /// Whether the practitioner cannot set it.
    pub fn is_read_only(&self) -> bool {
        self.computed && !self.optional
    }
}
