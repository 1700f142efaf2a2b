//! Programs of the host's distribution, unpacked into the cache instead of being installed.
//!
//! Nothing of the host changes: no package is configured, no service starts, and removing the cache removes them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::cache::Cache;
use crate::progress::Progress;

/// Unpacked packages: a folder shaped like `/`.
#[derive(Clone, Debug)]
pub(crate) struct Sysroot(PathBuf);

impl Sysroot {
    /// Unpacks the packages, and what they need and the host does not have, unless that was done before.
    pub(crate) fn with(cache: &Cache, packages: &[&str], progress: &Progress) -> Result<Self> {
        let root = cache.root().join("debian");
        let sysroot = Self(root.join("root"));
        let stamp = |package: &str| root.join("done").join(package);
        let missing = || packages.iter().copied().filter(|name| !stamp(name).exists()).collect::<Vec<_>>();
        if missing().is_empty() {
            return Ok(sysroot);
        }
        let _lock = cache.lock("debian", || progress.say("waiting: another process unpacks Debian packages"))?;
        let missing = missing();
        if missing.is_empty() {
            return Ok(sysroot);
        }
        let step = progress.begin(&format!("fetch Debian packages {}", missing.join(", ")), None);
        let archives = root.join("archives");
        fs::create_dir_all(archives.join("partial"))?;
        fs::create_dir_all(&sysroot.0)?;
        fs::create_dir_all(root.join("done"))?;
        download(&archives, &missing).with_context(|| {
            format!("the lab needs the Debian packages {} and could not fetch them", missing.join(", "))
        })?;
        for archive in fs::read_dir(&archives)? {
            let archive = archive?.path();
            if archive.extension().is_some_and(|extension| extension == "deb") {
                run(Command::new("dpkg").arg("-x").arg(&archive).arg(&sysroot.0))?;
                fs::remove_file(&archive)?;
            }
        }
        for package in missing {
            fs::write(stamp(package), "")?;
        }
        step.done();
        Ok(sysroot)
    }

    /// A path below the folder, without leading `/`.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.0.join(relative)
    }

    /// The folder of this machine's libraries.
    pub(crate) fn libraries(&self) -> PathBuf {
        self.path(&format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH))
    }

    /// The folders of unpacked libraries, for `LD_LIBRARY_PATH`: packages of different ages use either.
    pub(crate) fn library_path(&self) -> String {
        let old = self.path(&format!("lib/{}-linux-gnu", std::env::consts::ARCH));
        format!("{}:{}", self.libraries().display(), old.display())
    }

    /// A program: the unpacked one, else the host's.
    pub(crate) fn program(&self, name: &str) -> Result<PathBuf> {
        let unpacked = ["usr/sbin", "usr/bin", "sbin", "bin"].map(|folder| self.path(folder));
        let host = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"].map(PathBuf::from);
        let found = unpacked.iter().chain(&host).map(|folder| folder.join(name)).find(|path| path.exists());
        found.with_context(|| {
            format!(
                "program {name} is neither in {} nor on this host; remove that folder's parent to fetch it again",
                self.0.display()
            )
        })
    }

    /// The folders for `PATH`, the unpacked programs first.
    pub(crate) fn search_path(&self, first: &Path) -> String {
        let own = ["usr/sbin", "usr/bin", "sbin", "bin"].map(|folder| self.path(folder).display().to_string());
        format!("{}:{}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", first.display(), own.join(":"))
    }
}

/// Downloads packages with all that they need. Packages that the host has already are fetched as well, so that the
/// folder stays complete when the host loses them.
fn download(archives: &Path, packages: &[&str]) -> Result<()> {
    if Command::new("apt-get").arg("--version").output().is_err() {
        bail!("this host has no apt-get; install {} by its own means and try again", packages.join(", "));
    }
    let fetch = || {
        run(Command::new("apt-get")
            .args([
                "install",
                "--download-only",
                "--reinstall",
                "--yes",
                "--no-install-recommends",
                "-o",
                "Debug::NoLocking=1",
            ])
            .arg("-o")
            .arg(format!("Dir::Cache::archives={}", archives.display()))
            .args(packages)
            .env("DEBIAN_FRONTEND", "noninteractive"))
    };
    if let Err(first) = fetch() {
        if !rustix::process::geteuid().is_root() {
            return Err(first.context("not root: `apt-get update`, or installing them, may help"));
        }
        // A fresh machine has no package lists yet.
        run(Command::new("apt-get").arg("update"))?;
        fetch()?;
    }
    Ok(())
}

fn run(command: &mut Command) -> Result<()> {
    let answer = command.output().with_context(|| format!("run {}", command.get_program().display()))?;
    if !answer.status.success() {
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        bail!("{} failed: {}", command.get_program().display(), said.trim());
    }
    Ok(())
}
