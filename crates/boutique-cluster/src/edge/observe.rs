//! Collecting what `edge::judge` reads. A list that this user may not see is left out, and what depends on it is not judged.

use std::collections::BTreeSet;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use boutique_core::{
    edge::{
        EdgeObjects, EdgeObservation, IngressSpec, TlsSource, TlsSpec,
        controller::CONTROLLERS,
        judge::{CertManager, SecretFacts},
    },
    object::Kind,
    service::Service,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    locate::{Located, locate},
    x509,
};
use crate::{connect::Cluster, request::ApiError};

/// Observes the edge of a specification but for requests through it.
///
/// # Errors
/// Any failure but a lacking permission.
pub(crate) async fn observe(cluster: &Cluster, spec: &IngressSpec) -> Result<(Located, EdgeObservation), ApiError> {
    let namespace = Some(spec.namespace.as_str());
    // Boxed, because nine requests at once make a large future, and callers keep it within others.
    let asked = Box::pin(async {
        tokio::try_join!(
            locate(cluster, spec),
            seen(cluster, Kind::INGRESS_CLASS, None, ""),
            seen(cluster, Kind::INGRESS, None, ""),
            seen(cluster, Kind::SERVICE, namespace, ""),
            seen(cluster, Kind::ENDPOINT_SLICE, namespace, ""),
            one(cluster, Kind::DEPLOYMENT, &spec.namespace, Service::Frontend.name()),
            controllers(cluster),
            secrets(cluster, spec),
            events(cluster, spec),
        )
    });
    let (located, classes, ingresses, services, slices, frontend, controllers, secrets, events) = asked.await?;
    let ingresses = match ingresses {
        // Better those of this namespace than none.
        None => seen(cluster, Kind::INGRESS, namespace, "").await?,
        all => all,
    };
    let nodes = nodes(cluster, located.service.as_ref()).await?;
    let cert_manager = cert_manager(cluster, spec, secrets.as_deref()).await?;
    let observation = EdgeObservation {
        namespace: spec.namespace.clone(),
        spec: Some(spec.clone()),
        classes,
        ingresses,
        services,
        endpoint_slices: slices,
        frontend,
        controllers,
        controller_pods: located.known.is_some().then(|| located.pods.clone()),
        controller_service: located.service.clone(),
        nodes,
        secrets,
        cert_manager,
        events,
        probes: Vec::new(),
        at: Some(Timestamp::now()),
    };
    Ok((located, observation))
}

/// What says where the edge is reached.
pub(crate) async fn objects(cluster: &Cluster, spec: &IngressSpec, located: &Located) -> Result<EdgeObjects, ApiError> {
    let name = spec.ingress_name(&spec.host);
    let (ingress, nodes) = tokio::try_join!(
        one(cluster, Kind::INGRESS, &spec.namespace, &name),
        nodes(cluster, located.service.as_ref()),
    )?;
    Ok(EdgeObjects {
        controller_service: located.service.clone(),
        ingress,
        nodes,
        controller_pods: located.pods.clone(),
    })
}

/// Nodes matter only where the Service has ports on them.
async fn nodes(cluster: &Cluster, service: Option<&Value>) -> Result<Vec<Value>, ApiError> {
    let kind = service.and_then(|service| service.pointer("/spec/type")).and_then(Value::as_str);
    match kind {
        Some("NodePort" | "LoadBalancer") => Ok(seen(cluster, Kind::NODE, None, "").await?.unwrap_or_default()),
        _ => Ok(Vec::new()),
    }
}

/// Workloads of all ingress controllers of the cluster.
async fn controllers(cluster: &Cluster) -> Result<Option<Vec<Value>>, ApiError> {
    let kinds = [Kind::DEPLOYMENT, Kind::DAEMON_SET, Kind::STATEFUL_SET];
    let names: Vec<&str> = CONTROLLERS.iter().map(|known| known.chart.name).collect();
    let selector = format!("app.kubernetes.io/name in ({})", names.join(","));
    let lists = kinds.map(|kind| seen(cluster, kind, None, &selector));
    let lists = futures::future::try_join_all(lists).await?;
    Ok(lists.into_iter().collect::<Option<Vec<_>>>().map(|lists| lists.into_iter().flatten().collect()))
}

/// The Secrets that the routes name.
async fn secrets(cluster: &Cluster, spec: &IngressSpec) -> Result<Option<Vec<SecretFacts>>, ApiError> {
    let names: BTreeSet<String> = spec.all_hosts().into_iter().filter_map(|host| spec.tls_secret(host)).collect();
    let mut found = Vec::new();
    for name in names {
        match cluster.get(Kind::SECRET, Some(&spec.namespace), &name).await {
            Ok(Some(secret)) => found.push(facts(&secret)),
            Ok(None) => {}
            Err(error) if error.missing_verb().is_some() => return Ok(None),
            Err(error) => return Err(error),
        }
    }
    Ok(Some(found))
}

