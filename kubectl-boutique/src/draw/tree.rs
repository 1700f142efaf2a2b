//! `status` as a tree: the way in, then every workload with its pods.

use boutique_core::view::{EdgeView, Health, PodView, RouteView, ShopView, Sign, WorkloadView};

use super::age::age;
use super::table::{Cell, Column, Give, Line, Table};
use crate::style::{BAD, FAINT, GOOD, Look, Mark, PLAIN, STRONG, WAITING};

/// What the tree shows beyond the ordinary.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Detail {
    /// Node and whole image.
    pub(crate) wide: bool,
    /// No column titles.
    pub(crate) no_headers: bool,
    /// Only the pods of workloads that are not healthy: for terminals that are too low for all.
    pub(crate) troubled_pods_only: bool,
}

/// The whole picture of one shop.
pub(crate) fn shop(view: &ShopView, detail: Detail, look: Look) -> String {
    let headline: String = headline(view, look).iter().map(|line| line.draw(look)).collect();
    format!("{headline}\n{}", workloads(view, detail, look).draw(look))
}

fn headline(view: &ShopView, look: Look) -> Vec<Line> {
    let (glyph, style) = view.health.mark(look);
    let whose = match &view.stack {
        None => "no stack of the Terraform provider".to_owned(),
        Some(stack) if stack.unread.is_some() => format!("stack {}, drift not read", stack.name),
        Some(stack) => {
            let revision =
                stack.revision.map_or_else(|| "no revision".to_owned(), |number| format!("revision {number}"));
            let drift = match stack.drift.len() {
                0 => "no drift".to_owned(),
                count => format!("{count} drifted"),
            };
            format!("stack {}, {revision}, {drift}", stack.name)
        }
    };
    let first = Line::default()
        .part(format!("{}  ", view.namespace), STRONG)
        .part(format!("{glyph} {}  ", view.health), style)
        .part(whose, FAINT);
    let mut lines = vec![first];
    lines.extend(view.edge.routes.iter().map(|way| route(way, look)));
    lines.push(edge(&view.edge, look));
    if let Some(blame) = view.edge.front_page.as_ref().and_then(|page| page.blame.as_ref()) {
        lines.push(Line::default().part(look.plain(&format!("   blames {blame}")), BAD));
    }
    let drift = view.stack.iter().flat_map(|stack| &stack.drift).map(|drift| format!("drift: {drift}"));
    let unread =
        view.stack.iter().filter_map(|stack| stack.unread.as_ref()).map(|why| format!("drift not read: {why}"));
    for warning in view.faults.iter().cloned().chain(drift).chain(unread) {
        lines.push(Line::default().part(look.plain(&format!("{} {warning}", look.warning())), WAITING));
    }
    lines
}

/// What is answered comes before who answers, so that a narrow terminal cuts off what matters least.
fn route(route: &RouteView, look: Look) -> Line {
    let arrow = look.arrow();
    let line = Line::default().part(format!("{}{} ", look.branch(false), route.url), PLAIN);
    let line = match (&route.front_page, &route.unasked) {
        (Some(page), _) => line
            .part(format!("{arrow} GET / "), PLAIN)
            .part(page.answer.clone(), if page.good { GOOD } else { BAD })
            .part(format!(" in {} ms", page.millis), PLAIN),
        (None, Some(why)) => line.part(look.plain(&format!("not reached from here: {why}")), WAITING),
        (None, None) => line.part("not asked", FAINT),
    };
    let class = route.class.as_ref().map(|class| format!(" ({class})")).unwrap_or_default();
    let address = route.address.as_ref().map_or_else(|| ", no address".to_owned(), |address| format!(" at {address}"));
    line.part(format!("  Ingress/{}{class}{address}", route.ingress), FAINT)
}

fn edge(edge: &EdgeView, look: Look) -> Line {
    let (arrow, line) = (look.arrow(), Line::default().part(look.branch(true), PLAIN));
    let Some(port) = edge.port else {
        return line.part(format!("no Service {}", edge.service), BAD);
    };
    let endpoints = format!("{} of {} endpoints ready", edge.ready, edge.endpoints);
    let line = line
        .part(format!("Service/{} :{port} {arrow} ", edge.service), PLAIN)
        .part(endpoints, if edge.ready == 0 { BAD } else { PLAIN });
    match &edge.front_page {
        None => line,
        Some(page) => line
            .part(format!(" {arrow} GET / "), PLAIN)
            .part(page.answer.clone(), if page.good { GOOD } else { BAD })
            .part(format!(" in {} ms", page.millis), PLAIN),
    }
}

fn workloads(view: &ShopView, detail: Detail, look: Look) -> Table {
    let mut columns = vec![
        Column::left("NAME", Give::Middle(24)),
        Column::right("READY"),
        Column::left("STATUS", Give::End(18)),
        Column::right("RESTARTS"),
        Column::right("AGE"),
        Column::left("IMAGE", if detail.wide { Give::Middle(20) } else { Give::Never }),
    ];
    if detail.wide {
        columns.push(Column::left("NODE", Give::Never));
    }
    let mut table = Table::new(columns).without_titles(detail.no_headers);
    for workload in &view.workloads {
        rows(&mut table, workload, detail, look);
    }
    table
}

fn rows(table: &mut Table, workload: &WorkloadView, detail: Detail, look: Look) {
    let WorkloadView { service, deployed, health, word, ready, desired, .. } = workload;
    let (glyph, style) = if *deployed || health.mark(look).0 == look.bad() { health.mark(look) } else { (" ", FAINT) };
    let image = if detail.wide { workload.image.as_deref() } else { workload.tag() };
    let count = if *deployed { format!("{ready}/{desired}") } else { String::new() };
    table.row(vec![
        Cell::styled(format!("{glyph} {service}"), style),
        Cell::new(count),
        Cell::styled(look.plain(word), style),
        "".into(),
        "".into(),
        Cell::styled(image.unwrap_or_default(), FAINT),
        "".into(),
    ]);
    if detail.troubled_pods_only && *health == Health::Healthy && workload.pods.iter().all(|pod| pod.sign == Sign::Good)
    {
        return;
    }
    for (index, pod) in workload.pods.iter().enumerate() {
        pod_rows(table, pod, index + 1 == workload.pods.len(), look);
    }
}

fn pod_rows(table: &mut Table, pod: &PodView, last: bool, look: Look) {
    let (glyph, style) = pod.sign.mark(look);
    // A good pod needs no glyph: the eye should find the others.
    let status = if pod.sign == Sign::Good { pod.word.clone() } else { format!("{glyph} {}", pod.word) };
    let style = if pod.sign == Sign::Good { PLAIN } else { style };
    table.row(vec![
        Cell::styled(format!("  {}{}", look.branch(last), pod.name), style),
        Cell::new(format!("{}/{}", pod.ready, pod.containers)),
        Cell::styled(status, style),
        Cell::styled(pod.restarts.to_string(), if pod.restarts > 0 { WAITING } else { PLAIN }),
        Cell::new(age(pod.age_seconds)),
        "".into(),
        Cell::new(pod.node.clone().unwrap_or_default()),
    ]);
    if let Some(note) = &pod.note {
        table.line(Line::default().part(format!("  {}   {}", look.trunk(last), look.plain(note)), FAINT));
    }
}
