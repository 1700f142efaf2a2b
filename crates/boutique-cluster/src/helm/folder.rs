//! A private folder for one piece of work: helm's own configuration, and the kubeconfig.
//!
//! Nothing of the user's is read or written: no repository list, no plugins, no kubeconfig.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use boutique_core::lease::Process;

use super::error::HelmError;
use crate::{
    connect::Cluster,
    lease::{is_alive, this_process},
};

const PREFIX: &str = "boutique-helm-";

/// File in each folder that says whose it is.
const OWNER: &str = "owner.json";

/// A folder that only this user may read; removed when it is dropped. One that a killed process left is removed by the
/// next one.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.root) {
            tracing::debug!(%error, folder = %self.root.display(), "a private folder was not removed");
        }
    }
}

impl Folder {
    /// A new one.
    pub(super) fn new() -> Result<Self, HelmError> {
        let temporary = std::env::temp_dir();
        sweep(&temporary);
        let folder = Self { root: temporary.join(format!("{PREFIX}{}", uuid::Uuid::new_v4().simple())) };
        private_folder(&folder.root)?;
        if let Some(us) = this_process() {
            folder.write(OWNER, serde_json::to_string(&us).unwrap_or_default().as_bytes())?;
        }
        for name in ["config", "cache", "data", "charts"] {
            private_folder(&folder.root.join(name))?;
        }
        Ok(folder)
    }

    /// A path in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Writes a file that only this user may read.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<PathBuf, HelmError> {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            private_folder(parent)?;
        }
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&path).and_then(|mut file| file.write_all(content));
        written.map_err(|error| HelmError::file(&path, &error))?;
        Ok(path)
    }

    /// Writes the connection as a kubeconfig.
    pub(super) fn kubeconfig(&self, cluster: &Cluster) -> Result<PathBuf, HelmError> {
        // JSON is YAML.
        self.write("kubeconfig", cluster.kubeconfig().to_string().as_bytes())
    }
}

fn private_folder(path: &Path) -> Result<(), HelmError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|error| HelmError::file(path, &error))
}

/// Removes the folders of processes that run no more. Those of other users cannot be removed, and need not be.
fn sweep(temporary: &Path) {
    for entry in fs::read_dir(temporary).into_iter().flatten().flatten() {
        if !entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)) {
            continue;
        }
        let owner = fs::read_to_string(entry.path().join(OWNER)).ok();
        let owner = owner.and_then(|json| serde_json::from_str::<Process>(&json).ok());
        if owner.is_some_and(|owner| is_alive(&owner) == Some(false)) && fs::remove_dir_all(entry.path()).is_ok() {
            tracing::debug!(folder = %entry.path().display(), "removed what a killed process left");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_written_is_for_this_user_alone_and_goes_with_the_folder() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Folder::new().unwrap();
        let path = folder.write("config/registry/config.json", b"{}").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&folder.root)), (0o600, 0o700));
        let root = folder.root.clone();
        drop(folder);
        assert!(!root.exists());
    }

    #[test]
    fn a_folder_of_a_dead_process_goes_and_one_of_a_living_stays() {
        let temporary = tempfile::tempdir().unwrap();
        let Some(us) = this_process() else { return };
        let make = |name: &str, owner: &Process| {
            let path = temporary.path().join(format!("{PREFIX}{name}"));
            fs::create_dir(&path).unwrap();
            fs::write(path.join(OWNER), serde_json::to_string(owner).unwrap()).unwrap();
            path
        };
        let (ours, dead) = (make("a", &us), make("b", &Process { started: us.started + 1, ..us.clone() }));
        sweep(temporary.path());
        assert!(ours.exists() && !dead.exists());
    }
}
