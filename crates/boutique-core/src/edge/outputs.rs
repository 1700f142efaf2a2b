//! Where the shop is found, read from live objects.

use core::net::IpAddr;

use serde::Serialize;
use serde_json::Value;

use super::render::redirects_to_node_port;
use super::spec::IngressSpec;
use super::{items, name, namespace, port_number, string};

/// Live objects that say where a controller is reached. What is missing says nothing.
#[derive(Clone, Debug, Default)]
pub struct EdgeObjects {
    /// The controller's Service.
    pub controller_service: Option<Value>,
    /// The shop's Ingress.
    pub ingress: Option<Value>,
    /// Nodes of the cluster, whose addresses lead to the Service's node ports; a load balancer without an address has node
    /// ports, too. Empty where nodes are no way in.
    pub nodes: Vec<Value>,
    /// The controller's pods; their nodes go before others, because a Service may answer on these only.
    pub controller_pods: Vec<Value>,
}

/// How the edge is reached from outside, best first: the order in which [`outputs`] looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// The address of the Service's load balancer.
    LoadBalancer,
    /// An address in the Service's `externalIPs`.
    ExternalIp,
    /// A node's address and a port of it.
    NodePort,
    /// What the controller writes into the Ingress' status: its nodes, where it listens on their own ports.
    IngressStatus,
    /// Not at all.
    Nowhere,
}

/// Where the shop is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Outputs {
    /// Address of the edge: an IP address, or the name of a load balancer; none if it is not reached from outside.
    pub address: Option<String>,
    /// The shop's address for a browser that knows the host.
    pub url: String,
    /// A line for `/etc/hosts`; none without an address, or if that is a name (then DNS needs a CNAME).
    pub hosts_entry: Option<String>,
    /// Name of the IngressClass.
    pub class: String,
    /// How the edge is reached.
    pub reach: Reach,
    /// The controller's address inside the cluster.
    pub cluster_ip: Option<IpAddr>,
    /// Port of the controller's Service for HTTP.
    pub http_port: u16,
    /// Port of the controller's Service for HTTPS.
    pub https_port: u16,
    /// Where a client outside connects for the scheme of `url`: address and port.
    pub outside: Option<(String, u16)>,
    /// Ports of the nodes for HTTP and for HTTPS, where these are meant to be the way in. A load balancer has some, too, and
    /// they are no longer the way once somebody gives it an address.
    pub node_ports: Option<(u16, u16)>,
    /// What a person should do, where the address alone does not lead to the shop.
    pub note: Option<String>,
}

/// Where the shop is found, in the order of [`Reach`].
#[must_use]
pub fn outputs(spec: &IngressSpec, objects: &EdgeObjects) -> Outputs {
    let service = objects.controller_service.as_ref();
    let cluster_ip =
        service.and_then(|service| string(service, "/spec/clusterIP")).and_then(|ip| ip.parse::<IpAddr>().ok());
    let (http, https) = (service.and_then(|s| port(s, false)), service.and_then(|s| port(s, true)));
    let http_port = http.and_then(port_number).unwrap_or(80);
    let https_port = https.and_then(port_number).unwrap_or(443);
    let secure = spec.tls.is_some();
    let (wanted, service_port) = if secure { (https, https_port) } else { (http, http_port) };

    let node_port = |port: Option<&Value>| u16::try_from(port?["nodePort"].as_u64()?).ok();
    let found = service
        .and_then(load_balancer)
        .map(|address| (Reach::LoadBalancer, address, service_port))
        .or_else(|| Some((Reach::ExternalIp, external_ip(service?)?, service_port)))
        .or_else(|| Some((Reach::NodePort, node_address(objects)?, node_port(wanted)?)))
        .or_else(|| {
            let address = load_balancer(objects.ingress.as_ref()?)?;
            // Some controllers write the address that only the cluster knows.
            let is_inside = cluster_ip.is_some_and(|ip| address.parse() == Ok(ip));
            (!is_inside).then_some((Reach::IngressStatus, address, if secure { 443 } else { 80 }))
        });
    let Some((reach, address, port)) = found else {
        return Outputs {
            address: None,
            url: url(spec, None),
            hosts_entry: None,
            class: spec.class().to_owned(),
            reach: Reach::Nowhere,
            cluster_ip,
            http_port,
            https_port,
            outside: None,
            node_ports: None,
            note: Some(no_address(spec, service, service_port)),
        };
    };
    let hosts_entry = address.parse::<IpAddr>().is_ok().then(|| hosts_entry(spec, &address));
    let mut note = match &hosts_entry {
        None => format!("let DNS lead {} to {address} by a CNAME record", spec.host),
        Some(entry) => format!("unless DNS knows the host, add to /etc/hosts: {entry}"),
    };
    let is_node_port = service.and_then(|service| string(service, "/spec/type")) == Some("NodePort");
    let node_ports = node_port(http).zip(node_port(https)).filter(|_| reach == Reach::NodePort && is_node_port);
    let mut outputs = Outputs {
        url: url(spec, Some(port)),
        hosts_entry,
        class: spec.class().to_owned(),
        reach,
        cluster_ip,
        http_port,
        https_port,
        outside: Some((address.clone(), port)),
        node_ports,
        address: Some(address),
        note: None,
    };
    if let Some(caution) = outputs.caution(spec) {
        note.push_str("; ");
        note.push_str(caution);
    }
    outputs.note = Some(note);
    outputs
}

