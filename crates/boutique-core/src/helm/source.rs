//! Where a chart comes from.

use std::{fmt, path::PathBuf};

/// Where a chart comes from. `Display` names it without credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChartSource {
    /// A classic repository with an `index.yaml`.
    Repository {
        /// URL of the repository.
        url: String,
        /// Name of the chart.
        name: String,
        /// Exact version or range; none: the newest.
        version: Option<String>,
        /// Who asks.
        login: Option<Login>,
    },
    /// An OCI registry.
    Oci {
        /// `oci://host/path/name`, without tag or digest.
        reference: String,
        /// Tag; none: the newest version.
        version: Option<String>,
        /// `sha256:…` of the chart's manifest in the registry; it decides, whatever the tag says.
        digest: Option<String>,
        /// Who asks.
        login: Option<Login>,
        /// Whether the registry speaks no TLS.
        plain_http: bool,
    },
    /// A folder or an archive on this machine.
    Path(PathBuf),
}

/// Credentials of a repository or registry. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// User.
    pub username: String,
    /// Password or token.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("username", &self.username).field("password", &"…").finish()
    }
}

/// Settings that name no chart.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadChartSource {
    /// A repository URL of another scheme.
    #[error("repository {0:?} is no URL that charts come from: write https://…, http://… or oci://…")]
    Repository(String),
    /// A URL with credentials in it, which would end in the state and in messages.
    #[error("the repository's URL must not hold a password: use the user name and password attributes")]
    Credentials,
    /// A digest of another form.
    #[error("digest {0:?} is none: write sha256: and 64 hexadecimal digits")]
    Digest(String),
    /// A chart name with a folder in it, such as the alias form `repo/chart`.
    #[error(
        "chart {0:?} is neither a folder nor an archive here, and aliases of `helm repo add` are not used: \
         set repository to its URL, or write oci://… or a path that begins with ./"
    )]
    Alias(String),
    /// No name.
    #[error("no chart is named: set its name and repository, an oci:// reference, or a path")]
    Empty,
}

impl ChartSource {
    /// Reads the three settings as they are written for Helm: `repository` is a URL and `chart` a name in it, or `chart`
    /// alone is an `oci://` reference (with a tag or digest, if wanted), a folder or an archive.
    ///
    /// # Errors
    /// When they name no chart. A path that does not exist is no error here.
    pub fn parse(chart: &str, repository: Option<&str>, version: Option<&str>) -> Result<Self, BadChartSource> {
        let version = version.filter(|version| !version.is_empty()).map(str::to_owned);
        let repository = repository.filter(|repository| !repository.is_empty());
        if chart.is_empty() {
            return Err(BadChartSource::Empty);
        }
        match repository {
            Some(url) if url.starts_with("oci://") => {
                Self::oci(&format!("{}/{chart}", url.trim_end_matches('/')), version)
            }
            Some(url) if url.starts_with("https://") || url.starts_with("http://") => {
                no_credentials(url)?;
                let url = url.trim_end_matches('/').to_owned();
                Ok(Self::Repository { url, name: chart.to_owned(), version, login: None })
            }
            Some(url) => Err(BadChartSource::Repository(url.to_owned())),
            None if chart.starts_with("oci://") => Self::oci(chart, version),
            None => {
                let is_path = chart.starts_with(['.', '/', '~']) || chart.ends_with(".tgz") || chart.contains('\\');
                if is_path { Ok(Self::Path(chart.into())) } else { Err(BadChartSource::Alias(chart.to_owned())) }
            }
        }
    }

    fn oci(reference: &str, version: Option<String>) -> Result<Self, BadChartSource> {
        no_credentials(reference)?;
        let (reference, digest) = match reference.split_once('@') {
            Some((reference, digest)) => (reference, Some(checked(digest)?)),
            None => (reference, None),
        };
        // A colon after the last slash begins a tag; one before it, a port.
        let path_at = reference.rfind('/').unwrap_or(0);
        let (reference, tag) = match reference[path_at..].split_once(':') {
            Some((_, tag)) => (&reference[..reference.len() - tag.len() - 1], Some(tag.to_owned())),
            None => (reference, None),
        };
        let reference = reference.to_owned();
        Ok(Self::Oci { reference, version: version.or(tag), digest, login: None, plain_http: false })
    }

    /// The same source with credentials; a path needs none.
    #[must_use]
    pub fn with_login(mut self, given: Option<Login>) -> Self {
        match &mut self {
            Self::Repository { login, .. } | Self::Oci { login, .. } => *login = given,
            Self::Path(_) => {}
        }
        self
    }

    /// The same source pinned to a digest.
    ///
    /// # Errors
    /// When it is no digest.
    pub fn with_digest(mut self, given: Option<&str>) -> Result<Self, BadChartSource> {
        if let (Self::Oci { digest, .. }, Some(given)) = (&mut self, given) {
            *digest = Some(checked(given)?);
        }
        Ok(self)
    }

