use super::walk::{Go, walk};
use crate::Dynamic;
use crate::schema::Block;

/// Marks what the provider will decide during apply: computed attributes on which configuration is silent, unless they
/// have a default or keep what prior state holds.
pub(super) fn mark(block: &Block, plan: &mut Dynamic, config: &Dynamic, prior: &Dynamic) {
    walk(block, plan, config, prior, &mut |place| {
        if !place.config.is_null() {
            return Go::In;
        }
        let attribute = place.attribute;
        if attribute.computed && attribute.default.is_none() {
            let kept = attribute.behaviour.use_state_for_unknown && !place.prior.is_null();
            *place.plan = if kept { place.prior.clone() } else { Dynamic::UNKNOWN };
        }
        Go::Past
    });
}
