use serde_json::json;

use super::*;
use crate::contract::SetId;
use crate::monitoring::{EdgeInputs, Inputs, render};
use crate::object::Kind;

fn mk_spec() -> MonitoringSpec {
    MonitoringSpec::new("monitoring", "shop", &SetId::stack("shop", "shop"))
}

fn mk_existing() -> MonitoringSpec {
    let mut spec = mk_spec();
    spec.chart.existing = true;
    spec
}

fn mk_seen(spec: &MonitoringSpec) -> MonitoringObservation {
    MonitoringObservation::new(spec)
}

fn said(seen: &MonitoringObservation) -> String {
    judge(seen).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn operator(namespace: &str, name: &str, more: &[&str]) -> Value {
    let mut args = vec!["--prometheus-config-reloader=quay.io/reloader:1"];
    args.extend(more);
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"namespace": namespace, "name": name, "annotations": {
            "meta.helm.sh/release-name": "prom", "meta.helm.sh/release-namespace": namespace,
        }},
        "spec": {"replicas": 1, "template": {"spec": {"containers": [{"args": args}]}}},
    })
}

fn prometheus(namespace: &str, selector: &Value, of_namespace: &Value) -> Value {
    let mut spec = json!({});
    for kind in ["rule", "serviceMonitor", "podMonitor", "probe"] {
        spec[format!("{kind}Selector")] = selector.clone();
        spec[format!("{kind}NamespaceSelector")] = of_namespace.clone();
    }
    json!({
        "apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus",
        "metadata": {"namespace": namespace, "name": "main"}, "spec": spec,
    })
}

fn crd(kind: Kind) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{}.{}", kind.plural, kind.group)},
        "spec": {"versions": [{"name": "v1"}]},
    })
}

