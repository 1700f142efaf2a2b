//! Whatever the schema, the configurations and what apply decides: plans are what Terraform accepts, and a second plan
//! is empty.

use proptest::prelude::*;

use super::proposal::propose;
use super::*;
use crate::Type;
use crate::checks::{check_applied, check_plan};
use crate::schema::{Attribute, AttributeKind, Nesting, Owner, Schema};

/// A tape of choices; when it ends, every choice is the first.
struct Tape<'a>(std::slice::Iter<'a, u8>);

impl Tape<'_> {
    fn choose(&mut self, count: u8) -> u8 {
        self.0.next().map_or(0, |byte| byte % count)
    }

    fn text(&mut self) -> Dynamic {
        ["x", "y", "z"][usize::from(self.choose(3))].into()
    }
}

fn attributes(tape: &mut Tape<'_>, depth: u8, in_set: bool) -> Vec<Attribute> {
    let count = 1 + tape.choose(4);
    (0..count).map(|i| attribute(tape, &char::from(b'a' + i).to_string(), depth, in_set)).collect()
}

fn attribute(tape: &mut Tape<'_>, name: &str, depth: u8, in_set: bool) -> Attribute {
    let mut attribute = Attribute::new(name, AttributeKind::Plain(Type::String));
    if depth > 0 && tape.choose(3) == 0 {
        let nesting = [Nesting::Single, Nesting::List, Nesting::Map, Nesting::Set][usize::from(tape.choose(4))];
        let attributes = attributes(tape, depth - 1, in_set || nesting == Nesting::Set);
        attribute.kind = AttributeKind::Nested { nesting, attributes };
    }
    let plain = matches!(attribute.kind, AttributeKind::Plain(_));
    match tape.choose(7) {
        0 => attribute.optional = true,
        1 => attribute.required = true,
        2 => attribute.computed = true,
        // In a set Terraform could not tell a decided value from a configured one.
        3 if !in_set => (attribute.optional, attribute.computed) = (true, true),
        4 if !in_set => (attribute.computed, attribute.behaviour.use_state_for_unknown) = (true, true),
        5 if !in_set && plain => {
            (attribute.optional, attribute.computed, attribute.default) = (true, true, Some("default".into()));
        }
        6 if !in_set && plain => (attribute.optional, attribute.write_only) = (true, true),
        _ => attribute.optional = true,
    }
    attribute.behaviour.requires_replace = !in_set && tape.choose(4) == 0;
    attribute
}

/// What a practitioner may write. `unknown` says whether parts may wait for apply.
fn configuration(tape: &mut Tape<'_>, attributes: &[Attribute], unknown: bool) -> Dynamic {
    Dynamic::map(attributes.iter().map(|attribute| {
        let value = if attribute.is_read_only() || (!attribute.required && tape.choose(3) == 0) {
            Dynamic::Null
        } else if unknown && tape.choose(5) == 0 {
            Dynamic::UNKNOWN
        } else {
            match &attribute.kind {
                AttributeKind::Plain(_) => tape.text(),
                AttributeKind::Nested { nesting, attributes } => {
                    let count = tape.choose(3);
                    let mut one = || configuration(tape, attributes, unknown);
                    match nesting {
                        Nesting::Single => one(),
                        Nesting::List => Dynamic::List((0..count).map(|_| one()).collect()),
                        Nesting::Set => Dynamic::set((0..count).map(|_| one()).collect::<Vec<_>>()),
                        Nesting::Map => Dynamic::map((0..count).map(|i| (format!("k{i}"), one())).collect::<Vec<_>>()),
                    }
                }
            }
        };
        (attribute.name.clone(), value)
    }))
}

/// What an apply makes of a plan: every unknown becomes null or something.
fn decide(tape: &mut Tape<'_>, attributes: &[Attribute], plan: &Dynamic) -> Dynamic {
    let Dynamic::Map(_) = plan else { return plan.clone() };
    Dynamic::map(attributes.iter().map(|attribute| {
        let value = match (plan.get(&attribute.name), &attribute.kind) {
            (Dynamic::Unknown(_), _) if tape.choose(3) == 0 => Dynamic::Null,
            (Dynamic::Unknown(_), AttributeKind::Plain(_)) => tape.text(),
            (Dynamic::Unknown(_), AttributeKind::Nested { nesting, attributes }) => {
                // Only what is computed: anything else Terraform would take for configured.
                let one = Dynamic::map(attributes.iter().map(|attribute| {
                    let decided = attribute.computed && matches!(attribute.kind, AttributeKind::Plain(_));
                    (attribute.name.clone(), if decided { tape.text() } else { Dynamic::Null })
                }));
                match nesting {
                    Nesting::Single => one,
                    Nesting::List => Dynamic::List(vec![one]),
                    Nesting::Set => Dynamic::set([one]),
                    Nesting::Map => Dynamic::map([("k0", one)]),
                }
            }
            (Dynamic::List(elements), AttributeKind::Nested { attributes, .. }) => {
                Dynamic::List(elements.iter().map(|element| decide(tape, attributes, element)).collect())
            }
            (Dynamic::Set(elements), AttributeKind::Nested { attributes, .. }) => {
                Dynamic::set(elements.iter().map(|element| decide(tape, attributes, element)).collect::<Vec<_>>())
            }
            (Dynamic::Map(elements), AttributeKind::Nested { nesting: Nesting::Map, attributes }) => {
                let decided = elements.iter().map(|(key, element)| (key.clone(), decide(tape, attributes, element)));
                Dynamic::map(decided.collect::<Vec<_>>())
            }
            (value @ Dynamic::Map(_), AttributeKind::Nested { attributes, .. }) => decide(tape, attributes, value),
            (value, _) => value.clone(),
        };
        (attribute.name.clone(), value)
    }))
}

fn planned(block: &Block, config: &Dynamic, prior: &Dynamic) -> Dynamic {
    plan(block, config, prior, propose(block, config, prior))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_plan_is_accepted_and_the_second_is_empty(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut tape = Tape(bytes.iter());
        let schema = Schema { version: 0, block: Block { attributes: attributes(&mut tape, 2, false), ..Block::default() } };
        let block = &schema.block;
        prop_assert_eq!(schema.check(Owner::Resource), []);

        // Plan with parts unknown.
        let vague = configuration(&mut tape, &block.attributes, true);
        let first = planned(block, &vague, &Dynamic::Null);
        prop_assert_eq!(check_plan(block, &vague, &Dynamic::Null, &first), []);

        // Create.
        let config = configuration(&mut tape, &block.attributes, false);
        let create = planned(block, &config, &Dynamic::Null);
        prop_assert_eq!(check_plan(block, &config, &Dynamic::Null, &create), []);
        let state = decide(&mut tape, &block.attributes, &create);
        prop_assert_eq!(check_applied(block, &create, &state), []);

        // The same again is no change.
        let again = planned(block, &config, &state);
        prop_assert_eq!(&again, &state, "of {:?}", config);
        prop_assert_eq!(replacements(block, &again, &state, Vec::new()), []);

        // Update to anything.
        let config = configuration(&mut tape, &block.attributes, true);
        let update = planned(block, &config, &state);
        prop_assert_eq!(check_plan(block, &config, &state, &update), []);
    }
}
