use super::walk::{Go, walk};
use crate::Dynamic;
use crate::schema::Block;

/// Puts the default where configuration is silent. Inside of a nested attribute that is not configured nothing is done:
/// there is no object to complete.
pub(super) fn apply(block: &Block, plan: &mut Dynamic, config: &Dynamic, prior: &Dynamic) {
    walk(block, plan, config, prior, &mut |place| {
        if !place.config.is_null() {
            return Go::In;
        }
        if let Some(default) = &place.attribute.default {
            *place.plan = default.clone();
        }
        Go::Past
    });
}
