use super::*;
use crate::{Dynamic, Path};

fn attribute(edit: impl FnOnce(&mut Attribute)) -> Attribute {
    let mut attribute = Attribute::new("a", AttributeKind::Plain(Type::String));
    attribute.optional = true;
    edit(&mut attribute);
    attribute
}

fn errors_of(owner: Owner, block: Block) -> Vec<SchemaError> {
    Schema { version: 0, block }.check(owner)
}

fn errors(edit: impl FnOnce(&mut Attribute)) -> Vec<SchemaError> {
    errors_of(Owner::Resource, Block { attributes: vec![attribute(edit)], ..Block::default() })
}

fn in_set(edit: impl FnOnce(&mut Attribute)) -> Vec<SchemaError> {
    let inner = vec![attribute(edit)];
    errors(|a| a.kind = AttributeKind::Nested { nesting: Nesting::Set, attributes: inner })
}

fn block_errors(nesting: BlockNesting, min_items: i64, max_items: i64, block: Block) -> Vec<SchemaError> {
    let nested = NestedBlock { name: "b".to_owned(), block, nesting, min_items, max_items };
    errors_of(Owner::Resource, Block { blocks: vec![nested], ..Block::default() })
}

fn a() -> Path {
    Path::attribute("a")
}

#[test]
fn an_attribute_is_required_optional_computed_or_optional_and_computed() {
    for (required, optional, computed, fits) in [
        (true, false, false, true),
        (false, true, false, true),
        (false, false, true, true),
        (false, true, true, true),
        (true, true, false, false),
        (true, false, true, false),
        (false, false, false, false),
    ] {
        let found = errors(|a| (a.required, a.optional, a.computed) = (required, optional, computed));
        assert_eq!(found.is_empty(), fits, "{required} {optional} {computed}");
    }
}

#[test]
fn names_are_identifiers_that_nobody_else_uses() {
    for name in ["", "A", "a-b", "1a", "ä"] {
        assert_eq!(errors(|a| a.name = name.to_owned()), [SchemaError::Name(Path::attribute(name))]);
    }
    assert_eq!(errors(|a| a.name = "for_each".to_owned()), [SchemaError::Reserved(Path::attribute("for_each"))]);
    let twice = Block { attributes: vec![attribute(|_| {}), attribute(|_| {})], ..Block::default() };
    assert_eq!(errors_of(Owner::Resource, twice), [SchemaError::Duplicate(a())]);
    let alias = Block { attributes: vec![attribute(|a| a.name = "alias".to_owned())], ..Block::default() };
    assert_eq!(errors_of(Owner::Provider, alias.clone()), [SchemaError::Reserved(Path::attribute("alias"))]);
    assert_eq!(errors_of(Owner::Resource, alias), []);
}

#[test]
fn a_name_is_not_both_attribute_and_block() {
    let nested = NestedBlock {
        name: "a".to_owned(),
        block: Block::default(),
        nesting: BlockNesting::List,
        min_items: 0,
        max_items: 0,
    };
    let block = Block { attributes: vec![attribute(|_| {})], blocks: vec![nested], ..Block::default() };
    assert_eq!(errors_of(Owner::Resource, block), [SchemaError::Duplicate(a())]);
}

#[test]
fn write_only_is_for_what_is_configured_on_managed_resources_outside_of_sets() {
    assert_eq!(errors(|a| a.write_only = true), []);
    assert_eq!(errors(|a| (a.write_only, a.computed) = (true, true)), [SchemaError::WriteOnly(a())]);
    let block = Block { attributes: vec![attribute(|a| a.write_only = true)], ..Block::default() };
    assert_eq!(errors_of(Owner::DataSource, block), [SchemaError::WriteOnly(a())]);
    assert_eq!(in_set(|a| a.write_only = true), [SchemaError::WriteOnlyInSet(a().then("a"))]);
}

#[test]
fn sets_hold_neither_dynamic_types_nor_defaults_nor_behaviour() {
    let dynamic = |a: &mut Attribute| a.kind = AttributeKind::Plain(Type::Dynamic);
    assert_eq!(errors(dynamic), []);
    assert_eq!(in_set(dynamic), [SchemaError::DynamicInSet(a().then("a"))]);
    let plain = errors(|a| a.kind = AttributeKind::Plain(Type::set(Type::Dynamic)));
    assert_eq!(plain, [SchemaError::DynamicInSet(a())]);
    let behaving = in_set(|a| a.behaviour.requires_replace = true);
    assert_eq!(behaving, [SchemaError::BehaviourInSet(a().then("a"))]);
    let defaulted = in_set(|a| (a.computed, a.default) = (true, Some("x".into())));
    assert_eq!(defaulted, [SchemaError::BehaviourInSet(a().then("a"))]);
}

#[test]
fn defaults_belong_to_optional_and_computed_attributes_and_have_their_type() {
    assert_eq!(errors(|a| a.default = Some("x".into())), [SchemaError::Default(a())]);
    let misfit = errors(|a| (a.computed, a.default) = (true, Some(Dynamic::Bool(true))));
    assert_eq!(misfit, [SchemaError::DefaultType(a(), "string".to_owned())]);
}

#[test]
fn only_computed_values_are_kept() {
    let found = errors(|a| a.behaviour.use_state_for_unknown = true);
    assert_eq!(found, [SchemaError::KeepWithoutComputed(a())]);
}

#[test]
fn blocks_have_possible_counts() {
    use BlockNesting::{Group, List, Map, Set, Single};
    for (nesting, min, max, fits) in [
        (Single, 0, 0, true),
        (Single, 1, 1, true),
        (Single, 0, 1, false),
        (Group, 0, 0, true),
        (Group, 1, 1, false),
        (Map, 0, 0, true),
        (Map, 0, 3, false),
        (List, 0, 0, true),
        (List, 2, 0, true),
        (List, 2, 3, true),
        (List, 3, 2, false),
        (Set, -1, 2, false),
    ] {
        assert_eq!(block_errors(nesting, min, max, Block::default()).is_empty(), fits, "{nesting:?} {min} {max}");
    }
}

#[test]
fn blocks_that_may_repeat_hold_no_dynamic_types() {
    let body =
        || Block { attributes: vec![attribute(|a| a.kind = AttributeKind::Plain(Type::Dynamic))], ..Block::default() };
    for nesting in [BlockNesting::List, BlockNesting::Map] {
        assert_eq!(block_errors(nesting, 0, 0, body()), [SchemaError::DynamicInBlock(Path::attribute("b"))]);
    }
    assert_eq!(block_errors(BlockNesting::Single, 0, 0, body()), []);
}

#[test]
fn versions_are_not_negative() {
    let schema = Schema { version: -1, block: Block::default() };
    assert_eq!(schema.check(Owner::Resource), [SchemaError::Version(-1)]);
}
