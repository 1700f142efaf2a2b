//! Dashboards in Grafana's words: schema version 42, what it calls `v1`.

use serde_json::{Map, Value, json};

use super::layout::{self, Place, Placed};
use super::panel::{Kind, Panel, Scale, States, Unit};
use super::query::{Annotation, Query, Variable, letter};
use super::{Dashboard, SCHEMA_VERSION, TAG};

const GREEN: &str = "green";
const ORANGE: &str = "orange";
const RED: &str = "red";
const GREY: &str = "text";

pub(super) fn dashboard(dashboard: &Dashboard) -> Value {
    let panels: Vec<Value> = layout::place(&dashboard.rows)
        .into_iter()
        .enumerate()
        .map(|(index, placed)| match placed {
            Placed::Heading(title, at) => heading(index + 1, title, at),
            Placed::Panel(item, at) => panel(index + 1, item, at, &dashboard.refresh),
        })
        .collect();
    json!({
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": [TAG, dashboard.shop],
        "schemaVersion": SCHEMA_VERSION,
        "editable": true,
        "graphTooltip": 1,
        "refresh": dashboard.refresh,
        "time": {"from": dashboard.range, "to": "now"},
        "timezone": "browser",
        "links": [{
            "title": "Dashboards of this shop", "type": "dashboards", "tags": [TAG, dashboard.shop], "icon": "dashboard",
            "tooltip": "", "asDropdown": false, "targetBlank": false, "includeVars": false, "keepTime": true,
        }],
        "annotations": {"list": dashboard.annotations.iter().map(annotation).collect::<Vec<_>>()},
        "templating": {"list": dashboard.variables.iter().map(variable).collect::<Vec<_>>()},
        "panels": panels,
    })
}

fn datasource() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

fn grid(at: Place) -> Value {
    json!({"x": at.x, "y": at.y, "w": at.w, "h": at.h})
}

fn heading(id: usize, title: &str, at: Place) -> Value {
    json!({"id": id, "type": "row", "title": title, "collapsed": false, "gridPos": grid(at), "panels": []})
}

fn panel(id: usize, panel: &Panel, at: Place, interval: &str) -> Value {
    let mut value = json!({
        "id": id,
        "type": panel.kind.id(),
        "title": panel.title,
        "description": panel.help(),
        "gridPos": grid(at),
        "options": options(panel),
    });
    value["datasource"] = datasource();
    value["interval"] = interval.into();
    value["fieldConfig"] = json!({"defaults": defaults(panel), "overrides": overrides(panel)});
    value["targets"] = panel.queries.iter().enumerate().map(|(index, query)| target(panel, index, query)).collect();
    if let Kind::Table { key, heading, .. } = &panel.kind {
        value["transformations"] = columns(key, heading, &panel.queries);
    }
    value
}

fn target(panel: &Panel, index: usize, query: &Query) -> Value {
    let instant = panel.kind.is_instant();
    let table = matches!(panel.kind, Kind::Table { .. });
    json!({
        "refId": letter(index),
        "datasource": datasource(),
        "editorMode": "code",
        "expr": query.expr,
        "legendFormat": if table { "" } else { &query.legend },
        "format": if table { "table" } else { "time_series" },
        "instant": instant,
        "range": !instant,
    })
}

/// One table of several answers: joined by the labels that they share, then their columns named.
fn columns(key: &str, heading: &str, queries: &[Query]) -> Value {
    let mut names = Map::from_iter([(key.to_owned(), heading.into())]);
    for (index, query) in queries.iter().enumerate() {
        // Grafana numbers values only where there are several.
        let value = if queries.len() == 1 { "Value".to_owned() } else { format!("Value #{}", letter(index)) };
        names.insert(value, query.legend.clone().into());
    }
    json!([
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": {"Time": true}, "indexByName": {}, "renameByName": names}},
    ])
}

