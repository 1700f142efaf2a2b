use std::collections::BTreeSet;

use thiserror::Error;

use super::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, Nesting, Schema};
use crate::Path;

/// Whose schema is checked: names that Terraform itself uses differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The provider's configuration.
    Provider,
    /// A managed resource.
    Resource,
    /// A data source.
    DataSource,
    /// An ephemeral resource.
    Ephemeral,
}

/// A mistake in a schema that Terraform would refuse at load, or that could not work.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SchemaError {
    /// A flag combination that is not one of required, optional, computed, optional and computed.
    #[error("attribute {0} must be required, optional, computed, or optional and computed")]
    Flags(Path),
    /// A name that configuration cannot write.
    #[error("{0}: the name is not an identifier of lower-case letters, digits and underscores")]
    Name(Path),
    /// A name used twice in one block.
    #[error("{0} is declared twice")]
    Duplicate(Path),
    /// A name that Terraform gives a meaning of its own.
    #[error("{0} is a name that Terraform reserves")]
    Reserved(Path),
    /// Write-only together with computed, or outside of managed resources.
    #[error("attribute {0} is write-only, which only required or optional attributes of managed resources can be")]
    WriteOnly(Path),
    /// A write-only attribute in a set.
    #[error("attribute {0} is write-only inside a set")]
    WriteOnlyInSet(Path),
    /// A dynamic type in a set.
    #[error("{0} has a dynamic type inside a set")]
    DynamicInSet(Path),
    /// A dynamic type in blocks that may repeat.
    #[error("the blocks {0} hold a dynamic type, which only nested attributes and single blocks can; use an attribute")]
    DynamicInBlock(Path),
    /// A default without optional and computed.
    #[error("attribute {0} has a default, so it must be optional and computed")]
    Default(Path),
    /// A default that does not conform to the attribute's type.
    #[error("the default of {0} is not {1}")]
    DefaultType(Path, String),
    /// A default or plan behaviour in a set, where elements have no identity.
    #[error("attribute {0} has a default or plan behaviour inside a set, whose elements have no identity")]
    BehaviourInSet(Path),
    /// State kept for an attribute that is not computed.
    #[error("attribute {0} keeps its state for unknown, so it must be computed")]
    KeepWithoutComputed(Path),
    /// A wrong number of blocks.
    #[error("block {0} has impossible item counts {1}..{2}")]
    Items(Path, i64, i64),
    /// A negative version.
    #[error("schema version {0} is negative")]
    Version(i64),
}

const OF_RESOURCES: [&str; 7] =
    ["count", "for_each", "depends_on", "provider", "lifecycle", "connection", "provisioner"];
const OF_PROVIDERS: [&str; 2] = ["alias", "version"];

impl Schema {
    /// Everything that is wrong with the schema; nothing when Terraform will load it.
    pub fn check(&self, owner: Owner) -> Vec<SchemaError> {
        let mut check = Check { owner, errors: Vec::new() };
        if self.version < 0 {
            check.errors.push(SchemaError::Version(self.version));
        }
        check.block(&self.block, &Path::root(), false);
        let reserved: &[&str] = if owner == Owner::Provider { &OF_PROVIDERS } else { &OF_RESOURCES };
        let names = self.block.attributes.iter().map(|a| &a.name).chain(self.block.blocks.iter().map(|b| &b.name));
        let clashes = names.filter(|name| reserved.contains(&name.as_str()));
        check.errors.extend(clashes.map(|name| SchemaError::Reserved(Path::attribute(name))));
        check.errors
    }
}

struct Check {
    owner: Owner,
    errors: Vec<SchemaError>,
}

impl Check {
    fn block(&mut self, block: &Block, path: &Path, in_set: bool) {
        let names =
            block.attributes.iter().map(|a| a.name.as_str()).chain(block.blocks.iter().map(|b| b.name.as_str()));
        self.names(names, path);
        for attribute in &block.attributes {
            self.attribute(attribute, &path.then(&attribute.name), in_set);
        }
        for nested in &block.blocks {
            self.nested_block(nested, &path.then(&nested.name), in_set);
        }
    }

