//! Everything that can be known to be wrong with an edge before a cluster is asked.

use core::net::IpAddr;

use serde_json::Value;

use super::controller::ControllerKind;
use super::spec::{Backend, ControllerSpec, IngressSpec, TlsSpec};
use super::{annotations, load, values};
use crate::contract::is_dns_label;
use crate::spec::{Problem, Problems, check_image, check_name};

/// The most simulated shoppers that one Locust process can play.
const MAX_USERS: i64 = 10_000;
/// More pods of a controller is a slip of the finger.
const MAX_REPLICAS: i64 = 100;
/// Nobody waits longer than an hour for a page.
const MAX_SECONDS: i64 = 3600;
/// Helm's own limit, below Kubernetes' 63 because charts append to it.
pub(crate) const MAX_RELEASE: usize = 53;
/// The most characters in a host name and in the name of an Ingress.
const MAX_HOST: usize = 253;
/// The most characters in the value of a label.
const MAX_LABEL: usize = 63;

pub(super) fn validate(spec: &IngressSpec) -> Vec<Problem> {
    let mut problems = Problems::default();
    for (attribute, name) in [("name", &spec.name), ("namespace", &spec.namespace)] {
        check_name(attribute, name, &mut problems);
    }
    check_host(&["host"], &spec.host, false, &mut problems);
    if let Some(path) = &spec.path {
        check_path(path, &mut problems);
    }
    check_backend(&["service"], &spec.service, &mut problems);
    for (host, backend) in &spec.hosts {
        check_host(&["hosts", host], host, true, &mut problems);
        check_backend(&["hosts", host], backend, &mut problems);
        if host.eq_ignore_ascii_case(&spec.host) {
            problems.add(
                &["hosts", host],
                "this is the shop's own host",
                "remove it here; where its requests go is set by the attribute service",
            );
        }
        if spec.ingress_name(host).len() > MAX_HOST {
            let hint = format!("use a shorter name: the Ingress is named {:?}", spec.ingress_name(host));
            problems.add(&["hosts", host], "the name of the ingress and this host are too long together", hint);
        }
    }
    check_controller(spec, &mut problems);
    if let Some(tls) = &spec.tls {
        check_tls(spec, tls, &mut problems);
    }
    check_timeouts(spec, &mut problems);
    check_annotations(spec, &mut problems);
    check_load(spec, &mut problems);
    problems.into_vec()
}

/// What works and should be known.
pub(super) fn warnings(spec: &IngressSpec) -> Vec<Problem> {
    let mut problems = Problems::default();
    if let Some(retired) = spec.known().and_then(|known| known.retired) {
        problems.add(&["controller", "kind"], retired.what, retired.attribute);
    }
    let kind = spec.controller.kind;
    for key in spec.annotations.keys() {
        if let Some(reader) = annotations::reader(key)
            && kind != reader
            && kind != ControllerKind::Existing
        {
            problems.add(
                &["annotations", key],
                format!("{kind} does not read this annotation, {reader} does"),
                "write it in the words of the controller, or remove it",
            );
        }
    }
    problems.into_vec()
}

/// What is wrong with the name of a host.
pub(crate) fn check_host(path: &[&str], host: &str, wildcard: bool, problems: &mut Problems) {
    let hint = "write it like shop.local";
    if let Some((scheme, rest)) = host.split_once("://") {
        let bare = rest.split(['/', ':']).next().unwrap_or_default();
        return problems.add(path, format!("a host has no scheme, and {scheme:?} is one"), format!("write {bare:?}"));
    }
    if let Some((bare, _)) = host.split_once('/') {
        return problems.add(path, "a host has no path", format!("write {bare:?} and set path for the rest"));
    }
    if host.parse::<IpAddr>().is_ok() {
        return problems.add(
            path,
            format!("{host} is an address: routes are told apart by names"),
            "use a name; the output hosts_entry is the line that leads from it to the address",
        );
    }
    if let Some((bare, port)) = host.split_once(':') {
        let hint = format!("write {bare:?}: the controller's Service decides about ports");
        return problems.add(path, format!("a host has no port, and {port:?} is one"), hint);
    }
    if host.len() > MAX_HOST {
        return problems.add(path, format!("the host has {} characters", host.len()), "names in DNS have at most 253");
    }
    let name = match host.strip_prefix("*.") {
        Some(rest) if wildcard => rest,
        Some(rest) => {
            return problems.add(
                path,
                "the shop needs one name that can be asked for, not all of a domain",
                format!("write shop.{rest} here and {host:?} under hosts"),
            );
        }
        None => host,
    };
    if let Some(label) = name.split('.').find(|label| !is_dns_label(label)) {
        let message = format!("{host:?} is no host name: {label:?} is no part of one");
        let lower = host.to_ascii_lowercase();
        if label.contains('*') {
            problems.add(path, message, "an asterisk stands for the whole first part, as in *.shop.local");
        } else if lower != host && lower.split('.').all(is_dns_label) {
            problems.add(path, message, format!("write {lower:?}: Kubernetes takes lower-case names only"));
        } else {
            problems.add(path, message, hint);
        }
    }
}

