//! What a provider, resource or data source looks like to Terraform.
//!
//! Authors derive schemas from structs with `#[derive(Model)]`; the types here are what the macro builds, and what
//! documentation, planning and checks read. [`Schema::check`] refuses at start-up what Terraform would refuse at load.

mod attribute;
mod block;
mod check;
mod nesting;
mod validator;

#[cfg(test)]
mod tests;

pub use attribute::{Attribute, AttributeKind, Behaviour};
pub use block::{Block, BlockNesting, NestedBlock};
pub use check::{Owner, SchemaError};
pub use nesting::Nesting;
pub use validator::{Validator, length, non_empty, one_of, range, text};

use crate::Type;

/// A versioned block.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// Raised by the author when stored state of the last version needs an upgrade.
    pub version: i64,
    /// Attributes and nested blocks.
    pub block: Block,
}

impl Schema {
    /// The type of values of this schema.
    pub fn ty(&self) -> Type {
        self.block.ty()
    }
}