    fn names<'a>(&mut self, names: impl Iterator<Item = &'a str>, path: &Path) {
        let mut seen = BTreeSet::new();
        for name in names {
            if !is_identifier(name) {
                self.errors.push(SchemaError::Name(path.then(name)));
            }
            if !seen.insert(name) {
                self.errors.push(SchemaError::Duplicate(path.then(name)));
            }
        }
    }

    fn attribute(&mut self, attribute: &Attribute, path: &Path, in_set: bool) {
        let &Attribute { required, optional, computed, write_only, .. } = attribute;
        if (required && (optional || computed)) || !(required || optional || computed) {
            self.errors.push(SchemaError::Flags(path.clone()));
        }
        if write_only && (computed || self.owner != Owner::Resource) {
            self.errors.push(SchemaError::WriteOnly(path.clone()));
        }
        if write_only && in_set {
            self.errors.push(SchemaError::WriteOnlyInSet(path.clone()));
        }
        if let Some(default) = &attribute.default {
            if !(optional && computed) {
                self.errors.push(SchemaError::Default(path.clone()));
            }
            let ty = attribute.ty();
            if crate::checks::conforms(default, &ty, path).is_err() {
                self.errors.push(SchemaError::DefaultType(path.clone(), ty.to_string()));
            }
        }
        if attribute.behaviour.use_state_for_unknown && !computed {
            self.errors.push(SchemaError::KeepWithoutComputed(path.clone()));
        }
        let behaves = attribute.default.is_some() || attribute.behaviour != super::Behaviour::default();
        if in_set && behaves {
            self.errors.push(SchemaError::BehaviourInSet(path.clone()));
        }
        match &attribute.kind {
            AttributeKind::Plain(ty) => {
                if holds_set_of_dynamic(ty) || (in_set && ty.holds_dynamic()) {
                    self.errors.push(SchemaError::DynamicInSet(path.clone()));
                }
            }
            AttributeKind::Nested { nesting, attributes } => {
                self.names(attributes.iter().map(|nested| nested.name.as_str()), path);
                for nested in attributes {
                    self.attribute(nested, &path.then(&nested.name), in_set || *nesting == Nesting::Set);
                }
            }
        }
    }

    fn nested_block(&mut self, nested: &NestedBlock, path: &Path, in_set: bool) {
        let (min, max) = (nested.min_items, nested.max_items);
        let possible = match nested.nesting {
            BlockNesting::Single => min == max && (0..=1).contains(&min),
            BlockNesting::Group | BlockNesting::Map => min == 0 && max == 0,
            BlockNesting::List | BlockNesting::Set => min >= 0 && max >= 0 && (max == 0 || min <= max),
        };
        if !possible {
            self.errors.push(SchemaError::Items(path.clone(), min, max));
        }
        // Terraform then makes tuples and objects of them, whose type changes with the configuration.
        let repeats = matches!(nested.nesting, BlockNesting::List | BlockNesting::Map);
        if repeats && nested.block.ty().holds_dynamic() {
            self.errors.push(SchemaError::DynamicInBlock(path.clone()));
        }
        self.block(&nested.block, path, in_set || nested.nesting == BlockNesting::Set);
    }
}

fn is_identifier(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.bytes().all(plain) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

fn holds_set_of_dynamic(ty: &crate::Type) -> bool {
    use crate::Type;
    match ty {
        Type::Set(element) => element.holds_dynamic(),
        Type::List(element) | Type::Map(element) => holds_set_of_dynamic(element),
        Type::Tuple(elements) => elements.iter().any(holds_set_of_dynamic),
        Type::Object(attributes) => attributes.values().any(holds_set_of_dynamic),
        Type::String | Type::Number | Type::Bool | Type::Dynamic => false,
    }
}
