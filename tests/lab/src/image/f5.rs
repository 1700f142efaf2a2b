//! F5's NGINX Ingress Controller, built from a checkout of its repository around Debian's nginx.
//!
//! Its published image is not needed, and nothing of it is kept here: the controller is not a Go module that can be
//! required, so whoever wants to try it names a checkout.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::busybox::shell;
use super::libraries::{Missing, libraries};
use super::{Entry, Image};
use crate::cache::{Cache, copy_folder, remove_folder};
use crate::debian::Sysroot;
use crate::progress::Progress;

/// Modules that are built in the last versions that the public Go proxies have, whatever the checkout requires.
const REPLACED: [(&str, &str); 2] =
    [("github.com/nginx/nginx-prometheus-exporter", "v1.5.1"), ("github.com/nginx/nginx-plus-go-client/v3", "v3.0.1")];
/// Debian's nginx and what the controller's configuration uses of it.
const PACKAGES: [&str; 4] = ["nginx", "libnginx-mod-http-js", "libnginx-mod-stream", "ca-certificates"];
/// Where nginx looks for `modules/…`: below its prefix.
const MODULES: &str = "/usr/share/nginx/modules";
/// The module that the controller's template loads, and the one that Debian does not compile in but the template uses.
const LOADED: &str = "load_module modules/ngx_http_js_module.so;";
const NOT_COMPILED_IN: &str = "load_module modules/ngx_stream_module.so;";
/// The controller's templates: folder below `internal/configs`, name; they lie beside the program.
const TEMPLATES: [(&str, &str); 4] = [
    ("version1", "nginx.tmpl"),
    ("version1", "nginx.ingress.tmpl"),
    ("version2", "nginx.virtualserver.tmpl"),
    ("version2", "nginx.transportserver.tmpl"),
];
/// The user of the chart's pods, who writes configuration and sockets.
const USER: &str = "101";
const WRITABLE: [&str; 8] = [
    "/etc/nginx",
    "/etc/nginx/conf.d",
    "/etc/nginx/secrets",
    "/etc/nginx/stream-conf.d",
    "/var/lib/nginx",
    "/var/cache/nginx",
    "/var/log/nginx",
    "/run",
];

/// What a checkout of F5's controller gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct F5 {
    /// The controller as the chart names it: `docker.io/nginx/nginx-ingress:<version>`.
    pub image: Image,
    /// The checkout's chart with its CRDs as files; in the repository they are a link out of the chart.
    pub chart: PathBuf,
    /// Version of the controller.
    pub version: String,
}

/// Builds the controller of the checkout, which stays as it is.
///
/// # Errors
/// When the folder is no checkout, `go` does not build it, or Debian's packages cannot be fetched.
pub fn f5(checkout: &Path, cache: &Cache, progress: &Progress) -> Result<F5> {
    let chart = checkout.join("charts/nginx-ingress");
    let description = fs::read_to_string(chart.join("Chart.yaml")).with_context(|| {
        format!("{} is no checkout of nginx/kubernetes-ingress: it has no charts/nginx-ingress", checkout.display())
    })?;
    let version = app_version(&description)
        .with_context(|| format!("{} names no appVersion", chart.join("Chart.yaml").display()))?;
    let folder = cache.root().join("f5").join(&version);
    let _lock = cache.lock("f5", || progress.say("waiting: another process builds F5's controller"))?;
    fs::create_dir_all(&folder).with_context(|| format!("folder {}", folder.display()))?;
    let step = progress.begin(&format!("build F5's controller {version} (Go)"), None);
    let program = compile(checkout, &folder, &version)?;
    step.done();
    let charted = folder.join("nginx-ingress-chart");
    remove_folder(&charted)?;
    copy_folder(&chart, &charted)?;
    let sysroot = Sysroot::with(cache, &PACKAGES, progress)?;
    let mut files = nginx(&sysroot)?;
    files.extend(configuration(checkout, &sysroot)?);
    files.push(Entry::program("/nginx-ingress", program));
    // The controller reloads nginx by a shell command.
    for entry in shell(cache, progress)? {
        if !files.iter().any(|known| known.path() == entry.path()) {
            files.push(entry);
        }
    }
    let image = Image {
        names: vec![format!("docker.io/nginx/nginx-ingress:{version}")],
        entrypoint: vec!["/nginx-ingress".to_owned()],
        files,
        user: USER.to_owned(),
        ..Image::default()
    };
    Ok(F5 { image, chart: charted, version })
}

/// `appVersion` of a Chart.yaml.
fn app_version(description: &str) -> Option<String> {
    let value = description.lines().find_map(|line| line.strip_prefix("appVersion:"))?;
    Some(value.trim().trim_matches('"').to_owned()).filter(|version| !version.is_empty())
}

/// Builds the program with a go.mod of its own, so that the checkout's is not changed.
fn compile(checkout: &Path, folder: &Path, version: &str) -> Result<PathBuf> {
    let (module, program) = (folder.join("go.mod"), folder.join("nginx-ingress"));
    for file in ["go.mod", "go.sum"] {
        fs::copy(checkout.join(file), folder.join(file)).with_context(|| format!("copy the checkout's {file}"))?;
    }
    let mut edit = Command::new("go");
    edit.args(["mod", "edit"]);
    for (path, version) in REPLACED {
        edit.arg(format!("-replace={path}={path}@{version}"));
    }
    run(edit.arg(&module))?;
    run(Command::new("go")
        .args(["build", "-mod=mod", "-buildvcs=false", "-trimpath"])
        .arg(format!("-modfile={}", module.display()))
        .args(["-ldflags", &format!("-s -w -X main.version={version}"), "-o"])
        .arg(&program)
        .arg("./cmd/nginx-ingress")
        .current_dir(checkout)
        .envs([("CGO_ENABLED", "0"), ("GOWORK", "off"), ("GOFLAGS", "")]))?;
    Ok(program)
}

