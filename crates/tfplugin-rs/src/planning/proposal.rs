//! How Terraform proposes a new state, for tests: its rules, written down again.

use std::collections::BTreeMap;

use super::correlate::came_from;
use crate::Dynamic;
use crate::schema::{Attribute, AttributeKind, Block, Nesting};

/// What Terraform sends as proposed new state for a configuration and a prior state.
pub(super) fn propose(block: &Block, config: &Dynamic, prior: &Dynamic) -> Dynamic {
    let empty = block.empty();
    object(&block.attributes, config, if prior.is_null() { &empty } else { prior })
}

fn object(attributes: &[Attribute], config: &Dynamic, prior: &Dynamic) -> Dynamic {
    let Dynamic::Map(_) = config else { return config.clone() };
    let members: BTreeMap<String, Dynamic> = attributes
        .iter()
        .map(|of| (of.name.clone(), attribute(of, config.get(&of.name), prior.get(&of.name))))
        .collect();
    Dynamic::Map(members)
}

fn attribute(attribute: &Attribute, config: &Dynamic, prior: &Dynamic) -> Dynamic {
    if attribute.computed && config.is_null() {
        return match &attribute.kind {
            AttributeKind::Nested { attributes, .. } if attribute.optional && was_configured(attributes, prior) => {
                Dynamic::Null
            }
            _ => prior.clone(),
        };
    }
    let AttributeKind::Nested { nesting, attributes } = &attribute.kind else { return config.clone() };
    let merge = |config: &Dynamic, prior: &Dynamic| object(attributes, config, prior);
    match (nesting, config) {
        (Nesting::Single, Dynamic::Map(_)) => merge(config, prior),
        (Nesting::List, Dynamic::List(configs)) => {
            let priors = elements(prior);
            let prior = |i: usize| priors.get(i).unwrap_or(&Dynamic::Null);
            Dynamic::List(configs.iter().enumerate().map(|(i, config)| merge(config, prior(i))).collect())
        }
        (Nesting::Map, Dynamic::Map(configs)) => {
            Dynamic::map(configs.iter().map(|(key, config)| (key.clone(), merge(config, prior.get(key)))))
        }
        (Nesting::Set, Dynamic::Set(configs)) => {
            let mut left: Vec<&Dynamic> = elements(prior).iter().collect();
            Dynamic::set(configs.iter().map(|config| {
                let found = left.iter().position(|prior| came_from(attributes, prior, config));
                merge(config, found.map_or(&Dynamic::Null, |found| left.swap_remove(found)))
            }))
        }
        _ => config.clone(),
    }
}

/// Whether a prior value holds something that only configuration can have put there.
fn was_configured(attributes: &[Attribute], prior: &Dynamic) -> bool {
    match prior {
        Dynamic::List(elements) | Dynamic::Set(elements) => {
            elements.iter().any(|element| was_configured(attributes, element))
        }
        Dynamic::Map(_) => attributes.iter().any(|attribute| {
            let value = prior.get(&attribute.name);
            !attribute.computed && !value.is_null()
        }),
        _ => false,
    }
}

fn elements(value: &Dynamic) -> &[Dynamic] {
    match value {
        Dynamic::List(elements) | Dynamic::Set(elements) => elements,
        _ => &[],
    }
}
