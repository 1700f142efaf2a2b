//! What each controller is told about a route: annotations of its Ingress.

use super::controller::ControllerKind;
use super::spec::{IngressSpec, Timeouts, TlsSource};

/// Annotations that the nginx controllers read begin with these.
pub(super) const F5: &str = "nginx.org/";
/// The same of F5's older generation and of its commercial edition.
pub(super) const F5_PLUS: &str = "nginx.com/";
/// The same of ingress-nginx.
pub(super) const COMMUNITY: &str = "nginx.ingress.kubernetes.io/";
/// The same of Traefik.
pub(super) const TRAEFIK: &str = "traefik.ingress.kubernetes.io/";

/// The kind of controller that reads an annotation; none for annotations of others.
pub(super) fn reader(key: &str) -> Option<ControllerKind> {
    [
        (F5, ControllerKind::F5Nginx),
        (F5_PLUS, ControllerKind::F5Nginx),
        (COMMUNITY, ControllerKind::IngressNginx),
        (TRAEFIK, ControllerKind::Traefik),
    ]
    .into_iter()
    .find_map(|(prefix, kind)| key.starts_with(prefix).then_some(kind))
}

/// Annotations of the Ingress of any host: TLS and what follows from it, and whether node ports are the way in.
pub(super) fn of_host(spec: &IngressSpec, by_node_ports: bool) -> Vec<(String, String)> {
    let mut set = Vec::new();
    let Some(tls) = &spec.tls else { return set };
    if let Some(TlsSource::CertManager(issuer)) = tls.source() {
        set.push((issuer.annotation().to_owned(), issuer.name.clone()));
    }
    let redirects = spec.redirects();
    match spec.controller.kind {
        // Both nginx controllers redirect by default; said all the same, so that a default that changes does not.
        ControllerKind::F5Nginx => set.push((format!("{F5}ssl-redirect"), redirects.to_string())),
        ControllerKind::IngressNginx => set.push((format!("{COMMUNITY}ssl-redirect"), redirects.to_string())),
        ControllerKind::Traefik if redirects => {
            // The first that matches answers.
            let names = by_node_ports.then(|| node_port_redirect_name(spec)).into_iter().chain([redirect_name(spec)]);
            let names: Vec<String> = names.map(|name| format!("{}-{name}@kubernetescrd", spec.namespace)).collect();
            set.push((format!("{TRAEFIK}router.middlewares"), names.join(",")));
        }
        ControllerKind::Traefik | ControllerKind::Existing => {}
    }
    set
}

/// Annotations of the shop's Ingress alone.
pub(super) fn of_shop(spec: &IngressSpec) -> Vec<(String, String)> {
    let mut set = Vec::new();
    let Timeouts { connect, read, send } = spec.timeouts.effective();
    let (prefix, unit) = match spec.controller.kind {
        ControllerKind::F5Nginx => (F5, "s"),
        ControllerKind::IngressNginx => (COMMUNITY, ""),
        ControllerKind::Traefik | ControllerKind::Existing => return set,
    };
    let mut seconds = |name: &str, seconds: Option<i64>| {
        if let Some(seconds) = seconds {
            set.push((format!("{prefix}{name}"), format!("{seconds}{unit}")));
        }
    };
    seconds("proxy-connect-timeout", connect);
    seconds("proxy-read-timeout", read);
    seconds("proxy-send-timeout", send);
    // Another pod is tried when one cannot be reached. A page that hangs until the read timeout is not asked for again:
    // it would hang in the next pod, too, and the shopper would wait three times as long.
    seconds("proxy-next-upstream-timeout", read);
    set.push((format!("{prefix}proxy-next-upstream-tries"), "3".to_owned()));
    if !spec.base_path().is_empty() {
        // The home page below a base path needs the slash.
        set.push((format!("{prefix}app-root"), format!("{}/", spec.base_path())));
    }
    set
}

/// Name of Traefik's Middleware that redirects from one node port to the other.
pub(super) fn node_port_redirect_name(spec: &IngressSpec) -> String {
    format!("{}-redirect-port", spec.name)
}

/// Name of Traefik's Middleware that redirects.
pub(super) fn redirect_name(spec: &IngressSpec) -> String {
    format!("{}-redirect", spec.name)
}
