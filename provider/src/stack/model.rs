//! The shape of `boutique_stack`. The doc comments are its reference.

use boutique_core::catalogue::Version;
use tfplugin_rs::schema::one_of;
use tfplugin_rs::{List, Map, Model, Timeouts, Value};

/// An Online Boutique in a namespace of its own: ten servers, a Redis for the carts, and a load generator. Pods satisfy
/// Pod Security *restricted*; no load balancer is ordered unless asked for.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct StackModel {
    /// `namespace/name`; what `terraform import` takes.
    #[attr(computed, use_state_for_unknown)]
    pub(crate) id: Value<String>,
    /// Name of the stack.
    #[attr(required, requires_replace)]
    pub(crate) name: Value<String>,
    /// Namespace of the shop, created if it does not exist. One stack per namespace.
    #[attr(required, requires_replace)]
    pub(crate) namespace: Value<String>,
    /// Release of Online Boutique, written as its tag: `v0.10.0` to `v0.10.6`. A newer one is rendered as the newest
    /// known, with a warning. Left out, a new shop gets the newest known release and an existing shop keeps its own.
    #[attr(optional, computed, use_state_for_unknown)]
    pub(crate) version: Value<String>,
    /// `small` (tiny requests and no CPU limits, for laptops and labs), `standard` (sizes of upstream's Helm chart) or
    /// `ha` (`standard` with two replicas of every stateless service, spread, protected from drains and drained before
    /// they stop).
    #[attr(default = "standard", validate = one_of(["small", "standard", "ha"]))]
    pub(crate) profile: Value<String>,
    /// Registry for all images in place of upstream's: `<registry>/<service>:<version>`, `<registry>/redis:alpine`, and with
    /// `tracing` `<registry>/otel/opentelemetry-collector-contrib:0.157.0`.
    #[attr(optional)]
    pub(crate) image_registry: Value<String>,
    /// Settings of single services, by upstream's names: `frontend`, `adservice`, `cartservice`, `checkoutservice`,
    /// `currencyservice`, `emailservice`, `paymentservice`, `productcatalogservice`, `recommendationservice`,
    /// `shippingservice`, `redis-cart`, `loadgenerator`.
    #[attr(optional)]
    pub(crate) services: Value<Map<ServiceModel>>,
    /// Where carts are kept: a Redis beside the shop unless an address is given.
    #[attr(optional)]
    pub(crate) cart: Value<CartModel>,
    /// The simulated shoppers. They call the frontend's Service directly, and nothing ever waits for them.
    #[attr(optional)]
    pub(crate) load_generator: Value<LoadGeneratorModel>,
    /// Whether services send spans to a collector beside the shop, which makes request metrics of every service of them;
    /// the shop has none by itself. Turning it on or off restarts the seven services that can trace.
    #[attr(default = false)]
    pub(crate) tracing: Value<bool>,
    /// The collector, an OpenTelemetry collector of the contrib distribution; only used with `tracing`.
    #[attr(optional)]
    pub(crate) collector: Value<CollectorModel>,
    /// `startup` (a startup probe every second in place of initial delays, patient liveness probes) or `upstream`
    /// (exactly upstream's).
    #[attr(default = "startup", validate = one_of(["startup", "upstream"]))]
    pub(crate) probes: Value<String>,
    /// Type of a second Service for the frontend, `frontend-external`: `LoadBalancer` or `NodePort`. Left out, there is
    /// none.
    #[attr(optional, validate = one_of(["LoadBalancer", "NodePort"]))]
    pub(crate) frontend_external: Value<String>,
    /// What apply waits for.
    #[attr(optional)]
    pub(crate) wait: Value<WaitModel>,
    /// `never` or `always`: whether objects of the same names that this stack did not make are taken over. Otherwise they
    /// are an error.
    #[attr(default = "never", validate = one_of(["never", "always"]))]
    pub(crate) adopt: Value<String>,
    /// Whether fields are taken from every other writer. Without it, they are taken back only where the plan showed them
    /// as changed and no controller (HorizontalPodAutoscaler, Argo CD, Flux, Helm …) holds them.
    #[attr(default = false)]
    pub(crate) force_conflicts: Value<bool>,
    /// How long operations may take: `create` and `update` 10 minutes, `delete` 5 minutes, unless said otherwise.
    #[attr(optional)]
    pub(crate) timeouts: Value<Timeouts>,
    /// What still has to be put right, as sentences: fields that others changed, active faults, unfinished rollouts.
    /// While it is not empty, every plan proposes to put it right.
    #[attr(computed)]
    pub(crate) pending: Value<List<String>>,
    /// SHA-256 of the rendered objects. It changes whenever an apply would write something else.
    #[attr(computed)]
    pub(crate) manifest_digest: Value<String>,
    /// Number of the revision that the last apply recorded in the cluster.
    #[attr(computed)]
    pub(crate) revision: Value<u64>,
    /// What each service that runs comes to: settings over profile over catalogue.
    #[attr(computed)]
    pub(crate) services_effective: Value<Map<EffectiveModel>>,
}

