//! Resources of a running container in place: what Kubernetes takes, and what it refuses.
//!
//! `pods/resize` refuses what changes the pod's QoS class, a request above its limit, and a limit that is taken away.
//! <https://kep.k8s.io/1287>

use serde_json::{Value, json};

use super::scene::Refusal;
use crate::quantity::Quantity;

/// `resources` for [`super::Act::Resize`] that set a container's CPU limit, in thousandths of a CPU.
///
/// # Errors
///
/// When Kubernetes would refuse it.
pub fn with_cpu_limit(pod: &Value, container: &str, millis: u64) -> Result<Value, Refusal> {
    lowered(pod, container, "cpu", &format!("{millis}m"), &format!("{}m", (millis / 2).max(1)))
}

/// `resources` for [`super::Act::Resize`] that set a container's memory limit, in bytes.
///
/// # Errors
///
/// When Kubernetes would refuse it.
pub fn with_memory_limit(pod: &Value, container: &str, bytes: u64) -> Result<Value, Refusal> {
    lowered(pod, container, "memory", &bytes.to_string(), &(bytes / 2).max(1).to_string())
}

/// The container's memory limit in bytes, if it has one.
pub fn memory_limit(pod: &Value, container: &str) -> Option<u64> {
    let stated = entry(pod, container)?.pointer("/resources/limits/memory")?;
    u64::try_from(quantity(stated)?.ceil()).ok()
}

fn entry<'a>(pod: &'a Value, container: &str) -> Option<&'a Value> {
    let named = |entry: &&Value| entry.get("name").and_then(Value::as_str) == Some(container);
    pod.pointer("/spec/containers")?.as_array()?.iter().find(named)
}

fn quantity(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => text.parse().ok(),
        number => number.to_string().parse().ok(),
    }
}

/// A limit, and the request with it where that would be above, or would make another class of the pod.
fn lowered(pod: &Value, container: &str, resource: &str, limit: &str, half: &str) -> Result<Value, Refusal> {
    let name = pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let refuse = |reason: String| Refusal::new(reason, "take --fault kill-pods or --fault crash-loop");
    let Some(entry) = entry(pod, container) else {
        return Err(refuse(format!("pod {name} has no container {container}")));
    };
    let amount =
        |kind: &str, resource: &str| entry.pointer(&format!("/resources/{kind}/{resource}")).and_then(quantity);
    let wanted: Option<Quantity> = limit.parse().ok();
    let request = match pod.pointer("/status/qosClass").and_then(Value::as_str) {
        // All requests equal all limits, and have to.
        Some("Guaranteed") => Some(limit),
        Some("BestEffort") => {
            return Err(refuse(format!(
                "pod {name} asks for no resources at all, and Kubernetes refuses to change that in a running pod"
            )));
        }
        _ => {
            let other = if resource == "cpu" { "memory" } else { "cpu" };
            let settled = amount("limits", other).is_some() && amount("limits", other) == amount("requests", other);
            match amount("requests", resource).zip(wanted) {
                // Equal in both, it would become Guaranteed.
                Some((current, wanted)) if settled && current >= wanted => Some(half),
                Some((current, wanted)) if current > wanted => Some(limit),
                Some(_) => None,
                // Without a request of its own the limit would become that, too.
                None => settled.then_some(half),
            }
        }
    };
    let mut resources = json!({"limits": {resource: limit}});
    if let Some(request) = request {
        resources["requests"] = json!({resource: request});
    }
    Ok(resources)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mk_pod(class: &str, resources: &Value) -> Value {
        json!({"metadata": {"name": "cart-1"}, "spec": {"containers": [{"name": "server", "resources": resources}]},
            "status": {"qosClass": class}})
    }

    #[test]
    fn a_request_goes_down_with_the_limit() {
        let pod = mk_pod(
            "Burstable",
            &json!({"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "128Mi"}}),
        );
        let expected = json!({"limits": {"cpu": "10m"}, "requests": {"cpu": "10m"}});
        assert_eq!(with_cpu_limit(&pod, "server", 10), Ok(expected));
        // Still above the request, which may stay.
        assert_eq!(with_memory_limit(&pod, "server", 100 << 20), Ok(json!({"limits": {"memory": "104857600"}})));
        assert_eq!(memory_limit(&pod, "server"), Some(128 << 20));
    }

    #[test]
    fn a_pod_stays_in_its_class() {
        let same = json!({"cpu": "100m", "memory": "64Mi"});
        let guaranteed = mk_pod("Guaranteed", &json!({"requests": same, "limits": same}));
        let lowered = with_cpu_limit(&guaranteed, "server", 10).unwrap();
        assert_eq!(lowered["requests"], lowered["limits"]);
        let half = mk_pod(
            "Burstable",
            &json!({"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "200m", "memory": "64Mi"}}),
        );
        let lowered = with_cpu_limit(&half, "server", 10).unwrap();
        assert_ne!(lowered["requests"], lowered["limits"]);
        assert!(with_cpu_limit(&mk_pod("BestEffort", &json!({})), "server", 10).is_err());
    }

    proptest! {
        #[test]
        fn a_request_is_never_above_the_limit_that_is_asked_for(request in 1_u64..4000, more in 0_u64..4000, limit in 1_u64..4000) {
            let resources = json!({"requests": {"cpu": format!("{request}m")}, "limits": {"cpu": format!("{}m", request + more)}});
            let lowered = with_cpu_limit(&mk_pod("Burstable", &resources), "server", limit).unwrap();
            let asked = lowered.pointer("/requests/cpu").and_then(quantity).map_or_else(|| i128::from(request), |cpu| cpu.milli());
            prop_assert!(asked <= i128::from(limit));
        }
    }
}
