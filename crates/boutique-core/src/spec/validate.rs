//! Everything that can be known to be wrong with a specification before a cluster is asked.

use std::fmt;

use super::{Amounts, Cart, Resources, ServiceSpec, StackSpec, check_image, check_registry};
use crate::catalogue::{Image, catalogue, workload};
use crate::contract::is_dns_label;
use crate::quantity::Quantity;
use crate::service::Service;

/// Something wrong with a specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The attribute, step by step; map keys are steps too.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.path.join("."), self.message, self.hint)
    }
}

/// The largest number of pods of one service; more is a slip of the finger.
const MAX_REPLICAS: i64 = 500;
/// The most simulated shoppers that one Locust process can play.
const MAX_USERS: i64 = 10_000;

/// Collects what is wrong.
#[derive(Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn into_vec(self) -> Vec<Problem> {
        self.0
    }

    pub(crate) fn add(&mut self, path: &[&str], message: impl Into<String>, hint: impl Into<String>) {
        let path = path.iter().map(|step| (*step).to_owned()).collect();
        self.0.push(Problem { path, message: message.into(), hint: hint.into() });
    }

    pub(crate) fn range(&mut self, path: &[&str], value: i64, range: std::ops::RangeInclusive<i64>) {
        if !range.contains(&value) {
            let message = format!("{value} is out of range");
            self.add(path, message, format!("use a number from {} to {}", range.start(), range.end()));
        }
    }
}

pub(super) fn validate(spec: &StackSpec) -> Vec<Problem> {
    let mut problems = Problems::default();
    for (attribute, name) in [("name", &spec.name), ("namespace", &spec.namespace)] {
        check_name(attribute, name, &mut problems);
    }
    let patch = match catalogue(&spec.version) {
        Ok((catalogue, _)) => Some(catalogue.rendered_as.patch),
        Err(error) => {
            problems.add(&["version"], error.to_string(), "leave it out to get the newest version");
            None
        }
    };
    if let Some(registry) = &spec.image_registry
        && let Err(error) = check_registry(registry)
    {
        problems.add(
            &["image_registry"],
            format!("{registry:?} is no registry: {error}"),
            "write it like localhost:5000 or registry.example.com/shop",
        );
    }
    for (service, settings) in &spec.services {
        check_service(spec, *service, settings, &mut problems);
    }
    check_cart(spec.cart(), &mut problems);
    check_collector(spec, &mut problems);
    let load = spec.load_generator();
    problems.range(&["load_generator", "users"], load.users, 0..=MAX_USERS);
    problems.range(&["load_generator", "rate"], load.rate, 1..=MAX_USERS);
    if load.rate != 1 && patch.is_some_and(|patch| patch < 3) {
        problems.add(
            &["load_generator", "rate"],
            format!("the load generator of {} always adds one user per second", spec.version),
            "leave it out, or use v0.10.3 or newer",
        );
    }
    problems.0
}

pub(crate) fn check_name(attribute: &str, name: &str, problems: &mut Problems) {
    if name.len() > 63 {
        let message = format!("the name {name:?} has {} characters", name.len());
        problems.add(&[attribute], message, "names of namespaces and values of labels have at most 63");
    } else if !is_dns_label(name) {
        problems.add(
            &[attribute],
            format!("{name:?} is no name that Kubernetes takes"),
            "use lower-case letters, digits and dashes, beginning and ending with a letter or digit",
        );
    }
}

fn check_service(spec: &StackSpec, service: Service, settings: &ServiceSpec, problems: &mut Problems) {
    let at = ["services", service.name()];
    let attribute = |name| [at[0], at[1], name];
    match service {
        Service::Loadgenerator if !settings.enabled => problems.add(
            &attribute("enabled"),
            "the load generator is switched elsewhere",
            "set load_generator = { enabled = false }",
        ),
        Service::RedisCart if !settings.enabled => problems.add(
            &attribute("enabled"),
            "without its Redis the cart has nowhere to keep anything",
            "name another Redis with cart = { address = \"host:port\" }, then this one is not deployed",
        ),
        Service::RedisCart if *spec.cart() != Cart::Redis => problems.add(
            &at,
            "with cart.address no redis-cart is deployed",
            "remove this entry, or remove cart.address",
        ),
        _ => {}
    }
    if let Some(replicas) = settings.replicas {
        problems.range(&attribute("replicas"), replicas, 0..=MAX_REPLICAS);
        if replicas > 1 && service == Service::RedisCart {
            problems.add(
                &attribute("replicas"),
                "carts live in the memory of one pod: a second one would answer with other carts",
                "use 1, or name a Redis of your own with cart.address",
            );
        }
    }
    let example = match workload(service).image {
        Image::Upstream => format!("{service}:v0.10.6"),
        Image::Public(reference) => reference.to_owned(),
    };
    check_own_image(&attribute("image"), settings.image.as_deref(), &example, problems);
    for (name, value) in &settings.env {
        check_variable(service, name, value, problems);
    }
    let merged = crate::render::resources(spec, service);
    check_resources(&at, &settings.resources, &merged, spec, problems);
}

