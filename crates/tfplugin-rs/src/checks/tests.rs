use super::*;
use crate::schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, Nesting};
use crate::{Dynamic, Type};

const NULL: Dynamic = Dynamic::Null;
const UNKNOWN: Dynamic = Dynamic::UNKNOWN;

fn optional(name: &str) -> Attribute {
    let mut attribute = Attribute::new(name, AttributeKind::Plain(Type::String));
    attribute.optional = true;
    attribute
}

fn with(name: &str, edit: impl FnOnce(&mut Attribute)) -> Attribute {
    let mut attribute = optional(name);
    edit(&mut attribute);
    attribute
}

fn block(attributes: Vec<Attribute>) -> Block {
    Block { attributes, ..Block::default() }
}

fn object<const N: usize>(members: [(&str, Dynamic); N]) -> Dynamic {
    Dynamic::map(members)
}

fn one(value: impl Into<Dynamic>) -> Dynamic {
    object([("a", value.into())])
}

fn texts(complaints: Vec<Complaint>) -> Vec<String> {
    complaints.into_iter().map(|complaint| complaint.text).collect()
}

/// Configuration, prior state and plan of one attribute `a`.
fn planned(attribute: Attribute, config: Dynamic, prior: Dynamic, planned: Dynamic) -> Vec<String> {
    texts(check_plan(&block(vec![attribute]), &one(config), &one(prior), &one(planned)))
}

#[test]
fn a_plan_may_repeat_configuration_or_the_prior_spelling_of_it() {
    assert_eq!(planned(optional("a"), "x".into(), NULL, "x".into()), [""; 0]);
    assert_eq!(planned(optional("a"), "x".into(), "X".into(), "X".into()), [""; 0]);
    assert_eq!(planned(optional("a"), UNKNOWN, "x".into(), UNKNOWN), [""; 0]);
}

#[test]
fn a_plan_may_not_say_another_thing_than_configuration() {
    let said = planned(optional("a"), "x".into(), "w".into(), "y".into());
    assert_eq!(said, ["a is configured as \"x\", but the plan says \"y\"."]);
    let said = planned(optional("a"), "x".into(), NULL, UNKNOWN);
    assert_eq!(said, ["a is configured as \"x\", but the plan says unknown."]);
    let said = planned(optional("a"), NULL, "w".into(), "w".into());
    assert_eq!(said, ["a is not configured and not computed, but the plan says \"w\"."]);
}

#[test]
fn sensitive_values_are_not_in_the_text() {
    let said = planned(with("a", |a| a.sensitive = true), "x".into(), NULL, "y".into());
    assert_eq!(said, ["a is configured as (a sensitive value), but the plan says (a sensitive value)."]);
}

#[test]
fn computed_attributes_may_be_anything_where_configuration_is_silent() {
    let computed = || with("a", |a| a.computed = true);
    assert_eq!(planned(computed(), NULL, NULL, UNKNOWN), [""; 0]);
    assert_eq!(planned(computed(), NULL, "x".into(), "z".into()), [""; 0]);
    assert_eq!(planned(computed(), "x".into(), NULL, "z".into()).len(), 1);
}

#[test]
fn write_only_values_may_not_be_planned() {
    let said = planned(with("a", |a| a.write_only = true), "x".into(), NULL, "x".into());
    assert_eq!(said, ["a is write-only, but the plan holds a value of it."]);
}

#[test]
fn a_plan_of_the_wrong_type_is_the_first_complaint() {
    let said = planned(optional("a"), "x".into(), NULL, Dynamic::Bool(true));
    assert_eq!(said, ["a is a bool, but should be string"]);
}

#[test]
fn nested_objects_are_compared_by_key_and_attribute() {
    let parts = vec![optional("size"), with("serial", |a| (a.optional, a.computed) = (false, true))];
    let attribute =
        || with("a", |a| a.kind = AttributeKind::Nested { nesting: Nesting::Map, attributes: parts.clone() });
    let part = |size: &str, serial: Dynamic| object([("size", size.into()), ("serial", serial)]);
    let config = object([("x", part("1", NULL))]);
    assert_eq!(planned(attribute(), config.clone(), NULL, object([("x", part("1", UNKNOWN))])), [""; 0]);
    let said = planned(attribute(), config.clone(), NULL, object([("x", part("2", UNKNOWN))]));
    assert_eq!(said, ["a[\"x\"].size is configured as \"1\", but the plan says \"2\"."]);
    let said = planned(attribute(), config.clone(), NULL, object([("y", part("1", UNKNOWN))]));
    assert_eq!(said, ["a has the keys [x], but [y] are planned."]);
    assert_eq!(planned(attribute(), config, NULL, UNKNOWN), ["a is configured, but planned unknown."]);
}

