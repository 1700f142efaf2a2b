//! The kinds of fault, as `break --list` shows them.

use boutique_core::fault::{FaultType, Undo, kind};
use boutique_core::service::Service;
use serde::Serialize;

use super::table::{Cell, Column, Give, Table};
use super::wrap::{lines, sentence};
use crate::style::{FAINT, Look, PLAIN};
use crate::verb::DATA_VERSION;

/// Columns of the first two of the table.
const BESIDE: usize = 24;

/// The kinds, one each row; for one service, those that make sense for it.
pub(crate) fn kinds(service: Option<Service>, look: Look) -> String {
    let mut table = Table::new(vec![
        Column::left("KIND", Give::Never),
        Column::left("UNDO", Give::Never),
        Column::left("WHAT IT DOES", Give::Never),
    ]);
    for fault in kind::ALL {
        let unfit = service.and_then(|service| fault.unfit(service));
        let (style, mut about) = match unfit {
            Some(reason) => (FAINT, format!("not for this service: {reason}")),
            None => (PLAIN, fault.about().to_owned()),
        };
        if let Some(minor) = fault.since() {
            about.push_str(&format!(" (Kubernetes 1.{minor} or newer)"));
        }
        let mut lines = lines(&look.plain(&about), BESIDE, look).into_iter();
        table.row(vec![
            Cell::styled(fault.name(), style),
            Cell::styled(word(fault.undo()), style),
            Cell::styled(lines.next().unwrap_or_default(), style),
        ]);
        for line in lines {
            table.row(vec!["".into(), "".into(), Cell::styled(line, style)]);
        }
    }
    let mut out = table.draw(look);
    out.push('\n');
    for undo in [Undo::Live, Undo::Added, Undo::Changed] {
        out.push_str(&sentence(&look.plain(&undo.to_string()), 2, look));
    }
    out.push_str("\ntry one: kubectl boutique break SERVICE --fault=KIND --dry-run\n");
    out
}

/// The first word of how it is undone.
pub(crate) fn word(undo: Undo) -> String {
    let text = undo.to_string();
    text.split(':').next().unwrap_or(&text).to_owned()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    name: &'static str,
    about: &'static str,
    undo: Undo,
    #[serde(skip_serializing_if = "Option::is_none")]
    since_minor: Option<u32>,
    /// Services that it is for.
    services: Vec<Service>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Kind>,
}

/// The same as data.
pub(crate) fn document() -> impl Serialize {
    let of = |fault: &&'static dyn FaultType| Kind {
        name: fault.name(),
        about: fault.about(),
        undo: fault.undo(),
        since_minor: fault.since(),
        services: Service::ALL.into_iter().filter(|service| fault.unfit(*service).is_none()).collect(),
    };
    Document { api_version: DATA_VERSION, kind: "FaultKindList", items: kind::ALL.iter().map(of).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_read_well_in_eighty_columns() {
        let look = Look { color: false, unicode: true, width: Some(80) };
        let text = kinds(None, look);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        insta::assert_snapshot!(text);
    }
}