fn check_collector(spec: &StackSpec, problems: &mut Problems) {
    let Some(collector) = &spec.collector else { return };
    let example = "opentelemetry-collector-contrib:0.157.0";
    check_own_image(&["collector", "image"], collector.image.as_deref(), example, problems);
    let merged = crate::render::collector_resources(spec);
    check_resources(&["collector"], &collector.resources, &merged, spec, problems);
}

fn check_own_image(path: &[&str], image: Option<&str>, example: &str, problems: &mut Problems) {
    let Some(image) = image else { return };
    if let Err(error) = check_image(image) {
        let message = format!("{image:?} is no image reference: {error}");
        problems.add(path, message, format!("write it like registry.example.com/{example}"));
    }
}

fn check_variable(service: Service, name: &str, value: &str, problems: &mut Problems) {
    let path = ["services", service.name(), "env", name];
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let fits = name.bytes().all(is_inner) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
    if !fits {
        problems.add(
            &path,
            format!("{name:?} is no name of an environment variable"),
            "use letters, digits, _, - and ., not beginning with a digit",
        );
    }
    if value.contains('\0') {
        problems.add(&path, "the value holds a zero byte", "no process can be given such a variable");
    }
    if name == "PORT" {
        problems.add(
            &path,
            "the port is where Service and probes look for the process",
            "remove it; the Service's own port decides what callers use",
        );
    }
    if (service, name) == (Service::Cartservice, "REDIS_ADDR") {
        problems.add(&path, "the cart's Redis is set elsewhere", "set cart = { address = \"host:port\" }");
    }
    if service == Service::Loadgenerator && (name == "USERS" || name == "RATE") {
        let instead = name.to_ascii_lowercase();
        problems.add(&path, "the load is set elsewhere", format!("set load_generator = {{ {instead} = … }}"));
    }
}

/// Judges the amounts of what stands at a path, and what they come to over the profile's.
fn check_resources(at: &[&str], own: &Resources, merged: &Resources, spec: &StackSpec, problems: &mut Problems) {
    let mut sound = true;
    for (group, amounts) in [("requests", &own.requests), ("limits", &own.limits)] {
        for (resource, text) in both(amounts) {
            let Some(text) = text else { continue };
            let fault = match text.parse::<Quantity>() {
                Err(error) => Some(error.to_string()),
                Ok(amount) if amount.is_negative() => Some(format!("{text} is less than nothing")),
                Ok(amount) if group == "limits" && amount.ceil() == 0 => {
                    Some(format!("a limit of {text} lets nothing run"))
                }
                Ok(_) => None,
            };
            if let Some(fault) = fault {
                sound = false;
                let example = if resource == "cpu" { "200m" } else { "128Mi" };
                problems.add(
                    &[at, &["resources", group, resource]].concat(),
                    fault,
                    format!("write it like {example}"),
                );
            }
        }
    }
    if !sound {
        return;
    }
    for ((resource, request), (_, limit)) in both(&merged.requests).into_iter().zip(both(&merged.limits)) {
        let (Some(request), Some(limit)) = (request, limit) else { continue };
        if let (Ok(least), Ok(most)) = (request.parse::<Quantity>(), limit.parse::<Quantity>())
            && least > most
        {
            problems.add(
                &[at, &["resources", "requests", resource]].concat(),
                format!("the {resource} request {request} is above the limit {limit}"),
                format!("set resources.limits.{resource} to {request} or more (the profile is {})", spec.profile),
            );
        }
    }
}

