//! The only module that prints. stdout carries results, stderr carries talk, and a reader who goes away ends us quietly.

use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Mutex;

use serde::Serialize;

use crate::error::{Error, Exit};
use crate::style::{BAD, FAINT, Look, WAITING};

/// `-o` of verbs that have a picture and data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Table,
    /// For people with wide terminals
    Wide,
    /// For programs
    Json,
    /// For programs
    Yaml,
    /// Only names, as `kubectl` takes them
    Name,
}

/// `-o` of verbs that tell a story.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TextFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For programs
    Yaml,
}

/// Where everything goes.
pub(crate) struct Output {
    /// What may be shown on stdout.
    pub(crate) look: Look,
    /// Lines of the live picture that stands on stdout.
    live: Mutex<usize>,
}

impl Output {
    pub(crate) fn new(look: Look) -> Self {
        Self { look, live: Mutex::new(0) }
    }

    /// Whether a picture can be redrawn.
    pub(crate) fn is_live(&self) -> bool {
        io::stdout().is_terminal() && std::env::var("TERM").is_ok_and(|term| term != "dumb")
    }

    /// Whether progress can be redrawn on stderr.
    pub(crate) fn is_talk_live(&self) -> bool {
        io::stderr().is_terminal() && std::env::var("TERM").is_ok_and(|term| term != "dumb")
    }

    /// Whether somebody sits there who can be asked.
    pub(crate) fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Part of the result.
    pub(crate) fn result(&self, text: &str) -> Result<(), Error> {
        let newline = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        write_out(&format!("{text}{newline}"))
    }

    /// The result as data; `yaml` chooses the notation.
    pub(crate) fn data(&self, value: &impl Serialize, yaml: bool) -> Result<(), Error> {
        let text = match yaml {
            true => serde_yaml_ng::to_string(value).map_err(|error| Error::Encode(error.to_string()))?,
            false => serde_json::to_string_pretty(value).map_err(|error| Error::Encode(error.to_string()))?,
        };
        self.result(&text)
    }

    /// A picture in place of the last one; call only where [`Output::is_live`].
    pub(crate) fn frame(&self, text: &str) -> Result<(), Error> {
        let lines: Vec<&str> = text.lines().take(self.height()).collect();
        let mut standing = self.live.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let up = if *standing > 0 { format!("\u{1b}[{}A", *standing) } else { String::new() };
        *standing = lines.len();
        // Each line is cleared behind its text, so that nothing flickers; what is left below goes at the end.
        let body: String = lines.iter().map(|line| format!("{line}\u{1b}[K\n")).collect();
        write_out(&format!("{up}{body}\u{1b}[J"))
    }

    /// Lines that a picture may have on the terminal.
    pub(crate) fn height(&self) -> usize {
        terminal_size::terminal_size().map_or(usize::MAX, |(_, rows)| usize::from(rows.0).saturating_sub(1))
    }

    /// Talk, on stderr.
    pub(crate) fn say(&self, text: &str) {
        self.talk(text);
    }

    /// What may be shown on stderr.
    pub(crate) fn talk_look(&self) -> Look {
        talk_look(self.look)
    }

    /// Talk that matters.
    pub(crate) fn warn(&self, text: &str) {
        let look = talk_look(self.look);
        self.talk(&look.paint(WAITING, &format!("{} {text}", look.warning())));
    }

    /// Talk about details.
    pub(crate) fn note(&self, text: &str) {
        let look = talk_look(self.look);
        self.talk(&look.paint(FAINT, text));
    }

    /// An error.
    pub(crate) fn error(&self, error: &Error) {
        let look = talk_look(self.look);
        self.talk(&format!("{} {error}", look.paint(BAD, "error:")));
    }

    /// One line that the next one overwrites; call only where [`Output::is_talk_live`].
    pub(crate) fn progress(&self, text: &str) {
        let columns = terminal_size::terminal_size_of(io::stderr()).map_or(80, |(columns, _)| usize::from(columns.0));
        let text = crate::draw::table::cut(text, columns.saturating_sub(1), self.look);
        let _ = write!(io::stderr().lock(), "\r{text}\u{1b}[K");
    }

    /// Removes the line of [`Output::progress`].
    pub(crate) fn progress_done(&self) {
        let _ = write!(io::stderr().lock(), "\r\u{1b}[K");
    }

    /// The same, where progress was redrawn at all.
    pub(crate) fn progress_done_if_live(&self) {
        if self.is_talk_live() {
            self.progress_done();
        }
    }

    /// Asks a question that only `y` or `yes` agrees to.
    pub(crate) fn ask(&self, question: &str) -> bool {
        let _ = write!(io::stderr().lock(), "{question} [y/N] ");
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    fn talk(&self, text: &str) {
        // Nobody is left to be told that stderr is closed.
        let _ = writeln!(io::stderr().lock(), "{}", self.look.plain(text));
    }
}

fn write_out(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|_| Error::ReaderGone)
}

/// stderr may be a file while stdout is a terminal.
fn talk_look(look: Look) -> Look {
    let terminal = terminal_size::terminal_size_of(io::stderr()).map(|(columns, _)| usize::from(columns.0));
    Look { color: look.color && io::stderr().is_terminal(), width: terminal.or(look.width), ..look }
}

/// What clap has to say: help and version on stdout, mistakes on stderr.
pub(crate) fn clap_message(error: &clap::Error) -> Exit {
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Ok }
}

/// Columns to fill: the terminal's, or what `COLUMNS` says where there is none; without either, no row is shortened.
pub(crate) fn width() -> Option<usize> {
    let terminal = terminal_size::terminal_size_of(io::stdout()).map(|(columns, _)| usize::from(columns.0));
    terminal.or_else(|| std::env::var("COLUMNS").ok()?.parse().ok())
}
