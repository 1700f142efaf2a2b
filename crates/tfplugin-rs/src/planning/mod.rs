//! How a planned state is made from configuration, prior state and what Terraform proposes.
//!
//! The order: defaults where configuration is silent, write-only values out, and only then, if anything differs from the
//! prior state, computed values become unknown unless they are kept. The author's `modify_plan` comes after that, and
//! replacements are found in what it leaves.

mod correlate;
mod defaults;
mod replacement;
mod tidy;
mod unknown;
mod walk;

#[cfg(test)]
mod property;
#[cfg(test)]
mod proposal;
#[cfg(test)]
mod tests;

pub(crate) use replacement::replacements;
pub(crate) use tidy::{known_or_null, tidy};

use crate::Dynamic;
use crate::schema::Block;

/// The planned state of a create or update, before the author changes it. A null `prior` means create.
pub(crate) fn plan(block: &Block, config: &Dynamic, prior: &Dynamic, proposed: Dynamic) -> Dynamic {
    let mut planned = proposed;
    defaults::apply(block, &mut planned, config, prior);
    tidy(block, &mut planned);
    if planned.without_refinements() != prior.without_refinements() {
        unknown::mark(block, &mut planned, config, prior);
    }
    planned
}
