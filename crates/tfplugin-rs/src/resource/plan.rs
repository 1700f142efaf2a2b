use std::ops::{Deref, DerefMut};

use crate::{Diagnostic, Diagnostics, Path};

/// What a plan is made from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Change<M> {
    /// The object as last read; `None` for a create.
    pub prior: Option<M>,
    /// What the practitioner wrote. Any value may be unknown. Write-only values stand only here.
    pub config: M,
}

/// The planned state, to be changed by [`Resource::modify_plan`](crate::Resource::modify_plan). It dereferences to the
/// model.
#[derive(Clone, Debug)]
pub struct Plan<M> {
    pub(crate) model: M,
    pub(crate) requires_replace: Vec<Path>,
    pub(crate) diagnostics: Diagnostics,
}

impl<M> Plan<M> {
    pub(crate) fn new(model: M) -> Self {
        Self { model, requires_replace: Vec::new(), diagnostics: Diagnostics::none() }
    }

    /// Makes a change of the value at `path` replace the object. Terraform ignores it where the value does not change.
    pub fn requires_replace(&mut self, path: impl Into<Path>) {
        self.requires_replace.push(path.into());
    }

    /// Shows a warning with the plan.
    pub fn warn(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

impl<M> Deref for Plan<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.model
    }
}

impl<M> DerefMut for Plan<M> {
    fn deref_mut(&mut self) -> &mut M {
        &mut self.model
    }
}
