//! Which `helm` it is.

use std::fmt;

/// The oldest helm that is driven.
pub const OLDEST: HelmVersion = HelmVersion { major: 3, minor: 14, patch: 0 };

/// Version of a helm binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HelmVersion {
    /// 3 or 4.
    pub major: u32,
    /// Minor.
    pub minor: u32,
    /// Patch; 0 where the binary does not say.
    pub patch: u32,
}

/// A helm that says no version, or one that is not driven.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadVersion {
    /// The answer holds no version.
    #[error("`helm version` answered {0:?}, which names no version; is it Helm?")]
    Unreadable(String),
    /// Too old.
    #[error("helm {0} is too old: use helm {OLDEST} or newer, or helm 4")]
    TooOld(HelmVersion),
}

impl HelmVersion {
    /// Reads what `helm version --short` or `--template` prints: `v3.18.4+gd80839c`, `v4.3`.
    ///
    /// # Errors
    /// When there is no version in it, or one before [`OLDEST`].
    pub fn parse(answer: &str) -> Result<Self, BadVersion> {
        let unreadable = || BadVersion::Unreadable(answer.trim().chars().take(200).collect());
        // Warnings about file modes may come before the version.
        let words = answer.split(|c: char| c.is_whitespace() || c == '"');
        let version = words.filter_map(read).next_back().ok_or_else(unreadable)?;
        if version < OLDEST { Err(BadVersion::TooOld(version)) } else { Ok(version) }
    }
}

fn read(word: &str) -> Option<HelmVersion> {
    let numbers = word.strip_prefix('v')?.split(['+', '-']).next()?;
    let mut numbers = numbers.split('.').map(|number| number.parse::<u32>().ok());
    let version =
        HelmVersion { major: numbers.next()??, minor: numbers.next()??, patch: numbers.next().unwrap_or(Some(0))? };
    numbers.next().is_none().then_some(version)
}

impl fmt::Display for HelmVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_both_majors_print_them() {
        for (answer, expected) in [
            ("v3.18.4+gd80839c\n", "3.18.4"),
            ("v4.3.1", "4.3.1"),
            ("v4.3", "4.3.0"),
            ("v4.0.0-rc.1+g1", "4.0.0"),
            (r#"version.BuildInfo{Version:"v3.14.0", GitCommit:"x", GoVersion:"go1.21"}"#, "3.14.0"),
            ("WARNING: Kubernetes configuration file is group-readable\nv3.15.2", "3.15.2"),
        ] {
            assert_eq!(HelmVersion::parse(answer).unwrap().to_string(), expected, "{answer}");
        }
    }

    #[test]
    fn what_is_no_version_or_too_old_is_refused_with_the_way_out() {
        assert!(HelmVersion::parse("command not found").unwrap_err().to_string().contains("is it Helm?"));
        assert!(matches!(HelmVersion::parse(""), Err(BadVersion::Unreadable(_))));
        let error = HelmVersion::parse("v3.13.3+g1").unwrap_err().to_string();
        assert!(error.contains("3.13.3") && error.contains("3.14.0"), "{error}");
        assert!(matches!(HelmVersion::parse("v2.17.0"), Err(BadVersion::TooOld(_))));
    }
}
