//! Situations of a shop, one file each in `judge/`, and what is said about them.

use boutique_core::finding::Finding;
use boutique_core::judge::{LogTail, Observation, condense, judge, logs_wanted};
use proptest::prelude::*;
use serde_json::{Value, json};

fn mk_observation(yaml: &str) -> Observation {
    let mut situation: Value = serde_yaml_ng::from_str(yaml).expect("is YAML");
    let mut list = |field: &str| match situation[field].take() {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    let logs = list("logs").into_iter().map(|tail| LogTail {
        pod: tail["pod"].as_str().expect("names a pod").to_owned(),
        container: tail["container"].as_str().expect("names a container").to_owned(),
        lines: tail["lines"]
            .as_array()
            .expect("has lines")
            .iter()
            .filter_map(|line| Some(line.as_str()?.to_owned()))
            .collect(),
    });
    Observation {
        logs: logs.collect(),
        objects: list("objects"),
        events: list("events"),
        at: situation["at"].as_str().map(|at| at.parse().expect("is a time")),
    }
}

macro_rules! situations {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let observation = mk_observation(include_str!(concat!("judge/", stringify!($name), ".yaml")));
                let said: Vec<String> = judge(&observation)
                    .iter()
                    .map(|finding| format!("{finding}\n  settled {}", if finding.settled { "yes" } else { "no" }))
                    .collect();
                insta::assert_snapshot!(said.join("\n\n"));
            }
        )*

        #[test]
        fn every_situation_in_the_folder_is_judged() {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/judge");
            let files = std::fs::read_dir(folder).expect("is a folder").count();
            assert_eq!(files, [$(stringify!($name)),*].len());
        }
    };
}

situations! {
    a_pod_of_the_template_before
    collector_out_of_memory
    crash_loop_for_want_of_a_variable
    image_that_does_not_exist
    killed_with_137_is_not_out_of_memory
    namespace_that_goes_away
    no_room_on_any_node
    memory_limit_too_small_for_a_sandbox
    out_of_memory
    pod_security_refuses
    quota_that_is_used_up
    registry_that_does_not_answer_yet
    secret_that_does_not_exist
    slow_start_and_a_service_scaled_to_zero
}

#[test]
fn logs_are_wanted_of_what_crashed_and_of_what_is_not_ready() {
    let crashed = mk_observation(include_str!("judge/crash_loop_for_want_of_a_variable.yaml"));
    assert!(logs_wanted(&crashed)[0].previous);
    let slow = mk_observation(include_str!("judge/slow_start_and_a_service_scaled_to_zero.yaml"));
    let wanted = logs_wanted(&slow);
    assert_eq!((wanted.len(), wanted[0].previous), (1, false));
    let pulling = mk_observation(include_str!("judge/image_that_does_not_exist.yaml"));
    assert_eq!(logs_wanted(&pulling), []);
}

#[test]
fn a_kill_by_a_probe_is_seen_from_the_failures_before_it_too() {
    let mut observation = mk_observation(include_str!("judge/killed_with_137_is_not_out_of_memory.yaml"));
    let before = judge(&observation)[0].cause.clone();
    observation.events[0]["reason"] = json!("Unhealthy");
    observation.events[0]["message"] = json!("Liveness probe failed: timeout: failed to connect service within 1s");
    assert_eq!(judge(&observation)[0].cause, before);
    observation.events.clear();
    assert_ne!(judge(&observation)[0].cause, before);
}

#[test]
fn many_pods_with_one_trouble_are_one_finding() {
    let mut observation = mk_observation(include_str!("judge/out_of_memory.yaml"));
    let mut twin = observation.objects.last().expect("has a pod").clone();
    twin["metadata"]["name"] = json!("cartservice-new-twin");
    observation.objects.push(twin);
    let findings = judge(&observation);
    assert_eq!(findings.len(), 1);
    assert!(findings[0].to_string().contains("the same on 1 more"));
}

#[test]
fn one_trouble_of_many_services_is_said_once() {
    let mut findings = judge(&mk_observation(include_str!("judge/quota_that_is_used_up.yaml")));
    let twins =
        ["frontend", "adservice"].map(|service| Finding { service: Some(service.into()), ..findings[0].clone() });
    findings.extend(twins);
    findings.extend(judge(&mk_observation(include_str!("judge/out_of_memory.yaml"))));
    let condensed = condense(findings);
    assert_eq!(condensed.len(), 2);
    assert!(condensed[0].to_string().contains("seen    the same for frontend, adservice"), "{}", condensed[0]);
}

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "kind",
        "Pod",
        "Deployment",
        "Service",
        "EndpointSlice",
        "metadata",
        "name",
        "labels",
        "app",
        "status",
        "conditions",
        "type",
        "PodScheduled",
        "False",
        "reason",
        "Unschedulable",
        "containerStatuses",
        "state",
        "waiting",
        "CrashLoopBackOff",
        "lastState",
        "terminated",
        "spec",
        "endpoints",
        "exceeded quota: ",
        "message",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.clone().prop_map(Value::from)
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..6)
                .prop_map(|fields| fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Value>()),
        ]
    })
}

proptest! {
    #[test]
    fn objects_of_any_form_make_no_panic(objects in prop::collection::vec(any_json(), 0..6), events in prop::collection::vec(any_json(), 0..3)) {
        let _ = judge(&Observation { objects, events, ..Observation::default() });
    }
}
