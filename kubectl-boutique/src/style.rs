//! Colour and glyphs: what a terminal can show, decided once.
//!
//! Colour never carries a meaning alone: every glyph and colour stands next to the word that says the same.

use std::io::IsTerminal;

use anstyle::{AnsiColor, Style};
use boutique_core::grade::Verdict;
use boutique_core::view::{Health, Sign};
use clap::ValueEnum;

/// `--color`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// When stdout is a terminal and neither NO_COLOR nor TERM=dumb says otherwise
    #[default]
    Auto,
    /// Also into files and pipes
    Always,
    /// Not at all
    Never,
}

/// What the output may contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// ANSI colours.
    pub(crate) color: bool,
    /// Characters beyond ASCII.
    pub(crate) unicode: bool,
    /// Columns to fill; rows are shortened to fit, `None` never shortens.
    pub(crate) width: Option<usize>,
}

impl Look {
    /// Decides from the flag, the environment and what stdout is.
    pub(crate) fn of(choice: ColorChoice, env: impl Fn(&str) -> Option<String>, width: Option<usize>) -> Self {
        let set = |name: &str| env(name).is_some_and(|value| !value.is_empty());
        let terminal = std::io::stdout().is_terminal();
        let color = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if set("NO_COLOR") => false,
            ColorChoice::Auto if env("CLICOLOR_FORCE").is_some_and(|value| value != "0" && !value.is_empty()) => true,
            ColorChoice::Auto => terminal && env("TERM").as_deref() != Some("dumb"),
        };
        Self { color, unicode: is_utf8(&env), width }
    }

    /// `text` in a style, if colours are on.
    pub(crate) fn paint(self, style: Style, text: &str) -> String {
        if self.color && style != Style::new() { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// One of two spellings.
    fn glyph(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }

    pub(crate) fn good(self) -> &'static str {
        self.glyph("✔", "+")
    }

    pub(crate) fn waiting(self) -> &'static str {
        self.glyph("◌", "~")
    }

    pub(crate) fn bad(self) -> &'static str {
        self.glyph("✖", "x")
    }

    pub(crate) fn warning(self) -> &'static str {
        self.glyph("⚠", "!")
    }

    pub(crate) fn arrow(self) -> &'static str {
        self.glyph("→", "->")
    }

    pub(crate) fn ellipsis(self) -> &'static str {
        self.glyph("…", "~")
    }

    pub(crate) fn branch(self, last: bool) -> &'static str {
        match last {
            true => self.glyph("└─ ", "`- "),
            false => self.glyph("├─ ", "|- "),
        }
    }

    pub(crate) fn trunk(self, last: bool) -> &'static str {
        if last { "   " } else { self.glyph("│  ", "|  ") }
    }

    /// Replaces the few characters beyond ASCII that sentences of the libraries contain.
    pub(crate) fn plain(self, text: &str) -> String {
        if self.unicode {
            return text.to_owned();
        }
        text.replace('→', "->").replace('…', "~").replace('−', "-")
    }
}

/// The locale as the C library reads it: the first of the three that is set decides.
fn is_utf8(env: &impl Fn(&str) -> Option<String>) -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| env(name).filter(|value| !value.is_empty())).is_some_and(
        |locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        },
    )
}

pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
pub(crate) const WAITING: Style = AnsiColor::Yellow.on_default();
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
pub(crate) const STRONG: Style = Style::new().bold();
pub(crate) const FAINT: Style = Style::new().dimmed();
pub(crate) const PLAIN: Style = Style::new();

/// Glyph and colour of a state.
pub(crate) trait Mark {
    fn mark(self, look: Look) -> (&'static str, Style);
}

impl Mark for Health {
    fn mark(self, look: Look) -> (&'static str, Style) {
        match self {
            Self::Healthy => (look.good(), GOOD),
            Self::Progressing => (look.waiting(), WAITING),
            Self::Degraded => (look.bad(), BAD),
        }
    }
}

impl Mark for Sign {
    fn mark(self, look: Look) -> (&'static str, Style) {
        match self {
            Self::Good => (look.good(), GOOD),
            Self::Waiting => (look.waiting(), WAITING),
            Self::Bad => (look.bad(), BAD),
        }
    }
}

impl Mark for Verdict {
    fn mark(self, look: Look) -> (&'static str, Style) {
        match self {
            Self::Confirmed => (look.good(), GOOD),
            Self::Inconclusive => (look.waiting(), WAITING),
            Self::Refuted => (look.bad(), BAD),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(choice: ColorChoice, env: &[(&str, &str)]) -> Look {
        let find = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Look::of(choice, find, None)
    }

    #[test]
    fn no_color_beats_a_forced_one_and_the_flag_beats_both() {
        let env = [("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")];
        assert!(!look(ColorChoice::Auto, &env).color);
        assert!(look(ColorChoice::Always, &env).color);
        assert!(look(ColorChoice::Auto, &[("CLICOLOR_FORCE", "1")]).color);
        assert!(!look(ColorChoice::Never, &[("CLICOLOR_FORCE", "1")]).color);
    }

    #[test]
    fn glyphs_are_ascii_unless_the_locale_is_utf8() {
        assert_eq!(look(ColorChoice::Never, &[]).good(), "+");
        assert_eq!(look(ColorChoice::Never, &[("LANG", "en_US.UTF-8")]).good(), "✔");
        assert_eq!(look(ColorChoice::Never, &[("LC_ALL", "C"), ("LANG", "en_US.UTF-8")]).good(), "+");
    }
}
