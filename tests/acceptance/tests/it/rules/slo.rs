//! The objective: counts, ratios, budget.

use boutique_core::monitoring::{Pace, Windows};

use super::promtool::{Case, Line};
use super::requests::long;
use super::shop::{Shop, mk_spec, server};

const STEPS: u32 = 140;
const END: u32 = 139;
const GROUPS: [&str; 2] = ["boutique.slo", "boutique.alerts.shoppers"];
const WITH_BUDGET: [&str; 3] = ["boutique.slo", "boutique.budget", "boutique.alerts.shoppers"];

pub(super) fn cases(windows: Windows) -> Vec<Case> {
    vec![
        one_in_a_hundred(windows),
        sums_not_means(windows),
        a_young_cluster(windows),
        watched_for_a_while(windows),
        collector_restarted(windows),
        whole_seconds(windows),
        nothing_asked(windows),
    ]
}

/// The long window, as matchers.
fn window(windows: Windows, sli: &str) -> String {
    format!(r#"sli="{sli}",window="{}""#, long(windows))
}

fn one_in_a_hundred(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let steps = f64::from(Pace::of(windows).burns[0].long.seconds()) / f64::from(shop.interval);
    let failing = Line::counter(0.4, STEPS);
    let slow = Line::counter(9.0, STEPS);
    let all = Line::counter(10.0, STEPS);
    Case::new("one per cent of errors burns ten times too fast", &mk_spec(windows))
        .only(&GROUPS)
        .with([shop.spans(), shop.journeys()].concat())
        .with([(shop.served("home", "ok"), Line::counter(9.6, STEPS)), (shop.served("home", "error"), failing)])
        .with(shop.durations(&server("home"), &all, [&slow, &slow]))
        .value(END, "boutique:sli_all:total", r#"sli="requests",source="spans""#, 40.0 * f64::from(END))
        .value(
            END,
            "boutique:sli_bad:total",
            r#"sli="requests",source="spans""#,
            (0.4 * f64::from(END) * 1000.0).round() / 1000.0,
        )
        .value(END, "boutique:sli_bad:total", r#"sli="latency",source="spans""#, f64::from(END))
        .value(END, "boutique:sli_all:count", &window(windows, "requests"), 40.0 * steps)
        .value(END, "boutique:sli_bad:count", &window(windows, "requests"), 0.4 * steps)
        .value(END, "boutique:sli_all:count", &window(windows, "journeys"), 10.0 * steps)
        .value(END, "boutique:sli_bad:ratio", &window(windows, "requests"), 0.01)
        .value(END, "boutique:sli_bad:ratio", &window(windows, "latency"), 0.025)
        .value(END, "boutique:sli_bad:ratio", &window(windows, "journeys"), 0.0)
        .value(END, "boutique:slo_objective:ratio", r#"sli="requests""#, 0.999)
        .value(END, "boutique:slo_objective:ratio", r#"sli="latency""#, 0.99)
        .value(END, "boutique:slo_burn:rate", &window(windows, "requests"), 10.0)
        .value(END, "boutique:slo_burn:rate", &window(windows, "latency"), 2.5)
}

/// A quiet time full of errors weighs what was asked in it.
fn sums_not_means(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let busy = Line::counter(100.0, 130).at(12_900.0, STEPS - 130);
    let quiet = Line::flat(0.0, 130).by(1.0, STEPS - 130);
    Case::new("ten errors after thousands of requests are few", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.spans())
        .change(&["SPAN_KIND_SERVER", "calls_total"], &Line::flat(0.0, STEPS))
        .with([(shop.served("home", "ok"), busy), (shop.served("home", "error"), quiet)])
        .between(END, "boutique:sli_bad:ratio", &window(windows, "requests"), 0.0005, 0.003)
        .silent(END, "BoutiqueErrorBudgetBurn", r#"severity="critical""#)
}

/// Four failed journeys in the first minute are 40 % of all there is.
fn a_young_cluster(windows: Windows) -> Case {
    let shop = Shop::of(windows, 20);
    let stumbles = Line::flat(0.0, 1).at(1.0, 19);
    let mut case = Case::new("a monitoring that has just begun does not page for a stumble", &mk_spec(windows))
        .only(&WITH_BUDGET)
        .with([shop.spans(), shop.journeys()].concat());
    for journey in ["home", "cart", "product", "checkout"] {
        case = case.change(&["probe_success", &format!("journey=\"{journey}\""), "service"], &stumbles);
    }
    let long = window(windows, "journeys");
    case.between(3, "boutique:sli_bad:ratio", &long, 0.05, 0.5)
        .never_fired(19, "")
        .between(19, "boutique:slo_window_filled:ratio", "", 0.000_000_1, 0.001)
        // What was lost in a minute is little of thirty days.
        .between(19, "boutique:slo_budget_left:ratio", r#"sli="journeys""#, 0.95, 1.0)
}

fn watched_for_a_while(windows: Windows) -> Case {
    let mut spec = mk_spec(windows);
    spec.slo.period_days = 1;
    // Three samples within the shortest window, for a tenth of the period.
    let interval = Pace::of(windows).burns[0].short.seconds() / 3;
    let tenth = 8640 / interval;
    let shop = Shop { interval, ..Shop::of(windows, tenth + 1) };
    Case::new("a tenth of a period with twice the errors that it allows is a fifth of the budget", &spec)
        .only(&["boutique.slo", "boutique.budget"])
        .every(interval)
        .with(shop.spans())
        .change(&["SPAN_KIND_SERVER", "calls_total"], &Line::flat(0.0, tenth + 1))
        .with([
            (shop.served("home", "ok"), Line::counter(998.0, tenth + 1)),
            (shop.served("home", "error"), Line::counter(2.0, tenth + 1)),
        ])
        .between(tenth, "boutique:slo_window_filled:ratio", "", 0.098, 0.104)
        .between(tenth, "boutique:slo_budget_left:ratio", r#"sli="requests""#, 0.79, 0.81)
        .between(tenth / 2, "boutique:slo_budget_left:ratio", r#"sli="requests""#, 0.89, 0.91)
}

fn collector_restarted(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let good = Line::counter(40.0, 100).gone(2).at(40.0, 1).by(40.0, STEPS - 103);
    // As many errors before as there are good ones after: what came before is not counted again.
    let bad = Line::counter(0.1, 20).at(1.9, 80).gone(STEPS - 100);
    Case::new("a collector that restarts neither forgets nor repeats errors", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.spans())
        .change(&["SPAN_KIND_SERVER", "calls_total"], &Line::flat(0.0, STEPS))
        .with([(shop.served("home", "ok"), good), (shop.served("home", "error"), bad)])
        .between(END, "boutique:sli_bad:ratio", &window(windows, "requests"), -0.001, 0.001)
        .never_fired(END, "")
}

fn nothing_asked(windows: Windows) -> Case {
    let shop = Shop::of(windows, 30);
    Case::new("who was asked nothing has broken no promise", &mk_spec(windows))
        .only(&WITH_BUDGET)
        .with(shop.spans())
        .change(&["traces_span_metrics"], &Line::flat(0.0, 30))
        .nothing(29, "boutique:sli_bad:ratio", "")
        .value(29, "boutique:slo_budget_left:ratio", r#"sli="requests""#, 1.0)
        .value(29, "boutique:slo_budget_left:ratio", r#"sli="latency""#, 1.0)
        .never_fired(29, "")
}

/// Prometheus 3 writes `le="1.0"` for what an exporter calls `le="1"`, older ones do not.
fn whole_seconds(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let mut spec = mk_spec(windows);
    spec.slo.latency_ms = 1000;
    let bounds = shop.spans().into_iter().map(|(series, line)| {
        let le = if series.contains("page=\"home\"") { r#"le="1""# } else { r#"le="1.0""# };
        (series.replace(r#"le="0.5""#, le), line)
    });
    Case::new("a bound of whole seconds is found however it is written", &spec)
        .only(&GROUPS)
        .with(bounds)
        .value(END, "boutique:sli_bad:ratio", &window(windows, "latency"), 0.0)
        .value(END, "boutique:sli_all:total", r#"sli="latency""#, 40.0 * f64::from(END))
}
