//! Upstream's own services, built from a checkout of its repository: what the stand-ins are compared with.
//!
//! Go, Node and Python services only; cartservice (.NET) and adservice (Java) are left to the stand-ins.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use super::busybox::shell;
use super::libraries::{Missing, libraries};
use super::{Entry, Image};
use crate::cache::{Cache, remove_folder};
use crate::progress::Progress;

/// Go services: name, path of the program in the image, what lies beside it.
const GO: [(&str, &str, &[&str]); 4] = [
    ("checkoutservice", "/src/checkoutservice", &[]),
    ("frontend", "/src/server", &["templates", "static"]),
    ("productcatalogservice", "/src/server", &["products.json"]),
    ("shippingservice", "/src/shippingservice", &[]),
];
/// Node services: name and script.
const NODE: [(&str, &str); 2] = [("currencyservice", "server.js"), ("paymentservice", "index.js")];
/// Python services: name, working folder, the variable that the image sets.
const PYTHON: [(&str, &str, [&str; 2]); 3] = [
    ("emailservice", "/email_server", ["ENABLE_PROFILER", "1"]),
    ("loadgenerator", "/loadgen", ["GEVENT_SUPPORT", "True"]),
    ("recommendationservice", "/recommendationservice", ["PORT", "8080"]),
];

/// Builds the services of the checkout and answers their images as `<registry>/<service>:<tag>`.
///
/// # Errors
/// When the folder is no checkout, `go`, `npm` or `python3` is missing, or a service does not build.
pub fn upstream(checkout: &Path, cache: &Cache, registry: &str, tag: &str, progress: &Progress) -> Result<Vec<Image>> {
    let sources = checkout.join("src");
    if !sources.join("frontend").is_dir() {
        bail!("{} is no checkout of microservices-demo: it has no src/frontend", checkout.display());
    }
    let named = |service: &str, image: Image| Image { names: vec![format!("{registry}/{service}:{tag}")], ..image };
    let mut images = Vec::new();
    for (service, program, beside) in GO {
        let step = progress.begin(&format!("build upstream's {service} (Go)"), None);
        images.push(named(service, go(&sources.join(service), cache, program, beside)?));
        step.done();
    }
    for (service, script) in NODE {
        let step = progress.begin(&format!("build upstream's {service} (Node)"), None);
        images.push(named(service, node(&sources.join(service), cache, script)?));
        step.done();
    }
    let shell = shell(cache, progress)?;
    for (service, folder, [variable, value]) in PYTHON {
        let step = progress.begin(&format!("build upstream's {service} (Python)"), None);
        let mut image = python(&sources.join(service), cache, folder)?;
        image.env.push((variable.to_owned(), value.to_owned()));
        image.entrypoint = match service {
            "loadgenerator" => {
                let new = |entry: &&Entry| !image.files.iter().any(|known| known.path() == entry.path());
                let new: Vec<Entry> = shell.iter().filter(new).cloned().collect();
                image.files.extend(new);
                let locust = r#"exec python -m locust --host="http://${FRONTEND_ADDR}" --headless -u "${USERS:-10}" -r "${RATE:-1}" 2>&1"#;
                ["/bin/sh", "-c", locust].map(str::to_owned).to_vec()
            }
            "emailservice" => vec!["python".to_owned(), "email_server.py".to_owned()],
            _ => vec!["python".to_owned(), "recommendation_server.py".to_owned()],
        };
        images.push(named(service, image));
        step.done();
    }
    Ok(images)
}

fn go(source: &Path, cache: &Cache, program: &str, beside: &[&str]) -> Result<Image> {
    let folder = cache.root().join("upstream").join("go").join(source.file_name().unwrap_or_default());
    fs::create_dir_all(&folder).with_context(|| format!("folder {}", folder.display()))?;
    let built = folder.join("server");
    run(Command::new("go")
        .args(["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o"])
        .arg(&built)
        .arg(".")
        .current_dir(source)
        .envs([("CGO_ENABLED", "0"), ("GOWORK", "off")]))?;
    let mut files = vec![Entry::program(program, built)];
    for name in beside {
        let (path, from) = (format!("/src/{name}"), source.join(name));
        files.push(if from.is_dir() {
            Entry::Tree { path, from, without: Vec::new() }
        } else {
            Entry::File { path, from, mode: 0o644 }
        });
    }
    Ok(Image {
        entrypoint: vec![program.to_owned()],
        files,
        env: vec![("GOTRACEBACK".to_owned(), "single".to_owned())],
        folder: "/src".to_owned(),
        ..Image::default()
    })
}