fn check_path(path: &str, problems: &mut Problems) {
    let at = ["path"];
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '~');
    if path == "/" {
        problems.add(&at, "the whole host needs no path", "leave it out");
    } else if !path.starts_with('/') {
        let hint = format!("write {:?}", format!("/{}", path.trim_matches('/')));
        problems.add(&at, format!("{path:?} does not begin with a slash"), hint);
    } else if path.ends_with('/') {
        let hint = format!("write {:?}, as in the frontend's BASE_URL", path.trim_end_matches('/'));
        problems.add(&at, format!("{path:?} ends with a slash"), hint);
    } else if !path.chars().all(is_plain) || path.split('/').skip(1).any(|part| matches!(part, "" | "." | "..")) {
        problems.add(&at, format!("{path:?} is no plain path"), "write it like /online-boutique");
    }
}

fn check_backend(at: &[&str], backend: &Backend, problems: &mut Problems) {
    let service = [at, &["service"]].concat();
    if !is_dns_label(&backend.service) {
        let message = format!("{:?} is no name of a Service", backend.service);
        problems.add(&service, message, "use the name of a Service in the namespace of the ingress, such as frontend");
    }
    problems.range(&[at, &["port"]].concat(), backend.port, 1..=65_535);
}

fn check_controller(spec: &IngressSpec, problems: &mut Problems) {
    let controller = &spec.controller;
    let at = |attribute: &'static str| ["controller", attribute];
    if controller.kind == ControllerKind::Existing {
        if controller.class.is_none() {
            problems.add(
                &at("class"),
                "an existing controller is found by its IngressClass, and none is named",
                "name one of those that kubectl get ingressclasses shows",
            );
        }
        if controller.install {
            problems.add(
                &at("install"),
                "what exists is not installed",
                "remove it, or use kind = \"f5-nginx\" or \"traefik\"",
            );
        }
    }
    if let Some(class) = &controller.class
        && !is_subdomain(class)
    {
        problems.add(&at("class"), format!("{class:?} is no name of an IngressClass"), "write it like nginx");
    }
    if let Some(namespace) = &controller.namespace
        && !is_dns_label(namespace)
    {
        problems.add(&at("namespace"), format!("{namespace:?} is no name of a namespace"), "write it like ingress");
    }
    if let Some(release) = &controller.release
        && (!is_dns_label(release) || release.len() > MAX_RELEASE)
    {
        problems.add(
            &at("release"),
            format!("{release:?} is no name of a Helm release"),
            "use at most 53 lower-case letters, digits and dashes",
        );
    }
    if let Some(replicas) = controller.replicas {
        problems.range(&at("replicas"), replicas, 1..=MAX_REPLICAS);
    }
    if controller.install { check_values(spec, problems) } else { check_only_installed(controller, problems) }
}

/// Attributes of a Helm release that is not ours.
fn check_only_installed(controller: &ControllerSpec, problems: &mut Problems) {
    let set = [
        ("service_type", controller.service_type.is_some()),
        ("replicas", controller.replicas.is_some()),
        ("chart", !controller.chart.is_empty()),
        ("values", !controller.values.is_empty()),
    ];
    for (attribute, _) in set.into_iter().filter(|(_, is_set)| *is_set) {
        let way_out = match controller.kind {
            ControllerKind::Existing => "remove it: whoever installed the controller sets it there",
            _ => "set install = true, or remove it",
        };
        problems.add(&["controller", attribute], "this is for a controller that is installed here", way_out);
    }
}

/// Values that contradict the attributes which say the same.
fn check_values(spec: &IngressSpec, problems: &mut Problems) {
    let kind = spec.controller.kind;
    let own = Value::Object(spec.controller.values.clone());
    let mut contradicts = |path: &str, wanted: Option<&str>, attribute: &str| {
        let Some(value) = own.pointer(path) else { return };
        if wanted.is_none_or(|wanted| value == wanted) {
            return;
        }
        let dotted = path.trim_start_matches('/').replace('/', ".");
        problems.add(
            &["controller", "values"],
            format!("{dotted} = {value} contradicts controller.{attribute}"),
            format!("remove it from the values and set controller.{attribute}"),
        );
    };
    for path in values::class_paths(kind) {
        contradicts(path, Some(spec.class()), "class");
    }
    contradicts(
        values::service_type_path(kind),
        spec.controller.service_type.map(super::spec::ServiceType::name),
        "service_type",
    );
}