/// Settings of one service.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct ServiceModel {
    /// Whether it runs.
    #[attr(default = true)]
    pub(crate) enabled: Value<bool>,
    /// Pods.
    #[attr(optional)]
    pub(crate) replicas: Value<i64>,
    /// Whole image reference in place of registry, name and version.
    #[attr(optional)]
    pub(crate) image: Value<String>,
    /// Variables to add to upstream's or to replace them by.
    #[attr(optional)]
    pub(crate) env: Value<Map<String>>,
    /// Amounts in place of the profile's. A profile's request never stands above a limit that is given here.
    #[attr(optional)]
    pub(crate) resources: Value<ResourcesModel>,
}

/// Settings of the collector.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct CollectorModel {
    /// Whole image reference in place of `otel/opentelemetry-collector-contrib:0.157.0`, for whose components the
    /// configuration is written.
    #[attr(optional)]
    pub(crate) image: Value<String>,
    /// Amounts in place of the profile's. The limit of memory also decides when the collector refuses spans.
    #[attr(optional)]
    pub(crate) resources: Value<ResourcesModel>,
}

/// Requests and limits of a container.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct ResourcesModel {
    /// What the scheduler sets aside.
    #[attr(optional)]
    pub(crate) requests: Value<AmountsModel>,
    /// What the kernel enforces.
    #[attr(optional)]
    pub(crate) limits: Value<AmountsModel>,
}

/// Quantities of the two resources.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct AmountsModel {
    /// CPU, such as `200m`.
    #[attr(optional)]
    pub(crate) cpu: Value<String>,
    /// Memory, such as `128Mi`.
    #[attr(optional)]
    pub(crate) memory: Value<String>,
}

/// Where carts are kept.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct CartModel {
    /// `redis`: a Redis beside the shop. Carts do not survive its pod.
    #[attr(optional, validate = one_of(["redis"]))]
    pub(crate) store: Value<String>,
    /// A Redis elsewhere, `host:port`, with options of StackExchange.Redis after commas.
    #[attr(optional)]
    pub(crate) address: Value<String>,
}

/// The simulated shoppers.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct LoadGeneratorModel {
    /// Whether they come.
    #[attr(default = true)]
    pub(crate) enabled: Value<bool>,
    /// Shoppers at the same time.
    #[attr(default = 10_i64)]
    pub(crate) users: Value<i64>,
    /// Shoppers that arrive per second until all are there. Other values than 1 need `v0.10.3`.
    #[attr(default = 1_i64)]
    pub(crate) rate: Value<i64>,
}

/// What apply waits for.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct WaitModel {
    /// `none`, `ready` (every service but the load generator has its pods ready) or `purchase` (`ready`, and a synthetic
    /// customer has bought something).
    #[attr(default = "ready", validate = one_of(["none", "ready", "purchase"]))]
    pub(crate) until: Value<String>,
}

/// What one service comes to.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct EffectiveModel {
    /// Whole image reference.
    #[attr(computed)]
    pub(crate) image: Value<String>,
    /// Pods.
    #[attr(computed)]
    pub(crate) replicas: Value<i64>,
    /// CPU that the scheduler sets aside.
    #[attr(computed)]
    pub(crate) cpu_request: Value<String>,
    /// CPU that the kernel enforces; null where there is no limit.
    #[attr(computed)]
    pub(crate) cpu_limit: Value<String>,
    /// Memory that the scheduler sets aside.
    #[attr(computed)]
    pub(crate) memory_request: Value<String>,
    /// Memory that the kernel enforces.
    #[attr(computed)]
    pub(crate) memory_limit: Value<String>,
}

/// What apply waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitFor {
    None,
    Ready,
    Purchase,
}

impl StackModel {
    /// What apply waits for.
    pub(super) fn wait_for(&self) -> WaitFor {
        match self.wait.known().and_then(|wait| wait.until.as_str()) {
            Some("none") => WaitFor::None,
            Some("purchase") => WaitFor::Purchase,
            _ => WaitFor::Ready,
        }
    }

    /// The version to render, where it is known.
    pub(super) fn version_or_newest(&self) -> String {
        self.version.as_str().map_or_else(|| Version::NEWEST.to_string(), str::to_owned)
    }
}
