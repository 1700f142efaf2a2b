use super::Attribute;
use super::attribute::{null_object, object_type};
use crate::{Dynamic, Type};

/// Attributes and nested blocks: the body of a resource, provider or nested block.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// Attributes, in the order of the author.
    pub attributes: Vec<Attribute>,
    /// Nested blocks, in the order of the author.
    pub blocks: Vec<NestedBlock>,
    /// Markdown.
    pub description: String,
    /// Why it should not be used any more.
    pub deprecated: Option<String>,
}

/// A block inside a block, written `name { … }`.
#[derive(Clone, Debug)]
pub struct NestedBlock {
    /// The name in configuration.
    pub name: String,
    /// What stands inside.
    pub block: Block,
    /// How many blocks, and how they are told apart.
    pub nesting: BlockNesting,
    /// The fewest blocks; only single, list and set blocks count them.
    pub min_items: i64,
    /// The most blocks; 0 means no limit.
    pub max_items: i64,
}

/// How nested blocks are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockNesting {
    /// At most one; null when absent.
    Single,
    /// One that is always there, with null attributes when it is not written.
    Group,
    /// Any number, by position.
    List,
    /// Any number, without identity.
    Set,
    /// Any number, by label.
    Map,
}

impl Block {
    /// The type of values of this block.
    pub fn ty(&self) -> Type {
        let Type::Object(mut members) = object_type(&self.attributes) else { return Type::Dynamic };
        members.extend(self.blocks.iter().map(|block| (block.name.clone(), block.ty())));
        Type::Object(members)
    }

    /// A value with nothing set in it.
    pub(crate) fn empty(&self) -> Dynamic {
        let Dynamic::Map(mut members) = null_object(&self.attributes) else { return Dynamic::Null };
        members.extend(self.blocks.iter().map(|block| (block.name.clone(), block.absent())));
        Dynamic::Map(members)
    }
}

impl NestedBlock {
    /// The type of its values.
    pub fn ty(&self) -> Type {
        let object = self.block.ty();
        match self.nesting {
            BlockNesting::Single | BlockNesting::Group => object,
            BlockNesting::Set => Type::set(object),
            BlockNesting::List => Type::list(object),
            BlockNesting::Map => Type::map(object),
        }
    }

    /// The value of a block that is not written.
    pub(crate) fn absent(&self) -> Dynamic {
        match self.nesting {
            BlockNesting::Single => Dynamic::Null,
            BlockNesting::Group => self.block.empty(),
            BlockNesting::List => Dynamic::List(Vec::new()),
            BlockNesting::Set => Dynamic::set([]),
            BlockNesting::Map => Dynamic::map(Vec::<(String, Dynamic)>::new()),
        }
    }
}