fn check_tls(spec: &IngressSpec, tls: &TlsSpec, problems: &mut Problems) {
    if tls.source().is_none() {
        let named = [
            ("secret", tls.secret.is_some()),
            ("cert_manager", tls.cert_manager.is_some()),
            ("self_signed", tls.self_signed),
        ];
        let named: Vec<&str> = named.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name).collect();
        let message = if named.is_empty() {
            "nothing says where the certificate comes from".to_owned()
        } else {
            format!("the certificate cannot come from {}", named.join(" and "))
        };
        problems.add(&["tls"], message, "set exactly one of secret, cert_manager and self_signed = true");
    }
    if let Some(secret) = &tls.secret
        && !is_subdomain(secret)
    {
        let hint = "use the name of a Secret in the namespace of the ingress";
        problems.add(&["tls", "secret"], format!("{secret:?} is no name of a Secret"), hint);
    }
    if let Some(issuer) = &tls.cert_manager
        && !is_subdomain(&issuer.name)
    {
        let what = format!("{:?} is no name of an {}", issuer.name, issuer.kind.name());
        problems.add(&["tls", "cert_manager", "name"], what, "use one of those that kubectl get clusterissuers shows");
    }
    if tls.redirect.is_some() && spec.controller.kind == ControllerKind::Existing {
        problems.add(
            &["tls", "redirect"],
            "every controller is told so in other words, and which one this is is not known",
            "name its kind with install = false, or use annotations",
        );
    }
}

fn check_timeouts(spec: &IngressSpec, problems: &mut Problems) {
    let timeouts = spec.timeouts;
    for (attribute, seconds) in [("connect", timeouts.connect), ("read", timeouts.read), ("send", timeouts.send)] {
        if let Some(seconds) = seconds {
            problems.range(&["timeouts", attribute], seconds, 1..=MAX_SECONDS);
        }
    }
    if timeouts.is_empty() {
        return;
    }
    match spec.controller.kind {
        ControllerKind::Traefik => problems.add(
            &["timeouts"],
            "Traefik has timeouts for the whole controller only, not for one host",
            "remove them; the installed controller waits 2 s for a connection and 60 s for an answer, which \
             controller.values.additionalArguments changes",
        ),
        ControllerKind::Existing => problems.add(
            &["timeouts"],
            "every controller is told timeouts in other words, and which one this is is not known",
            "name its kind with install = false, or use annotations",
        ),
        ControllerKind::F5Nginx | ControllerKind::IngressNginx => {}
    }
}

fn check_annotations(spec: &IngressSpec, problems: &mut Problems) {
    for key in spec.annotations.keys() {
        let path = ["annotations", key.as_str()];
        let (prefix, name) = key.split_once('/').map_or((None, key.as_str()), |(prefix, name)| (Some(prefix), name));
        let is_end = |byte: u8| byte.is_ascii_alphanumeric();
        let is_inner = |byte: u8| is_end(byte) || matches!(byte, b'-' | b'_' | b'.');
        let ends = [name.bytes().next(), name.bytes().last()];
        let fits = (1..=MAX_LABEL).contains(&name.len())
            && name.bytes().all(is_inner)
            && ends.into_iter().flatten().all(is_end)
            && prefix.is_none_or(is_subdomain);
        if !fits {
            let message = format!("{key:?} is no key of an annotation");
            problems.add(&path, message, "write it like nginx.org/proxy-buffering");
        }
        if key == "kubernetes.io/ingress.class" {
            let message =
                "this is the old way to name the IngressClass, which the API server refuses beside the new one";
            problems.add(&path, message, "set controller.class");
        }
    }
}

fn check_load(spec: &IngressSpec, problems: &mut Problems) {
    let Some(load) = spec.load() else { return };
    problems.range(&["load_generator", "users"], load.users, 0..=MAX_USERS);
    problems.range(&["load_generator", "rate"], load.rate, 1..=MAX_USERS);
    if let Some(image) = &load.image
        && let Err(error) = check_image(image)
    {
        problems.add(
            &["load_generator", "image"],
            format!("{image:?} is no image reference: {error}"),
            "write it like registry.example.com/loadgenerator:v0.10.6",
        );
    }
    if load::name(spec).len() > MAX_LABEL {
        let most = MAX_LABEL - load::SUFFIX.len();
        let message = format!("the name leaves no room for its load generator, {:?}", load::name(spec));
        problems.add(&["name"], message, format!("use at most {most} characters"));
    }
    if spec.redirects() {
        problems.add(
            &["load_generator"],
            "upstream's load generator speaks plain HTTP only, and a redirect turns its orders into page views",
            "set tls.redirect = false, or leave the load to the stack's own load_generator",
        );
    }
}

/// Whether a text is a DNS subdomain, which names of most objects must be.
pub(crate) fn is_subdomain(text: &str) -> bool {
    text.len() <= MAX_HOST && text.split('.').all(is_dns_label)
}