/// The version of cert-manager's API that all its releases since 1.0 serve.
const CERT_MANAGER: &str = "cert-manager.io/v1";

/// What cert-manager says, where a certificate of it is missing.
async fn cert_manager(
    cluster: &Cluster,
    spec: &IngressSpec,
    secrets: Option<&[SecretFacts]>,
) -> Result<Option<CertManager>, ApiError> {
    let Some(TlsSource::CertManager(issuer)) = spec.tls.as_ref().and_then(TlsSpec::source) else { return Ok(None) };
    let Some(secrets) = secrets else { return Ok(None) };
    let is_there = |name: &String| secrets.iter().any(|secret| secret.name == *name);
    if spec.all_hosts().into_iter().filter_map(|host| spec.tls_secret(host)).all(|name| is_there(&name)) {
        return Ok(None);
    }
    let asked = ["Certificate", issuer.kind.name()].map(|kind| json!({"apiVersion": CERT_MANAGER, "kind": kind}));
    let kinds = cluster.find_kinds(&asked).await?;
    let kind = |name: &str| kinds.get(&(CERT_MANAGER.to_owned(), name.to_owned())).copied();
    let (Some(certificate), Some(issuers)) = (kind("Certificate"), kind(issuer.kind.name())) else {
        return Ok(Some(CertManager::default()));
    };
    let namespace = Some(spec.namespace.as_str());
    let (issuers, certificates) = tokio::try_join!(
        seen(cluster, issuers, namespace.filter(|_| issuers.namespaced), ""),
        seen(cluster, certificate, namespace, ""),
    )?;
    Ok(Some(CertManager { is_served: true, issuers, certificates }))
}

fn facts(secret: &Value) -> SecretFacts {
    let text = |pointer: &str| secret.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let part = |key: &str| {
        let encoded = secret.pointer("/data").and_then(|data| data.get(key)?.as_str()).unwrap_or_default();
        BASE64_STANDARD.decode(encoded).unwrap_or_default()
    };
    let (certificate, key) = (part("tls.crt"), part("tls.key"));
    let read = x509::read_pem(&certificate);
    let problem = match &read {
        _ if certificate.is_empty() || key.is_empty() => None,
        Err(why) => Some(why.clone()),
        Ok(_) => x509::pair_problem(&certificate, &key),
    };
    SecretFacts {
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name"),
        kind: text("/type"),
        has_certificate: !certificate.is_empty(),
        has_key: !key.is_empty(),
        certificate: read.ok(),
        problem,
    }
}

/// Events about Ingresses of the namespace, newest last.
async fn events(cluster: &Cluster, spec: &IngressSpec) -> Result<Vec<Value>, ApiError> {
    let about = "involvedObject.kind=Ingress";
    let mut events = match cluster.list_where(Kind::EVENT, Some(&spec.namespace), "", about).await {
        Err(error) if error.missing_verb().is_some() => Vec::new(),
        list => list?.items,
    };
    let last = |event: &Value| {
        let times = ["/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
        times.iter().find_map(|time| event.pointer(time).and_then(Value::as_str)).unwrap_or_default().to_owned()
    };
    events.sort_by_cached_key(last);
    Ok(events)
}

async fn seen(
    cluster: &Cluster,
    kind: Kind,
    namespace: Option<&str>,
    selector: &str,
) -> Result<Option<Vec<Value>>, ApiError> {
    match cluster.list(kind, namespace, selector).await {
        Err(error) if error.missing_verb().is_some() => Ok(None),
        list => Ok(Some(list?.items)),
    }
}

async fn one(cluster: &Cluster, kind: Kind, namespace: &str, name: &str) -> Result<Option<Value>, ApiError> {
    match cluster.get(kind, Some(namespace), name).await {
        Err(error) if error.missing_verb().is_some() => Ok(None),
        found => found,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn facts_of_a_secret_hold_no_key_and_say_what_is_wrong() {
        let encode = |text: &str| BASE64_STANDARD.encode(text);
        let secret = json!({
            "metadata": {"namespace": "shop", "name": "tls"}, "type": "kubernetes.io/tls",
            "data": {"tls.crt": encode("no certificate"), "tls.key": encode("s3cret")},
        });
        let facts = facts(&secret);
        assert!(facts.has_certificate && facts.has_key && facts.certificate.is_none());
        assert!(facts.problem.as_deref().is_some_and(|problem| problem.contains("holds no certificate")), "{facts:?}");
        assert!(!format!("{facts:?}").contains("s3cret"));
        assert!(!super::facts(&json!({"metadata": {"name": "empty"}})).has_certificate);
    }
}
