//! Upstream's versions: which there are, where their images lie, and what to do with one we do not know.

use std::fmt;
use std::str::FromStr;

use super::workload::Workload;
use super::workloads::WORKLOADS;

/// A release of Online Boutique, written as its tag: `v0.10.6`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// First number.
    pub major: u64,
    /// Second number.
    pub minor: u64,
    /// Third number.
    pub patch: u64,
}

const fn v0_10(patch: u64) -> Version {
    Version { major: 0, minor: 10, patch }
}

impl Version {
    /// The oldest version in the catalogue: the first whose frontend wants the assistant's address.
    pub const OLDEST: Self = v0_10(0);
    /// The newest version in the catalogue; what a stack gets that names none.
    pub const NEWEST: Self = v0_10(6);
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl FromStr for Version {
    type Err = CatalogueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || CatalogueError::Malformed { given: text.to_owned() };
        let mut numbers = text.strip_prefix('v').ok_or_else(malformed)?.split('.').map(number);
        let mut next = || numbers.next().flatten().ok_or_else(malformed);
        let version = Self { major: next()?, minor: next()?, patch: next()? };
        if numbers.next().is_some() { Err(malformed()) } else { Ok(version) }
    }
}

/// A number as semantic versions write it: digits only, no leading zero.
fn number(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain)
}

/// What is known about one version.
#[derive(Clone, Copy, Debug)]
pub struct Catalogue {
    /// The version that was asked for: the tag of its images.
    pub version: Version,
    /// The catalogue's version that it is rendered with; differs only for a version newer than known.
    pub rendered_as: Version,
    /// Where upstream publishes its images, without a trailing slash.
    pub registry: &'static str,
    /// The image of the load generator's init container in upstream's own manifests.
    pub init_image: &'static str,
}

impl Catalogue {
    /// Every workload.
    #[must_use]
    pub const fn workloads(&self) -> &'static [Workload] {
        WORKLOADS
    }

    /// Every version in the catalogue, oldest first.
    pub fn versions() -> impl DoubleEndedIterator<Item = Version> {
        (Version::OLDEST.patch..=Version::NEWEST.patch).map(v0_10)
    }
}

/// Something to warn about: the version is newer than the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewerVersion {
    /// What was asked for.
    pub version: Version,
}

impl fmt::Display for NewerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (version, newest) = (self.version, Version::NEWEST);
        write!(
            f,
            "version {version} is newer than the newest known one, {newest}: images are tagged {version}, everything else \
             is rendered as for {newest}. If the shop does not start, upstream changed its manifests; use {newest} or a \
             newer release of this provider"
        )
    }
}

/// Why there is no catalogue for a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogueError {
    /// Not a tag of upstream.
    #[error(
        "version {given:?} is not a release of Online Boutique: releases are written like {:?}",
        Version::NEWEST.to_string()
    )]
    Malformed {
        /// What was given.
        given: String,
    },
    /// Before the first one known.
    #[error(
        "version {given} is older than {oldest}, the oldest one known: earlier releases have other manifests; use \
         {oldest} to {newest}",
        oldest = Version::OLDEST,
        newest = Version::NEWEST
    )]
    TooOld {
        /// What was given.
        given: Version,
    },
}

/// The catalogue of a version, and a warning where the version is newer than the newest one known.
///
/// # Errors
///
/// [`CatalogueError`] for a text that is no version and for a version that is too old.
pub fn catalogue(version: &str) -> Result<(Catalogue, Option<NewerVersion>), CatalogueError> {
    let version: Version = version.parse()?;
    if version < Version::OLDEST {
        return Err(CatalogueError::TooOld { given: version });
    }
    let rendered_as = version.min(Version::NEWEST);
    let found =
        Catalogue { version, rendered_as, registry: registry(rendered_as), init_image: init_image(rendered_as) };
    Ok((found, (version > Version::NEWEST).then_some(NewerVersion { version })))
}

/// Upstream moved twice: from Container Registry to Artifact Registry, then to its CI project.
const fn registry(version: Version) -> &'static str {
    match version.patch {
        0 | 1 => "gcr.io/google-samples/microservices-demo",
        2..=5 => "us-central1-docker.pkg.dev/google-samples/microservices-demo",
        _ => "us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo",
    }
}

const fn init_image(version: Version) -> &'static str {
    match version.patch {
        0..=5 => "busybox:latest",
        _ => "busybox:1.38.0@sha256:fd8d9aa63ba2f0982b5304e1ee8d3b90a210bc1ffb5314d980eb6962f1a9715d",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_version_has_the_registry_it_was_published_to() {
        let registries: Vec<String> = Catalogue::versions()
            .map(|version| {
                let (catalogue, warning) = catalogue(&version.to_string()).expect("is known");
                assert_eq!((catalogue.version, warning), (version, None));
                format!("{version} {}", catalogue.registry)
            })
            .collect();
        insta::assert_snapshot!(registries.join("\n"), @r"
        v0.10.0 gcr.io/google-samples/microservices-demo
        v0.10.1 gcr.io/google-samples/microservices-demo
        v0.10.2 us-central1-docker.pkg.dev/google-samples/microservices-demo
        v0.10.3 us-central1-docker.pkg.dev/google-samples/microservices-demo
        v0.10.4 us-central1-docker.pkg.dev/google-samples/microservices-demo
        v0.10.5 us-central1-docker.pkg.dev/google-samples/microservices-demo
        v0.10.6 us-central1-docker.pkg.dev/online-boutique-ci/microservices-demo
        ");
    }

    #[test]
    fn a_newer_version_is_rendered_as_the_newest_one_with_a_warning() {
        for newer in ["v0.10.7", "v0.11.0", "v1.0.0"] {
            let (catalogue, warning) = catalogue(newer).expect("is no error");
            assert_eq!(catalogue.version.to_string(), newer);
            assert_eq!(catalogue.rendered_as, Version::NEWEST);
            assert!(warning.expect("warns").to_string().contains(newer));
        }
    }

    #[test]
    fn malformed_versions_are_refused_with_an_example() {
        for malformed in
            ["", "0.10.6", "v0.10", "v0.10.6.1", "latest", "v0.10.x", "v0.010.6", "v0.10.6 ", "v0.10.+6", "v.."]
        {
            let message = catalogue(malformed).expect_err(malformed).to_string();
            assert!(message.contains("\"v0.10.6\""), "{message}");
        }
    }

    #[test]
    fn older_versions_are_refused_with_the_range() {
        let message = catalogue("v0.9.0").expect_err("is too old").to_string();
        assert!(message.contains("v0.9.0 is older than v0.10.0"), "{message}");
    }
}
