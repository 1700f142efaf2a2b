//! The lab's control groups: one below the root of every hierarchy, with all pods in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::record::Record;

const ROOT: &str = "/sys/fs/cgroup";

/// Name of the lab's groups.
pub(crate) fn name(record: &Record) -> String {
    format!("boutique-lab-{}", record.name)
}

/// The roots of all hierarchies: one with cgroup v2, one per controller with v1.
fn hierarchies() -> Result<Vec<PathBuf>> {
    let root = Path::new(ROOT);
    if root.join("cgroup.controllers").exists() {
        return Ok(vec![root.to_owned()]);
    }
    let entries = fs::read_dir(root).with_context(|| format!("control groups in {ROOT}"))?;
    // Links such as `cpu,cpuacct` lead to hierarchies that are listed under another name as well.
    let real = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir() && !path.is_symlink());
    Ok(real.collect())
}

/// Makes the groups; kubelet wants them to exist.
pub(crate) fn make(name: &str) -> Result<()> {
    for hierarchy in hierarchies()? {
        let controllers = hierarchy.join("cgroup.controllers");
        if controllers.exists() && hierarchy == Path::new(ROOT) {
            // cgroup v2: children only have the controllers that the parent hands down.
            let wanted = fs::read_to_string(&controllers)?;
            let grant: Vec<String> = wanted.split_whitespace().map(|controller| format!("+{controller}")).collect();
            fs::write(hierarchy.join("cgroup.subtree_control"), grant.join(" "))
                .context("hand cgroup controllers down to the lab")?;
        }
        let group = hierarchy.join(name);
        fs::create_dir_all(&group).with_context(|| format!("control group {}", group.display()))?;
    }
    Ok(())
}

/// Removes the groups with all below them. The kernel needs a moment after the last process ended.
pub(crate) fn remove(name: &str) -> Result<()> {
    let begun = Instant::now();
    for hierarchy in hierarchies()? {
        let group = hierarchy.join(name);
        while let Err(error) = remove_tree(&group) {
            if begun.elapsed() > Duration::from_secs(20) {
                return Err(error).with_context(|| format!("remove control group {}", group.display()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    Ok(())
}

/// Only the folders of a control group can be removed, from the innermost outwards.
fn remove_tree(group: &Path) -> std::io::Result<()> {
    if !group.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(group)?.flatten() {
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}
