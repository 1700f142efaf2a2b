//! Mistakes with null, unknown and flags that must not compile.
//!
//! Each file of `tests/refused` is given to rustc alone, and each comment `//~ text` in it names a line that the compiler
//! must say. Nothing but this crate is needed for that, so nothing is built again.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn mistakes_of_authors_do_not_compile_and_the_compiler_says_why() {
    let library = library();
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/refused")).unwrap();
    let mut count = 0;
    for file in files.map(|entry| entry.unwrap().path()) {
        let source = fs::read_to_string(&file).unwrap();
        let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .args(["--edition", "2024", "--crate-type", "lib", "--emit", "metadata", "--out-dir"])
            .arg(env!("CARGO_TARGET_TMPDIR"))
            .arg("--extern")
            .arg(format!("tfplugin_rs={}", library.display()))
            .arg("-L")
            .arg(format!("dependency={}", library.parent().unwrap().display()))
            .arg(&file)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{} compiles", file.display());
        for text in source.lines().filter_map(|line| line.trim().strip_prefix("//~ ")) {
            assert!(said.contains(text), "{}: {text:?} is not in:\n{said}", file.display());
            count += 1;
        }
    }
    assert!(count >= 10, "only {count} texts were compared");
}

/// This crate as the test itself was linked with: the newest build of it beside the test.
fn library() -> PathBuf {
    let directory = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let libraries = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("libtfplugin_rs-") && name.ends_with(".rlib")
    });
    libraries.max_by_key(|path| path.metadata().and_then(|data| data.modified()).unwrap()).unwrap()
}
