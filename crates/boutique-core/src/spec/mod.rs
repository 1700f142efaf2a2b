//! What a person asks for: the specification of one shop, as the provider takes it and as revisions store it.

mod image;
mod validate;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use image::{ImageError, check_image, check_registry};
pub use validate::Problem;
pub(crate) use validate::{Problems, check_name};

use crate::catalogue::Version;
use crate::contract::SetId;
use crate::service::Service;

/// One shop. Everything but the two names has a default; a field that an older build does not know is an error there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StackSpec {
    /// Name of the stack.
    pub name: String,
    /// Namespace it lives in; one stack per namespace.
    pub namespace: String,
    /// Upstream's release, as its tag.
    #[serde(default = "newest")]
    pub version: String,
    /// How much of the machine it takes, and how much of it may fail.
    #[serde(default)]
    pub profile: Profile,
    /// Replaces upstream's registry for every image, that of Redis included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_registry: Option<String>,
    /// Settings of single services; a service that is not named here has its profile's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<Service, ServiceSpec>,
    /// Where carts are kept; in a Redis of the shop where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cart: Option<Cart>,
    /// The simulated shoppers; upstream's ten where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_generator: Option<LoadGenerator>,
    /// Whether services send spans to a collector beside the shop, which makes request metrics of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tracing: bool,
    /// The collector, while the shop traces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector: Option<Collector>,
    /// How pods are probed.
    #[serde(default)]
    pub probes: Probes,
    /// The type of upstream's second Service, `frontend-external`; without it there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frontend_external: Option<ExternalService>,
    /// What the tool that applied it wants to find again, such as how long it waits. Never rendered.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub tool: Map<String, Value>,
}

fn newest() -> String {
    Version::NEWEST.to_string()
}

impl StackSpec {
    /// A shop of the newest version in the standard profile.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            namespace: namespace.into(),
            version: newest(),
            profile: Profile::default(),
            image_registry: None,
            services: BTreeMap::new(),
            cart: None,
            load_generator: None,
            tracing: false,
            collector: None,
            probes: Probes::default(),
            frontend_external: None,
            tool: Map::new(),
        }
    }

    /// Where carts are kept.
    #[must_use]
    pub fn cart(&self) -> &Cart {
        self.cart.as_ref().unwrap_or(&Cart::Redis)
    }

    /// The simulated shoppers.
    #[must_use]
    pub fn load_generator(&self) -> LoadGenerator {
        self.load_generator.unwrap_or_default()
    }

    /// The stack's identity.
    #[must_use]
    pub fn id(&self) -> SetId {
        SetId::stack(self.namespace.clone(), self.name.clone())
    }

    /// Whether a service is part of this shop.
    #[must_use]
    pub fn is_enabled(&self, service: Service) -> bool {
        match service {
            Service::RedisCart => *self.cart() == Cart::Redis,
            Service::Loadgenerator => self.load_generator().enabled,
            server => self.services.get(&server).is_none_or(|spec| spec.enabled),
        }
    }

    /// Everything that is wrong with it, all at once, in the order of the attributes. Empty means it can be rendered.
    #[must_use]
    pub fn validate(&self) -> Vec<Problem> {
        validate::validate(self)
    }
}

/// How much of the machine a shop takes, and how much of it may fail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Tiny requests and no CPU limits, for laptops and labs; memory limits as in `standard`.
    Small,
    /// The requests and limits of upstream's Helm chart.
    #[default]
    Standard,
    /// As `standard`, with two replicas of every stateless service that survive the loss of a node and of a rollout.
    Ha,
}

/// How pods are probed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probes {
    /// A startup probe every second instead of initial delays, and patient liveness probes.
    #[default]
    Startup,
    /// Exactly upstream's.
    Upstream,
}

/// The type of the Service `frontend-external`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ExternalService {
    /// A load balancer of the cloud, as in upstream's release manifest.
    LoadBalancer,
    /// A port on every node.
    NodePort,
}

impl ExternalService {
    /// As in manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LoadBalancer => "LoadBalancer",
            Self::NodePort => "NodePort",
        }
    }
}

