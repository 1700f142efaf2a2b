//! Files of a gameday: what is read, and the folder with what is written.

use std::path::{Path, PathBuf};

use boutique_core::gameday::baseline::Comparison;
use boutique_core::gameday::journal::{Raw, sha256};
use boutique_core::gameday::report::Report;
use boutique_core::gameday::{Gameday, Journal, parse};

use super::ready::ready;
use crate::error::Error;
use crate::global::read;

/// Name of the file with every sample.
const SAMPLES: &str = "samples.jsonl";

/// A gameday by its file, or one that comes with the program by its name; with its text.
pub(super) fn gameday(name: &str) -> Result<(Gameday, String), Error> {
    let path = Path::new(name);
    let text = match ready(name) {
        // A file of that name is what is meant.
        Some(text) if !path.is_file() => text.to_owned(),
        _ => read(path)?,
    };
    match parse(&text) {
        Ok(gameday) => Ok((gameday, text)),
        Err(problems) => Err(Error::Gameday {
            path: name.to_owned(),
            problems: problems.iter().map(|problem| format!("\n  {problem}")).collect(),
        }),
    }
}

/// A journal by its file, or by the folder that it lies in.
pub(super) fn journal(path: &Path) -> Result<Journal, Error> {
    let path = if path.is_dir() { path.join("journal.json") } else { path.to_path_buf() };
    let text = read(&path)?;
    Journal::read(&text).map_err(|error| Error::File { path: path.display().to_string(), reason: error.to_string() })
}

/// The folder of one gameday.
pub(super) struct Folder {
    path: PathBuf,
    samples: String,
}

impl Folder {
    /// Makes it, so that what cannot be written is known before anything is broken.
    pub(super) fn make(path: PathBuf) -> Result<Self, Error> {
        std::fs::create_dir_all(&path).map_err(|error| unwritable(&path, &error))?;
        let folder = Self { path, samples: String::new() };
        if folder.path.join("journal.json").exists() {
            return Err(Error::Refused {
                reason: format!("{} holds the journal of another gameday", folder.path.display()),
                remedy: "give another folder by --report-dir".to_owned(),
            });
        }
        folder.write(SAMPLES, "")?;
        Ok(folder)
    }

    /// Keeps samples of a step.
    pub(super) fn keep(&mut self, lines: &str) -> Result<(), Error> {
        self.samples.push_str(lines);
        let samples = &self.samples;
        self.write(SAMPLES, samples)
    }

    /// What has been kept.
    pub(super) fn raw(&self) -> Raw {
        let samples = u64::try_from(self.samples.lines().count()).unwrap_or(u64::MAX);
        Raw { file: SAMPLES.to_owned(), samples, sha256: sha256(self.samples.as_bytes()) }
    }

    /// Writes the journal as it stands: what is known survives this program.
    pub(super) fn journal(&self, journal: &Journal) -> Result<(), Error> {
        let text = journal.write().map_err(|error| Error::Encode(error.to_string()))?;
        self.write("journal.json", &text)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        write(&self.path, name, text)
    }
}

/// Writes every report of a journal into a folder.
pub(super) fn reports(folder: &Path, journal: &Journal, comparison: Option<&Comparison>) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let report = Report { journal, comparison };
    let json = serde_json::to_string_pretty(&report.json()).map_err(|error| Error::Encode(error.to_string()))?;
    write(folder, "report.md", &report.markdown())?;
    write(folder, "report.html", &report.html())?;
    write(folder, "report.json", &(json + "\n"))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Error> {
    // Beside the place, and then onto it: a reader never finds half a file.
    let (path, beside) = (folder.join(name), folder.join(format!(".{name}.new")));
    std::fs::write(&beside, text)
        .and_then(|()| std::fs::rename(&beside, &path))
        .map_err(|error| unwritable(&path, &error))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::Unwritable { path: path.display().to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_problems_is_refused_with_all_of_them() {
        let path = std::env::temp_dir().join(format!("gameday-{}.yaml", std::process::id()));
        std::fs::write(&path, "kind: Gameday\nnames: x\n").unwrap();
        let error = gameday(&path.display().to_string()).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.contains("line 2: names: is no key that is known here; did you mean \"name\"?"), "{error}");
        assert!(error.lines().count() > 3, "{error}");
    }

    #[test]
    fn a_folder_with_a_journal_is_not_written_over() {
        let path = std::env::temp_dir().join(format!("gameday-folder-{}", std::process::id()));
        let mut folder = Folder::make(path.clone()).unwrap();
        folder.keep("{}\n{}\n").unwrap();
        assert_eq!(folder.raw().samples, 2);
        assert_eq!(std::fs::read_to_string(path.join(SAMPLES)).unwrap(), "{}\n{}\n");
        std::fs::write(path.join("journal.json"), "{}").unwrap();
        let refused = Folder::make(path.clone()).err().map(|error| error.to_string()).unwrap_or_default();
        std::fs::remove_dir_all(&path).unwrap();
        assert!(refused.contains("holds the journal of another gameday"), "{refused}");
    }
}
