//! Aligned columns without borders, shortened to the width of the terminal.

use anstyle::Style;

use crate::style::{Look, PLAIN, STRONG};

/// One field of a row.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: PLAIN }
    }

    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// A line of its own, made of painted parts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line(Vec<Cell>);

impl Line {
    pub(crate) fn part(mut self, text: impl Into<String>, style: Style) -> Self {
        self.0.push(Cell::styled(text, style));
        self
    }

    /// The line, its end cut off where the terminal ends.
    pub(crate) fn draw(&self, look: Look) -> String {
        let mut left = look.width.unwrap_or(usize::MAX);
        let mut out = String::new();
        for part in &self.0 {
            if left == 0 {
                break;
            }
            let text = cut(&part.text, left, look);
            left -= text.chars().count();
            out.push_str(&look.paint(part.style, &text));
        }
        out.push('\n');
        out
    }
}

/// How a column gives way when the terminal is narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Give {
    /// Never.
    Never,
    /// Loses its middle: for names whose beginning and end both matter.
    Middle(usize),
    /// Loses its end, down to so many characters.
    End(usize),
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) right: bool,
    pub(crate) give: Give,
}

impl Column {
    pub(crate) const fn left(title: &'static str, give: Give) -> Self {
        Self { title, right: false, give }
    }

    pub(crate) const fn right(title: &'static str) -> Self {
        Self { title, right: true, give: Give::Never }
    }
}

/// A row is cells under the columns, or a line across them.
#[derive(Debug, Clone)]
enum Row {
    Cells(Vec<Cell>),
    Line(Line),
}

/// Rows under titled columns.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Row>,
    titles: bool,
}

const SPACE: usize = 2;

impl Table {
    pub(crate) fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new(), titles: true }
    }

    pub(crate) fn without_titles(mut self, without: bool) -> Self {
        self.titles = !without;
        self
    }

    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row::Cells(cells));
    }

    pub(crate) fn line(&mut self, line: Line) {
        self.rows.push(Row::Line(line));
    }

    /// The table as lines.
    pub(crate) fn draw(&self, look: Look) -> String {
        let widths = self.widths(look.width);
        let mut out = String::new();
        if self.titles {
            let titles = self.columns.iter().map(|column| Cell::styled(column.title, STRONG)).collect::<Vec<_>>();
            out.push_str(&self.cells(&titles, &widths, look));
        }
        for row in &self.rows {
            match row {
                Row::Cells(cells) => out.push_str(&self.cells(cells, &widths, look)),
                Row::Line(line) => out.push_str(&line.draw(look)),
            }
        }
        out
    }

    /// Natural widths, then taken from the columns that give, one character at a time from the widest of them.
    fn widths(&self, limit: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> =
            self.columns.iter().map(|column| if self.titles { column.title.len() } else { 0 }).collect();
        for row in &self.rows {
            if let Row::Cells(cells) = row {
                for (width, cell) in widths.iter_mut().zip(cells) {
                    *width = cell.width().max(*width);
                }
            }
        }
        let Some(limit) = limit else { return widths };
        while widths.iter().sum::<usize>() + SPACE * widths.len().saturating_sub(1) > limit {
            let spare = |index: usize| match self.columns[index].give {
                Give::Never => 0,
                Give::Middle(least) | Give::End(least) => widths[index].saturating_sub(least),
            };
            match (0..widths.len()).max_by_key(|index| spare(*index)).filter(|index| spare(*index) > 0) {
                Some(index) => widths[index] -= 1,
                None => break,
            }
        }
        widths
    }

    fn cells(&self, cells: &[Cell], widths: &[usize], look: Look) -> String {
        let mut line = String::new();
        // Blanks are written only before a text, so that no line ends in them.
        let mut owed = 0;
        for ((cell, column), width) in cells.iter().zip(&self.columns).zip(widths) {
            let text = match column.give {
                Give::Middle(_) => cut_middle(&cell.text, *width, look),
                _ => cut(&cell.text, *width, look),
            };
            let length = text.chars().count();
            let pad = width.saturating_sub(length);
            if length == 0 {
                owed += width + SPACE;
                continue;
            }
            let before = owed + if column.right { pad } else { 0 };
            line.push_str(&" ".repeat(before));
            line.push_str(&look.paint(cell.style, &text));
            owed = SPACE + if column.right { 0 } else { pad };
        }
        line.push('\n');
        line
    }
}

/// At most `width` characters, the end replaced by an ellipsis.
pub(crate) fn cut(text: &str, width: usize, look: Look) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}{}", look.ellipsis())
}

/// At most `width` characters, the middle replaced by an ellipsis; the last third stays.
fn cut_middle(text: &str, width: usize, look: Look) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let tail = width / 3;
    let head: String = text.chars().take(width.saturating_sub(tail + 1)).collect();
    let tail: String = text.chars().skip(length - tail).collect();
    format!("{head}{}{tail}", look.ellipsis())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(width: usize) -> Look {
        Look { color: false, unicode: true, width: Some(width) }
    }

    fn mk_table() -> Table {
        let mut table = Table::new(vec![
            Column::left("NAME", Give::Middle(10)),
            Column::right("READY"),
            Column::left("STATUS", Give::End(6)),
        ]);
        table.row(vec!["recommendationservice-7d9f8-x2x8k".into(), "1/1".into(), "CrashLoopBackOff".into()]);
        table.row(vec!["frontend".into(), "".into(), "".into()]);
        table
    }

    #[test]
    fn columns_are_aligned_and_lines_have_no_trailing_blanks() {
        let drawn = mk_table().draw(look(120));
        assert!(drawn.lines().all(|line| line.trim_end() == line));
        assert_eq!(drawn.lines().next(), Some("NAME                               READY  STATUS"));
        assert_eq!(drawn.lines().nth(1), Some("recommendationservice-7d9f8-x2x8k    1/1  CrashLoopBackOff"));
    }

    #[test]
    fn a_narrow_terminal_shortens_names_in_the_middle_and_words_at_the_end() {
        let drawn = mk_table().draw(look(40));
        assert!(drawn.lines().all(|line| line.chars().count() <= 40), "{drawn}");
        assert!(drawn.contains("x2x8k"), "{drawn}");
    }

    #[test]
    fn a_painted_line_is_cut_by_what_is_seen_of_it() {
        let line = Line::default().part("abc", crate::style::GOOD).part("defgh", PLAIN);
        assert_eq!(line.draw(look(6)), "abcde…\n");
        let colored = Look { color: true, ..look(6) };
        assert_eq!(line.draw(colored), "\u{1b}[32mabc\u{1b}[0mde…\n");
    }

    #[test]
    fn colours_do_not_move_columns() {
        let mut table = Table::new(vec![Column::left("A", Give::Never), Column::left("B", Give::Never)]);
        table.row(vec![Cell::styled("ab", crate::style::GOOD), "c".into()]);
        let colored = table.draw(Look { color: true, unicode: true, width: None });
        assert!(colored.contains("\u{1b}[32mab\u{1b}[0m  c"), "{colored:?}");
    }
}
