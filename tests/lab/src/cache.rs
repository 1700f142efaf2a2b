//! Where the lab keeps what it builds and runs: one folder of the user, outside `target/`.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail};

use crate::record::Record;

/// How long an older version of a part is kept after its last use: another checkout may be about to start it.
const KEPT: Duration = Duration::from_secs(60 * 60);

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

    /// Notes that a built part is used, for [`Cache::prune`].
    pub(crate) fn used(&self, folder: &Path) {
        // A cache that cannot be written to works; nothing is removed from it either.
        File::open(folder).and_then(|folder| folder.set_modified(SystemTime::now())).ok();
    }

    /// Removes the other versions of a part that no lab runs on and nobody has used for an hour. Answers their folders.
    ///
    /// # Errors
    /// When a folder cannot be read or removed.
    pub(crate) fn prune(&self, part: &str, key: &str) -> Result<Vec<PathBuf>> {
        let read = |folder: &Path| -> Result<Vec<PathBuf>> {
            match fs::read_dir(folder) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
                entries => {
                    let entries = entries.with_context(|| format!("folder {}", folder.display()))?;
                    Ok(entries.flatten().map(|entry| entry.path()).collect())
                }
            }
        };
        let labs = read(&self.labs())?;
        let running: Vec<String> =
            labs.iter().filter_map(|lab| Record::read(lab).ok().flatten()).flat_map(|record| record.parts).collect();
        let mut removed = Vec::new();
        for folder in read(&self.bin())? {
            let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let idle = fs::metadata(&folder).and_then(|it| it.modified()).ok().and_then(|used| used.elapsed().ok());
            let is_old = name != key && is_version_of(&name, part) && !running.contains(&name);
            if is_old && idle.is_some_and(|idle| idle > KEPT) {
                remove_folder(&folder)?;
                removed.push(folder);
            }
        }
        Ok(removed)
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

/// Whether a folder's name is a part's key, `<part>-<version>-<digest>`, and not that of one whose name only begins alike.
fn is_version_of(name: &str, part: &str) -> bool {
    let version =
        name.strip_prefix(part).and_then(|rest| rest.strip_prefix('-')).and_then(|rest| rest.rsplit_once('-'));
    version.is_some_and(|(version, digest)| {
        version.starts_with(|letter: char| letter.is_ascii_digit())
            && digest.len() == 8
            && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// Writes a file so that readers see the old or the new content, never a half. Only its owner may read it: most of what a
/// lab writes holds or leads to keys.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> Result<()> {
    let write = || -> std::io::Result<()> {
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(content)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("write {}", path.display()))
}

/// Copies a folder with all below it; links become what they point to.
///
/// # Errors
/// With the file that cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("folder {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("folder {}", from.display()))? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if source.is_dir() {
            copy_folder(&source, &target)?;
        } else {
            fs::copy(&source, &target).with_context(|| format!("copy {}", source.display()))?;
        }
    }
    Ok(())
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
    fn old_versions_go_but_not_those_of_a_lab_of_others_or_of_the_last_hour() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let part = |name: &str, hours: u64| {
            let folder = cache.bin().join(name);
            fs::create_dir_all(&folder).unwrap();
            let used = SystemTime::now() - Duration::from_secs(hours * 3600);
            File::open(&folder).unwrap().set_modified(used).unwrap();
            folder
        };
        let current = part("node-1.36.3-11111111", 5);
        let old = part("node-1.36.2-22222222", 5);
        let runs = part("node-1.36.1-33333333", 5);
        let recent = part("node-1.36.0-44444444", 0);
        let other = part("node-problem-1.0.0-55555555", 5);
        let lab = cache.labs().join("demo");
        fs::create_dir_all(&lab).unwrap();
        let record = serde_json::json!({
            "name": "demo", "mode": "node", "audit": false, "parts": ["node-1.36.1-33333333"],
            "network": {"own": {"block": 203}}, "processes": [], "complete": true,
        });
        fs::write(lab.join("lab.json"), record.to_string()).unwrap();

        assert_eq!(cache.prune("node", "node-1.36.3-11111111").unwrap(), [old]);

        for kept in [&current, &runs, &recent, &other] {
            assert!(kept.is_dir(), "{}", kept.display());
        }
    }

    #[test]
    fn a_part_that_is_used_is_young_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path());
        let part = cache.bin().join("node-1.36.2-22222222");
        fs::create_dir_all(&part).unwrap();
        File::open(&part).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
        cache.used(&part);
        assert_eq!(cache.prune("node", "node-1.36.3-11111111").unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_copied_folder_has_files_where_the_original_has_links() {
        let folder = tempfile::tempdir().unwrap();
        let (bases, chart, copied) =
            (folder.path().join("bases"), folder.path().join("chart"), folder.path().join("c"));
        fs::create_dir_all(&bases).unwrap();
        fs::create_dir_all(&chart).unwrap();
        fs::write(bases.join("crd.yaml"), "kind: CustomResourceDefinition\n").unwrap();
        std::os::unix::fs::symlink("../bases", chart.join("crds")).unwrap();
        copy_folder(&chart, &copied).unwrap();
        assert!(fs::symlink_metadata(copied.join("crds")).unwrap().is_dir());
        assert!(copied.join("crds/crd.yaml").is_file());
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
