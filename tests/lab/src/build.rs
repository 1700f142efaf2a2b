//! Builds parts into the cache, each once.
//!
//! A part is built in a temporary folder that is renamed when it is complete, under a lock of its own: a half-built
//! part cannot be used, and two processes do not build the same part twice.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::cache::{Cache, remove_folder};
use crate::cut::cut;
use crate::debian::Sysroot;
use crate::part::{KUBERNETES, Linking, Part};
use crate::process::tail;
use crate::progress::{Progress, Step};

/// Answers the folder with a part's programs, building it when it is missing. What it replaces is removed from the cache.
///
/// # Errors
/// When Go is missing or the build fails: one sentence, the log's path and its last lines.
pub fn build(cache: &Cache, part: &Part, progress: &Progress) -> Result<PathBuf> {
    let key = part.key()?;
    let folder = cache.bin().join(&key);
    if folder.is_dir() {
        cache.used(&folder);
        return Ok(folder);
    }
    let _lock = cache.lock(&key, || progress.say(&format!("waiting: another process builds {}", part.name)))?;
    if folder.is_dir() {
        return Ok(folder);
    }
    let temporary = cache.bin().join(format!(".half-{key}"));
    remove_folder(&temporary)?;
    fs::create_dir_all(&temporary).with_context(|| format!("folder {}", temporary.display()))?;
    fs::create_dir_all(cache.logs())?;
    let log = cache.logs().join(format!("build-{key}.log"));
    let made = compile(cache, part, &temporary, &log, progress).and_then(|()| {
        fs::rename(&temporary, &folder).with_context(|| format!("move the built part to {}", folder.display()))
    });
    if let Err(error) = made {
        remove_folder(&temporary)?;
        return Err(explain(error, part, cache, &log));
    }
    forget_old(cache, part, progress);
    Ok(folder)
}

/// Fetches in the background what the missing ones of `parts` are compiled from, one after the other, so that the compiler
/// of one does not wait for the network of the next. What goes wrong is said by the build, which fetches again.
pub fn fetch_ahead(cache: &Cache, parts: &[Part]) {
    let is_missing = |part: &Part| part.key().is_ok_and(|key| !cache.bin().join(key).is_dir());
    // What is cut can be listed only while it is built.
    let missing: Vec<Part> = parts.iter().filter(|part| part.cut().is_empty() && is_missing(part)).copied().collect();
    std::thread::spawn(move || {
        for part in missing {
            let packages: Vec<&str> = part.programs.iter().map(|(package, _)| *package).collect();
            count(&part, &[], &packages);
        }
    });
}

/// Removes from the cache what a part's present version replaces. That it is still there is no reason to fail, so a
/// failure is only said.
pub(crate) fn forget_old(cache: &Cache, part: &Part, progress: &Progress) {
    match part.key().and_then(|key| cache.prune(part.name, &key)) {
        Ok(removed) => {
            removed.iter().for_each(|old| progress.say(&format!("removed from the cache: {}", old.display())))
        }
        Err(error) => progress.say(&format!("old versions of {} stay in the cache: {error:#}", part.name)),
    }
}

fn explain(error: anyhow::Error, part: &Part, cache: &Cache, log: &Path) -> anyhow::Error {
    let last = tail(log, 12);
    let text = format!("{error:#}{last}");
    let full = text.contains("no space left on device") || text.contains("No space left on device");
    if full {
        return anyhow!(
            "{} {} could not be built: the disk is full (cache {}, Go's own cache `go env GOCACHE`); free some space and try \
             again\n  log: {}\n{last}",
            part.name,
            part.version,
            cache.root().display(),
            log.display()
        );
    }
    error.context(format!("{} {} could not be built\n  log: {}\n{last}  cause", part.name, part.version, log.display()))
}

fn compile(cache: &Cache, part: &Part, out: &Path, log: &Path, progress: &Progress) -> Result<()> {
    let packages: Vec<&str> = part.programs.iter().map(|(package, _)| *package).collect();
    // More memory and no debug information: a fifth less work for the compiler.
    let mut environment = vec![("GOWORK", "off".to_owned()), ("GOFLAGS", String::new()), ("GOGC", "400".to_owned())];
    let mut link = "-s -w".to_owned();
    let mut tags = part.tags();
    match part.linking {
        Linking::Pure => environment.push(("CGO_ENABLED", "0".to_owned())),
        Linking::Versioned => {
            environment.push(("CGO_ENABLED", "0".to_owned()));
            let (major, rest) = KUBERNETES.split_once('.').unwrap_or((KUBERNETES, ""));
            let minor = rest.split('.').next().unwrap_or_default();
            for (name, value) in
                [("Version", format!("v{KUBERNETES}")), ("Major", major.into()), ("Minor", minor.into())]
            {
                link.push_str(&format!(" -X k8s.io/component-base/version.git{name}={value}"));
            }
        }
        Linking::Named(version) => {
            environment.push(("CGO_ENABLED", "0".to_owned()));
            link.push_str(&format!(" -X github.com/prometheus/common/version.Version={version}"));
        }
        Linking::Seccomp => {
            let sysroot = Sysroot::with(cache, &["libseccomp-dev"], progress)?;
            environment.extend(seccomp(out, &sysroot)?);
            link.push_str(" -linkmode external -extldflags -static");
            tags = "seccomp netgo osusergo";
        }
    }
    let modules = out.join(".modules");
    let pinned: Vec<String> = cut(part, &modules)?.iter().map(|file| format!("-modfile={}", file.display())).collect();
    let total = count(part, &pinned, &packages);
    let step = progress.begin(&format!("build {} {}", part.name, part.version), total);
    let mut child = Command::new("go")
        .args(["build", "-v", "-mod=readonly", "-buildvcs=false", "-trimpath", "-gcflags=all=-dwarf=false"])
        .args(["-tags", tags, "-ldflags", &link, "-o"])
        .arg(format!("{}/", out.display()))
        .args(&pinned)
        .args(&packages)
        .current_dir(part.module())
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("run `go`: Go 1.26 or newer is needed on PATH (https://go.dev/dl)")?;
    follow(child.stderr.take().map(BufReader::new), log, &step)?;
    let status = child.wait()?;
    if !status.success() {
        bail!("`go build` ended with {status}");
    }
    remove_folder(&modules)?;
    for (package, name) in part.programs {
        let built = out.join(default_name(package));
        let wanted = out.join(name);
        if built != wanted {
            fs::rename(&built, &wanted).with_context(|| format!("name the program of {package} {name}"))?;
        }
    }
    if part.name == Part::KWOK.name {
        copy_stages(part, out)?;
    }
    step.done();
    Ok(())
}

