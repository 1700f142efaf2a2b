use super::walk::{Go, walk};
use crate::schema::Block;
use crate::{Dynamic, Path};

/// The paths of changed attributes that replace the object, with those that the author asked for, sorted and without
/// duplicates. A create replaces nothing.
pub(crate) fn replacements(block: &Block, plan: &Dynamic, prior: &Dynamic, asked: Vec<Path>) -> Vec<Path> {
    if prior.is_null() {
        return Vec::new();
    }
    let mut paths = asked;
    // The walk takes the plan by exclusive reference, because its other users write.
    walk(block, &mut plan.clone(), &Dynamic::Null, prior, &mut |place| {
        let changed = place.plan.without_refinements() != place.prior.without_refinements();
        if changed && place.attribute.behaviour.requires_replace {
            paths.push(place.path.clone());
        }
        if changed { Go::In } else { Go::Past }
    });
    paths.sort();
    paths.dedup();
    paths
}