fn defaults(panel: &Panel) -> Value {
    let mut value = json!({
        "unit": panel.unit.id(),
        "color": {"mode": color(panel)},
        "mappings": mappings(&panel.kind),
        "thresholds": {"mode": "absolute", "steps": steps(panel)},
        "custom": custom(panel),
    });
    // Nothing that is drawn is negative, but for a budget that is overspent: its panel sets no bounds.
    if matches!(panel.unit, Unit::Requests | Unit::Bytes | Unit::Seconds | Unit::Count) && panel.max.is_none() {
        value["min"] = json!(0);
    }
    if let Some(max) = panel.max {
        value["min"] = json!(0);
        value["max"] = json!(max);
    }
    value
}

const fn color(panel: &Panel) -> &'static str {
    match (&panel.kind, panel.scale) {
        (Kind::Timeseries | Kind::Events, _) => "palette-classic",
        (Kind::StateTimeline(_), _) | (_, Scale::Rising(..) | Scale::Falling(..)) => "thresholds",
        (_, Scale::Neutral) => "fixed",
    }
}

fn steps(panel: &Panel) -> Value {
    let scale = match &panel.kind {
        Kind::StateTimeline(States::Up | States::Share) => Scale::Falling(0.5, 1.0),
        Kind::StateTimeline(States::Pressure) => Scale::Rising(1.0, 1.0),
        _ => panel.scale,
    };
    match scale {
        Scale::Neutral => json!([{"value": null, "color": GREY}]),
        Scale::Rising(worrying, bad) if worrying < bad => json!([
            {"value": null, "color": GREEN}, {"value": worrying, "color": ORANGE}, {"value": bad, "color": RED},
        ]),
        Scale::Rising(_, bad) => json!([{"value": null, "color": GREEN}, {"value": bad, "color": RED}]),
        Scale::Falling(bad, worrying) => json!([
            {"value": null, "color": RED}, {"value": bad, "color": ORANGE}, {"value": worrying, "color": GREEN},
        ]),
    }
}

fn mappings(kind: &Kind) -> Value {
    let words = match kind {
        Kind::StateTimeline(States::Up) => [("0", "down", RED), ("1", "up", GREEN)],
        Kind::StateTimeline(States::Pressure) => [("0", "none", GREEN), ("1", "pressure", RED)],
        _ => return json!([]),
    };
    let options: Map<String, Value> = words
        .into_iter()
        .enumerate()
        .map(|(index, (value, text, color))| (value.to_owned(), json!({"text": text, "color": color, "index": index})))
        .collect();
    json!([{"type": "value", "options": options}])
}

fn custom(panel: &Panel) -> Value {
    match panel.kind {
        Kind::Timeseries => json!({
            "drawStyle": "line", "lineWidth": 2, "fillOpacity": 8, "showPoints": "never", "spanNulls": false,
            "thresholdsStyle": {"mode": if panel.scale == Scale::Neutral { "off" } else { "dashed" }},
        }),
        Kind::Events => json!({"drawStyle": "bars", "lineWidth": 1, "fillOpacity": 60, "showPoints": "never"}),
        Kind::StateTimeline(_) => json!({"lineWidth": 0, "fillOpacity": 80, "spanNulls": false}),
        Kind::Table { .. } => json!({"align": "auto", "inspect": false, "cellOptions": {"type": "color-text"}}),
        Kind::Stat | Kind::BarGauge => json!({}),
    }
}

