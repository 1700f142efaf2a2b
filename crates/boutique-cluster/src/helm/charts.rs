//! Getting charts: through helm from repositories and registries, once, into a cache by content; or from this machine.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use boutique_core::helm::{
    self as core, Chart, ChartFiles, ChartMetadata, ChartSource, Login, Secrets, complaints, is_ignored,
};
use serde_json::{Value, json};

use super::{error::HelmError, fetch::hex, folder::Folder, program::Helm};
use crate::bounds::Bounds;

/// The one repository in our private configuration.
const ALIAS: &str = "boutique";

/// How far a chart may be looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// In the cache, then where it comes from.
    Network,
    /// On this machine only.
    CacheOnly,
}

/// A chart on this machine.
#[derive(Debug, Clone)]
pub struct LoadedChart {
    /// The chart.
    pub chart: Chart,
    /// Digest of it: `sha256:` of the archive that was pulled, or of the content of a folder or archive here.
    pub digest: String,
    /// Where it is.
    pub path: PathBuf,
    /// Where it came from, for people.
    pub source: String,
}

impl LoadedChart {
    /// What it says of itself.
    pub fn metadata(&self) -> &ChartMetadata {
        &self.chart.metadata
    }
}

impl Helm {
    /// A chart with its content. One that is pinned (exact version or digest) and was pulled before comes from the cache.
    ///
    /// # Errors
    /// When it is not there, is no chart, or cannot be reached ([`HelmError::is_out_of_reach`]).
    pub async fn chart(
        &self,
        source: &ChartSource,
        reach: Reach,
        bounds: &Bounds,
    ) -> Result<LoadedChart, Box<HelmError>> {
        let name = source.to_string();
        if let ChartSource::Path(path) = source {
            return local(path, name);
        }
        let pin = self.cache.join("pins").join(hex(name.as_bytes()));
        if source.is_pinned()
            && let Some((path, content)) = self.cached(&pin)
        {
            return archive(path, &content, name);
        }
        if reach == Reach::CacheOnly {
            return Err(Box::new(HelmError::NotCached { chart: name }));
        }
        let (path, content) = self.pull(source, bounds).await?;
        if source.is_pinned() {
            store(&pin, hex(&content).as_bytes())?;
        }
        archive(path, &content, name)
    }

    /// The archive that a pin names, if it is whole.
    fn cached(&self, pin: &Path) -> Option<(PathBuf, Vec<u8>)> {
        let digest = fs::read_to_string(pin).ok()?;
        let path = self.archive_path(digest.trim());
        let content = fs::read(&path).ok()?;
        (hex(&content) == digest.trim()).then_some((path, content))
    }

    fn archive_path(&self, digest: &str) -> PathBuf {
        self.cache.join("charts").join(format!("{digest}.tgz"))
    }

    async fn pull(&self, source: &ChartSource, bounds: &Bounds) -> Result<(PathBuf, Vec<u8>), Box<HelmError>> {
        let folder = Folder::new()?;
        let charts = folder.path("charts");
        let into = charts.display().to_string();
        match source {
            ChartSource::Repository { url, name, version, login } => {
                folder.write("config/repositories.yaml", repositories(url, login.as_ref()).to_string().as_bytes())?;
                self.asked(source, &folder, &core::repo_update(self.version(), ALIAS), bounds).await?;
                self.asked(source, &folder, &core::pull(ALIAS, name, version.as_deref(), &into), bounds).await?;
            }
            ChartSource::Oci { reference, version, digest, login, plain_http } => {
                if let Some(login) = login {
                    let config = registries(reference, login).to_string();
                    folder.write("config/registry/config.json", config.as_bytes())?;
                }
                let args = core::pull_oci(reference, version.as_deref(), digest.as_deref(), *plain_http, &into);
                self.asked(source, &folder, &args, bounds).await?;
            }
            ChartSource::Path(_) => {}
        }
        let pulled =
            fs::read_dir(&charts).into_iter().flatten().flatten().map(|entry| entry.path()).collect::<Vec<_>>();
        let pulled = pulled.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "tgz"));
        let pulled = pulled.ok_or_else(|| HelmError::file(&charts, &"helm pulled no archive into it"))?;
        let content = fs::read(&pulled).map_err(|error| HelmError::file(&pulled, &error))?;
        let path = self.archive_path(&hex(&content));
        store(&path, &content)?;
        Ok((path, content))
    }

    async fn asked(
        &self,
        source: &ChartSource,
        folder: &Folder,
        args: &[String],
        bounds: &Bounds,
    ) -> Result<(), Box<HelmError>> {
        let output = self.run(folder, args, Vec::new(), bounds).await?;
        if output.status.success() {
            return Ok(());
        }
        let mut secrets = Secrets::default();
        if let Some(login) = source.login() {
            secrets.add(&login.password);
        }
        // `helm repo update` tells the reason on its standard output.
        let said = format!("{}\n{}", output.stdout, output.stderr);
        let said = if said.trim().is_empty() { output.ending() } else { secrets.hide(&said) };
        Err(Box::new(HelmError::Chart {
            chart: source.to_string(),
            complaints: complaints(&said),
            out_of_reach: core::is_out_of_reach(&said),
        }))
    }
}