fn both(amounts: &Amounts) -> [(&'static str, Option<&str>); 2] {
    [("cpu", amounts.cpu.as_deref()), ("memory", amounts.memory.as_deref())]
}

fn check_cart(cart: &Cart, problems: &mut Problems) {
    let Cart::External { address } = cart else { return };
    let path = ["cart", "address"];
    if let Some((scheme, rest)) = address.split_once("://") {
        return problems.add(
            &path,
            format!("the cart service takes no URL, and {scheme:?} is a scheme"),
            format!("write {:?}", rest.trim_end_matches('/')),
        );
    }
    let mut parts = address.split(',');
    let host = parts.next().unwrap_or_default();
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "6379"));
    let name_fits = !name.is_empty() && !name.contains(char::is_whitespace);
    if !name_fits || !port.parse::<u16>().is_ok_and(|port| port > 0) {
        problems.add(&path, format!("{host:?} is no address"), "write it like redis.example.com:6379");
    }
    if parts.any(|option| option.trim_start().to_ascii_lowercase().starts_with("password=")) {
        problems.add(
            &path,
            "the password would stand readable in the state, the plan and the pod",
            "use an address without a password here",
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn problems(mut patch: Value) -> Vec<String> {
        for (name, default) in [("name", "shop"), ("namespace", "shop")] {
            if patch.get(name).is_none() {
                patch[name] = json!(default);
            }
        }
        let spec: StackSpec = serde_json::from_value(patch).expect("is a specification");
        spec.validate().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_plain_shop_has_no_problem_in_any_profile() {
        for profile in ["small", "standard", "ha"] {
            assert_eq!(problems(json!({"profile": profile})), [""; 0]);
        }
    }

    #[test]
    fn every_problem_names_its_attribute_and_a_way_out() {
        let all = problems(json!({
            "name": "Shop", "namespace": "n".repeat(64), "version": "0.10.6", "image_registry": "https://example.com",
            "services": {
                "frontend": {
                    "replicas": -1, "image": "Frontend:v1", "env": {"1X": "", "PORT": "80"},
                    "resources": {"requests": {"cpu": "lots"}, "limits": {"memory": "-1Mi", "cpu": "0"}},
                },
                "adservice": {"resources": {"requests": {"memory": "1Gi"}}},
                "cartservice": {"env": {"REDIS_ADDR": "x:1"}},
                "loadgenerator": {"enabled": false, "env": {"USERS": "5"}},
                "redis-cart": {"enabled": false, "replicas": 2},
            },
            "load_generator": {"users": -5, "rate": 0},
            "collector": {"image": "a b", "resources": {"requests": {"memory": "much"}, "limits": {"cpu": "0"}}},
        }));
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn addresses_of_an_external_redis_are_checked_and_carry_no_password() {
        let problems = |address: &str| problems(json!({"cart": {"external": {"address": address}}}));
        assert_eq!(problems("redis.example.com:6379"), [""; 0]);
        assert_eq!(problems("10.0.0.1:6379,ssl=true,abortConnect=false"), [""; 0]);
        for (address, said) in [
            ("redis://redis.example.com:6379/", "write \"redis.example.com:6379\""),
            ("", "is no address"),
            ("host:99999", "is no address"),
            ("a b:1", "is no address"),
            ("host:1,ssl=true,password=hunter2", "readable in the state"),
        ] {
            let found = problems(address).join("\n");
            assert!(found.contains(said) && found.starts_with("cart.address: "), "{address}: {found}");
        }
    }

    #[test]
    fn a_limit_below_the_profiles_request_takes_the_request_with_it() {
        let limits = json!({"services": {"cartservice": {"resources": {"limits": {"memory": "48Mi", "cpu": "50m"}}}}});
        assert_eq!(problems(limits), [""; 0]);
    }

    #[test]
    fn a_collectors_request_above_its_limit_is_a_problem() {
        let found = problems(json!({"collector": {"resources": {"requests": {"memory": "1Gi"}}}})).join("\n");
        assert!(found.starts_with("collector.resources.requests.memory: "), "{found}");
        assert_eq!(problems(json!({"collector": {"resources": {"limits": {"memory": "32Mi"}}}})), [""; 0]);
    }

    #[test]
    fn a_rate_needs_a_load_generator_that_knows_it() {
        let patch = json!({"version": "v0.10.2", "load_generator": {"rate": 2}});
        assert!(problems(patch)[0].contains("v0.10.3 or newer"));
    }
}
