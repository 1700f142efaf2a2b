use std::collections::HashMap;

use tfplugin_proto::tfplugin6 as proto;

use crate::schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, Nesting, Schema};

pub(super) fn by_name(schemas: &[(&'static str, &Schema)]) -> HashMap<String, proto::Schema> {
    schemas.iter().map(|(name, one)| ((*name).to_owned(), schema(one))).collect()
}

pub(super) fn schema(schema: &Schema) -> proto::Schema {
    proto::Schema { version: schema.version, block: Some(block(&schema.block)) }
}

fn block(block: &Block) -> proto::schema::Block {
    proto::schema::Block {
        version: 0,
        attributes: block.attributes.iter().map(attribute).collect(),
        block_types: block.blocks.iter().map(nested_block).collect(),
        description: block.description.clone(),
        description_kind: proto::StringKind::Markdown.into(),
        deprecated: block.deprecated.is_some(),
        deprecation_message: block.deprecated.clone().unwrap_or_default(),
        computed: false,
    }
}

fn attribute(of: &Attribute) -> proto::schema::Attribute {
    // A schema that sets both is refused.
    let (ty, nested_type) = match &of.kind {
        AttributeKind::Plain(ty) => (ty.to_json(), None),
        AttributeKind::Nested { nesting, attributes } => (Vec::new(), Some(object(*nesting, attributes))),
    };
    proto::schema::Attribute {
        name: of.name.clone(),
        r#type: ty,
        nested_type,
        description: of.description.clone(),
        description_kind: proto::StringKind::Markdown.into(),
        required: of.required,
        optional: of.optional,
        computed: of.computed,
        sensitive: of.sensitive,
        write_only: of.write_only,
        deprecated: of.deprecated.is_some(),
        deprecation_message: of.deprecated.clone().unwrap_or_default(),
    }
}

fn object(nesting: Nesting, attributes: &[Attribute]) -> proto::schema::Object {
    use proto::schema::object::NestingMode;
    let nesting = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    proto::schema::Object {
        attributes: attributes.iter().map(attribute).collect(),
        nesting: nesting.into(),
        ..Default::default()
    }
}

fn nested_block(nested: &NestedBlock) -> proto::schema::NestedBlock {
    use proto::schema::nested_block::NestingMode;
    let nesting = match nested.nesting {
        BlockNesting::Single => NestingMode::Single,
        BlockNesting::Group => NestingMode::Group,
        BlockNesting::List => NestingMode::List,
        BlockNesting::Set => NestingMode::Set,
        BlockNesting::Map => NestingMode::Map,
    };
    proto::schema::NestedBlock {
        type_name: nested.name.clone(),
        block: Some(block(&nested.block)),
        nesting: nesting.into(),
        min_items: nested.min_items,
        max_items: nested.max_items,
    }
}
