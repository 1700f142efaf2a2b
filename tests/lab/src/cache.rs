//! Where the lab keeps what it builds and runs: one folder of the user, outside `target/`.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// The lab's folder on this machine.
///
/// `bin/` holds the built parts, one folder per version; `logs/` the builds' logs; `debian/` unpacked packages;
/// `labs/` one folder per lab. Everything in it can be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The cache of this user: `$BOUTIQUE_CACHE`, else `$XDG_CACHE_HOME/boutique`, else `~/.cache/boutique`.
    ///
    /// # Errors
    /// When neither variable nor `$HOME` is set.
    pub fn of_user() -> Result<Self> {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let root = match (var("BOUTIQUE_CACHE"), var("XDG_CACHE_HOME"), var("HOME")) {
            (Some(own), _, _) => own,
            (None, Some(xdg), _) => xdg.join("boutique"),
            (None, None, Some(home)) => home.join(".cache").join("boutique"),
            (None, None, None) => bail!("no folder for the lab: set BOUTIQUE_CACHE (or HOME)"),
        };
        Ok(Self::at(std::path::absolute(root)?))
    }

    /// A cache in a given folder.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Built parts, one folder per part and version.
    pub fn bin(&self) -> PathBuf {
        self.root.join("bin")
    }

    /// Logs of builds.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Labs, one folder each.
    pub fn labs(&self) -> PathBuf {
        self.root.join("labs")
    }

    /// Takes the lock of that name, waiting while another process holds it. It is released when the answer is dropped,
    /// also by the death of this process.
    pub(crate) fn lock(&self, name: &str, waiting: impl FnOnce()) -> Result<File> {
        let folder = self.root.join("locks");
        fs::create_dir_all(&folder).with_context(|| format!("folder {}", folder.display()))?;
        let path = folder.join(format!("{name}.lock"));
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .with_context(|| format!("lock file {}", path.display()))?;
        if file.try_lock().is_err() {
            waiting();
            file.lock().with_context(|| format!("lock {}", path.display()))?;
        }
        Ok(file)
    }
}

/// Writes a file so that readers see the old or the new content, never a half.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let temporary = path.with_extension(format!("tmp{}", std::process::id()));
    let write = || -> std::io::Result<()> {
        let mut file = private(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    };
    write().with_context(|| format!("write {}", path.display()))
}

/// A new file that only its owner may read: most of what a lab writes holds or leads to keys.
fn private(path: &Path) -> std::io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Removes a folder with all below it; it may be missing.
pub(crate) fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove folder {}", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_free_again_when_its_holder_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let mut waited = false;
        drop(cache.lock("x", || waited = true).unwrap());
        drop(cache.lock("x", || waited = true).unwrap());
        assert!(!waited);
    }

    #[test]
    fn an_atomic_write_replaces_leaves_no_temporary_file_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("record.json");
        write_atomically(&path, b"one").unwrap();
        write_atomically(&path, b"two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }
}
