//! Command lines of helm, by its major version. No secret is ever on one: values go in by standard input, credentials by
//! files of our own.

use std::time::Duration;

use super::{release::Release, version::HelmVersion};

/// Something that this helm cannot do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} needs helm {since} or newer, this one is {found}: use a newer helm, or do without")]
pub struct Unsupported {
    /// What is asked for.
    pub what: &'static str,
    /// The first version that can.
    pub since: HelmVersion,
    /// The version at hand.
    pub found: HelmVersion,
}

/// What one upgrade needs beside the release.
#[derive(Debug, Clone)]
pub struct UpgradeRun<'a> {
    /// Folder or archive of the chart, on this machine.
    pub chart: &'a str,
    /// How long helm may wait for hooks.
    pub timeout: Duration,
    /// Value of the label that names our run.
    pub maker: &'a str,
    /// Whether the server applies, as the revision that stands was applied; decides whether conflicts can be forced.
    pub server_side: bool,
}

const fn v(major: u32, minor: u32) -> HelmVersion {
    HelmVersion { major, minor, patch: 0 }
}

/// `helm upgrade --install`, with values on standard input. CRDs are ours to apply, and waiting is ours too: helm only
/// waits for hooks.
///
/// # Errors
/// When the release asks for something that this helm cannot do.
pub fn upgrade(helm: HelmVersion, release: &Release, run: &UpgradeRun<'_>) -> Result<Vec<String>, Unsupported> {
    let needs =
        |what, since: HelmVersion| if helm < since { Err(Unsupported { what, since, found: helm }) } else { Ok(()) };
    let mut args: Vec<String> = ["upgrade", &release.id.name, run.chart].map(str::to_owned).into();
    let mut add = |parts: &[&str]| args.extend(parts.iter().map(|part| (*part).to_owned()));
    add(&["--install", "--namespace", &release.id.namespace, "--skip-crds"]);
    // Without it, helm reuses the last values when none are given.
    add(&["--reset-values", "--values", "-"]);
    add(&["--timeout", &seconds(run.timeout), "--history-max", &release.history.to_string()]);
    add(&["--labels", &format!("{}={}", super::unlock::LEASE_LABEL, run.maker)]);
    if helm.major >= 4 {
        add(&["--wait=hookOnly"]);
    }
    if release.skip_schema_validation {
        needs("skip_schema_validation", v(3, 16))?;
        add(&["--skip-schema-validation"]);
    }
    if release.take_ownership {
        needs("take_ownership", v(3, 17))?;
        add(&["--take-ownership"]);
    }
    // Applied by the client, the last writer wins anyway, and helm refuses the flag.
    if release.force_conflicts && helm.major >= 4 && run.server_side {
        add(&["--force-conflicts"]);
    }
    Ok(args)
}

/// `helm uninstall`. Waiting is ours.
pub fn uninstall(helm: HelmVersion, namespace: &str, name: &str, timeout: Duration) -> Vec<String> {
    let timeout = seconds(timeout);
    let mut args = vec![
        "uninstall",
        name,
        "--namespace",
        namespace,
        "--ignore-not-found",
        "--cascade",
        "background",
        "--timeout",
        &timeout,
    ];
    if helm.major >= 4 {
        args.push("--wait=hookOnly");
    }
    args.into_iter().map(str::to_owned).collect()
}

/// `helm repo update` of the one repository in our own configuration.
pub fn repo_update(helm: HelmVersion, alias: &str) -> Vec<String> {
    let mut args = vec!["repo", "update", alias];
    if helm.major == 3 {
        // It would end well and leave the reason to be guessed.
        args.push("--fail-on-repo-update-fail");
    }
    args.into_iter().map(str::to_owned).collect()
}

/// `helm pull` of a chart from that repository.
pub fn pull(alias: &str, name: &str, version: Option<&str>, folder: &str) -> Vec<String> {
    let mut args = vec!["pull".to_owned(), format!("{alias}/{name}"), "--destination".to_owned(), folder.to_owned()];
    args.extend(version.into_iter().flat_map(|version| ["--version".to_owned(), version.to_owned()]));
    args
}

/// `helm pull` of a chart from an OCI registry.
pub fn pull_oci(
    reference: &str,
    version: Option<&str>,
    digest: Option<&str>,
    plain_http: bool,
    folder: &str,
) -> Vec<String> {
    let pinned = digest.map_or_else(|| reference.to_owned(), |digest| format!("{reference}@{digest}"));
    let mut args = vec!["pull".to_owned(), pinned, "--destination".to_owned(), folder.to_owned()];
    // With a digest the tag decides nothing, and helm compares both.
    let version = version.filter(|_| digest.is_none());
    args.extend(version.into_iter().flat_map(|version| ["--version".to_owned(), version.to_owned()]));
    if plain_http {
        args.push("--plain-http".to_owned());
    }
    args
}

/// Helm takes a timeout of 0 for none at all.
fn seconds(time: Duration) -> String {
    format!("{}s", time.as_secs().max(1))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::helm::{ChartSource, ReleaseId, WriteOnly};

    fn release() -> Release {
        let mut release = Release::new(
            ReleaseId::new("ingress", "traefik"),
            ChartSource::Path("./traefik".into()),
            json!({"a": "v4lue"}),
        );
        release.write_only = Some(WriteOnly { version: 1, values: Some(json!({"password": "s3cret"})) });
        release
    }

    fn line(helm: HelmVersion, release: &Release, server_side: bool) -> String {
        let run = UpgradeRun { chart: "/cache/t.tgz", timeout: Duration::from_secs(90), maker: "u.1", server_side };
        upgrade(helm, release, &run).unwrap().join(" ")
    }

    #[test]
    fn each_major_version_gets_its_own_flags_and_no_value_is_among_them() {
        let common = "upgrade traefik /cache/t.tgz --install --namespace ingress --skip-crds --reset-values --values - \
             --timeout 90s --history-max 10 --labels boutique.dev/lease-holder=u.1";
        assert_eq!(line(v(3, 14), &release(), false), common);
        assert_eq!(line(v(4, 3), &release(), true), format!("{common} --wait=hookOnly"));
        assert!(!line(v(4, 3), &release(), true).contains("s3cret"));
    }

    #[test]
    fn what_an_old_helm_cannot_do_is_said_with_the_version_that_can() {
        let mut asks = release();
        asks.skip_schema_validation = true;
        let run = UpgradeRun { chart: "c", timeout: Duration::ZERO, maker: "u.1", server_side: true };
        let error = upgrade(v(3, 15), &asks, &run).unwrap_err().to_string();
        assert!(error.contains("skip_schema_validation") && error.contains("3.16.0"), "{error}");
        assert!(line(v(3, 16), &asks, false).ends_with("--skip-schema-validation"));
    }

    #[test]
    fn conflicts_are_forced_only_where_there_can_be_any() {
        let mut asks = release();
        asks.force_conflicts = true;
        assert!(line(v(4, 3), &asks, true).ends_with("--force-conflicts"));
        assert!(!line(v(4, 3), &asks, false).contains("--force-conflicts"));
        assert!(!line(v(3, 18), &asks, true).contains("--force-conflicts"));
    }

    #[test]
    fn a_digest_decides_what_is_pulled() {
        let args = pull_oci("oci://r/web", Some("1.0.0"), Some("sha256:aa"), false, "/d");
        assert_eq!(args.join(" "), "pull oci://r/web@sha256:aa --destination /d");
        let args = pull_oci("oci://r/web", Some("1.0.0"), None, true, "/d");
        assert_eq!(args.join(" "), "pull oci://r/web --destination /d --version 1.0.0 --plain-http");
    }
}