#[test]
fn a_shop_and_an_ingress_that_are_not_there_are_named() {
    let mut seen = mk_seen(&MonitoringSpec { ingress: Some("shop/edge".to_owned()), ..mk_spec() });
    (seen.has_shop, seen.has_ingress) = (Some(false), Some(false));
    insta::assert_snapshot!(said(&seen), @r#"
    BTQ-3014: namespace shop holds no shop "shop"
      because there is neither a record of a boutique_stack of that name nor a Deployment frontend
      fix     set stack = boutique_stack.NAME.id, so that the shop is applied first, or correct it
    BTQ-3015: there is no ingress shop/edge
      because no boutique_ingress of that namespace and name has been applied
      fix     set ingress = boutique_ingress.NAME.id, so that it is applied first, or leave it out
    "#);
    assert!(judge(&seen).iter().all(|finding| stands_in_the_way(&seen.spec, finding)));
}

#[test]
fn a_shop_without_spans_is_a_warning() {
    let mut seen = mk_seen(&mk_spec());
    seen.has_shop = Some(true);
    assert!(said(&seen).contains("BTQ-3016") && said(&seen).contains("tracing = true"));
    assert!(!judge(&seen).iter().any(|finding| stands_in_the_way(&seen.spec, finding)));
    seen.inputs.traces = true;
    assert_eq!(said(&seen), "");
}

#[test]
fn a_second_operator_that_watches_everything_is_refused_with_the_way_to_use_it() {
    let mut seen = mk_seen(&mk_spec());
    seen.operators = Some(vec![operator("prom", "prom-operator", &[])]);
    insta::assert_snapshot!(said(&seen), @r#"
    BTQ-3008: the Prometheus operator prom/prom-operator already watches namespace monitoring (Deployment prom/prom-operator)
      because it watches every namespace: two of them would write the same configuration in turns
      seen    it was installed as Helm release prom/prom
      fix     use it: chart = { existing = true, selector_labels = { release = "prom" } }; or restrict it to other namespaces (prometheusOperator.denyNamespaces of its chart)
    "#);
    for harmless in [&["--namespaces=prom,other"][..], &["--deny-namespaces=monitoring"]] {
        seen.operators = Some(vec![operator("prom", "prom-operator", harmless)]);
        assert_eq!(said(&seen), "", "{harmless:?}");
    }
    seen.operators = Some(vec![operator("monitoring", "kube-prometheus-stack-operator", &[])]);
    assert_eq!(said(&seen), "", "our own");
}

#[test]
fn an_operator_that_is_to_exist_must_run_and_watch() {
    let mut seen = mk_seen(&mk_existing());
    seen.operators = Some(vec![operator("prom", "prom-operator", &["--namespaces=prom"])]);
    let found = said(&seen);
    assert!(found.contains("BTQ-3001") && found.contains("watches other namespaces only"), "{found}");
    let mut asleep = operator("prom", "prom-operator", &[]);
    asleep["spec"]["replicas"] = json!(0);
    seen.operators = Some(vec![asleep]);
    assert!(said(&seen).contains("kubectl -n prom scale deployment/prom-operator --replicas=1"));
    seen.operators = Some(vec![operator("prom", "prom-operator", &[])]);
    assert_eq!(said(&seen), "");
}

#[test]
fn crds_that_lack_a_kind_a_version_or_a_field_are_told() {
    let kinds = [Kind::PROMETHEUS, Kind::PROMETHEUS_RULE, Kind::SERVICE_MONITOR, Kind::POD_MONITOR, Kind::PROBE];
    let mut seen = mk_seen(&mk_existing());
    seen.crds = Some(kinds[..4].iter().copied().map(crd).collect());
    assert!(said(&seen).contains("BTQ-3002: the cluster does not know probes.monitoring.coreos.com"));
    let mut all: Vec<Value> = kinds.into_iter().map(crd).collect();
    seen.crds = Some(all.clone());
    assert_eq!(said(&seen), "");
    all[4]["spec"]["versions"][0]["name"] = json!("v1alpha1");
    let rule = |fields: &Value| {
        let groups = json!({"items": {"properties": {"rules": {"items": {"properties": fields}}}}});
        json!({"openAPIV3Schema": {"properties": {"spec": {"properties": {"groups": groups}}}}})
    };
    all[1]["spec"]["versions"][0]["schema"] = rule(&json!({"alert": {}, "expr": {}}));
    seen.crds = Some(all.clone());
    let found = said(&seen);
    assert!(found.contains("probes.monitoring.coreos.com is too old: it has no version v1"), "{found}");
    assert!(found.contains("its rules have no field keep_firing_for"), "{found}");
    all[1]["spec"]["versions"][0]["schema"] = rule(&json!({"keep_firing_for": {}}));
    seen.crds = Some(all);
    assert!(!said(&seen).contains("keep_firing_for"));
}

#[test]
fn a_prometheus_that_looks_elsewhere_is_told_with_the_labels_that_it_wants() {
    let mut seen = mk_seen(&mk_existing());
    seen.prometheuses = Some(vec![prometheus("prom", &json!({"matchLabels": {"team": "ops"}}), &json!({}))]);
    let found = said(&seen);
    assert!(found.contains("BTQ-3005") && found.contains("selector_labels = { team = \"ops\" }"), "{found}");
    // Everything is selected, but in its own namespace only.
    seen.prometheuses = Some(vec![prometheus("prom", &json!({}), &Value::Null)]);
    let found = said(&seen);
    assert!(found.contains("does not look into namespace monitoring"), "{found}");
    seen.prometheuses = Some(vec![prometheus("prom", &json!({}), &json!({}))]);
    assert_eq!(said(&seen), "");
    // Of two, the one that selects us is used.
    let wrong = prometheus("other", &json!({"matchLabels": {"team": "ops"}}), &json!({}));
    seen.prometheuses = Some(vec![wrong, prometheus("prom", &json!({}), &json!({}))]);
    assert_eq!(said(&seen), "");
    seen.prometheuses = Some(Vec::new());
    assert!(said(&seen).contains("there is no Prometheus"));
}

#[test]
fn selectors_are_read_as_kubernetes_does() {
    let labels = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
    };
    let ours = labels(&[("release", "prom"), ("team", "shop")]);
    let expression = |operator: &str, values: &Value| json!({"matchExpressions": [{"key": "release", "operator": operator, "values": values}]});
    for (selector, matches) in [
        (json!({}), true),
        (Value::Null, false),
        (json!({"matchLabels": {"release": "prom"}}), true),
        (json!({"matchLabels": {"release": "other"}}), false),
        (expression("In", &json!(["a", "prom"])), true),
        (expression("NotIn", &json!(["prom"])), false),
        (expression("Exists", &json!([])), true),
        (expression("DoesNotExist", &json!([])), false),
    ] {
        assert_eq!(selection::matches(&selector, &ours), matches, "{selector}");
    }
}

#[test]
fn a_webhook_for_rules_that_nobody_answers_is_told_unless_it_may_be_passed_over() {
    let webhook = |policy: &str| {
        json!({
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": "prom-admission"},
            "webhooks": [{
                "failurePolicy": policy,
                "clientConfig": {"service": {"namespace": "prom", "name": "prom-operator"}},
                "rules": [{"apiGroups": ["monitoring.coreos.com"], "resources": ["prometheusrules"]}],
            }],
        })
    };
    let slice = |ready: bool| {
        json!({
            "metadata": {"namespace": "prom", "labels": {"kubernetes.io/service-name": "prom-operator"}},
            "endpoints": [{"conditions": {"ready": ready}}],
        })
    };
    let mut seen = mk_seen(&mk_spec());
    (seen.operators, seen.webhooks) = (Some(Vec::new()), Some(vec![webhook("Fail")]));
    for (slices, is_told) in [(vec![], true), (vec![slice(false)], true), (vec![slice(true)], false)] {
        seen.endpoint_slices = Some(slices);
        assert_eq!(said(&seen).contains("BTQ-3004"), is_told, "{}", said(&seen));
    }
    (seen.webhooks, seen.endpoint_slices) = (Some(vec![webhook("Ignore")]), Some(Vec::new()));
    assert_eq!(said(&seen), "");
}

#[test]
fn a_node_exporter_says_why_it_does_not_start() {
    let pod = |status: Value| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": "monitoring", "name": "ne-1",
                "labels": {"app.kubernetes.io/name": "prometheus-node-exporter"}},
            "status": status,
        })
    };
    let mut seen = mk_seen(&mk_spec());
    let port = json!({"conditions": [{"type": "PodScheduled", "status": "False",
        "message": "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."}]});
    seen.pods = Some(vec![pod(port)]);
    assert!(said(&seen).contains("BTQ-3009") && said(&seen).contains("free ports"));
    let mount = json!({"containerStatuses": [{"state": {"waiting": {
        "message": "path \"/\" is mounted on \"/\" but it is not a shared or slave mount"}}}]});
    seen.pods = Some(vec![pod(mount)]);
    assert!(said(&seen).contains("BTQ-3010") && said(&seen).contains("platform = \"kind\""));
    seen.pods = Some(vec![pod(json!({"conditions": []}))]);
    assert_eq!(said(&seen), "");
}

