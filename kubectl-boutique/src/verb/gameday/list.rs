//! `gameday list`: what comes with the program.

use boutique_core::gameday::{parse, plan};
use clap::Args;
use serde::Serialize;

use super::ready::READY;
use crate::ctx::Ctx;
use crate::draw::table::{Cell, Column, Give, Table};
use crate::error::{Error, Exit};
use crate::output::Format;
use crate::verb::DATA_VERSION;

/// Show the gamedays that come with this program
///
/// Each can be run by its name. With a name, its file is shown: a beginning for one of your own.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Gameday whose file is shown
    name: Option<String>,

    /// Format of the result
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,

    /// Leave the column titles out
    #[arg(long)]
    no_headers: bool,
}

#[derive(Serialize)]
struct Item {
    name: &'static str,
    steps: usize,
    title: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Item>,
}

pub(super) fn run(ctx: &Ctx, args: &ListArgs) -> Result<Exit, Error> {
    if let Some(name) = &args.name {
        let (_, text) = super::files::gameday(name)?;
        ctx.out.result(&text)?;
        return Ok(Exit::Ok);
    }
    let items: Vec<Item> = READY.iter().filter_map(|(name, text)| item(name, text)).collect();
    match args.output {
        Format::Table | Format::Wide => {
            let mut table = Table::new(vec![
                Column::left("NAME", Give::Never),
                Column::right("STEPS"),
                Column::left("ABOUT", Give::End(20)),
            ])
            .without_titles(args.no_headers);
            for Item { name, steps, title } in items {
                table.row(vec![Cell::new(name), Cell::new(steps.to_string()), Cell::new(title)]);
            }
            ctx.out.result(&table.draw(ctx.out.look))?;
        }
        Format::Name => ctx.out.result(&items.iter().map(|item| format!("{}\n", item.name)).collect::<String>())?,
        Format::Json | Format::Yaml => {
            let document = Document { api_version: DATA_VERSION, kind: "GamedayList", items };
            ctx.out.data(&document, args.output == Format::Yaml)?;
        }
    }
    Ok(Exit::Ok)
}

fn item(name: &'static str, text: &str) -> Option<Item> {
    let gameday = parse(text).ok()?;
    let steps = plan(&gameday, None).ok()?.steps.len();
    Some(Item { name, steps, title: gameday.title })
}
