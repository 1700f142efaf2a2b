//! The shared libraries that programs of the host need in an image.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::Entry;

/// What a library that is found nowhere means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The image would not work.
    Refuse,
    /// The program does without: optional modules of an interpreter.
    Skip,
}

/// The libraries of programs and their loader, as entries. The folders of `search` are looked at before the host's own folders.
pub(crate) fn libraries(programs: &[PathBuf], search: &str, missing: Missing) -> Result<Vec<Entry>> {
    let mut entries: Vec<Entry> = Vec::new();
    // ldd is a script around the loader; a few hundred files at once are well below the limit of a command line.
    for programs in programs.chunks(200) {
        let answer = Command::new("ldd")
            .args(programs)
            .env("LD_LIBRARY_PATH", search)
            .output()
            .with_context(|| format!("run ldd for {} files", programs.len()))?;
        let text = String::from_utf8_lossy(&answer.stdout).into_owned();
        if !answer.status.success() && missing == Missing::Refuse {
            bail!("ldd failed: {}", String::from_utf8_lossy(&answer.stderr).trim());
        }
        for line in text.lines() {
            let found = wanted(line);
            if found.is_err() && missing == Missing::Skip {
                continue;
            }
            let entry = found?.map(|(path, from)| Entry::program(path, from));
            entries.extend(entry.filter(|entry| !entries.iter().any(|known| known.path() == entry.path())));
        }
    }
    Ok(entries)
}

/// What a line of ldd asks for: path in the image, file on the host. Libraries go where every loader looks; the loader
/// itself where the program names it.
fn wanted(line: &str) -> Result<Option<(String, PathBuf)>> {
    let line = line.trim();
    if let Some((name, found)) = line.split_once(" => ") {
        let Some(path) = found.split(" (").next().filter(|path| path.starts_with('/')) else {
            bail!("library {name} is found nowhere");
        };
        return Ok(Some((format!("/usr/lib/{name}"), PathBuf::from(path))));
    }
    // `linux-vdso.so.1` has no file; the loader is given by its full path; `/path/of/program:` is a heading.
    let loader = line.split_once(" (").map(|(path, _)| path).filter(|path| path.starts_with('/'));
    Ok(loader.map(|path| (path.to_owned(), PathBuf::from(path))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ldd_lines_become_files_of_the_image() {
        let library = "\tlibjemalloc.so.2 => /c/usr/lib/libjemalloc.so.2 (0x00007f)";
        let expected = ("/usr/lib/libjemalloc.so.2".to_owned(), PathBuf::from("/c/usr/lib/libjemalloc.so.2"));
        assert_eq!(wanted(library).unwrap(), Some(expected));
        let path = "/lib64/ld-linux-x86-64.so.2";
        let expected = (path.to_owned(), PathBuf::from(path));
        assert_eq!(wanted("\t/lib64/ld-linux-x86-64.so.2 (0x00007f)").unwrap(), Some(expected));
    }

    #[test]
    fn lines_of_ldd_without_a_file_ask_for_nothing() {
        for line in ["\tlinux-vdso.so.1 (0x00007f)", "/usr/bin/python3:", "\tstatically linked"] {
            assert_eq!(wanted(line).unwrap(), None, "{line}");
        }
    }

    #[test]
    fn a_library_that_is_nowhere_is_named() {
        let error = wanted("\tliblua5.1.so.0 => not found").unwrap_err().to_string();
        assert_eq!(error, "library liblua5.1.so.0 is found nowhere");
    }
}