/// What should be known of an edge that is reached through node ports and redirects, where the controller cannot be told
/// to which of them.
const LOST_PORT: &str =
    "plain HTTP is sent on to port 443, which no node port has: begin with https, or set tls.redirect = false";

impl Outputs {
    /// What should be known of an edge that is reached, beside where.
    #[must_use]
    pub fn caution(&self, spec: &IngressSpec) -> Option<&'static str> {
        let is_told = self.node_ports.is_some() && redirects_to_node_port(spec);
        (self.reach == Reach::NodePort && spec.redirects() && !is_told).then_some(LOST_PORT)
    }
}

fn url(spec: &IngressSpec, port: Option<u16>) -> String {
    let usual = if spec.tls.is_some() { 443 } else { 80 };
    let port = port.filter(|port| *port != usual).map(|port| format!(":{port}")).unwrap_or_default();
    // The home page below a base path needs the slash.
    let path = if spec.base_path().is_empty() { String::new() } else { format!("{}/", spec.base_path()) };
    format!("{}://{}{port}{path}", spec.scheme(), spec.host)
}

fn hosts_entry(spec: &IngressSpec, address: &str) -> String {
    let names: Vec<&str> = spec.all_hosts().into_iter().filter(|host| !host.starts_with('*')).collect();
    format!("{address} {}", names.join(" "))
}

/// A Service's port for HTTP or HTTPS: by its number, else by the name that one of the known charts gives it.
pub(super) fn port(service: &Value, secure: bool) -> Option<&Value> {
    let (number, names) = if secure { (443, ["https", "websecure"]) } else { (80, ["http", "web"]) };
    let ports = || items(service, "/spec/ports").filter(|port| port["protocol"] != "UDP");
    ports()
        .find(|port| port["port"] == number)
        .or_else(|| ports().find(|port| port["name"].as_str().is_some_and(|name| names.contains(&name))))
}

/// The first address in a status, an IP address before a name.
pub(super) fn load_balancer(object: &Value) -> Option<String> {
    let addresses = || items(object, "/status/loadBalancer/ingress");
    let found = addresses().find_map(|address| address["ip"].as_str());
    found.or_else(|| addresses().find_map(|address| address["hostname"].as_str())).map(str::to_owned)
}

fn external_ip(service: &Value) -> Option<String> {
    items(service, "/spec/externalIPs").find_map(Value::as_str).map(str::to_owned)
}

/// The address of a node: one that is ready goes before others, then one with a ready pod of the controller, then an
/// external address before an internal one, then the order of names, so that the answer does not change from one reading
/// to the next.
fn node_address(objects: &EdgeObjects) -> Option<String> {
    let has_pod = |node: &Value| {
        objects.controller_pods.iter().any(|pod| string(pod, "/spec/nodeName") == Some(name(node)) && is_ready(pod))
    };
    let mut nodes: Vec<&Value> = objects.nodes.iter().collect();
    nodes.sort_by_key(|node| {
        (!is_ready(node), !has_pod(node), typed_address(node, "ExternalIP").is_none(), name(node).to_owned())
    });
    nodes.into_iter().find_map(|node| typed_address(node, "ExternalIP").or_else(|| typed_address(node, "InternalIP")))
}

