//! Directions inside of the crate, which no compiler checks.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::fs;
use std::path::{Path, PathBuf};

fn sources(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Fails when a file outside of `allowed` names `word`.
#[track_caller]
fn only_in(allowed: &[&str], word: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in sources(&root) {
        let place = file.strip_prefix(&root).unwrap();
        let names = fs::read_to_string(&file).unwrap().contains(word);
        let may = allowed.iter().any(|allowed| place.starts_with(allowed));
        assert!(may || !names, "src/{} names {word}, which only {allowed:?} may", place.display());
    }
}

#[test]
fn generated_types_stay_behind_the_conversion_modules() {
    only_in(&["convert"], "tfplugin_proto");
}

#[test]
fn only_conversion_and_serving_know_grpc_and_tls() {
    only_in(&["convert", "serve"], "tonic::");
    only_in(&["serve"], "rustls");
}

#[test]
fn deciding_waits_for_nothing() {
    for pure in ["value", "codec", "schema", "planning", "checks", "model"] {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(pure);
        for file in sources(&root) {
            let text = fs::read_to_string(&file).unwrap();
            assert!(!text.contains("async ") && !text.contains("tokio"), "{} waits", file.display());
        }
    }
}
