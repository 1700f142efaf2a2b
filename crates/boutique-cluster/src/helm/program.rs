//! Finding helm and running it.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use boutique_core::helm::HelmVersion;

use super::{
    error::HelmError,
    fetch,
    folder::Folder,
    process::{Output, Running},
};
use crate::bounds::{Bounds, Interrupted};

/// How helm is found, and where charts are kept.
#[derive(Debug, Clone, Default)]
pub struct HelmSettings {
    /// The program, if somebody names it.
    pub binary: Option<PathBuf>,
    /// Where it may be fetched from when there is none; none: nowhere.
    pub download: Option<Download>,
    /// Folder for charts and a fetched helm; none: `boutique` in the user's cache folder.
    pub cache: Option<PathBuf>,
}

/// A helm to fetch: the archive that <https://get.helm.sh> has, or the bare program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// URL: `https://`, `http://` or `file://`.
    pub url: String,
    /// SHA-256 of what is fetched, in hexadecimal digits.
    pub sha256: String,
}

/// A helm that runs, and a cache of charts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Helm {
    program: PathBuf,
    version: HelmVersion,
    pub(super) cache: PathBuf,
}

/// The variable that names helm.
const VARIABLE: &str = "BOUTIQUE_HELM";

impl Helm {
    /// Finds helm: the setting, else the variable `BOUTIQUE_HELM`, else `helm` on `PATH`, else, only if a download is
    /// configured, the one that was or is now fetched. `env` looks a variable up.
    ///
    /// # Errors
    /// When there is none, it does not run, or is too old.
    pub async fn find(
        settings: &HelmSettings,
        env: impl Fn(&str) -> Option<String>,
        bounds: &Bounds,
    ) -> Result<Self, Box<HelmError>> {
        let env = |name: &str| env(name).filter(|value| !value.is_empty());
        let cache = settings.cache.clone().unwrap_or_else(|| cache_folder(env));
        let named = settings.binary.clone().map(|path| ("helm.path", path));
        let named = named.or_else(|| env(VARIABLE).map(|path| (VARIABLE, PathBuf::from(path))));
        let program = match named {
            Some((by, path)) if !path.is_file() => return Err(Box::new(HelmError::NamedMissing { by, path })),
            Some((_, path)) => path,
            None => match (on_path(env("PATH").as_deref()), &settings.download) {
                (Some(path), _) => path,
                (None, Some(download)) => fetch::helm(download, &cache, bounds).await?,
                (None, None) => return Err(Box::new(HelmError::Missing)),
            },
        };
        let mut helm = Self { program, version: boutique_core::helm::OLDEST, cache };
        let folder = Folder::new()?;
        let args = ["version", "--template", "{{.Version}}"].map(str::to_owned);
        let output = helm.run(&folder, &args, Vec::new(), bounds).await?;
        let answer = if output.status.success() { &output.stdout } else { &output.stderr };
        helm.version = HelmVersion::parse(answer)
            .map_err(|source| Box::new(HelmError::Version { path: helm.program.clone(), source }))?;
        Ok(helm)
    }

    /// Its version.
    pub fn version(&self) -> HelmVersion {
        self.version
    }

    /// The program.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Begins a run of helm with the folder's configuration and, if it is there, its kubeconfig.
    pub(super) fn start(&self, folder: &Folder, args: &[String], stdin: Vec<u8>) -> Running {
        let mut command = Command::new(&self.program);
        command.args(args);
        // What users set for their own helm must not change what ours does; HELM_DEBUG would print values.
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("HELM_")) {
                command.env_remove(name);
            }
        }
        for (name, value) in environment(folder) {
            command.env(name, value);
        }
        tracing::debug!(program = %self.program.display(), ?args, "helm");
        Running::start(command, stdin)
    }

    /// Runs helm to its end. When the bounds end it first, helm is stopped and its end awaited.
    pub(super) async fn run(
        &self,
        folder: &Folder,
        args: &[String],
        stdin: Vec<u8>,
        bounds: &Bounds,
    ) -> Result<Output, Box<HelmError>> {
        let mut running = self.start(folder, args, stdin);
        let output = match bounds.run(running.finished()).await {
            Ok(output) => output,
            Err(by) => {
                end(&mut running).await;
                return Err(Box::new(by.into()));
            }
        };
        output.map_err(|error| Box::new(HelmError::NotRun { path: self.program.clone(), said: error.to_string() }))
    }

    pub(super) fn not_run(&self, error: &std::io::Error) -> HelmError {
        HelmError::NotRun { path: self.program.clone(), said: error.to_string() }
    }
}