impl Profile {
    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Standard => "standard",
            Self::Ha => "ha",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where carts are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Cart {
    /// In a Redis beside the shop. Its memory is its pod's: carts do not survive the pod.
    #[default]
    Redis,
    /// In a Redis elsewhere.
    External {
        /// `host:port`, with StackExchange.Redis options after commas.
        address: String,
    },
}

/// The simulated shoppers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoadGenerator {
    /// Whether it runs.
    pub enabled: bool,
    /// Shoppers at the same time.
    pub users: i64,
    /// Shoppers that arrive per second until there are `users`.
    pub rate: i64,
}

impl Default for LoadGenerator {
    fn default() -> Self {
        Self { enabled: true, users: 10, rate: 1 }
    }
}

/// Settings of one service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServiceSpec {
    /// Whether it runs.
    pub enabled: bool,
    /// Pods; signed so that a negative number can be named in an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i64>,
    /// The whole image reference, in place of registry, name and version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Variables to add to upstream's or to replace them by.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Amounts in place of the profile's.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub resources: Resources,
}

impl Default for ServiceSpec {
    fn default() -> Self {
        Self { enabled: true, replicas: None, image: None, env: BTreeMap::new(), resources: Resources::default() }
    }
}

/// Settings of the collector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Collector {
    /// The whole image reference, in place of the one that the configuration is written for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Amounts in place of the profile's.
    #[serde(skip_serializing_if = "Resources::is_empty")]
    pub resources: Resources,
}

/// Requests and limits of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Resources {
    /// What the scheduler sets aside.
    #[serde(skip_serializing_if = "Amounts::is_empty")]
    pub requests: Amounts,
    /// What the kernel enforces.
    #[serde(skip_serializing_if = "Amounts::is_empty")]
    pub limits: Amounts,
}

impl Resources {
    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty() && self.limits.is_empty()
    }
}

/// Quantities of the two resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Amounts {
    /// CPU, such as `200m`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory, such as `128Mi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
}

impl Amounts {
    /// Whether nothing is set.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cpu.is_none() && self.memory.is_none()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn two_names_are_a_shop() {
        let spec: StackSpec = serde_json::from_value(json!({"name": "shop", "namespace": "shop"})).expect("is a shop");
        assert_eq!(spec, StackSpec::new("shop", "shop"));
        assert!(Service::ALL.into_iter().all(|service| spec.is_enabled(service)));
    }

    #[test]
    fn what_is_stored_reads_back_equal() {
        let spec: StackSpec = serde_json::from_value(json!({
            "name": "shop", "namespace": "shop", "version": "v0.10.4", "profile": "ha", "image_registry": "mirror.local:5000/shop",
            "services": {
                "redis-cart": {"resources": {"limits": {"memory": "1Gi"}}},
                "adservice": {"enabled": false},
                "frontend": {"replicas": 3, "image": "example.com/frontend:1", "env": {"BANNER_COLOR": "green"}},
            },
            "cart": {"external": {"address": "redis.example.com:6379"}},
            "load_generator": {"users": 20}, "probes": "upstream", "frontend_external": "NodePort",
            "tracing": true,
            "collector": {"image": "example.com/collector:1", "resources": {"limits": {"memory": "512Mi"}}},
        }))
        .expect("is a shop");
        let stored = serde_json::to_value(&spec).expect("is JSON");
        assert_eq!(serde_json::from_value::<StackSpec>(stored).expect("reads back"), spec);
        assert!(!spec.is_enabled(Service::Adservice) && !spec.is_enabled(Service::RedisCart));
    }

    #[test]
    fn a_field_or_service_nobody_knows_is_named() {
        for (json, named) in [
            (json!({"name": "a", "namespace": "b", "network_policies": true}), "network_policies"),
            (json!({"name": "a", "namespace": "b", "collector": {"config": "…"}}), "config"),
            (json!({"name": "a", "namespace": "b", "services": {"cartservices": {}}}), "did you mean \"cartservice\"?"),
            (json!({"name": "a", "namespace": "b", "services": {"adservice": {"cpu": "1"}}}), "cpu"),
        ] {
            let message = serde_json::from_value::<StackSpec>(json).expect_err("is wrong").to_string();
            assert!(message.contains(named), "{message}");
        }
    }
}
