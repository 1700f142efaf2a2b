//! Silence: nobody shops, nothing is measured.

use boutique_core::monitoring::Windows;

use super::promtool::{Case, Line};
use super::shop::{Shop, mk_spec};

const GROUPS: [&str; 5] = [
    "boutique.requests",
    "boutique.resources",
    "boutique.alerts.shoppers",
    "boutique.alerts.services",
    "boutique.alerts.cluster",
];
const STEPS: u32 = 95;
const END: u32 = 94;
/// So long all is well.
const WELL: u32 = 30;

pub(super) fn cases(windows: Windows) -> Vec<Case> {
    let mut cases = vec![nobody_shops_any_more(windows), few_shoppers_are_some(windows), frontend_gone(windows)];
    for (signal, parts) in [
        ("spans", vec!["opentelemetrycollector\",endpoint"]),
        ("journeys", vec!["boutique-journeys"]),
        ("reachability", vec!["boutique-reachability"]),
        ("kube-state-metrics", vec!["\"kube-state-metrics\""]),
        ("cadvisor", vec!["/metrics/cadvisor"]),
    ] {
        cases.push(unmeasured(windows, signal, &parts));
    }
    cases.push(a_target_that_is_down(windows));
    cases.push(an_exporter_that_restarts(windows));
    cases
}

fn nobody_shops_any_more(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let stops = |by: f64| Line::counter(by, WELL).at(by * f64::from(WELL - 1), STEPS - WELL);
    Case::new("shoppers were there and are gone", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .with([(shop.served("product", "ok"), stops(20.0)), (shop.served("checkout", "ok"), stops(10.0))])
        .value(END, "boutique:shopper_requests:rate", "", 0.0)
        .silent(WELL, "BoutiqueNoTraffic", "")
        .fires(END, "BoutiqueNoTraffic", r#"severity="warning",namespace="shop",stack="small""#)
        .never_fired(END, r#"alertname!="BoutiqueNoTraffic""#)
}

/// As after the rush of a sale.
fn few_shoppers_are_some(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let fewer = |by: f64| Line::counter(by, WELL).by(by / 10.0, STEPS - WELL);
    Case::new("few shoppers are some", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .with([(shop.served("product", "ok"), fewer(20.0)), (shop.served("checkout", "ok"), fewer(10.0))])
        .never_fired(END, r#"alertname="BoutiqueNoTraffic""#)
}

fn frontend_gone(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let stops = Line::counter(10.0, WELL).at(10.0 * f64::from(WELL - 1), STEPS - WELL);
    Case::new("the frontend is gone", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["traces_span_metrics"], &stops)
        .change(&["probe_success", "boutique-journeys"], &Line::flat(1.0, WELL).at(0.0, STEPS - WELL))
        .fires(END, "BoutiqueNoTraffic", "")
        .value(END, "boutique:errors:ratio", r#"source="journeys""#, 1.0)
        .between(END, "boutique:errors:rate", r#"source="journeys""#, 0.3, 2.1)
}

fn unmeasured(windows: Windows, signal: &str, parts: &[&str]) -> Case {
    let shop = Shop::of(windows, STEPS);
    let name = format!("{signal} are not measured any more");
    let of_signal = |series: &str| parts.iter().all(|part| series.contains(part));
    let ends: Vec<(String, Line)> = Shop { steps: WELL, ..shop }
        .healthy()
        .into_iter()
        .filter(|(series, _)| of_signal(series))
        .map(|(series, line)| (series, line.gone(STEPS - WELL)))
        .collect();
    assert!(!ends.is_empty(), "no series has {parts:?}");
    let labels = format!(r#"signal="{signal}",severity="warning",namespace="shop",stack="small""#);
    Case::new(&name, &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .with(ends)
        .silent(WELL + 2, "BoutiqueSignalsMissing", "")
        .fires(END, "BoutiqueSignalsMissing", &labels)
        .never_fired(END, r#"alertname!="BoutiqueSignalsMissing""#)
        .never_fired(END, &format!(r#"signal!~"{signal}|""#))
}

fn a_target_that_is_down(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("a collector that cannot be scraped", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["up{", "opentelemetrycollector"], &Line::flat(1.0, WELL).at(0.0, STEPS - WELL))
        .change(&["traces_span_metrics"], &Line::flat(1.0, WELL).gone(STEPS - WELL))
        .fires(END, "BoutiqueSignalsMissing", r#"signal="spans""#)
        .never_fired(END, r#"alertname!="BoutiqueSignalsMissing""#)
}

fn an_exporter_that_restarts(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let blinks = Line::flat(1.0, WELL).gone(3).at(1.0, STEPS - WELL - 3);
    Case::new("an exporter that restarts alerts nobody", &mk_spec(windows))
        .only(&GROUPS)
        .with(shop.healthy())
        .change(&["boutique-journeys"], &blinks)
        .change(&["boutique-reachability"], &blinks)
        .never_fired(END, "")
}