fn node(source: &Path, cache: &Cache, script: &str) -> Result<Image> {
    let packages = once(cache, source, &["package.json", "package-lock.json"], |folder| {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(source.join(file), folder.join(file)).with_context(|| format!("copy {file}"))?;
        }
        // Without scripts: the one native module is the profiler, which the manifests switch off.
        run(Command::new("npm")
            .args(["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(folder))
    })?;
    let interpreter = which("node")?;
    let app = "/usr/src/app";
    let mut files = libraries(std::slice::from_ref(&interpreter), "", Missing::Refuse)?;
    files.push(Entry::program("/usr/bin/node", interpreter));
    files.push(Entry::Tree { path: app.to_owned(), from: source.to_owned(), without: vec!["node_modules".to_owned()] });
    files.push(Entry::Tree {
        path: format!("{app}/node_modules"),
        from: packages.join("node_modules"),
        without: Vec::new(),
    });
    Ok(Image {
        entrypoint: vec!["node".to_owned(), script.to_owned()],
        files,
        folder: app.to_owned(),
        ..Image::default()
    })
}

/// Names below Python's own library that no service needs.
const UNUSED: [&str; 6] = ["test", "site-packages", "idlelib", "ensurepip", "lib2to3", "tkinter"];

fn python(source: &Path, cache: &Cache, folder: &str) -> Result<Image> {
    let packages = once(cache, source, &["requirements.txt"], |folder| {
        run(Command::new("python3")
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"])
            .arg(format!("--target={}", folder.display()))
            .arg("--requirement")
            .arg(source.join("requirements.txt")))
    })?;
    let said = output(Command::new("python3").args([
        "-c",
        "import os, sys, sysconfig; print(os.path.realpath(sys.executable)); print(sysconfig.get_paths()['stdlib'])",
    ]))?;
    let Some((interpreter, library)) = said.trim().split_once('\n') else {
        bail!("python3 does not say where it is: {said:?}");
    };
    let (interpreter, library) = (PathBuf::from(interpreter), PathBuf::from(library));
    let mut programs = vec![interpreter.clone()];
    shared_objects(&library, &mut programs)?;
    shared_objects(&packages, &mut programs)?;
    let mut files = libraries(&programs, "", Missing::Skip)?;
    // At its own path, from which it finds its library.
    files.push(Entry::program(interpreter.display().to_string(), interpreter.clone()));
    files.push(Entry::Link { path: "/usr/local/bin/python".to_owned(), to: interpreter.display().to_string() });
    files.push(Entry::Tree {
        path: library.display().to_string(),
        from: library,
        without: UNUSED.map(str::to_owned).to_vec(),
    });
    files.push(Entry::Tree { path: "/packages".to_owned(), from: packages, without: Vec::new() });
    files.push(Entry::Tree { path: folder.to_owned(), from: source.to_owned(), without: Vec::new() });
    files.push(Entry::Folder { path: "/tmp".to_owned(), mode: 0o1777 });
    let env = [("PYTHONPATH", "/packages"), ("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONUNBUFFERED", "1")];
    Ok(Image {
        files,
        env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        folder: folder.to_owned(),
        ..Image::default()
    })
}

/// Makes a folder of packages once for each content of the files that pin them.
fn once(cache: &Cache, source: &Path, pins: &[&str], make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let service = source.file_name().unwrap_or_default().display().to_string();
    let mut hash = Sha256::new();
    for pin in pins {
        let path = source.join(pin);
        hash.update(fs::read(&path).with_context(|| format!("read {}", path.display()))?);
    }
    let digest: String = hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let root = cache.root().join("upstream");
    let (folder, half) = (root.join(format!("{service}-{digest}")), root.join(format!(".half-{service}-{digest}")));
    let _lock = cache.lock(&format!("upstream-{service}"), || ())?;
    if !folder.exists() {
        remove_folder(&half)?;
        fs::create_dir_all(&half).with_context(|| format!("folder {}", half.display()))?;
        make(&half).with_context(|| format!("packages of upstream's {service}"))?;
        fs::rename(&half, &folder).with_context(|| format!("move packages to {}", folder.display()))?;
    }
    Ok(folder)
}

/// Adds every shared object below a folder.
fn shared_objects(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("folder {}", folder.display()))?.flatten() {
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            if entry.file_name() != "site-packages" {
                shared_objects(&path, found)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "so") {
            found.push(path);
        }
    }
    Ok(())
}

fn which(program: &str) -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.with_context(|| format!("upstream's services need {program} on PATH"))
}

fn run(command: &mut Command) -> Result<()> {
    output(command).map(drop)
}

fn output(command: &mut Command) -> Result<String> {
    let program = command.get_program().display().to_string();
    let answer = command.output().with_context(|| format!("run {program}; upstream's services need it on PATH"))?;
    if !answer.status.success() {
        bail!("{program} failed: {}", String::from_utf8_lossy(&answer.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
}
