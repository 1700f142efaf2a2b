//! The shape of `boutique_ingress`. The doc comments are its reference.

use tfplugin_rs::schema::{non_empty, one_of};
use tfplugin_rs::{Any, List, Map, Model, Secret, Timeouts, Value};

use crate::release::ReleaseModel;

/// The way into a shop from outside: routes for its host name through an ingress controller, which is installed by its Helm
/// chart or is there already. Done means reachable: apply ends when the shop has answered under its host name.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct IngressModel {
    /// `namespace/name`; what `terraform import` takes.
    #[attr(computed, use_state_for_unknown)]
    pub(crate) id: Value<String>,
    /// Name of the ingress, and of the shop's Ingress object.
    #[attr(required, requires_replace)]
    pub(crate) name: Value<String>,
    /// Namespace of the shop. It must exist: take it from the stack (`boutique_stack.NAME.namespace`).
    #[attr(required, requires_replace)]
    pub(crate) namespace: Value<String>,
    /// Host name under which the shop answers, such as `shop.local`.
    #[attr(required)]
    pub(crate) host: Value<String>,
    /// Path below which the shop answers, such as `/online-boutique`. Requests keep it, so the frontend's `BASE_URL` must be
    /// the same. Left out, the whole host is the shop's.
    #[attr(optional)]
    pub(crate) path_prefix: Value<String>,
    /// Service that the shop's requests go to: the frontend unless said otherwise.
    #[attr(optional)]
    pub(crate) service: Value<BackendModel>,
    /// Further host names, each with the Service of this namespace that it leads to.
    #[attr(optional)]
    pub(crate) hosts: Value<Map<RouteModel>>,
    /// Who listens.
    #[attr(required)]
    pub(crate) controller: Value<ControllerModel>,
    /// Where the certificate comes from. Left out, the edge speaks HTTP only.
    #[attr(optional)]
    pub(crate) tls: Value<TlsModel>,
    /// Whole seconds that the controller waits for the shop.
    #[attr(optional)]
    pub(crate) proxy_timeouts: Value<ProxyTimeoutsModel>,
    /// Annotations of the shop's Ingress, beside ours and above them.
    #[attr(optional)]
    pub(crate) annotations: Value<Map<String>>,
    /// Simulated shoppers that come through the edge, in a Deployment of their own. Nothing waits for them.
    #[attr(optional)]
    pub(crate) load_generator: Value<LoadGeneratorModel>,
    /// What apply waits for.
    #[attr(optional)]
    pub(crate) wait: Value<WaitModel>,
    /// `never` or `always`: whether objects of the same names that this ingress did not make are taken over. Otherwise they
    /// are an error.
    #[attr(default = "never", validate = one_of(["never", "always"]))]
    pub(crate) adopt: Value<String>,
    /// Whether fields are taken from every other writer. Without it, they are taken back only where the plan showed them
    /// as changed and no controller holds them.
    #[attr(default = false)]
    pub(crate) force_conflicts: Value<bool>,
    /// How long operations may take: `create` and `update` 10 minutes, `delete` 5 minutes, unless said otherwise.
    #[attr(optional)]
    pub(crate) timeouts: Value<Timeouts>,
    /// Address of the controller as seen from outside: IP or host name; `url` has the port where it is not the usual one.
    /// Null while nobody has given it one.
    #[attr(computed)]
    pub(crate) address: Value<String>,
    /// URL of the shop.
    #[attr(computed)]
    pub(crate) url: Value<String>,
    /// Line for `/etc/hosts` that makes the hosts known on a machine without DNS for them. Null without an address.
    #[attr(computed)]
    pub(crate) hosts_entry: Value<String>,
    /// IngressClass of the routes.
    #[attr(computed)]
    pub(crate) class: Value<String>,
    /// Certificate (PEM) of the authority that signed a self-signed certificate; null otherwise. Its key stays in the
    /// cluster.
    #[attr(computed)]
    pub(crate) ca_certificate: Value<String>,
    /// The Helm release of the controller; null if none is installed by this resource.
    #[attr(computed)]
    pub(crate) release: Value<ReleaseModel>,
    /// What still has to be put right, as sentences. While it is not empty, every plan proposes to put it right.
    #[attr(computed)]
    pub(crate) pending: Value<List<String>>,
    /// SHA-256 of the rendered objects. It changes whenever an apply would write something else.
    #[attr(computed)]
    pub(crate) manifest_digest: Value<String>,
    /// Number of the revision that the last apply recorded in the cluster.
    #[attr(computed)]
    pub(crate) revision: Value<u64>,
}

/// A Service and its port.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct BackendModel {
    /// Name of the Service.
    #[attr(default = "frontend")]
    pub(crate) name: Value<String>,
    /// Port of the Service.
    #[attr(default = 80_i64)]
    pub(crate) port: Value<i64>,
}

/// Where a further host leads.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct RouteModel {
    /// Name of the Service.
    #[attr(required)]
    pub(crate) service: Value<String>,
    /// Port of the Service.
    #[attr(default = 80_i64)]
    pub(crate) port: Value<i64>,
}