    /// Its credentials.
    pub fn login(&self) -> Option<&Login> {
        match self {
            Self::Repository { login, .. } | Self::Oci { login, .. } => login.as_ref(),
            Self::Path(_) => None,
        }
    }

    /// Name of the chart, as far as the source tells: a path does not.
    pub fn chart_name(&self) -> Option<&str> {
        match self {
            Self::Repository { name, .. } => Some(name),
            Self::Oci { reference, .. } => reference.rsplit('/').next(),
            Self::Path(_) => None,
        }
    }

    /// Whether it always means the same chart, so that a copy that was once loaded will do: an exact version or a digest.
    pub fn is_pinned(&self) -> bool {
        match self {
            Self::Repository { version, .. } => version.as_deref().is_some_and(is_exact),
            Self::Oci { version, digest, .. } => digest.is_some() || version.as_deref().is_some_and(is_exact),
            Self::Path(_) => false,
        }
    }
}

fn no_credentials(url: &str) -> Result<(), BadChartSource> {
    let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    // `name@sha256:…` has its @ in the path unless there is no path at all.
    let has = authority.split_once('@').is_some_and(|(_, rest)| !rest.starts_with("sha256:"));
    if has { Err(BadChartSource::Credentials) } else { Ok(()) }
}

fn checked(digest: &str) -> Result<String, BadChartSource> {
    let hex = digest.strip_prefix("sha256:").unwrap_or_default();
    let good = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    if good { Ok(digest.to_ascii_lowercase()) } else { Err(BadChartSource::Digest(digest.to_owned())) }
}

/// Whether a version names one chart: `1.2.3`, `v1.2.3-rc.1+build`; no range and no part of a version.
fn is_exact(version: &str) -> bool {
    let core = version.strip_prefix('v').unwrap_or(version).split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

impl fmt::Display for ChartSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repository { url, name, version, .. } => {
                write!(f, "{name}{} from {url}", version.as_deref().map(|v| format!(" {v}")).unwrap_or_default())
            }
            Self::Oci { reference, version, digest, .. } => {
                f.write_str(reference)?;
                version.as_deref().map_or(Ok(()), |version| write!(f, ":{version}"))?;
                digest.as_deref().map_or(Ok(()), |digest| write!(f, "@{digest}"))
            }
            Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_as_they_are_written_for_helm() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let pinned = format!("oci://ghcr.io/nginx/charts/nginx-ingress@{digest}");
        for (chart, repository, version, expected) in [
            (
                "traefik",
                Some("https://traefik.github.io/charts/"),
                Some("41.3.0"),
                "traefik 41.3.0 from https://traefik.github.io/charts",
            ),
            ("nginx-ingress", Some("oci://ghcr.io/nginx/charts"), None, "oci://ghcr.io/nginx/charts/nginx-ingress"),
            ("oci://localhost:5000/charts/web:1.2.3", None, None, "oci://localhost:5000/charts/web:1.2.3"),
            ("oci://localhost:5000/charts/web", None, Some("1.2.3"), "oci://localhost:5000/charts/web:1.2.3"),
            (&pinned, None, None, &pinned),
            ("./web", None, None, "./web"),
            ("/charts/web-1.0.0.tgz", None, None, "/charts/web-1.0.0.tgz"),
        ] {
            assert_eq!(ChartSource::parse(chart, repository, version).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn what_names_no_chart_is_refused_with_a_way_out() {
        for (chart, repository, expected) in [
            ("", None, "no chart is named"),
            ("stable/web", None, "aliases"),
            ("web", None, "aliases"),
            ("web", Some("ftp://x"), "write https://"),
            ("web", Some("https://ann:secret@charts.example.com"), "must not hold a password"),
            ("oci://ann:secret@registry.example.com/web", None, "must not hold a password"),
            ("oci://registry.example.com/web@sha256:abc", None, "64 hexadecimal digits"),
        ] {
            let error = ChartSource::parse(chart, repository, None).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains("secret"), "{chart}: {error}");
        }
    }

    #[test]
    fn only_an_exact_version_or_a_digest_always_means_the_same_chart() {
        let source = |version: Option<&str>| ChartSource::parse("web", Some("https://example.com"), version).unwrap();
        for (version, pinned) in [
            (Some("1.2.3"), true),
            (Some("v1.2.3-rc.1"), true),
            (Some("1.2"), false),
            (Some("^1.2.3"), false),
            (None, false),
        ] {
            assert_eq!(source(version).is_pinned(), pinned, "{version:?}");
        }
        let digest = format!("sha256:{}", "0".repeat(64));
        let oci = ChartSource::parse("oci://example.com/web", None, None).unwrap();
        assert!(oci.with_digest(Some(&digest)).unwrap().is_pinned());
    }

    #[test]
    fn no_password_is_printed() {
        let login = Login { username: "ann".into(), password: "s3cret".into() };
        let source = ChartSource::parse("web", Some("https://example.com"), None).unwrap().with_login(Some(login));
        assert!(!format!("{source:?} {source}").contains("s3cret"));
    }
}
