use super::correlate::{block_came_from, came_from};
use crate::schema::{Attribute, AttributeKind, Block, BlockNesting, NestedBlock, Nesting};
use crate::{Dynamic, Path};

/// One attribute of a plan, with what configuration and prior state hold at the same place.
pub(super) struct Place<'a> {
    pub(super) attribute: &'a Attribute,
    pub(super) path: &'a Path,
    pub(super) plan: &'a mut Dynamic,
    pub(super) config: &'a Dynamic,
    pub(super) prior: &'a Dynamic,
}

/// Whether to go on inside of an attribute.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Go {
    In,
    Past,
}

/// Visits every attribute of a plan in one walk that carries plan, configuration and prior state together.
pub(super) fn walk(
    block: &Block,
    plan: &mut Dynamic,
    config: &Dynamic,
    prior: &Dynamic,
    visit: &mut dyn FnMut(Place<'_>) -> Go,
) {
    in_block(block, plan, config, prior, &Path::root(), visit);
}

fn in_block(
    block: &Block,
    plan: &mut Dynamic,
    config: &Dynamic,
    prior: &Dynamic,
    path: &Path,
    visit: &mut dyn FnMut(Place<'_>) -> Go,
) {
    in_object(&block.attributes, plan, config, prior, path, visit);
    let Dynamic::Map(members) = plan else { return };
    for nested in &block.blocks {
        let Some(plan) = members.get_mut(&nested.name) else { continue };
        let (config, prior) = (config.get(&nested.name), prior.get(&nested.name));
        let nesting = match nested.nesting {
            BlockNesting::Single | BlockNesting::Group => Nesting::Single,
            BlockNesting::List => Nesting::List,
            BlockNesting::Set => Nesting::Set,
            BlockNesting::Map => Nesting::Map,
        };
        let NestedBlock { block, .. } = nested;
        let fits = |plan: &Dynamic, config: &Dynamic| block_came_from(block, plan, config);
        elements(nesting, plan, config, prior, &path.then(&nested.name), &fits, &mut |plan, config, prior, path| {
            in_block(block, plan, config, prior, path, visit);
        });
    }
}

fn in_object(
    attributes: &[Attribute],
    plan: &mut Dynamic,
    config: &Dynamic,
    prior: &Dynamic,
    path: &Path,
    visit: &mut dyn FnMut(Place<'_>) -> Go,
) {
    let Dynamic::Map(members) = plan else { return };
    for attribute in attributes {
        let Some(plan) = members.get_mut(&attribute.name) else { continue };
        let (config, prior) = (config.get(&attribute.name), prior.get(&attribute.name));
        let path = path.then(&attribute.name);
        if visit(Place { attribute, path: &path, plan, config, prior }) == Go::Past {
            continue;
        }
        if let AttributeKind::Nested { nesting, attributes } = &attribute.kind {
            let fits = |plan: &Dynamic, config: &Dynamic| came_from(attributes, plan, config);
            elements(*nesting, plan, config, prior, &path, &fits, &mut |plan, config, prior, path| {
                in_object(attributes, plan, config, prior, path, visit);
            });
        }
    }
}

type Element<'a> = dyn FnMut(&mut Dynamic, &Dynamic, &Dynamic, &Path) + 'a;

/// Pairs the objects of a nested attribute or block with those of configuration and prior state: by position, by key,
/// or, in a set, with the configured element that the planned one came from.
fn elements(
    nesting: Nesting,
    plan: &mut Dynamic,
    config: &Dynamic,
    prior: &Dynamic,
    path: &Path,
    fits: &dyn Fn(&Dynamic, &Dynamic) -> bool,
    each: &mut Element<'_>,
) {
    match (nesting, plan) {
        (Nesting::Single, plan) => each(plan, config, prior, path),
        (Nesting::List, Dynamic::List(plans)) => {
            for (i, plan) in plans.iter_mut().enumerate() {
                each(plan, at(config, i), at(prior, i), &path.index(i));
            }
        }
        (Nesting::Map, Dynamic::Map(plans)) => {
            for (key, plan) in plans {
                each(plan, config.get(key), prior.get(key), &path.key(key));
            }
        }
        (Nesting::Set, Dynamic::Set(plans)) => {
            let mut left: Vec<&Dynamic> = match config {
                Dynamic::Set(configs) => configs.iter().collect(),
                _ => Vec::new(),
            };
            for plan in plans.iter_mut() {
                let found = left.iter().position(|config| fits(plan, config));
                let config = found.map_or(&Dynamic::Null, |position| left.swap_remove(position));
                each(plan, config, &Dynamic::Null, path);
            }
            plans.sort();
        }
        _ => {}
    }
}

fn at(value: &Dynamic, index: usize) -> &Dynamic {
    match value {
        Dynamic::List(elements) => elements.get(index).unwrap_or(&Dynamic::Null),
        _ => &Dynamic::Null,
    }
}
