//! Redis from the distribution's package, with the libraries it needs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::{Entry, Image};
use crate::cache::Cache;
use crate::debian::Sysroot;
use crate::progress::Progress;

/// The image under these names: `redis-server` and `redis-cli`, data in `/data`, nothing saved, open to the cluster.
///
/// # Errors
/// When Debian's packages cannot be fetched, or a library of the program is found nowhere.
pub fn redis(cache: &Cache, names: Vec<String>, progress: &Progress) -> Result<Image> {
    let sysroot = Sysroot::with(cache, &["redis-server", "redis-tools"], progress)?;
    let mut files = Vec::new();
    for name in ["redis-server", "redis-cli"] {
        let program = sysroot.program(name)?;
        for (path, from) in libraries(&program, &sysroot)? {
            let entry = Entry::program(path, from);
            if !files.contains(&entry) {
                files.push(entry);
            }
        }
        files.push(Entry::program(format!("/usr/local/bin/{name}"), program));
    }
    files.push(Entry::Folder { path: "/data".to_owned(), mode: 0o777 });
    files.push(Entry::Folder { path: "/tmp".to_owned(), mode: 0o1777 });
    let args = ["--save", "", "--protected-mode", "no", "--dir", "/data"];
    Ok(Image {
        names,
        entrypoint: vec!["redis-server".to_owned()],
        args: args.map(str::to_owned).to_vec(),
        files,
        user: "1000".to_owned(),
        folder: "/data".to_owned(),
        ..Image::default()
    })
}

/// The libraries of a program and its loader: path in the image, file on the host.
fn libraries(program: &Path, sysroot: &Sysroot) -> Result<Vec<(String, PathBuf)>> {
    let answer = Command::new("ldd")
        .arg(program)
        .env("LD_LIBRARY_PATH", sysroot.libraries())
        .output()
        .with_context(|| format!("run ldd {}", program.display()))?;
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    if !answer.status.success() {
        bail!("ldd {} failed: {}", program.display(), String::from_utf8_lossy(&answer.stderr).trim());
    }
    text.lines().filter_map(|line| wanted(line).transpose()).collect()
}

/// What a line of ldd asks for. Libraries go where every loader looks; the loader itself where the program names it.
fn wanted(line: &str) -> Result<Option<(String, PathBuf)>> {
    let line = line.trim();
    if let Some((name, found)) = line.split_once(" => ") {
        let Some(path) = found.split(" (").next().filter(|path| path.starts_with('/')) else {
            bail!("library {name} is found nowhere");
        };
        return Ok(Some((format!("/usr/lib/{name}"), PathBuf::from(path))));
    }
    // `linux-vdso.so.1` has no file; the loader is given by its full path.
    let loader = line.split(" (").next().filter(|path| path.starts_with('/'));
    Ok(loader.map(|path| (path.to_owned(), PathBuf::from(path))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ldd_lines_become_files_of_the_image() {
        let library = "\tlibjemalloc.so.2 => /c/usr/lib/libjemalloc.so.2 (0x00007f)";
        assert_eq!(
            wanted(library).unwrap(),
            Some(("/usr/lib/libjemalloc.so.2".to_owned(), PathBuf::from("/c/usr/lib/libjemalloc.so.2")))
        );
        let loader = "\t/lib64/ld-linux-x86-64.so.2 (0x00007f)";
        let path = "/lib64/ld-linux-x86-64.so.2";
        assert_eq!(wanted(loader).unwrap(), Some((path.to_owned(), PathBuf::from(path))));
        assert_eq!(wanted("\tlinux-vdso.so.1 (0x00007f)").unwrap(), None);
    }

    #[test]
    fn a_library_that_is_nowhere_is_named() {
        let error = wanted("\tliblua5.1.so.0 => not found").unwrap_err().to_string();
        assert_eq!(error, "library liblua5.1.so.0 is found nowhere");
    }
}
