use super::*;
use crate::schema::{Attribute, AttributeKind, BlockNesting, NestedBlock, Nesting};
use crate::{Path, Type};

fn attribute(name: &str, edit: impl FnOnce(&mut Attribute)) -> Attribute {
    let mut attribute = Attribute::new(name, AttributeKind::Plain(Type::String));
    attribute.optional = true;
    edit(&mut attribute);
    attribute
}

fn computed(name: &str) -> Attribute {
    attribute(name, |a| (a.optional, a.computed) = (false, true))
}

fn kept(name: &str) -> Attribute {
    attribute(name, |a| (a.optional, a.computed, a.behaviour.use_state_for_unknown) = (false, true, true))
}

fn defaulted(name: &str, default: &str) -> Attribute {
    attribute(name, |a| (a.computed, a.default) = (true, Some(default.into())))
}

fn nested(name: &str, nesting: Nesting, attributes: Vec<Attribute>) -> Attribute {
    attribute(name, |a| a.kind = AttributeKind::Nested { nesting, attributes })
}

fn block(attributes: Vec<Attribute>) -> Block {
    Block { attributes, ..Block::default() }
}

fn object<const N: usize>(members: [(&str, Dynamic); N]) -> Dynamic {
    Dynamic::map(members)
}

const NULL: Dynamic = Dynamic::Null;
const UNKNOWN: Dynamic = Dynamic::UNKNOWN;

#[test]
fn a_create_knows_defaults_and_configuration_and_nothing_else() {
    let block = block(vec![attribute("name", |_| {}), defaulted("mode", "fast"), computed("seen"), kept("id")]);
    let config = object([("name", "x".into()), ("mode", NULL), ("seen", NULL), ("id", NULL)]);
    let planned = plan(&block, &config, &NULL, config.clone());
    let expected = object([("name", "x".into()), ("mode", "fast".into()), ("seen", UNKNOWN), ("id", UNKNOWN)]);
    assert_eq!(planned, expected);
}

#[test]
fn nothing_changed_plans_nothing() {
    let block = block(vec![attribute("name", |_| {}), defaulted("mode", "fast"), computed("seen")]);
    let config = object([("name", "x".into()), ("mode", NULL), ("seen", NULL)]);
    let prior = object([("name", "x".into()), ("mode", "fast".into()), ("seen", "1".into())]);
    assert_eq!(plan(&block, &config, &prior, prior.clone()), prior);
}

#[test]
fn a_change_makes_computed_values_unknown_unless_they_are_kept() {
    let block = block(vec![attribute("name", |_| {}), computed("seen"), kept("id"), kept("never")]);
    let config = object([("name", "y".into()), ("seen", NULL), ("id", NULL), ("never", NULL)]);
    let prior = object([("name", "x".into()), ("seen", "1".into()), ("id", "i".into()), ("never", NULL)]);
    let proposed = object([("name", "y".into()), ("seen", "1".into()), ("id", "i".into()), ("never", NULL)]);
    let expected = object([("name", "y".into()), ("seen", UNKNOWN), ("id", "i".into()), ("never", UNKNOWN)]);
    assert_eq!(plan(&block, &config, &prior, proposed), expected);
}

#[test]
fn a_default_comes_back_when_configuration_falls_silent() {
    let block = block(vec![defaulted("mode", "fast")]);
    let (config, prior) = (object([("mode", NULL)]), object([("mode", "slow".into())]));
    // Terraform proposes the prior value, because the attribute is computed.
    assert_eq!(plan(&block, &config, &prior, prior.clone()), object([("mode", "fast".into())]));
}

#[test]
fn write_only_values_leave_the_plan_and_change_nothing() {
    let block = block(vec![attribute("password", |a| a.write_only = true), computed("seen")]);
    let config = object([("password", "hunter2".into()), ("seen", NULL)]);
    let prior = object([("password", NULL), ("seen", "1".into())]);
    let proposed = object([("password", "hunter2".into()), ("seen", "1".into())]);
    assert_eq!(plan(&block, &config, &prior, proposed), prior);
}

#[test]
fn refinements_of_unknown_values_are_no_change() {
    let refined = Dynamic::Unknown(Some(Box::new(crate::value::Refinement { not_null: true, ..Default::default() })));
    let block = block(vec![attribute("name", |_| {})]);
    let config = object([("name", refined)]);
    let planned = plan(&block, &config, &NULL, config.clone());
    assert_eq!(planned, config, "the refinement of configuration stays");
}

