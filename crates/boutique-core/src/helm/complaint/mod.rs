//! What helm complains of, made readable: which object, what is wrong, and the way out.
//!
//! helm speaks to people on its standard error, and what it says differs between its versions. The texts in the tests are
//! what real ones printed.

mod chart;
mod cluster;
mod parse;

use std::fmt;

use crate::object::Kind;

/// Kind of trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// A template of the chart fails with these values.
    Template,
    /// Values break the chart's schema.
    Values,
    /// The chart's schema refers to one that cannot be loaded.
    RemoteSchema,
    /// A hook failed.
    Hook,
    /// A field that cannot be changed would be.
    Immutable,
    /// The API server does not accept an object.
    Invalid,
    /// Somebody else owns a field.
    Conflict,
    /// An object exists and belongs to somebody else.
    Ownership,
    /// A kind that the cluster does not know.
    KindMissing,
    /// There is no such chart, or no such version of it.
    ChartMissing,
    /// The chart lacks a part.
    Dependency,
    /// The chart does not run on this Kubernetes.
    KubeVersion,
    /// A repository, a registry or the cluster was not reached.
    Unreachable,
    /// Credentials are missing or wrong.
    Unauthorized,
    /// The credentials lack a right.
    Forbidden,
    /// An admission webhook refuses or does not answer.
    Webhook,
    /// The namespace is not there, or on its way out.
    Namespace,
    /// The release does not fit into a Secret.
    TooLarge,
    /// Another operation is in progress, or was interrupted.
    Locked,
    /// Waiting took too long.
    Timeout,
    /// None of these.
    Other,
}

/// One complaint. `Display` is a whole sentence or more, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// Kind of trouble.
    pub trouble: Trouble,
    /// What it is about, for people: `Deployment shop/web`, `web/templates/a.yaml line 3`, `values.replicas`.
    pub object: Option<String>,
    /// What is wrong.
    pub said: String,
    /// What to do; empty if we know nothing.
    pub fix: String,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        f.write_str(&self.said)?;
        if self.fix.is_empty() { Ok(()) } else { write!(f, "\n  fix     {}", self.fix) }
    }
}

impl Complaint {
    fn new(trouble: Trouble, object: Option<String>, said: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { trouble, object, said: said.into(), fix: fix.into() }
    }
}

/// What helm's standard error says. Never empty: what is not understood is repeated, without what helm puts around it.
pub fn complaints(stderr: &str) -> Vec<Complaint> {
    let said = parse::essence(stderr);
    // helm 4 goes on after an object that it could not write, and joins what went wrong.
    said.split(" && ").flat_map(one).collect()
}

fn one(said: &str) -> Vec<Complaint> {
    let readers = [chart::values, chart::read, cluster::read];
    let found = readers.iter().map(|read| read(said)).find(|found| !found.is_empty());
    found.unwrap_or_else(|| vec![Complaint::new(Trouble::Other, None, parse::start(said, 2000), "")])
}

impl Complaint {
    /// The same complaint with the release's namespace where helm 3 leaves out which one it means.
    #[must_use]
    pub fn placed(mut self, namespace: &str) -> Self {
        let Some((kind, name)) = self.object.as_deref().and_then(|object| object.split_once(' ')) else { return self };
        let namespaced = Kind::ALL.iter().any(|known| known.kind == kind && known.namespaced);
        if !namespaced || name.contains(['/', ' ']) {
            return self;
        }
        let (bare, placed) = (format!("{kind} {name}"), format!("{kind} {namespace}/{name}"));
        if let (Some(bare), Some(placed)) = (cluster::delete_command(&bare), cluster::delete_command(&placed)) {
            self.fix = self.fix.replace(&bare, &placed);
        }
        self.object = Some(placed);
        self
    }
}

/// Whether the complaint is that something could not be reached, so that it may work another time.
pub fn is_out_of_reach(stderr: &str) -> bool {
    complaints(stderr).iter().any(|complaint| complaint.trouble == Trouble::Unreachable)
}

#[cfg(test)]
mod tests;
