//! The error budget's alerts: how soon, how long, and for how little not.

use boutique_core::monitoring::{Pace, Windows};

use super::promtool::{Case, Line};
use super::requests::long;
use super::shop::{Shop, mk_spec, server};

const GROUPS: [&str; 2] = ["boutique.slo", "boutique.alerts.shoppers"];
const ALERT: &str = "BoutiqueErrorBudgetBurn";
pub(super) fn cases(windows: Windows) -> Vec<Case> {
    let mut cases = vec![
        // An hour and six hours of minutes: 52 s are within the first one, 2.2 min within the third.
        outage(windows, step(windows), 360, &[(0, 1), (1, 3)]),
        half_a_per_cent(windows),
        few(windows),
        slow(windows),
        frontend_gone(windows),
        low_promise(windows),
    ];
    // Three days of double minutes: 4.3 min are within the third. The lab's would differ in nothing but names.
    if windows == Windows::Standard {
        cases.push(outage(windows, 120, 2160, &[(2, 3), (3, 3)]));
    }
    cases
}

/// Seconds that make the lab's windows as many steps long as the others.
const fn step(windows: Windows) -> u32 {
    match windows {
        Windows::Standard => 60,
        Windows::Lab => 5,
    }
}

fn requests(shop: &Shop<'_>, good: Line, bad: Line) -> Vec<(String, Line)> {
    vec![(shop.served("home", "ok"), good), (shop.served("home", "error"), bad)]
}

/// The workbook's table: with full windows and 99.9 % an outage of everything is seen after 52 s, 2.2 min, 4.3 min and
/// 4.3 min; in the lab after a twelfth. Errors have no series before. `seen` is which pair fires at which step.
fn outage(windows: Windows, step: u32, full: u32, seen: &[(usize, u32)]) -> Case {
    let steps = full + 50;
    let shop = Shop { interval: step, ..Shop::of(windows, steps) };
    let good = Line::counter(100.0, full + 1).at(100.0 * f64::from(full), 10).by(100.0, 39);
    let bad = Line::new().unborn(full + 1).at(100.0, 1).by(100.0, 9).at(1000.0, 39);
    let mut case = Case::new("an outage of everything", &mk_spec(windows))
        .only(&GROUPS)
        .every(step)
        .with(requests(&shop, good, bad))
        .never_fired(full, "");
    for (pair, detected) in seen {
        let burn = Pace::of(windows).burns[*pair];
        let labels = format!(
            r#"sli="requests",window="{}",severity="{}",namespace="shop",stack="small""#,
            burn.long, burn.severity
        );
        case = case.silent(full + detected - 1, ALERT, &labels).fires(full + detected, ALERT, &labels);
    }
    // The short window ends the page soon after the outage, though the long one remembers it.
    case.silent(full + 49, ALERT, &format!(r#"window="{}""#, long(windows)))
}

/// Five times too fast: worth a look by day, nobody's night.
fn half_a_per_cent(windows: Windows) -> Case {
    let shop = Shop { interval: step(windows), ..Shop::of(windows, 300) };
    Case::new("half a per cent of errors for long", &mk_spec(windows))
        .only(&GROUPS)
        .every(step(windows))
        .with(requests(&shop, Line::counter(199.0, 300), Line::counter(1.0, 300)))
        .never_fired(299, r#"severity="critical""#)
        .fires(299, ALERT, &format!(r#"severity="warning",window="{}""#, Pace::of(windows).burns[2].long))
}

/// One page of ten in an hour is 10 %, and one shopper.
fn few(windows: Windows) -> Case {
    let shop = Shop { interval: step(windows), ..Shop::of(windows, 200) };
    let good = Line::flat(0.0, 20).at(9.0, 180);
    let bad = Line::flat(0.0, 100).at(4.0, 100);
    Case::new("four errors among a dozen requests wake nobody", &mk_spec(windows))
        .only(&GROUPS)
        .every(step(windows))
        .with(requests(&shop, good, bad))
        .never_fired(199, "")
}

fn slow(windows: Windows) -> Case {
    let shop = Shop { interval: step(windows), ..Shop::of(windows, 200) };
    let all = Line::counter(100.0, 200);
    let in_time = Line::counter(100.0, 150).by(60.0, 50);
    Case::new("four in ten requests are slow", &mk_spec(windows))
        .only(&GROUPS)
        .every(step(windows))
        .with(requests(&shop, all.clone(), Line::flat(0.0, 200)))
        .with(shop.durations(&server("home"), &all, [&in_time, &in_time]))
        .silent(149, ALERT, "")
        .fires(199, ALERT, &format!(r#"sli="latency",severity="critical",window="{}""#, long(windows)))
        .never_fired(199, r#"sli="requests""#)
}

/// A frontend that is gone counts nothing: no errors, no ratio. Journeys page.
fn frontend_gone(windows: Windows) -> Case {
    let steps = 200;
    let shop = Shop::of(windows, steps);
    let stops = |by: f64| Line::counter(by, 150).at(by * 149.0, steps - 150);
    Case::new("without a frontend there are no errors, and journeys page", &mk_spec(windows))
        .only(&GROUPS)
        .with([shop.spans(), shop.journeys()].concat())
        .change(&["traces_span_metrics", "calls_total"], &stops(10.0))
        .change(&["probe_success"], &Line::flat(1.0, 150).at(0.0, steps - 150))
        .never_fired(149, "")
        .fires(155, ALERT, &format!(r#"sli="journeys",severity="critical",window="{}""#, long(windows)))
        .never_fired(199, r#"sli="requests""#)
}

/// With 90 % promised an outage burns ten times too fast: 14.4 would never be reached.
fn low_promise(windows: Windows) -> Case {
    let steps = 400;
    let mut spec = mk_spec(windows);
    spec.slo.availability = 90.0;
    let shop = Shop { interval: step(windows), ..Shop::of(windows, steps) };
    let good = Line::counter(100.0, 150).at(14_900.0, steps - 150);
    let bad = Line::flat(0.0, 150).by(100.0, steps - 150);
    Case::new("an outage pages however low the promise is", &spec)
        .only(&GROUPS)
        .every(step(windows))
        .with(requests(&shop, good, bad))
        .never_fired(149, "")
        .fires(steps - 1, ALERT, &format!(r#"severity="critical",window="{}""#, long(windows)))
}