/// Who listens.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct ControllerModel {
    /// `f5-nginx`, `traefik`, `ingress-nginx` (retired since March 2026: no security fix comes any more) or `existing`
    /// (whatever serves `class`).
    #[attr(required, validate = one_of(["f5-nginx", "traefik", "ingress-nginx", "existing"]))]
    pub(crate) kind: Value<String>,
    /// Whether it is installed by its Helm chart. Several ingresses may install the same one: the first does, the others
    /// join, and it is uninstalled with the last. Otherwise a controller that is there is used.
    #[attr(default = false)]
    pub(crate) install: Value<bool>,
    /// Name of the IngressClass; left out, that of the kind: `nginx` or `traefik`.
    #[attr(optional)]
    pub(crate) class: Value<String>,
    /// Namespace of the controller, created if it does not exist; left out, the name of the kind's chart.
    #[attr(optional)]
    pub(crate) namespace: Value<String>,
    /// Name of the Helm release; left out, the name of the kind's chart.
    #[attr(optional)]
    pub(crate) release: Value<String>,
    /// Type of the controller's Service: `LoadBalancer` unless said otherwise, `NodePort` or `ClusterIP`.
    #[attr(optional, validate = one_of(["LoadBalancer", "NodePort", "ClusterIP"]))]
    pub(crate) service_type: Value<String>,
    /// Pods of the controller.
    #[attr(optional)]
    pub(crate) replicas: Value<i64>,
    /// Another chart than the one that is known to work.
    #[attr(optional)]
    pub(crate) chart: Value<ChartModel>,
    /// Values for the chart, as an object. They lie over what the other attributes come to.
    #[attr(optional)]
    pub(crate) values: Value<Any>,
    /// Secret values for the chart, as an object. They lie over `values` and are kept in no state and no plan.
    #[attr(optional, sensitive, write_only)]
    pub(crate) values_wo: Value<Any>,
    /// Version of `values_wo`: raise it to have changed ones applied.
    #[attr(optional)]
    pub(crate) values_wo_version: Value<i64>,
}

/// Where the chart comes from.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct ChartModel {
    /// Name of the chart in `repository`, an `oci://` reference, or the path of a folder or archive.
    #[attr(optional, validate = non_empty())]
    pub(crate) name: Value<String>,
    /// URL of the repository, `https://…` or `oci://…`.
    #[attr(optional, validate = non_empty())]
    pub(crate) repository: Value<String>,
    /// Version of the chart.
    #[attr(optional, validate = non_empty())]
    pub(crate) version: Value<String>,
    /// User name for the repository or registry.
    #[attr(optional)]
    pub(crate) username: Value<String>,
    /// Password for the repository or registry. It is kept in no state and no plan.
    #[attr(optional, sensitive, write_only)]
    pub(crate) password_wo: Value<Secret>,
}

/// Where the certificate comes from: exactly one of `self_signed`, `secret` and `cert_manager`.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct TlsModel {
    /// Whether the certificate is made here, with an authority of its own, whose certificate is `ca_certificate`. Keys are
    /// made once and stay in the cluster. Within 30 days before it ends, and when hosts change, the plan says so and apply
    /// makes a new one under the same authority.
    #[attr(default = false)]
    pub(crate) self_signed: Value<bool>,
    /// Name of a Secret of type `kubernetes.io/tls` in this namespace.
    #[attr(optional)]
    pub(crate) secret: Value<String>,
    /// An issuer of cert-manager that makes it, into the Secret `NAME-tls` (`NAME-HOST-tls` for further hosts). cert-manager
    /// and the issuer must be there; apply waits until the certificate is made.
    #[attr(optional)]
    pub(crate) cert_manager: Value<IssuerModel>,
    /// Whether plain HTTP is sent on to HTTPS; left out, it is wherever the controller's kind is known. Through node ports,
    /// Traefik sends on to the node port for HTTPS; the nginx controllers send on to port 443, which no node port has, so
    /// begin with `https` there.
    #[attr(optional)]
    pub(crate) redirect: Value<bool>,
}

/// An issuer of cert-manager.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct IssuerModel {
    /// Its name.
    #[attr(required)]
    pub(crate) issuer: Value<String>,
    /// `ClusterIssuer` or `Issuer`.
    #[attr(default = "ClusterIssuer", validate = one_of(["ClusterIssuer", "Issuer"]))]
    pub(crate) kind: Value<String>,
}

/// Whole seconds that the controller waits for the shop.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct ProxyTimeoutsModel {
    /// For a connection: 2 unless said otherwise.
    #[attr(optional)]
    pub(crate) connect: Value<i64>,
    /// For the next bytes of an answer: 30 unless said otherwise, longer than the shop itself waits for a service that is
    /// gone.
    #[attr(optional)]
    pub(crate) read: Value<i64>,
    /// For the shop to take the next bytes of a request: 30 unless said otherwise.
    #[attr(optional)]
    pub(crate) send: Value<i64>,
}

/// Simulated shoppers that come through the edge.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct LoadGeneratorModel {
    /// Whether they come.
    #[attr(default = true)]
    pub(crate) enabled: Value<bool>,
    /// Shoppers at the same time.
    #[attr(default = 10_i64)]
    pub(crate) users: Value<i64>,
    /// Shoppers that arrive per second until all are there.
    #[attr(default = 1_i64)]
    pub(crate) rate: Value<i64>,
    /// Whole image reference in place of upstream's newest.
    #[attr(optional)]
    pub(crate) image: Value<String>,
}

/// What apply waits for.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct WaitModel {
    /// `none` or `reachable` (the shop answers under its host name, from inside the cluster and, where the controller has
    /// an address, from this machine).
    #[attr(default = "reachable", validate = one_of(["none", "reachable"]))]
    pub(crate) until: Value<String>,
}