/// nginx, the two modules, and the libraries of all three.
fn nginx(sysroot: &Sysroot) -> Result<Vec<Entry>> {
    let program = sysroot.program("nginx")?;
    let module = |name: &str| sysroot.path(&format!("usr/lib/nginx/modules/{name}"));
    let modules = ["ngx_http_js_module.so", "ngx_stream_module.so"];
    let mut linked: Vec<PathBuf> = modules.iter().map(|name| module(name)).collect();
    linked.push(program.clone());
    let mut files = libraries(&linked, &sysroot.library_path(), Missing::Refuse)?;
    files.push(Entry::program("/usr/sbin/nginx", program));
    files.extend(modules.map(|name| Entry::File {
        path: format!("{MODULES}/{name}"),
        from: module(name),
        mode: 0o644,
    }));
    Ok(files)
}

/// Templates, scripts and what else the controller and nginx read, and the folders that they write.
fn configuration(checkout: &Path, sysroot: &Sysroot) -> Result<Vec<Entry>> {
    let mut files: Vec<Entry> =
        WRITABLE.map(|path| Entry::Folder { path: path.to_owned(), mode: 0o777 }).into_iter().collect();
    files.push(Entry::Folder { path: "/tmp".to_owned(), mode: 0o1777 });
    let configs = checkout.join("internal/configs");
    for (folder, name) in TEMPLATES {
        let from = configs.join(folder).join(name);
        let text = fs::read_to_string(&from).with_context(|| format!("template {}", from.display()))?;
        files.push(Entry::Text { path: format!("/{name}"), text: with_stream(&text) });
    }
    files.push(Entry::Tree { path: "/etc/nginx/njs".to_owned(), from: configs.join("njs"), without: Vec::new() });
    files.push(Entry::File {
        path: "/etc/nginx/mime.types".to_owned(),
        from: sysroot.path("etc/nginx/mime.types"),
        mode: 0o644,
    });
    files.push(Entry::Text { path: "/etc/ssl/certs/ca-certificates.crt".to_owned(), text: authorities(sysroot)? });
    // The controller reports which system it runs on and refuses to start without knowing.
    files.push(Entry::File { path: "/etc/os-release".to_owned(), from: PathBuf::from("/etc/os-release"), mode: 0o644 });
    let users = format!("nginx:x:{USER}:0:nginx:/var/cache/nginx:/nonexistent\nnobody:x:65534:65534::/:/nonexistent\n");
    files.push(Entry::Text { path: "/etc/passwd".to_owned(), text: users });
    let groups = "root:x:0:\nnginx:x:101:\nnogroup:x:65534:\n";
    files.push(Entry::Text { path: "/etc/group".to_owned(), text: groups.to_owned() });
    Ok(files)
}

/// The main template uses `stream`, which Debian builds as a module of its own: it is loaded before the template's module.
fn with_stream(template: &str) -> String {
    template.replacen(LOADED, &format!("{NOT_COMPILED_IN}\n{LOADED}"), 1)
}

/// The public authorities that Debian ships, as one bundle.
fn authorities(sysroot: &Sysroot) -> Result<String> {
    let folder = sysroot.path("usr/share/ca-certificates/mozilla");
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .with_context(|| format!("authorities in {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    let mut bundle = String::new();
    for path in paths {
        bundle.push_str(&fs::read_to_string(&path).with_context(|| format!("authority {}", path.display()))?);
        bundle.push('\n');
    }
    Ok(bundle)
}

fn run(command: &mut Command) -> Result<()> {
    let answer = command.output().context("run `go`: Go 1.26 or newer is needed on PATH (https://go.dev/dl)")?;
    if !answer.status.success() {
        bail!("F5's controller does not build:\n{}", String::from_utf8_lossy(&answer.stderr).trim());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_chart_s_app_version() {
        assert_eq!(app_version("name: x\nversion: 2.7.0\nappVersion: 5.6.0\n").as_deref(), Some("5.6.0"));
        assert_eq!(app_version("appVersion: \"5.5.4\"").as_deref(), Some("5.5.4"));
        assert_eq!(app_version("version: 2.7.0\n"), None);
    }

    #[test]
    fn the_stream_module_is_loaded_before_the_template_s_own_and_other_templates_stay() {
        let main = format!("worker_processes 1;\n{LOADED}\nevents {{}}\n");
        assert_eq!(with_stream(&main), format!("worker_processes 1;\n{NOT_COMPILED_IN}\n{LOADED}\nevents {{}}\n"));
        assert_eq!(with_stream("server {}\n"), "server {}\n");
    }

    #[test]
    fn a_folder_that_is_no_checkout_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let error = f5(folder.path(), &Cache::at(folder.path()), &Progress::silent()).unwrap_err();
        assert!(format!("{error:#}").contains("is no checkout of nginx/kubernetes-ingress"), "{error:#}");
    }
}
