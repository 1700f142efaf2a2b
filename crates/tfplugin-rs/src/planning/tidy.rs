use super::walk::{Go, walk};
use crate::Dynamic;
use crate::schema::{Block, NestedBlock};
use crate::value::Any;

/// Makes a value fit for plan or state: write-only values are null, and blocks that are not there are empty, never null.
pub(crate) fn tidy(block: &Block, value: &mut Dynamic) {
    blocks(block, value);
    walk(block, value, &Dynamic::Null, &Dynamic::Null, &mut |place| {
        if place.attribute.write_only {
            *place.plan = Dynamic::Null;
        }
        Go::In
    });
}

fn blocks(block: &Block, value: &mut Dynamic) {
    let Dynamic::Map(members) = value else { return };
    for nested in &block.blocks {
        let Some(value) = members.get_mut(&nested.name) else { continue };
        let NestedBlock { block, .. } = nested;
        match value {
            Dynamic::Null => *value = nested.absent(),
            Dynamic::List(elements) | Dynamic::Set(elements) => {
                elements.iter_mut().for_each(|value| blocks(block, value));
            }
            Dynamic::Map(_) if matches!(nested.nesting, crate::schema::BlockNesting::Map) => {
                if let Dynamic::Map(elements) = value {
                    elements.values_mut().for_each(|value| blocks(block, value));
                }
            }
            other => blocks(block, other),
        }
    }
}

/// The same value with null for everything unknown: what can be saved when an operation ended early.
pub(crate) fn known_or_null(value: Dynamic) -> Dynamic {
    match value {
        Dynamic::Unknown(_) => Dynamic::Null,
        Dynamic::List(elements) => Dynamic::List(elements.into_iter().map(known_or_null).collect()),
        Dynamic::Set(elements) => Dynamic::set(elements.into_iter().map(known_or_null)),
        Dynamic::Map(members) => {
            Dynamic::Map(members.into_iter().map(|(key, value)| (key, known_or_null(value))).collect())
        }
        Dynamic::Any(any) => {
            let Any { ty, value } = *any;
            Dynamic::Any(Box::new(Any { ty, value: known_or_null(value) }))
        }
        known => known,
    }
}
