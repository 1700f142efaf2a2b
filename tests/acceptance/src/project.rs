//! The project's own binaries and the real tools that the tests drive, built once per run.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where everything is.
pub struct Project {
    /// Real `terraform` or `tofu`.
    pub terraform: PathBuf,
    /// CLI configuration that makes `terraform init` use the project's mirror.
    pub cli_config: PathBuf,
    /// Folder of the kubectl plugin, to put on `PATH` so that `kubectl boutique` works.
    pub bin: PathBuf,
}

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).expect("the workspace is two folders up")
}

/// Builds what is missing by the same verb as people use, once per process.
pub fn built() -> &'static Project {
    static BUILT: OnceLock<Project> = OnceLock::new();
    BUILT.get_or_init(|| {
        let package = Command::new(env!("CARGO"))
            .current_dir(root())
            .args(["run", "--quiet", "--package", "xtask", "--", "package", "--dev"])
            .output()
            .expect("cargo starts");
        assert!(
            package.status.success(),
            "`cargo xtask package` failed:\n{}",
            String::from_utf8_lossy(&package.stderr)
        );
        let paths = String::from_utf8_lossy(&package.stdout);
        let mut paths = paths.lines().map(PathBuf::from);
        let bin = paths.next().expect("the folder of the plugin");
        Project {
            terraform: boutique_lab::terraform(&boutique_lab::Progress::stderr())
                .unwrap_or_else(|error| panic!("{error:#}")),
            cli_config: paths.next().expect("the CLI configuration"),
            bin,
        }
    })
}

/// A `kubectl` of the labs' version; the lab builds it.
pub fn kubectl() -> &'static Path {
    &crate::lab::simulated().kubectl
}

/// The `helm` that the lab builds, for the provider to drive.
pub fn helm() -> &'static Path {
    static HELM: OnceLock<PathBuf> = OnceLock::new();
    HELM.get_or_init(|| {
        boutique_lab::helm(&boutique_lab::Progress::stderr()).unwrap_or_else(|error| panic!("{error:#}"))
    })
}

/// `PATH` on which `kubectl boutique` works: the plugin's folder, the labs' kubectl, then what the caller has.
pub fn path() -> std::ffi::OsString {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let first = [Some(built().bin.clone()), kubectl().parent().map(Path::to_owned)];
    std::env::join_paths(first.into_iter().flatten().chain(std::env::split_paths(&inherited)))
        .expect("folders without a colon")
}
