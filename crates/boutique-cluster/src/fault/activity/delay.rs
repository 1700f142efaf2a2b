//! Telling a proxy (toxiproxy) to hold calls up. It comes up empty, and takes its orders over HTTP.

use std::time::Duration;

use boutique_core::{
    fault::{Activity, Fault, Refusal},
    object::Kind,
};
use http::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::ActivityError;
use crate::{
    connect::Cluster,
    fault::begin::BeginError,
    request::{body, build},
};

/// How long the proxy may take to come up, with the time that pulling its image takes.
const UP: Duration = Duration::from_secs(90);

/// Gives the proxy its orders, before any caller is sent to it.
///
/// # Errors
///
/// When it does not come up, as a refusal.
pub(in crate::fault) async fn set_up(
    cluster: &Cluster,
    fault: &Fault,
    activity: &Activity,
) -> Result<Option<String>, BeginError> {
    let Activity::Delay { service, pod, control, listen, upstream, by } = activity else { return Ok(None) };
    let root = format!("{}:{control}/proxy/proxies", Kind::POD.object_path(Some(&fault.namespace), pod));
    let proxy =
        json!({"name": service.name(), "listen": format!("0.0.0.0:{listen}"), "upstream": upstream, "enabled": true});
    let toxic = json!({
        "name": "late", "type": "latency", "stream": "downstream", "attributes": {"latency": by.as_millis(), "jitter": 0},
    });
    let began = Instant::now();
    let orders = [(root.clone(), proxy), (format!("{root}/{service}/toxics"), toxic)];
    for (path, order) in &orders {
        loop {
            let why = match post(cluster, path, order).await {
                Ok(()) => break,
                Err(why) => why,
            };
            if began.elapsed() >= UP {
                let reason = format!("the proxy in pod {pod} does not take its orders: {why}");
                let remedy = "name an image of toxiproxy with --image that this cluster can pull";
                return Err(Refusal::new(reason, remedy).into());
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    Ok(Some(format!("the proxy in pod {pod} holds each answer of {service} up by {} ms", by.as_millis())))
}

async fn post(cluster: &Cluster, path: &str, order: &Value) -> Result<(), String> {
    let request = build(Method::POST, path, Some("application/json"), body(order));
    match cluster.raw(request).await {
        // 409: it has that order already, and our answer was lost.
        Ok(answer) if answer.status().is_success() || answer.status() == 409 => Ok(()),
        Ok(answer) => {
            let said = String::from_utf8_lossy(answer.body());
            let status: Value = serde_json::from_str(&said).unwrap_or_default();
            let said = status.get("message").and_then(Value::as_str).unwrap_or(&said);
            Err(format!("{}: {}", answer.status().as_u16(), said.trim().chars().take(200).collect::<String>()))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// There is nothing to do while it lasts: the proxy does it.
pub(super) fn goes_on_by_itself() -> Result<Vec<String>, ActivityError> {
    Ok(Vec::new())
}
