//! Sentences that are longer than the terminal is wide.

use crate::style::Look;

/// Columns to fill where nobody says how many there are.
const COLUMNS: usize = 100;

/// A text that begins after `used` columns, as lines that fit; those after the first are indented by so many blanks. What
/// is to be pasted into a shell must not go through here.
fn fit(text: &str, used: usize, indent: usize, look: Look) -> String {
    let columns = look.width.unwrap_or(COLUMNS).max(40);
    let (mut out, mut column, mut fresh) = (String::new(), used, true);
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if !fresh && column + 1 + length > columns {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if !fresh {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
        fresh = false;
    }
    out.push('\n');
    out
}

/// A text as the lines that fit beside so many columns.
pub(crate) fn lines(text: &str, beside: usize, look: Look) -> Vec<String> {
    fit(text, beside, beside, look).lines().map(|line| line.trim_start().to_owned()).collect()
}

/// A sentence; its second line is indented.
pub(crate) fn sentence(text: &str, indent: usize, look: Look) -> String {
    fit(text, 0, indent, look)
}

/// A word and what there is to say about it, beside it.
pub(crate) fn field(label: &str, text: &str, width: usize, look: Look) -> String {
    format!("{label:<width$}{}", fit(&look.plain(text), width, width, look))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOOK: Look = Look { color: false, unicode: true, width: Some(40) };

    #[test]
    fn a_long_sentence_goes_on_below_its_beginning() {
        let lines = sentence("note: the simulated shoppers pause; the shop does not notice", 6, LOOK);
        assert_eq!(lines, "note: the simulated shoppers pause; the\n      shop does not notice\n");
    }

    #[test]
    fn what_belongs_to_a_word_stands_beside_it() {
        let lines = field("Undo", "Kubernetes replaces the pods, whatever happens", 10, LOOK);
        assert_eq!(lines, "Undo      Kubernetes replaces the pods,\n          whatever happens\n");
    }
}
