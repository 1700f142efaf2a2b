//! The canary: whether a NetworkPolicy does anything here, which only trying tells. The API server accepts policies whether
//! or not the cluster's network enforces them.
//!
//! Two short-lived pods ask for the shop's front door. A policy allows the one, and it must get through; another policy
//! forbids the other to send anything, and it must not. Policies and pods are owned by a fuse of their own.

use std::{collections::BTreeMap, time::Duration};

use boutique_core::{
    catalogue::{Version, catalogue},
    contract::FAULT,
    fault::{Fault, Refusal, fuse},
    object::{Kind, Manifest},
    service::Service,
    view::SELECTOR,
};
use serde_json::{Value, json};

use super::{
    begin::BeginError,
    patience::{create, name, patiently},
    record::owned,
};
use crate::{
    connect::Cluster,
    request::Propagation,
    watch::{Follow, Followed},
};

/// How long both pods get together, with the time that pulling their image takes.
const LIMIT: Duration = Duration::from_secs(90);

/// Label that tells the two apart.
const CANARY: &str = "boutique.dev/canary";

/// The two pods, with what the script of each takes for success.
const TRIES: [(&str, &str); 2] = [
    ("allowed", "if reached; then exit 0; fi"),
    // A network that is not up yet also lets nothing through: only the third time in a row counts.
    ("denied", "if reached; then n=0; else n=$((n + 1)); fi; if [ $n -ge 3 ]; then exit 0; fi"),
];

/// Proves that policies are enforced in the fault's namespace.
///
/// # Errors
///
/// When they are not, or it could not be told, as a refusal; what was made for it goes in any case.
pub(super) async fn prove(cluster: &Cluster, fault: &Fault) -> Result<String, BeginError> {
    let (deployments, services) = tokio::join!(
        patiently(|| cluster.list(Kind::DEPLOYMENT, Some(&fault.namespace), SELECTOR)),
        patiently(|| cluster.list(Kind::SERVICE, Some(&fault.namespace), "")),
    );
    let url = front_door(&services?.items, &deployments.as_ref().map_err(Clone::clone)?.items);
    let Some(url) = url else {
        let reason = "the canary needs the shop's frontend to ask for, and it has no Service with an address";
        return Err(refused(reason, fault).into());
    };
    let fuse = create(cluster, &canary_fuse(fault), &fault.id).await?;
    let outcome = compare(cluster, fault, &fuse, &url, &image(&deployments?.items)).await;
    // Foreground or not, Kubernetes removes the rest; whether this very delete arrives does not matter, the fuse blows.
    if let Err(error) = cluster.delete_live(&fuse, Propagation::Foreground).await {
        tracing::debug!(%error, "the canary's fuse blows by itself");
    }
    outcome
}