#[test]
fn elements_are_matched_by_key_and_by_position() {
    let parts = || vec![attribute("size", |_| {}), defaulted("mode", "fast"), kept("serial")];
    let part = |size: &str, mode: Dynamic, serial: Dynamic| {
        object([("size", size.into()), ("mode", mode), ("serial", serial)])
    };
    for nesting in [Nesting::Map, Nesting::List] {
        let wrap = |elements: Vec<(&str, Dynamic)>| match nesting {
            Nesting::Map => Dynamic::map(elements),
            _ => Dynamic::List(elements.into_iter().map(|(_, element)| element).collect()),
        };
        let block = block(vec![nested("parts", nesting, parts())]);
        let of = |elements| object([("parts", wrap(elements))]);
        let config = of(vec![("a", part("1", NULL, NULL)), ("b", part("2", NULL, NULL))]);
        let prior = of(vec![("a", part("1", "fast".into(), "s1".into()))]);
        let proposed = of(vec![("a", part("1", "fast".into(), "s1".into())), ("b", part("2", NULL, NULL))]);
        let expected = of(vec![("a", part("1", "fast".into(), "s1".into())), ("b", part("2", "fast".into(), UNKNOWN))]);
        assert_eq!(plan(&block, &config, &prior, proposed), expected, "{nesting:?}");
    }
}

#[test]
fn elements_of_sets_are_matched_by_what_configuration_says() {
    let parts = vec![attribute("size", |_| {}), attribute("shape", |a| a.computed = true)];
    let block = block(vec![nested("parts", Nesting::Set, parts)]);
    let part = |size: &str, shape: Dynamic| object([("size", size.into()), ("shape", shape)]);
    let of = |parts: Vec<Dynamic>| object([("parts", Dynamic::set(parts))]);
    let config = of(vec![part("1", NULL), part("2", "round".into())]);
    let expected = of(vec![part("1", UNKNOWN), part("2", "round".into())]);
    assert_eq!(plan(&block, &config, &NULL, config.clone()), expected);
}

#[test]
fn a_whole_computed_object_is_unknown_and_nothing_inside_of_it() {
    let mut place = nested("place", Nesting::Single, vec![computed("row")]);
    (place.optional, place.computed) = (false, true);
    let block = block(vec![attribute("name", |_| {}), place]);
    let config = object([("name", "y".into()), ("place", NULL)]);
    let prior = object([("name", "x".into()), ("place", object([("row", "1".into())]))]);
    let proposed = object([("name", "y".into()), ("place", object([("row", "1".into())]))]);
    assert_eq!(plan(&block, &config, &prior, proposed), object([("name", "y".into()), ("place", UNKNOWN)]));
}

#[test]
fn unknown_containers_are_left_alone() {
    let block = block(vec![nested("parts", Nesting::Map, vec![defaulted("mode", "fast")])]);
    let config = object([("parts", UNKNOWN)]);
    assert_eq!(plan(&block, &config, &NULL, config.clone()), config);
}

#[test]
fn defaults_and_unknowns_reach_into_blocks() {
    let body = Block {
        attributes: vec![attribute("port", |_| {}), defaulted("protocol", "tcp"), computed("id")],
        ..Block::default()
    };
    let rules =
        |nesting| NestedBlock { name: "rule".to_owned(), block: body.clone(), nesting, min_items: 0, max_items: 0 };
    let block = Block { blocks: vec![rules(BlockNesting::List)], ..Block::default() };
    let rule = |protocol: Dynamic, id: Dynamic| object([("port", "80".into()), ("protocol", protocol), ("id", id)]);
    let config = object([("rule", Dynamic::List(vec![rule(NULL, NULL)]))]);
    let expected = object([("rule", Dynamic::List(vec![rule("tcp".into(), UNKNOWN)]))]);
    assert_eq!(plan(&block, &config, &NULL, config.clone()), expected);

    // Blocks that are not there are empty, never null.
    let mut value = object([("rule", NULL)]);
    tidy(&block, &mut value);
    assert_eq!(value, object([("rule", Dynamic::List(vec![]))]));
}

#[test]
fn replacements_are_the_changed_paths_that_ask_for_them() {
    let replacing = |name: &str| attribute(name, |a| a.behaviour.requires_replace = true);
    let block =
        block(vec![replacing("name"), replacing("zone"), nested("parts", Nesting::Map, vec![replacing("shape")])]);
    let of = |name: Dynamic, shape: &str| {
        object([("name", name), ("zone", "z".into()), ("parts", object([("a", object([("shape", shape.into())]))]))])
    };
    let prior = of("x".into(), "round");
    assert_eq!(replacements(&block, &prior, &prior, vec![]), []);
    let shape = Path::attribute("parts").key("a").then("shape");
    assert_eq!(replacements(&block, &of("x".into(), "flat"), &prior, vec![]), std::slice::from_ref(&shape));
    let asked = vec![Path::attribute("name"), shape.clone()];
    assert_eq!(replacements(&block, &of(UNKNOWN, "flat"), &prior, asked), [Path::attribute("name"), shape]);
    assert_eq!(replacements(&block, &of("y".into(), "flat"), &NULL, vec![]), [], "a create replaces nothing");
}

#[test]
fn what_is_saved_early_has_null_for_the_unknown() {
    let value = object([("a", UNKNOWN), ("b", Dynamic::List(vec![UNKNOWN, "x".into()]))]);
    assert_eq!(known_or_null(value), object([("a", NULL), ("b", Dynamic::List(vec![NULL, "x".into()]))]));
}
