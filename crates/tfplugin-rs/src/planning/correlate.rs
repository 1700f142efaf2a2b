use crate::Dynamic;
use crate::schema::{Attribute, AttributeKind, Block, BlockNesting, Nesting};

/// Whether an object of a plan or state can have come from a configured one: both differ only in computed attributes on
/// which configuration is silent.
pub(super) fn came_from(attributes: &[Attribute], value: &Dynamic, config: &Dynamic) -> bool {
    let (Dynamic::Map(_), Dynamic::Map(_)) = (value, config) else { return same(value, config) };
    attributes.iter().all(|attribute| {
        let (value, config) = (value.get(&attribute.name), config.get(&attribute.name));
        if config.is_null() && attribute.computed {
            return true;
        }
        match &attribute.kind {
            AttributeKind::Plain(_) => same(value, config),
            AttributeKind::Nested { nesting, attributes } => {
                all_came_from(*nesting, value, config, &|value, config| came_from(attributes, value, config))
            }
        }
    })
}

/// As [`came_from`], for a block.
pub(super) fn block_came_from(block: &Block, value: &Dynamic, config: &Dynamic) -> bool {
    came_from(&block.attributes, value, config)
        && block.blocks.iter().all(|nested| {
            let nesting = match nested.nesting {
                BlockNesting::Single | BlockNesting::Group => Nesting::Single,
                BlockNesting::List => Nesting::List,
                BlockNesting::Set => Nesting::Set,
                BlockNesting::Map => Nesting::Map,
            };
            let (value, config) = (value.get(&nested.name), config.get(&nested.name));
            all_came_from(nesting, value, config, &|value, config| block_came_from(&nested.block, value, config))
        })
}

type CameFrom<'a> = dyn Fn(&Dynamic, &Dynamic) -> bool + 'a;

fn all_came_from(nesting: Nesting, value: &Dynamic, config: &Dynamic, came_from: &CameFrom<'_>) -> bool {
    match (nesting, value, config) {
        (Nesting::Single, Dynamic::Map(_), Dynamic::Map(_)) => came_from(value, config),
        (Nesting::List, Dynamic::List(values), Dynamic::List(configs)) => {
            values.len() == configs.len() && values.iter().zip(configs).all(|(value, config)| came_from(value, config))
        }
        (Nesting::Map, Dynamic::Map(values), Dynamic::Map(configs)) => {
            values.len() == configs.len()
                && configs.iter().all(|(key, config)| values.get(key).is_some_and(|value| came_from(value, config)))
        }
        (Nesting::Set, Dynamic::Set(values), Dynamic::Set(configs)) => {
            values.len() == configs.len()
                && configs.iter().all(|config| values.iter().any(|value| came_from(value, config)))
        }
        (_, value, config) => same(value, config),
    }
}

fn same(value: &Dynamic, config: &Dynamic) -> bool {
    value.without_refinements() == config.without_refinements()
}