fn canary_fuse(fault: &Fault) -> Manifest {
    let mut value = fuse(fault, LIMIT).into_value();
    value["metadata"]["name"] = json!(format!("boutique-fuse-{}-canary", fault.id));
    let name = value["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    Manifest::new(Kind::JOB, &fault.namespace, &name, value)
}

async fn compare(cluster: &Cluster, fault: &Fault, fuse: &Value, url: &str, image: &str) -> Result<String, BeginError> {
    for (role, _) in TRIES {
        create(cluster, &owned(&policy(fault, role), &fault.id, fuse), &fault.id).await?;
    }
    for (role, test) in TRIES {
        create(cluster, &owned(&pod(fault, role, test, url, image), &fault.id, fuse), &fault.id).await?;
    }
    let follow = Follow::labelled(Kind::POD, format!("{FAULT}={},{CANARY}", fault.id));
    let mut followed = Followed::start(cluster, &fault.namespace, vec![follow]);
    let mut fates: BTreeMap<&'static str, bool> = BTreeMap::new();
    let decided = async {
        loop {
            followed.changed().await?;
            for (_, pod) in followed.objects() {
                let role = TRIES.iter().map(|(role, _)| *role).find(|role| name(pod).ends_with(role));
                match (role, fate(pod)) {
                    (Some(role), Some(Ok(succeeded))) => drop(fates.insert(role, succeeded)),
                    (Some(_), Some(Err(why))) => return Err(BeginError::from(unable(&why, image, fault))),
                    _ => {}
                }
            }
            if fates.get("allowed") == Some(&false) || fates.len() == TRIES.len() {
                return Ok(());
            }
        }
    };
    match tokio::time::timeout(LIMIT, decided).await {
        Ok(decided) => decided?,
        Err(_) => return Err(unable("they did not come to an end in time", image, fault).into()),
    }
    match (fates.get("allowed"), fates.get("denied")) {
        (Some(true), Some(true)) => {
            Ok("NetworkPolicies are enforced here: the canary that a policy forbids to send did not get through".to_owned())
        }
        (Some(true), _) => Err(refused(
            "NetworkPolicies are not enforced in this cluster (a pod that one forbids to send got through to the shop), \
             so a partition would change nothing",
            fault,
        )
        .into()),
        _ => Err(unable(&format!("the one that a policy allows did not reach {url} either"), image, fault).into()),
    }
}

fn refused(reason: &str, fault: &Fault) -> Refusal {
    Refusal::new(
        reason.to_owned(),
        format!(
            "use a network that enforces them (Calico, Cilium, …), or another fault: kubectl boutique break {} --fault bad-address",
            fault.service
        ),
    )
}

fn unable(why: &str, image: &str, fault: &Fault) -> Refusal {
    refused(
        &format!(
            "whether NetworkPolicies are enforced here could not be told from two canary pods of image {image}: {why}"
        ),
        fault,
    )
}

/// How a canary ended: whether its script succeeded, or why it never ran; none while that is open.
fn fate(pod: &Value) -> Option<Result<bool, String>> {
    let state = pod.pointer("/status/containerStatuses/0/state");
    match pod.pointer("/status/phase").and_then(Value::as_str) {
        Some("Succeeded") => return Some(Ok(true)),
        Some("Failed") => {
            // Its own word for failure; anything else means that the script did not come to its end.
            let code = state.and_then(|state| state.pointer("/terminated/exitCode")).and_then(Value::as_i64);
            let said = state.and_then(|state| state.pointer("/terminated/message")).and_then(Value::as_str);
            let reason = pod.pointer("/status/reason").and_then(Value::as_str);
            return Some(match code {
                Some(1) => Ok(false),
                code => Err(format!(
                    "pod {} failed ({})",
                    name(pod),
                    said.or(reason).map_or_else(|| format!("exit code {code:?}"), str::to_owned)
                )),
            });
        }
        _ => {}
    }
    let waiting = state.and_then(|state| state.get("waiting"))?;
    let reason = waiting.get("reason").and_then(Value::as_str)?;
    let hopeless =
        ["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "CreateContainerError"];
    hopeless.contains(&reason).then(|| {
        let message = waiting.get("message").and_then(Value::as_str).unwrap_or_default();
        Err(format!("{reason} {message}").trim_end().to_owned())
    })
}

/// The address of a page that the frontend always answers, without a name that would have to be resolved.
fn front_door(services: &[Value], deployments: &[Value]) -> Option<String> {
    let named = |object: &&Value| name(object) == Service::Frontend.name();
    let spec = services.iter().find(named)?.get("spec")?;
    let address = spec.get("clusterIP")?.as_str().filter(|address| !matches!(*address, "" | "None"))?;
    let address = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
    let port = spec.pointer("/ports/0/port")?.as_u64()?;
    let container = deployments.iter().find(named).and_then(|live| live.pointer("/spec/template/spec/containers/0"));
    let base = container.map(crate::storefront::base_path).unwrap_or_default();
    Some(format!("http://{address}:{port}{}/_healthz", base.trim_end_matches('/')))
}

/// An image with a shell: the one that waits for the frontend before the shop's load generator, else what upstream uses.
fn image(deployments: &[Value]) -> String {
    let generator = deployments.iter().find(|live| name(live) == Service::Loadgenerator.name());
    let waits = generator.and_then(|live| live.pointer("/spec/template/spec/initContainers/0/image"));
    let upstream = || catalogue(&Version::NEWEST.to_string()).map(|(known, _)| known.init_image.to_owned());
    waits.and_then(Value::as_str).map_or_else(|| upstream().unwrap_or_default(), str::to_owned)
}

fn canary_name(fault: &Fault, role: &str) -> String {
    format!("boutique-canary-{}-{role}", fault.id)
}

/// Policies add up, so that the one which allows also helps where another forbids everything.
fn policy(fault: &Fault, role: &str) -> Manifest {
    let egress = if role == "allowed" { json!([{}]) } else { json!([]) };
    let body = json!({
        "metadata": {"labels": {CANARY: role}},
        "spec": {"podSelector": {"matchLabels": {CANARY: role, FAULT: fault.id}}, "policyTypes": ["Egress"], "egress": egress},
    });
    Manifest::new(Kind::NETWORK_POLICY, &fault.namespace, &canary_name(fault, role), body)
}

/// A pod that the strictest of Kubernetes' pod security standards accepts.
fn pod(fault: &Fault, role: &str, test: &str, url: &str, image: &str) -> Manifest {
    // An answer of any code means that the network let it through.
    let script = format!(
        "reached() {{ said=$(timeout 3 wget -q -O /dev/null '{url}' 2>&1) && return 0; case \"$said\" in *HTTP/*) return 0;; esac; return 1; }}\n\
         n=0\nfor try in 1 2 3 4 5 6 7 8 9 10; do {test}; sleep 1; done\nexit 1\n"
    );
    let body = json!({
        "metadata": {"labels": {CANARY: role}},
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": LIMIT.as_secs(),
            "terminationGracePeriodSeconds": 0,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "securityContext": {
                "runAsNonRoot": true, "runAsUser": 65534, "runAsGroup": 65534,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [{
                "name": "canary",
                "image": image,
                "command": ["sh", "-c", script],
                "resources": {
                    "requests": {"cpu": "10m", "memory": "16Mi"},
                    "limits": {"cpu": "100m", "memory": "32Mi"},
                },
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "privileged": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": {"drop": ["ALL"]},
                },
            }],
        },
    });
    Manifest::new(Kind::POD, &fault.namespace, &canary_name(fault, role), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_door_is_an_address_and_not_a_name() {
        let service =
            |ip: &str| json!({"metadata": {"name": "frontend"}, "spec": {"clusterIP": ip, "ports": [{"port": 80}]}});
        let below = json!({"metadata": {"name": "frontend"}, "spec": {"template": {"spec": {"containers": [
            {"env": [{"name": "BASE_URL", "value": "/shop"}]}]}}}});
        assert_eq!(front_door(&[service("10.0.0.7")], &[]).as_deref(), Some("http://10.0.0.7:80/_healthz"));
        assert_eq!(front_door(&[service("fd00::7")], &[below]).as_deref(), Some("http://[fd00::7]:80/shop/_healthz"));
        assert_eq!(front_door(&[service("None")], &[]), None);
    }

    #[test]
    fn a_script_that_never_ran_says_nothing_about_policies() {
        let pod = |status: Value| json!({"metadata": {"name": "x"}, "status": status});
        let ended = |code: i64| json!([{"state": {"terminated": {"exitCode": code}}}]);
        assert_eq!(fate(&pod(json!({"phase": "Succeeded"}))), Some(Ok(true)));
        assert_eq!(fate(&pod(json!({"phase": "Failed", "containerStatuses": ended(1)}))), Some(Ok(false)));
        assert!(matches!(fate(&pod(json!({"phase": "Failed", "containerStatuses": ended(127)}))), Some(Err(_))));
        let waiting = json!([{"state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}]);
        let error = fate(&pod(json!({"phase": "Pending", "containerStatuses": waiting}))).unwrap().unwrap_err();
        assert_eq!(error, "ImagePullBackOff no such image");
        assert_eq!(fate(&pod(json!({"phase": "Pending"}))), None);
    }

    #[test]
    fn the_image_is_one_that_this_shop_uses_already() {
        let generator = json!({"metadata": {"name": "loadgenerator"}, "spec": {"template": {"spec": {
            "initContainers": [{"image": "mirror.example/busybox:1"}]}}}});
        assert_eq!(image(&[generator]), "mirror.example/busybox:1");
        assert!(image(&[]).starts_with("busybox:"));
    }
}