fn typed_address(node: &Value, kind: &str) -> Option<String> {
    let found = items(node, "/status/addresses").find(|address| address["type"] == kind)?;
    found["address"].as_str().map(str::to_owned)
}

/// Whether a node or pod says that it is ready.
pub(super) fn is_ready(object: &Value) -> bool {
    items(object, "/status/conditions").any(|one| one["type"] == "Ready" && one["status"] == "True")
}

/// What to say where nothing leads in from outside.
fn no_address(spec: &IngressSpec, service: Option<&Value>, port: u16) -> String {
    let Some(service) = service else {
        return "the controller's Service was not found, so where it is reached is not known".to_owned();
    };
    let (namespace, name) = (namespace(service), name(service));
    let local = if port == 443 { 8443 } else { 8080 };
    let resolve = format!("curl --resolve {0}:{local}:127.0.0.1 {1}", spec.host, url(spec, Some(local)));
    let insecure = if spec.tls.is_some() { " --insecure" } else { "" };
    let forward =
        format!("kubectl -n {namespace} port-forward service/{name} {local}:{port}, then {resolve}{insecure}");
    match string(service, "/spec/type") {
        Some("LoadBalancer") => format!(
            "nothing has given the load balancer {namespace}/{name} an address: on a bare cluster nothing will. Use \
             controller.service_type = \"NodePort\", or install a load balancer such as MetalLB. Until then: {forward}"
        ),
        Some("NodePort") => {
            format!("no node with an address was found for the node ports of {namespace}/{name}: {forward}")
        }
        _ => format!("the controller's Service {namespace}/{name} is reached from inside the cluster only: {forward}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::edge::{Backend, ControllerKind, TlsSpec};

    fn mk_spec() -> IngressSpec {
        IngressSpec::new("shop", "shop", "shop.local", ControllerKind::Traefik)
    }

    fn mk_service(kind: &str, status: &Value) -> Value {
        json!({
            "metadata": {"namespace": "traefik", "name": "traefik"},
            "spec": {"type": kind, "clusterIP": "10.96.0.9", "ports": [
                {"name": "web", "port": 80, "nodePort": 30080}, {"name": "websecure", "port": 443, "nodePort": 30443},
            ]},
            "status": status,
        })
    }

    fn mk_node(name: &str, ready: bool, addresses: &[(&str, &str)]) -> Value {
        let addresses: Vec<Value> =
            addresses.iter().map(|(kind, address)| json!({"type": kind, "address": address})).collect();
        json!({
            "metadata": {"name": name},
            "status": {"addresses": addresses, "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}]},
        })
    }

    fn mk_objects(service: Value) -> EdgeObjects {
        EdgeObjects { controller_service: Some(service), ..EdgeObjects::default() }
    }

    #[test]
    fn the_load_balancers_address_goes_before_everything() {
        let status = json!({"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}, {"ip": "192.0.2.1"}]}});
        let mut objects = mk_objects(mk_service("LoadBalancer", &status));
        objects.nodes = vec![mk_node("a", true, &[("InternalIP", "10.0.0.1")])];
        let mut spec = mk_spec();
        spec.hosts.insert("grafana.shop.local".to_owned(), Backend::default());
        spec.hosts.insert("*.shop.local".to_owned(), Backend::default());
        let outputs = outputs(&spec, &objects);
        assert_eq!(outputs.reach, Reach::LoadBalancer);
        assert_eq!(outputs.url, "http://shop.local");
        assert_eq!(outputs.hosts_entry.as_deref(), Some("192.0.2.1 shop.local grafana.shop.local"));
        assert_eq!(outputs.outside, Some(("192.0.2.1".to_owned(), 80)));
        assert_eq!(outputs.cluster_ip, "10.96.0.9".parse().ok());
    }

    #[test]
    fn a_load_balancer_with_a_name_needs_dns_and_no_line_in_hosts() {
        let status = json!({"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}});
        let outputs = outputs(&mk_spec(), &mk_objects(mk_service("LoadBalancer", &status)));
        assert_eq!((outputs.address.as_deref(), outputs.hosts_entry), (Some("lb.example.com"), None));
        assert!(outputs.note.expect("says so").contains("CNAME"));
    }

    #[test]
    fn a_node_port_is_asked_for_on_a_node_that_runs_the_controller() {
        let mut objects = mk_objects(mk_service("NodePort", &json!({})));
        objects.nodes = vec![
            mk_node("a", true, &[("InternalIP", "10.0.0.1"), ("ExternalIP", "192.0.2.1")]),
            mk_node("b", true, &[("InternalIP", "10.0.0.2")]),
            mk_node("c", false, &[("InternalIP", "10.0.0.3")]),
        ];
        objects.controller_pods = ["b", "c"]
            .map(|node| json!({"spec": {"nodeName": node}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}))
            .to_vec();
        let mut spec = IngressSpec::new("shop", "shop", "shop.local", ControllerKind::F5Nginx);
        spec.tls = Some(TlsSpec { self_signed: true, ..TlsSpec::default() });
        let found = outputs(&spec, &objects);
        assert_eq!((found.reach, found.url.as_str()), (Reach::NodePort, "https://shop.local:30443"));
        assert_eq!(
            (found.outside.clone(), found.node_ports),
            (Some(("10.0.0.2".to_owned(), 30443)), Some((30080, 30443)))
        );
        assert!(found.caution(&spec).is_some_and(|caution| caution.contains("begin with https")));
        assert!(found.note.expect("says how").contains("begin with https"));
        spec.controller.kind = ControllerKind::Traefik;
        let found = outputs(&spec, &objects);
        assert_eq!(found.caution(&spec), None, "its redirect leads to the node port");
        assert!(!found.note.expect("says how").contains("begin with https"));
        objects.controller_pods.clear();
        let found = outputs(&spec, &objects);
        assert_eq!(found.address.as_deref(), Some("192.0.2.1"));
    }

    #[test]
    fn the_ingress_status_counts_unless_it_names_the_inside() {
        let mut objects = mk_objects(mk_service("ClusterIP", &json!({})));
        for port in objects.controller_service.as_mut().expect("is there")["spec"]["ports"].as_array_mut().expect("has")
        {
            port.as_object_mut().expect("is one").remove("nodePort");
        }
        objects.ingress = Some(json!({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}]}}}));
        assert_eq!(outputs(&mk_spec(), &objects).reach, Reach::IngressStatus);
        objects.ingress = Some(json!({"status": {"loadBalancer": {"ingress": [{"ip": "10.96.0.9"}]}}}));
        let inside = outputs(&mk_spec(), &objects);
        assert_eq!((inside.reach, inside.address), (Reach::Nowhere, None));
        insta::assert_snapshot!(inside.note.expect("says what to do"), @"the controller's Service traefik/traefik is reached from inside the cluster only: kubectl -n traefik port-forward service/traefik 8080:80, then curl --resolve shop.local:8080:127.0.0.1 http://shop.local:8080");
    }

    #[test]
    fn a_load_balancer_that_gets_no_address_is_said_to_get_none() {
        let mut service = mk_service("LoadBalancer", &json!({}));
        let found = outputs(&mk_spec(), &mk_objects(service.clone()));
        assert_eq!(found.reach, Reach::Nowhere);
        assert!(found.note.expect("says so").contains("controller.service_type = \"NodePort\""));
        // Load balancers have node ports, too, and these answer where nodes are reached.
        let mut objects = mk_objects(service.take());
        objects.controller_service = Some(mk_service("LoadBalancer", &json!({})));
        objects.nodes = vec![mk_node("a", true, &[("InternalIP", "10.0.0.1")])];
        let found = outputs(&mk_spec(), &objects);
        assert_eq!((found.reach, found.node_ports), (Reach::NodePort, None), "it may get an address any time");
    }

    #[test]
    fn a_base_path_ends_with_the_slash_that_its_home_page_needs() {
        let mut spec = mk_spec();
        spec.path = Some("/online-boutique".to_owned());
        assert_eq!(outputs(&spec, &EdgeObjects::default()).url, "http://shop.local/online-boutique/");
    }
}
