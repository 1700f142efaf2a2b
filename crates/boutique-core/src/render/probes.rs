//! Probes, upstream's and ours.

use serde_json::{Map, Value, json};

use crate::catalogue::{Check, Probe, Workload};

/// How a pod is probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Probing {
    /// As upstream: initial delays, liveness from the first second.
    Upstream,
    /// A startup probe holds the others back until the process answers.
    Startup,
}

/// Seconds a process gets to answer for the first time. A cold JVM on a busy laptop needs one of these minutes.
const START_SECONDS: u32 = 180;
/// A process that answers late is slow, not dead: upstream's one second restarts services that wait for the network.
const LIVENESS_TIMEOUT: u32 = 5;

/// The probes of a container by field name.
pub(super) fn fields(workload: &Workload, base_path: &str, probing: Probing) -> Vec<(&'static str, Value)> {
    let probe = |probe: Option<Probe>| probe.and_then(|probe| Some((probe, check(workload, base_path, probe.check)?)));
    let mut fields = Vec::new();
    match probing {
        Probing::Upstream => {
            for (field, found) in
                [("readinessProbe", probe(workload.readiness)), ("livenessProbe", probe(workload.liveness))]
            {
                if let Some((probe, check)) = found {
                    fields.push((
                        field,
                        with(check, &[("initialDelaySeconds", probe.delay), ("periodSeconds", probe.period)]),
                    ));
                }
            }
        }
        Probing::Startup => {
            if let Some((_, check)) = probe(workload.readiness) {
                let every_second = [("periodSeconds", Some(1)), ("failureThreshold", Some(START_SECONDS))];
                fields.push(("startupProbe", with(check.clone(), &every_second)));
                // One missed answer of a service takes no page down, and a recovered one is back within seconds.
                fields.push(("readinessProbe", with(check, &[("periodSeconds", Some(5))])));
            }
            if let Some((probe, check)) = probe(workload.liveness) {
                let patient = [("periodSeconds", probe.period), ("timeoutSeconds", Some(LIVENESS_TIMEOUT))];
                fields.push(("livenessProbe", with(check, &patient)));
            }
        }
    }
    fields
}

fn with(mut probe: Map<String, Value>, numbers: &[(&str, Option<u32>)]) -> Value {
    for (name, number) in numbers {
        if let Some(number) = number {
            probe.insert((*name).to_owned(), Value::from(*number));
        }
    }
    Value::Object(probe)
}

fn check(workload: &Workload, base_path: &str, check: Check) -> Option<Map<String, Value>> {
    let port = workload.listen?;
    let check = match check {
        Check::Grpc => json!({"grpc": {"port": port}}),
        Check::Tcp => json!({"tcpSocket": {"port": port}}),
        Check::Http { cookie } => json!({
            "httpGet": {"path": format!("{base_path}/_healthz"), "port": port, "httpHeaders": [{"name": "Cookie", "value": cookie}]}
        }),
    };
    match check {
        Value::Object(check) => Some(check),
        _ => None,
    }
}