/// helm's list of repositories, with ours alone in it.
fn repositories(url: &str, login: Option<&Login>) -> Value {
    let mut repository = json!({"name": ALIAS, "url": url});
    if let Some(login) = login {
        repository["username"] = Value::from(login.username.as_str());
        repository["password"] = Value::from(login.password.as_str());
    }
    json!({"apiVersion": "", "generated": "0001-01-01T00:00:00Z", "repositories": [repository]})
}

/// Credentials of registries in Docker's form, with the one registry in it.
fn registries(reference: &str, login: &Login) -> Value {
    let host = reference.trim_start_matches("oci://").split('/').next().unwrap_or_default();
    let auth = BASE64_STANDARD.encode(format!("{}:{}", login.username, login.password));
    json!({"auths": {host: {"auth": auth}}})
}

/// Writes a file of the cache as a whole or not at all.
fn store(path: &Path, content: &[u8]) -> Result<(), HelmError> {
    let folder = path.parent().unwrap_or(path);
    let half = folder.join(format!(".half-{}", uuid::Uuid::new_v4().simple()));
    let stored =
        fs::create_dir_all(folder).and_then(|()| fs::write(&half, content)).and_then(|()| fs::rename(&half, path));
    stored.map_err(|error| HelmError::file(path, &error))
}

fn archive(path: PathBuf, content: &[u8], source: String) -> Result<LoadedChart, Box<HelmError>> {
    let bad = |error| Box::new(HelmError::BadChart { chart: source.clone(), source: error });
    let chart = Chart::read(ChartFiles::from_archive(content).map_err(bad)?).map_err(bad)?;
    Ok(LoadedChart { chart, digest: format!("sha256:{}", hex(content)), path, source })
}

/// A chart on this machine, which needs no helm.
///
/// # Errors
/// When it is not there, or is no chart.
pub fn local_chart(path: &Path) -> Result<LoadedChart, Box<HelmError>> {
    local(path, path.display().to_string())
}

fn local(path: &Path, source: String) -> Result<LoadedChart, Box<HelmError>> {
    let bad = |error| Box::new(HelmError::BadChart { chart: source.clone(), source: error });
    let files = if path.is_dir() {
        let mut files = ChartFiles::default();
        read_folder(path, path, 0, &mut files)?;
        files
    } else if path.is_file() {
        let content = fs::read(path).map_err(|error| HelmError::file(path, &error))?;
        ChartFiles::from_archive(&content).map_err(bad)?
    } else {
        return Err(Box::new(HelmError::ChartMissing { path: path.to_owned() }));
    };
    let digest = files.digest();
    let chart = Chart::read(files).map_err(bad)?;
    // helm takes a path without a slash for the name of a chart.
    let path = std::path::absolute(path).map_err(|error| HelmError::file(path, &error))?;
    Ok(LoadedChart { chart, digest, path, source })
}

/// Folders below this depth are a link that leads back.
const DEEPEST: usize = 20;

/// All files below a folder. Links are followed: charts keep their `crds` as one.
fn read_folder(root: &Path, folder: &Path, depth: usize, files: &mut ChartFiles) -> Result<(), HelmError> {
    if depth > DEEPEST {
        return Err(HelmError::file(folder, &"its folders are too deep; does a link lead back?"));
    }
    for entry in fs::read_dir(folder).map_err(|error| HelmError::file(folder, &error))? {
        let path = entry.map_err(|error| HelmError::file(folder, &error))?.path();
        let within = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        if is_ignored(&within) {
            continue;
        }
        if path.is_dir() {
            read_folder(root, &path, depth + 1, files)?;
        } else if path.is_file() {
            files.0.insert(within, fs::read(&path).map_err(|error| HelmError::file(&path, &error))?);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_folder_is_known_by_its_content() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("Chart.yaml"), "name: web\nversion: 1.0.0\n").unwrap();
        fs::create_dir(folder.path().join("templates")).unwrap();
        fs::write(folder.path().join("templates/a.yaml"), "a: 1").unwrap();
        let load = || local(folder.path(), "./web".into()).unwrap();
        let before = load();
        assert_eq!(before.metadata().name, "web");
        assert_eq!(before.digest, load().digest);
        fs::write(folder.path().join("templates/a.yaml"), "a: 2").unwrap();
        assert_ne!(before.digest, load().digest);
    }

    #[test]
    fn a_path_without_a_chart_says_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let missing = local(&folder.path().join("web"), "./web".into()).unwrap_err().to_string();
        assert!(missing.contains("no such folder or archive"), "{missing}");
        let empty = local(folder.path(), "./web".into()).unwrap_err().to_string();
        assert!(empty.contains("chart ./web") && empty.contains("Chart.yaml"), "{empty}");
    }

    #[test]
    fn credentials_go_into_files_under_the_host_they_are_for() {
        let login = Login { username: "ann".into(), password: "s3cret".into() };
        assert_eq!(
            registries("oci://localhost:5000/charts/web", &login),
            json!({"auths": {"localhost:5000": {"auth": "YW5uOnMzY3JldA=="}}})
        );
        assert_eq!(repositories("https://x", Some(&login))["repositories"][0]["password"], "s3cret");
        assert!(repositories("https://x", None)["repositories"][0].get("username").is_none());
    }
}