/// Units of columns and looks of bounds, which differ from the rest of their panel.
fn overrides(panel: &Panel) -> Value {
    let mut list = Vec::new();
    for (index, query) in panel.queries.iter().enumerate() {
        let mut properties = Vec::new();
        if let Some(unit) = query.unit {
            properties.push(json!({"id": "unit", "value": unit.id()}));
        }
        if query.bound {
            properties.push(json!({"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [6, 6]}}));
            properties.push(json!({"id": "custom.fillOpacity", "value": 0}));
            properties.push(json!({"id": "color", "value": {"mode": "fixed", "fixedColor": RED}}));
        }
        if !properties.is_empty() {
            let matcher = if matches!(panel.kind, Kind::Table { .. }) {
                json!({"id": "byName", "options": query.legend})
            } else {
                json!({"id": "byFrameRefID", "options": letter(index)})
            };
            list.push(json!({"matcher": matcher, "properties": properties}));
        }
    }
    if let Kind::Table { heading, leads_to: Some((uid, variable)), .. } = &panel.kind {
        let link = json!({
            "title": "Open", "url": format!("/d/{uid}?var-{variable}=${{__value.text}}&${{__url_time_range}}"),
        });
        list.push(json!({
            "matcher": {"id": "byName", "options": heading},
            "properties": [{"id": "links", "value": [link]}],
        }));
    }
    Value::Array(list)
}

fn options(panel: &Panel) -> Value {
    let last = json!({"values": false, "calcs": ["lastNotNull"], "fields": ""});
    let legend = json!({"displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": []});
    let tooltip = json!({"mode": "multi", "sort": "desc"});
    match &panel.kind {
        Kind::Timeseries | Kind::Events => json!({"legend": legend, "tooltip": tooltip}),
        Kind::Stat => json!({
            "graphMode": "none", "colorMode": "value", "justifyMode": "auto", "textMode": "auto", "wideLayout": true,
            "showPercentChange": false, "percentChangeColorMode": "standard", "orientation": "auto", "reduceOptions": last,
        }),
        Kind::BarGauge => json!({
            "displayMode": "gradient", "valueMode": "color", "namePlacement": "auto", "showUnfilled": true, "sizing": "auto",
            "minVizWidth": 8, "minVizHeight": 16, "maxVizHeight": 300, "orientation": "horizontal", "reduceOptions": last,
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": []},
        }),
        Kind::StateTimeline(states) => json!({
            "showValue": if *states == States::Share { "auto" } else { "never" }, "rowHeight": 0.9, "mergeValues": true,
            "alignValue": "left", "legend": legend, "tooltip": tooltip,
        }),
        Kind::Table { heading, .. } => {
            json!({"frameIndex": 0, "showHeader": true, "cellHeight": "sm", "sortBy": [{"displayName": heading}]})
        }
    }
}

fn variable(variable: &Variable) -> Value {
    let option = |text: &str, selected: bool| json!({"text": text, "value": text, "selected": selected});
    match variable {
        Variable::Datasource => json!({
            "type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "regex": "",
            "hide": 0, "refresh": 1, "includeAll": false, "multi": false, "options": [],
            "current": {"text": "default", "value": "default", "selected": false},
        }),
        Variable::One { name, label, options } => json!({
            "type": "custom", "name": name, "label": label, "query": options.join(","), "hide": 0,
            "includeAll": false, "multi": false, "current": option(options.first().copied().unwrap_or_default(), true),
            "options": options.iter().enumerate().map(|(index, text)| option(text, index == 0)).collect::<Vec<_>>(),
        }),
        Variable::Some { name, label, options } => json!({
            "type": "custom", "name": name, "label": label, "query": options.join(","), "hide": 0,
            "includeAll": true, "allValue": ".*", "multi": true,
            "current": {"text": ["All"], "value": ["$__all"], "selected": true},
            "options": options.iter().map(|text| option(text, false)).collect::<Vec<_>>(),
        }),
        Variable::Label { name, label, query } => json!({
            "type": "query", "name": name, "label": label, "datasource": datasource(), "definition": query,
            "query": {"query": query, "refId": "variable"}, "refresh": 2, "sort": 1, "regex": "", "hide": 0,
            "includeAll": true, "allValue": ".*", "multi": true, "options": [],
            "current": {"text": ["All"], "value": ["$__all"], "selected": true},
        }),
    }
}

fn annotation(annotation: &Annotation) -> Value {
    json!({
        "name": annotation.name,
        "datasource": datasource(),
        "enable": true,
        "hide": false,
        "iconColor": annotation.color,
        "expr": annotation.expr,
        "titleFormat": annotation.title,
        "textFormat": annotation.text,
        "tagKeys": annotation.tags,
        "step": "",
        "useValueForTime": false,
    })
}
