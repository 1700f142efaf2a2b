//! Places of panels, computed: a row is a heading and shelves, and panels share a shelf evenly.

use super::panel::Panel;

/// Columns of Grafana's grid.
pub(super) const COLUMNS: u32 = 24;

/// A heading and what stands below it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) title: &'static str,
    shelves: Vec<Shelf>,
}

#[derive(Clone, Debug, PartialEq)]
struct Shelf {
    height: u32,
    panels: Vec<Panel>,
}

/// Where something stands in the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) w: u32,
    pub(super) h: u32,
}

/// A heading or a panel, with its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Placed<'a> {
    Heading(&'a str, Place),
    Panel(&'a Panel, Place),
}

impl Row {
    pub(super) const fn new(title: &'static str) -> Self {
        Self { title, shelves: Vec::new() }
    }

    /// Adds a shelf of panels side by side; heights are in Grafana's units of 30 pixels and a little.
    pub(super) fn shelf(mut self, height: u32, panels: Vec<Panel>) -> Self {
        self.shelves.push(Shelf { height, panels });
        self
    }

    pub(super) fn panels(&self) -> impl Iterator<Item = &Panel> {
        self.shelves.iter().flat_map(|shelf| &shelf.panels)
    }
}

/// Every heading and panel from top to bottom.
pub(super) fn place(rows: &[Row]) -> Vec<Placed<'_>> {
    let mut placed = Vec::new();
    let mut y = 0;
    for row in rows {
        placed.push(Placed::Heading(row.title, Place { x: 0, y, w: COLUMNS, h: 1 }));
        y += 1;
        for shelf in &row.shelves {
            let count = u32::try_from(shelf.panels.len()).unwrap_or(COLUMNS).clamp(1, COLUMNS);
            for (index, panel) in (0..count).zip(&shelf.panels) {
                let x = index * COLUMNS / count;
                let w = (index + 1) * COLUMNS / count - x;
                placed.push(Placed::Panel(panel, Place { x, y, w, h: shelf.height }));
            }
            y += shelf.height;
        }
    }
    placed
}