/// Copies what `go build` says into the log; `-v` names each package as it is compiled.
fn follow(lines: Option<impl std::io::BufRead>, log: &Path, step: &Step) -> Result<()> {
    let mut file = File::create(log).with_context(|| format!("log {}", log.display()))?;
    for line in lines.into_iter().flat_map(|lines| lines.lines()) {
        let line = line?;
        writeln!(file, "{line}").with_context(|| format!("log {}", log.display()))?;
        step.advance(&line);
    }
    Ok(())
}

/// How many packages the build is made of; unknown when Go does not say. Fetches their modules, which it needs for that.
fn count(part: &Part, pinned: &[String], packages: &[&str]) -> Option<u64> {
    let answer = Command::new("go")
        .args(["list", "-mod=readonly", "-deps", "-tags", part.tags()])
        .args(pinned)
        .args(packages)
        .current_dir(part.module())
        .envs([("GOWORK", "off"), ("GOFLAGS", "")])
        .output()
        .ok()
        .filter(|answer| answer.status.success())?;
    u64::try_from(answer.stdout.lines().count()).ok()
}

/// Environment that lets cgo find an unpacked libseccomp. The bindings ask `pkg-config`; a stand-in answers, so that
/// nothing has to be installed for it.
fn seccomp(out: &Path, sysroot: &Sysroot) -> Result<Vec<(&'static str, String)>> {
    use std::os::unix::fs::PermissionsExt as _;
    let script = out.join(".pkg-config");
    fs::write(&script, "#!/bin/sh\ncase \"$*\" in *--libs*) echo -lseccomp;; esac\n")?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    Ok(vec![
        ("CGO_ENABLED", "1".to_owned()),
        ("PKG_CONFIG", script.display().to_string()),
        ("CGO_CFLAGS", format!("-O2 -I{}", sysroot.path("usr/include").display())),
        ("CGO_LDFLAGS", format!("-O2 -L{}", sysroot.libraries().display())),
    ])
}

/// The name `go build` gives a program: the last element of its package that is no major version.
fn default_name(package: &str) -> &str {
    let mut elements = package.rsplit('/');
    let last = elements.next().unwrap_or(package);
    let is_version = last.strip_prefix('v').is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()));
    if is_version { elements.next().unwrap_or(last) } else { last }
}

/// kwok does nothing without its stages, which its module carries as files.
fn copy_stages(part: &Part, out: &Path) -> Result<()> {
    let answer = Command::new("go")
        .args(["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"])
        .current_dir(part.module())
        .envs([("GOWORK", "off"), ("GOFLAGS", "")])
        .output()
        .context("ask `go list` for the folder of kwok")?;
    let module = PathBuf::from(String::from_utf8_lossy(&answer.stdout).trim());
    let stages = out.join("stages");
    fs::create_dir_all(&stages)?;
    for file in STAGES {
        let from = module.join("kustomize/stage").join(file);
        let to = stages.join(file.replace('/', "-"));
        fs::write(&to, fs::read(&from).with_context(|| format!("kwok's stage {}", from.display()))?)?;
    }
    Ok(())
}

const STAGES: &[&str] = &[
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
    "pod/fast/pod-complete.yaml",
    "pod/fast/pod-delete.yaml",
    "pod/fast/pod-ready.yaml",
];

/// The stage files of a built kwok.
pub(crate) fn stages(kwok: &Path) -> Vec<PathBuf> {
    STAGES.iter().map(|file| kwok.join("stages").join(file.replace('/', "-"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_names_a_program_after_its_package_without_the_major_version() {
        assert_eq!(default_name("go.etcd.io/etcd/server/v3"), "server");
        assert_eq!(default_name("github.com/containerd/containerd/v2/cmd/ctr"), "ctr");
        assert_eq!(default_name("github.com/opencontainers/runc"), "runc");
    }

    #[test]
    fn a_full_disk_is_said_in_one_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("x.log");
        fs::write(&log, "write /tmp/go-build/x.a: no space left on device\n").unwrap();
        let cache = Cache::at(folder.path());
        let message = explain(anyhow!("`go build` ended with 1"), &Part::ETCD, &cache, &log).to_string();
        assert!(message.starts_with("etcd 3.6.8 could not be built: the disk is full"), "{message}");
        assert!(message.contains("x.log"), "{message}");
    }
}
