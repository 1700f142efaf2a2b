//! Where in a resource a value stands.

use std::fmt;

/// One step from a value into its inside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// An attribute or block of an object.
    Attribute(String),
    /// An element of a map.
    Key(String),
    /// An element of a list or tuple.
    Index(i64),
}

/// The way from a resource to one of its values, for diagnostics and replacements.
///
/// Elements of sets have no step: a path stops at the set.
///
/// ```
/// use tfplugin_rs::Path;
/// let path = Path::attribute("services").key("frontend").then("replicas");
/// assert_eq!(path.to_string(), r#"services["frontend"].replicas"#);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path(Vec<Step>);

impl Path {
    /// The resource itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// A top-level attribute or block.
    pub fn attribute(name: impl Into<String>) -> Self {
        Self::root().then(name)
    }

    /// The attribute `name` of what the path points at.
    #[must_use]
    pub fn then(&self, name: impl Into<String>) -> Self {
        self.step(Step::Attribute(name.into()))
    }

    /// The map element `key` of what the path points at.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.step(Step::Key(key.into()))
    }

    /// The list element at `index`, counted from 0, of what the path points at.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.step(Step::Index(i64::try_from(index).unwrap_or(i64::MAX)))
    }

    /// The steps, outermost first.
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Whether the path points at the resource itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    fn step(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }
}

impl From<&str> for Path {
    fn from(name: &str) -> Self {
        Self::attribute(name)
    }
}

impl From<&Path> for Path {
    fn from(path: &Path) -> Self {
        path.clone()
    }
}

impl FromIterator<Step> for Path {
    fn from_iter<I: IntoIterator<Item = Step>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the whole value");
        }
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Attribute(name) if position == 0 => f.write_str(name)?,
                Step::Attribute(name) => write!(f, ".{name}")?,
                Step::Key(key) => write!(f, "[{key:?}]")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
