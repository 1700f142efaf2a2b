use serde_json::json;

use super::*;
use crate::monitoring::{Storage, Windows};

fn mk_spec() -> MonitoringSpec {
    MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"))
}

fn said(change: impl FnOnce(&mut MonitoringSpec)) -> String {
    let mut spec = mk_spec();
    change(&mut spec);
    validate(&spec).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn warned(change: impl FnOnce(&mut MonitoringSpec)) -> String {
    let mut spec = mk_spec();
    change(&mut spec);
    warnings(&spec).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_plain_monitoring_is_valid_and_nothing_is_to_be_said_about_it() {
    assert_eq!((said(|_| ()), warned(|_| ())), (String::new(), String::new()));
}

#[test]
fn an_objective_leaves_room_for_errors_and_promises_something() {
    for objective in [0.0, 100.0, 101.0, -1.0, f64::NAN, f64::INFINITY] {
        let found = said(|spec| spec.slo.availability = objective);
        assert!(found.starts_with("slo.availability") && found.contains("below 100"), "{objective}: {found}");
    }
    insta::assert_snapshot!(said(|spec| spec.slo.availability = 100.0), @"slo.availability: 100 % leaves no room for a single error, so every one of them would be an alert; use per cent above 0 and below 100, such as 99.9");
    assert_eq!(said(|spec| spec.slo.availability = 99.999), "");
    let found = warned(|spec| spec.slo.latency = 90.0);
    assert!(found.starts_with("slo.latency") && found.contains("14.4 times"), "{found}");
}

#[test]
fn the_threshold_of_latency_is_a_bound_that_is_counted() {
    let found = said(|spec| spec.slo.latency_ms = 300);
    insta::assert_snapshot!(found, @"slo.latency_ms: 300 ms is no bound of the histograms' buckets, so nobody could count what is slower; use one of 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000");
    assert_eq!(said(|spec| spec.slo.latency_ms = 250), "");
    assert!(said(|spec| spec.slo.period_days = 0).starts_with("slo.period_days: 0 is out of range"));
}

#[test]
fn ids_are_those_of_a_shop_and_of_its_own_ingress() {
    assert!(said(|spec| spec.stack = "shop".to_owned()).contains("boutique_stack.NAME.id"));
    let found = said(|spec| spec.ingress = Some("shop.local".to_owned()));
    assert!(found.starts_with("ingress:") && found.contains("boutique_ingress.NAME.id"), "{found}");
    let found = said(|spec| spec.ingress = Some("other/shop".to_owned()));
    assert!(found.contains("leads to the shop of namespace other"), "{found}");
    assert_eq!(said(|spec| spec.ingress = Some("shop/edge".to_owned())), "");
}

#[test]
fn what_is_kept_fits_its_volume() {
    let kept = |retention: &str, size: &str| {
        let (retention, size) = (retention.to_owned(), size.to_owned());
        move |spec: &mut MonitoringSpec| {
            spec.retention = Some(retention);
            spec.storage = Some(Storage { size, class: None });
        }
    };
    let found = said(kept("90d", "1Gi"));
    assert!(found.starts_with("retention: the volume cannot hold that: 20000 series"), "{found}");
    let found = warned(kept("40d", "8Gi"));
    assert!(found.starts_with("retention: the volume may be too small"), "{found}");
    assert!(said(kept("10 days", "8Gi")).contains("is no duration"));
    assert!(said(kept("10m", "8Gi")).contains("at least 1h"));
    assert!(said(kept("40d", "8GB")).starts_with("storage.size: \"8GB\" is no quantity"));
    assert!(said(kept("40d", "8")).contains("mind the unit"));
    assert!(warned(kept("10d", "50Gi")).contains("over 30 days"));
}

#[test]
fn an_existing_operator_is_not_told_what_only_its_chart_can_be_told() {
    let found = said(|spec| {
        spec.chart.existing = true;
        spec.chart.version = Some("88.5.3".to_owned());
        spec.chart.values.insert("a".to_owned(), json!(1));
        spec.retention = Some("10d".to_owned());
        spec.grafana.password_version = Some(1);
    });
    for attribute in ["chart.version", "chart.values", "retention", "grafana.password_version"] {
        assert!(found.contains(&format!("{attribute}: ")), "{attribute}: {found}");
    }
    assert_eq!(said(|spec| spec.chart.existing = true), "");
}

#[test]
fn values_do_not_contradict_attributes() {
    let with = |values: Value| {
        move |spec: &mut MonitoringSpec| spec.chart.values = values.as_object().cloned().unwrap_or_default()
    };
    let found = said(with(json!({"grafana": {"enabled": false}})));
    assert!(found.contains("grafana.enabled = false contradicts grafana.enabled = true"), "{found}");
    let found = said(with(json!({"prometheus": {"enabled": false}})));
    assert!(found.contains("leaves nobody to scrape"), "{found}");
    let found = warned(with(json!({"grafana": {"adminPassword": "s3cret"}})));
    assert!(found.contains("admin_password_wo") && !found.contains("s3cret"), "{found}");
}

#[test]
fn labels_that_the_charts_prometheus_does_not_look_for_are_refused() {
    let labels = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let found = said(|spec| spec.chart.selector_labels = labels(&[("team", "shop")]));
    assert!(found.contains("release = \"kube-prometheus-stack\""), "{found}");
    let found = said(|spec| {
        spec.chart.existing = true;
        spec.chart.selector_labels = labels(&[("team", "shop")]);
    });
    assert_eq!(found, "");
    assert!(said(|spec| spec.chart.selector_labels = labels(&[("a b", "c")])).contains("is no label"));
}

#[test]
fn grafanas_host_needs_a_grafana_an_ingress_and_a_name_of_its_own() {
    let found = said(|spec| spec.grafana.host = Some("grafana.shop.local".to_owned()));
    assert!(found.starts_with("grafana.host: a host needs an ingress"), "{found}");
    let found = said(|spec| {
        spec.grafana.enabled = false;
        spec.grafana.password_version = Some(1);
    });
    assert!(found.contains("grafana.enabled is false"), "{found}");
    let mut spec = mk_spec();
    spec.ingress = Some("shop/shop".to_owned());
    spec.grafana.host = Some("shop.local".to_owned());
    let found = against(&spec, &Inputs::stand_in(&spec));
    assert_eq!(found[0].message, "shop.local is the shop's own host");
}

#[test]
fn labels_and_runbooks_of_alerts_are_what_prometheus_takes() {
    let found = said(|spec| {
        for key in ["team", "on-call", "severity"] {
            spec.alerts.labels.insert(key.to_owned(), "a".to_owned());
        }
        spec.alerts.runbooks = Some("wiki".to_owned());
    });
    assert!(!found.contains("team"), "{found}");
    for part in ["alerts.labels.on-call", "alerts.labels.severity", "alerts.runbooks: \"wiki\" is no URL"] {
        assert!(found.contains(part), "{part}: {found}");
    }
}

#[test]
fn the_lab_keeps_a_sample_each_five_seconds() {
    let found = said(|spec| {
        spec.windows = Windows::Lab;
        spec.retention = Some("10d".to_owned());
        spec.storage = Some(Storage { size: "4Gi".to_owned(), class: None });
    });
    assert!(found.contains("a sample each 5s"), "{found}");
}
