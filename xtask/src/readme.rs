//! The README's figures: those of the newest result of `cargo xtask bench` in docs/proof, never typed.

use std::fs;
use std::path::PathBuf;

use crate::workspace;

const BEGIN: &str = "<!-- figures: BLESS=1 cargo test -p xtask readme -->\n";
const END: &str = "<!-- end of figures -->\n";

/// The newest bench among the dated results.
fn newest() -> PathBuf {
    let folder = workspace::root().join("docs/proof");
    let files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|file| file.to_string_lossy().ends_with("-bench.md")).max().unwrap()
}

/// The block as it follows from a result: its date and machine, and each figure that has a bound.
fn block(name: &str, result: &str) -> String {
    let of = |what: &str| result.lines().find_map(|line| line.strip_prefix(what)).unwrap_or("not said");
    let unbounded = |line: &&str| line.split('|').nth(3).is_some_and(|bound| bound.trim().is_empty());
    let table = result.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let rows: Vec<&str> = table.filter(|line| !unbounded(line)).collect();
    assert!(rows.len() > 3, "{name} holds no table of figures");
    format!(
        "Measured on {} by `cargo xtask bench` ({}; [all of it](docs/proof/{name})):\n\n{}\n",
        of("- date: "),
        of("- machine: "),
        rows.join("\n")
    )
}

#[test]
fn the_figures_are_those_of_the_newest_run() {
    let proof = newest();
    let name = proof.file_name().unwrap().to_string_lossy();
    let expected = block(&name, &fs::read_to_string(&proof).unwrap());
    let readme = workspace::root().join("README.md");
    let text = fs::read_to_string(&readme).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("README.md marks the begin of its figures");
    let (shown, after) = rest.split_once(END).expect("README.md marks the end of its figures");
    if std::env::var_os("BLESS").is_some() {
        fs::write(readme, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
    } else {
        assert_eq!(shown, expected, "README.md shows other figures than {name}: BLESS=1 cargo test -p xtask readme");
    }
}