#[test]
fn blocks_have_the_count_of_configuration_and_are_never_null() {
    let nested = NestedBlock {
        name: "rule".to_owned(),
        block: block(vec![optional("a")]),
        nesting: BlockNesting::List,
        min_items: 0,
        max_items: 0,
    };
    let schema = Block { blocks: vec![nested], ..Block::default() };
    let of = |rules: Dynamic| object([("rule", rules)]);
    let rules = |count: usize| of(Dynamic::List(vec![one("x"); count]));
    assert_eq!(texts(check_plan(&schema, &rules(2), &NULL, &rules(2))), [""; 0]);
    assert_eq!(texts(check_plan(&schema, &rules(2), &NULL, &rules(1))), ["rule has 2 blocks, but 1 are planned."]);
    assert_eq!(texts(check_plan(&schema, &rules(0), &NULL, &of(NULL))).len(), 1);
    assert_eq!(texts(check_plan(&schema, &rules(0), &NULL, &of(UNKNOWN))).len(), 1);
    assert_eq!(texts(check_plan(&schema, &of(UNKNOWN), &NULL, &of(UNKNOWN))), [""; 0]);
}

/// Plan and result of one attribute `a` of a type.
fn applied(ty: Type, planned: Dynamic, actual: Dynamic) -> Vec<String> {
    let attribute = with("a", |a| (a.kind, a.computed) = (AttributeKind::Plain(ty), true));
    texts(check_applied(&block(vec![attribute]), &one(planned), &one(actual)))
}

#[test]
fn a_result_keeps_what_was_planned_and_fills_the_unknown() {
    assert_eq!(applied(Type::String, "x".into(), "x".into()), [""; 0]);
    assert_eq!(applied(Type::String, UNKNOWN, "x".into()), [""; 0]);
    assert_eq!(applied(Type::String, UNKNOWN, NULL), [""; 0]);
    assert_eq!(applied(Type::String, "x".into(), "y".into()), ["a was planned as \"x\", but is \"y\" after apply."]);
    assert_eq!(applied(Type::String, UNKNOWN, UNKNOWN), ["a is still unknown after apply."]);
    let promised = Dynamic::Unknown(Some(Box::new(crate::value::Refinement { not_null: true, ..Default::default() })));
    assert_eq!(applied(Type::String, promised, NULL), ["a was promised not to be null, but is null after apply."]);
}

#[test]
fn null_and_empty_differ_in_a_result() {
    let map = || Type::map(Type::String);
    assert_eq!(applied(map(), NULL, object([])), ["a was planned as null, but is {} after apply."]);
    let said = applied(map(), object([("k", "v".into())]), object([("l", "v".into())]));
    assert_eq!(
        said,
        ["It was planned, but is missing after apply.", "a has \"l\" after apply, which was not planned."]
    );
}

#[test]
fn sets_may_shrink_by_merging_but_neither_grow_nor_change() {
    let set = || Type::set(Type::String);
    let of = |elements: Vec<Dynamic>| Dynamic::set(elements);
    assert_eq!(applied(set(), of(vec![UNKNOWN, "x".into()]), of(vec!["x".into()])), [""; 0]);
    assert_eq!(applied(set(), of(vec!["x".into()]), of(vec!["x".into(), "y".into()])).len(), 1);
    assert_eq!(applied(set(), of(vec!["x".into()]), of(vec!["y".into()])).len(), 1);
}

#[test]
fn equal_numbers_of_different_make_are_no_difference() {
    let float = Dynamic::Number(crate::Number::from_f64(0.1).unwrap());
    let text = Dynamic::Number("0.1".parse().unwrap());
    assert_eq!(applied(Type::Number, text, float), [""; 0]);
}

fn said(block: &Block, config: &Dynamic, write_only_allowed: bool) -> Vec<(String, String)> {
    let diagnostics = check_config(block, config, write_only_allowed);
    diagnostics.into_iter().map(|diagnostic| (diagnostic.path.to_string(), diagnostic.summary)).collect()
}

#[test]
fn configuration_is_checked_for_what_terraform_lets_pass() {
    let part = vec![with("size", |a| (a.required, a.optional) = (true, false))];
    let block = block(vec![
        with("name", |a| (a.required, a.optional) = (true, false)),
        with("id", |a| (a.computed, a.optional) = (true, false)),
        with("old", |a| a.deprecated = Some("Use new.".to_owned())),
        with("secret", |a| a.write_only = true),
        with("parts", |a| a.kind = AttributeKind::Nested { nesting: Nesting::Map, attributes: part }),
    ]);
    let parts = object([("x", object([("size", NULL)])), ("gone", NULL), ("late", UNKNOWN)]);
    let config =
        object([("name", NULL), ("id", "i".into()), ("old", UNKNOWN), ("secret", "s".into()), ("parts", parts)]);
    let pair = |path: &str, summary: &str| (path.to_owned(), summary.to_owned());
    assert_eq!(
        said(&block, &config, false),
        [
            pair("name", "Missing required attribute"),
            pair("id", "Value for a read-only attribute"),
            pair("old", "Attribute deprecated"),
            pair("secret", "Write-only attributes are not supported"),
            pair("parts[\"x\"].size", "Missing required attribute"),
        ]
    );
    let fine = object([("name", UNKNOWN), ("id", NULL), ("old", NULL), ("secret", "s".into()), ("parts", NULL)]);
    assert_eq!(said(&block, &fine, true), []);
}