/// Stops helm and waits until it has ended.
pub(super) async fn end(running: &mut Running) {
    running.stop();
    if let Err(error) = running.finished().await {
        tracing::debug!(%error, "helm was stopped");
    }
}

impl From<Interrupted> for Box<HelmError> {
    fn from(by: Interrupted) -> Self {
        Box::new(HelmError::Interrupted(by))
    }
}

fn environment(folder: &Folder) -> [(&'static str, OsString); 5] {
    [
        ("HELM_CONFIG_HOME", folder.path("config").into()),
        ("HELM_CACHE_HOME", folder.path("cache").into()),
        ("HELM_DATA_HOME", folder.path("data").into()),
        // A kubeconfig that is not there is an empty one: a helm that needs no cluster reaches none.
        ("KUBECONFIG", folder.path("kubeconfig").into()),
        ("NO_COLOR", "1".into()),
    ]
}

fn on_path(path: Option<&str>) -> Option<PathBuf> {
    let name = if cfg!(windows) { "helm.exe" } else { "helm" };
    std::env::split_paths(path?).map(|folder| folder.join(name)).find(|program| is_program(program))
}

fn is_program(path: &Path) -> bool {
    #[cfg(unix)]
    let executable = |metadata: &std::fs::Metadata| {
        use std::os::unix::fs::PermissionsExt as _;
        metadata.permissions().mode() & 0o111 != 0
    };
    #[cfg(not(unix))]
    let executable = |_: &std::fs::Metadata| true;
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && executable(&metadata))
}

/// The user's cache folder by the system's habit.
fn cache_folder(env: impl Fn(&str) -> Option<String>) -> PathBuf {
    let home = || env("HOME").map(PathBuf::from);
    let root = if cfg!(windows) {
        env("LOCALAPPDATA").map(PathBuf::from)
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Caches"))
    } else {
        env("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| home().map(|home| home.join(".cache")))
    };
    root.unwrap_or_else(std::env::temp_dir).join("boutique").join("helm")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn find(settings: HelmSettings, env: &[(&str, &str)]) -> Result<Helm, String> {
        let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Helm::find(&settings, env, &Bounds::within(Duration::from_secs(20))).await.map_err(|error| error.to_string())
    }

    #[cfg(unix)]
    fn mk_helm(folder: &Path, says: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::create_dir_all(folder).unwrap();
        let path = folder.join("helm");
        std::fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[tokio::test]
    async fn without_helm_the_error_names_both_ways() {
        let error = find(HelmSettings::default(), &[("PATH", "/nowhere")]).await.unwrap_err();
        for way in ["helm.path", "BOUTIQUE_HELM", "PATH", "helm.download", "3.14"] {
            assert!(error.contains(way), "{error}");
        }
    }

    #[tokio::test]
    async fn one_that_is_named_and_not_there_says_who_named_it() {
        let error = find(HelmSettings::default(), &[("BOUTIQUE_HELM", "/nowhere/helm")]).await.unwrap_err();
        assert!(error.starts_with("BOUTIQUE_HELM names /nowhere/helm"), "{error}");
        let settings = HelmSettings { binary: Some("/nowhere/helm4".into()), ..HelmSettings::default() };
        let error = find(settings, &[]).await.unwrap_err();
        assert!(error.starts_with("helm.path names /nowhere/helm4"), "{error}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn the_setting_wins_over_the_variable_and_that_over_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b, c) = ("a", "b", "c");
        let make = |name: &str, says: &str| mk_helm(&folder.path().join(name), says);
        let (set, variable, _) = (make(a, "v4.0.1"), make(b, "v4.0.2"), make(c, "v3.14.4+g1"));
        let path = folder.path().join(c).display().to_string();
        let env = [("PATH", path.as_str()), ("BOUTIQUE_HELM", variable.to_str().unwrap())];
        let settings = HelmSettings { binary: Some(set), ..HelmSettings::default() };
        assert_eq!(find(settings, &env).await.unwrap().version().to_string(), "4.0.1");
        assert_eq!(find(HelmSettings::default(), &env).await.unwrap().version().to_string(), "4.0.2");
        assert_eq!(find(HelmSettings::default(), &env[..1]).await.unwrap().version().to_string(), "3.14.4");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_is_too_old_or_no_helm_names_the_program() {
        let folder = tempfile::tempdir().unwrap();
        for (says, expected) in [("v3.9.0", "too old"), ("hello", "is it Helm?")] {
            let settings = HelmSettings { binary: Some(mk_helm(folder.path(), says)), ..HelmSettings::default() };
            let error = find(settings, &[]).await.unwrap_err();
            assert!(error.contains(expected) && error.contains("helm:"), "{error}");
        }
    }
}