#[test]
fn a_job_that_does_not_end_and_a_claim_without_a_volume_are_believed_after_a_while() {
    let mut seen = mk_seen(&mk_spec());
    seen.at = "2026-01-01T00:02:00Z".parse().ok();
    let made = |at: &str| json!({"namespace": "monitoring", "name": "x-admission-create", "creationTimestamp": at});
    seen.jobs = Some(vec![json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": made("2026-01-01T00:00:00Z")})]);
    let mut pod =
        json!({"metadata": {"namespace": "monitoring", "name": "p", "labels": {"job-name": "x-admission-create"}}});
    pod["status"] = json!({"containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]});
    seen.pods = Some(vec![pod]);
    let found = said(&seen);
    assert!(found.contains("BTQ-3011") && found.contains("ImagePullBackOff"), "{found}");
    seen.jobs = Some(vec![json!({"metadata": made("2026-01-01T00:01:30Z")})]);
    assert_eq!(said(&seen), "");
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"namespace": "monitoring", "name": "prometheus-x-db", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"storageClassName": "fast"}, "status": {"phase": "Pending"},
    });
    seen.claims = Some(vec![claim]);
    assert!(said(&seen).contains("BTQ-3013") && said(&seen).contains("\"fast\""));
}

#[test]
fn a_prometheus_that_is_not_available_says_why_in_its_own_words() {
    let mut live = prometheus("monitoring", &json!({}), &json!({}));
    live["metadata"]["name"] = json!("kube-prometheus-stack-prometheus");
    live["status"] =
        json!({"conditions": [{"type": "Available", "status": "False", "message": "shard 0: pod not ready"}]});
    let mut seen = mk_seen(&mk_spec());
    (seen.prometheuses, seen.pods) = (Some(vec![live.clone()]), Some(Vec::new()));
    let found = said(&seen);
    assert!(
        found.contains("BTQ-3012") && found.contains("shard 0: pod not ready") && found.contains("no pod"),
        "{found}"
    );
    live["status"]["conditions"][0]["status"] = json!("True");
    seen.prometheuses = Some(vec![live]);
    assert_eq!(said(&seen), "");
}

fn loaded(groups: &[&str]) -> Value {
    let file = |part: &str| format!("/etc/prometheus/rules/x/monitoring-shop-{part}-1234-abcd.yaml");
    let groups: Vec<Value> = groups
        .iter()
        .map(|group| {
            let part = if group.contains("alerts") {
                "alerts"
            } else if group.contains("slo") {
                "slo"
            } else {
                "signals"
            };
            json!({"name": group, "file": file(part), "rules": []})
        })
        .collect();
    json!({"status": "success", "data": {"groups": groups}})
}

#[test]
fn rules_and_targets_are_looked_for_in_prometheus_own_answers() {
    let spec = mk_spec();
    let mut seen = mk_seen(&spec);
    let inputs = Inputs { services: Some([crate::service::Service::Frontend].into()), ..Inputs::default() };
    seen.manifests = render(&spec, &inputs).expect("renders");
    let rules = || seen.manifests.iter().filter(|manifest| manifest.kind() == Kind::PROMETHEUS_RULE);
    let names: Vec<String> = rules()
        .flat_map(|rule| {
            items(rule.value(), "/spec/groups").filter_map(|group| Some(group["name"].as_str()?.to_owned()))
        })
        .collect();
    let all: Vec<Value> = rules()
        .flat_map(|rule| {
            let file = format!("/x/monitoring-{}-77.yaml", rule.name());
            items(rule.value(), "/spec/groups")
                .map(move |group| json!({"name": group["name"], "file": file, "rules": []}))
        })
        .collect();
    let mut answer = json!({"data": {"groups": all}});
    seen.loaded = Some(loaded(&[]));
    assert_eq!(judge(&seen).iter().filter(|finding| finding.code == Code::RULES_NOT_LOADED).count(), rules().count());
    assert!(!names.is_empty() && judge(&seen).iter().all(|finding| !finding.settled), "Prometheus takes its time");
    seen.loaded = Some(answer.clone());
    assert_eq!(said(&seen), "");
    answer["data"]["groups"][0]["rules"] =
        json!([{"name": "x", "health": "err", "lastError": "many-to-many matching"}]);
    seen.loaded = Some(answer);
    assert!(said(&seen).contains("cannot evaluate x") && said(&seen).contains("many-to-many"));

    seen.loaded = None;
    seen.targets = Some(json!({"data": {"activeTargets": []}}));
    let found = said(&seen);
    assert!(found.contains("knows no target of Probe monitoring/shop-reach-frontend"), "{found}");
    assert!(!found.contains("shop-collector"), "a shop that does not trace has none");
    seen.inputs.traces = true;
    assert!(said(&seen).contains("ServiceMonitor monitoring/shop-collector"));
}

#[test]
fn a_target_that_is_down_says_what_prometheus_was_answered() {
    let target = |health: &str| {
        json!({"scrapePool": "probe/monitoring/shop-reach-frontend", "health": health, "scrapeUrl": "http://x/probe",
            "lastError": "connection refused"})
    };
    let answer = |healths: &[&str]| json!({"data": {"activeTargets": healths.iter().map(|health| target(health)).collect::<Vec<_>>()}});
    let pool = "probe/monitoring/shop-reach-frontend";
    assert_eq!(scraping::state(pool, &answer(&["up"])), scraping::Pool::Up);
    assert_eq!(scraping::state(pool, &answer(&["up", "unknown"])), scraping::Pool::Unknown);
    assert_eq!(scraping::state(pool, &answer(&[])), scraping::Pool::Empty);
    let down = scraping::Pool::Down("http://x/probe".to_owned(), "connection refused".to_owned());
    assert_eq!(scraping::state(pool, &answer(&["up", "down"])), down);
}

#[test]
fn an_edge_without_metrics_is_a_warning() {
    let mut seen = mk_seen(&mk_spec());
    let mut edge = Inputs::stand_in(&MonitoringSpec { ingress: Some("shop/shop".to_owned()), ..mk_spec() }).edge;
    if let Some(edge) = &mut edge {
        *edge = EdgeInputs { metrics: false, ..edge.clone() };
    }
    seen.inputs.edge = edge;
    assert!(said(&seen).contains("BTQ-3017") && said(&seen).contains("no port \"metrics\""), "{}", said(&seen));
}
