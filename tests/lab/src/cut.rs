//! Go modules with packages left out.
//!
//! Some programs link a client of every product that somebody may use them with, which a lab compiles for minutes and
//! never calls. Such a module is built from a copy in which a few packages are ours: small, and refusing to do what they
//! were for. The copy is made for one build; Go's `-overlay` would do without, but it does not reach the module cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;

use crate::cache::copy_folder;
use crate::part::Part;

/// A Go module and the folder below the part's `cut/` whose packages take the place of the module's.
pub(crate) type Cut = (&'static str, &'static str);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Module {
    version: String,
    dir: PathBuf,
}

/// Copies the modules of a part that are cut to `folder`, and answers the go.mod to build with: the part's own, which
/// names the copies. `None` when nothing of the part is cut.
pub(crate) fn cut(part: &Part, folder: &Path) -> Result<Option<PathBuf>> {
    if part.cut().is_empty() {
        return Ok(None);
    }
    fs::create_dir_all(folder).with_context(|| format!("folder {}", folder.display()))?;
    let own = part.module();
    let read = |name: &str| fs::read_to_string(own.join(name)).with_context(|| format!("{name} of {}", own.display()));
    let mut text = read("go.mod")?;
    for (path, name) in part.cut() {
        let module = download(&own, path)?;
        let copy = folder.join(name);
        copy_folder(&module.dir, &copy)?;
        replace_packages(&own.join("cut").join(name), &copy)?;
        text.push_str(&format!("\nreplace {path} {} => {}\n", module.version, copy.display()));
    }
    let file = folder.join("go.mod");
    fs::write(&file, text).with_context(|| format!("write {}", file.display()))?;
    fs::write(folder.join("go.sum"), read("go.sum")?).context("write go.sum beside it")?;
    Ok(Some(file))
}

/// Where Go keeps the module in the version that the go.mod in `own` asks for; fetches it when it is not there.
fn download(own: &Path, path: &str) -> Result<Module> {
    let answer = Command::new("go")
        .args(["mod", "download", "-json", path])
        .current_dir(own)
        .envs([("GOWORK", "off"), ("GOFLAGS", "")])
        .output()
        .context("run `go`: Go 1.26 or newer is needed on PATH (https://go.dev/dl)")?;
    if !answer.status.success() {
        bail!("`go mod download {path}` failed: {}", String::from_utf8_lossy(&answer.stderr).trim());
    }
    serde_json::from_slice(&answer.stdout).with_context(|| format!("what `go mod download {path}` says"))
}

/// Every folder below `ours` that holds Go files becomes the package in `copy` of the same path.
fn replace_packages(ours: &Path, copy: &Path) -> Result<()> {
    fs::create_dir_all(copy).with_context(|| format!("folder {}", copy.display()))?;
    let files = |folder: &Path| -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder).with_context(|| format!("folder {}", folder.display()))?;
        entries.map(|entry| Ok(entry?.path())).collect()
    };
    let is_go = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "go");
    let here = files(ours)?;
    if here.iter().any(is_go) {
        for old in files(copy)?.iter().filter(|file| is_go(file)) {
            fs::remove_file(old).with_context(|| format!("remove {}", old.display()))?;
        }
    }
    for path in here {
        let to = copy.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            replace_packages(&path, &to)?;
        } else {
            fs::copy(&path, &to).with_context(|| format!("copy {}", path.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_that_we_have_is_ours_alone_and_the_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, copy) = (folder.path().join("ours"), folder.path().join("copy"));
        for (file, text) in [
            ("ours/provider/ecs/ecs.go", "ours"),
            ("ours/provider/none/none.go", "ours"),
            ("copy/provider/provider.go", "theirs"),
            ("copy/provider/ecs/ecs.go", "theirs"),
            ("copy/provider/ecs/label.go", "theirs"),
            ("copy/provider/ecs/testdata/x.json", "theirs"),
        ] {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        replace_packages(&ours, &copy).unwrap();
        let read = |file: &str| fs::read_to_string(copy.join(file)).ok();
        assert_eq!(read("provider/provider.go").as_deref(), Some("theirs"));
        assert_eq!(read("provider/ecs/ecs.go").as_deref(), Some("ours"));
        assert_eq!(read("provider/ecs/label.go"), None);
        assert_eq!(read("provider/ecs/testdata/x.json").as_deref(), Some("theirs"));
        assert_eq!(read("provider/none/none.go").as_deref(), Some("ours"));
    }

    #[test]
    fn every_cut_has_its_packages_and_its_module_is_required() {
        for part in [Part::TRAEFIK, Part::PROMETHEUS, Part::PROMETHEUS_OPERATOR, Part::COLLECTOR] {
            let required = fs::read_to_string(part.module().join("go.mod")).unwrap();
            for (path, name) in part.cut() {
                assert!(part.module().join("cut").join(name).is_dir(), "{name}");
                assert!(
                    required.contains(&format!("\t{path} v")) || required.contains(&format!(" {path} v")),
                    "{path}"
                );
            }
        }
    }
}
