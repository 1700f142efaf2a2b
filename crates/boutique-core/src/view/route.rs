//! Ways in from outside: which hosts lead to the shop, read from Ingresses.

use serde::Serialize;
use serde_json::Value;

use super::{FrontPage, text};
use crate::service::Service;
use crate::url::ShopUrl;

/// A host that leads to the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RouteView {
    /// URL of the shop's home page.
    pub url: String,
    /// Name of the Ingress.
    pub ingress: String,
    /// Its IngressClass; absent where it leaves that to the cluster.
    pub class: Option<String>,
    /// IP address or name at which the controller takes requests; absent while nobody has said one.
    pub address: Option<String>,
    /// What the home page answered there, if anybody did.
    pub front_page: Option<FrontPage>,
    /// Why nobody did: says nothing about the shop, because not every machine reaches every address.
    pub unasked: Option<String>,
}

impl RouteView {
    /// The URL in parts; none for a host with an asterisk, which nobody can ask for.
    pub fn parts(&self) -> Option<ShopUrl> {
        self.url.parse().ok().filter(|url: &ShopUrl| !url.host.contains('*'))
    }

    /// What to ask for and where; none where one of both is not known.
    pub fn target(&self) -> Option<(ShopUrl, &str)> {
        self.parts().zip(self.address.as_deref())
    }
}

/// The hosts that lead to the frontend, each once, in the order of the Ingresses. Nothing is asked yet.
pub fn routes(ingresses: &[Value]) -> Vec<RouteView> {
    let mut routes: Vec<RouteView> = Vec::new();
    for route in ingresses.iter().flat_map(of_ingress) {
        if !routes.iter().any(|known| known.url == route.url) {
            routes.push(route);
        }
    }
    routes
}

fn of_ingress(ingress: &Value) -> Vec<RouteView> {
    let list =
        |value: &Value, pointer: &str| value.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default();
    let secure_hosts: Vec<Value> = list(ingress, "/spec/tls").iter().flat_map(|tls| list(tls, "/hosts")).collect();
    let addresses = list(ingress, "/status/loadBalancer/ingress");
    let address = addresses.iter().find_map(|one| text(one, "/ip").or_else(|| text(one, "/hostname")));
    let mut routes = Vec::new();
    for rule in list(ingress, "/spec/rules") {
        let Some(host) = text(&rule, "/host") else { continue };
        let paths = list(&rule, "/http/paths");
        let path = paths.iter().find(|path| text(path, "/backend/service/name") == Some(Service::Frontend.name()));
        let Some(path) = path else { continue };
        let secure = secure_hosts.iter().any(|secure| secure == host);
        let base_path = text(path, "/path").unwrap_or_default().trim_end_matches('/').to_owned();
        let url = ShopUrl { secure, host: host.to_owned(), port: if secure { 443 } else { 80 }, base_path };
        routes.push(RouteView {
            url: url.to_string(),
            ingress: text(ingress, "/metadata/name").unwrap_or_default().to_owned(),
            class: text(ingress, "/spec/ingressClassName").map(str::to_owned),
            address: address.map(str::to_owned),
            front_page: None,
            unasked: None,
        });
    }
    routes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mk_rule(host: &str, path: &str, service: &str) -> Value {
        let backend = json!({"service": {"name": service, "port": {"number": 80}}});
        json!({"host": host, "http": {"paths": [{"path": path, "backend": backend}]}})
    }

    #[test]
    fn a_route_is_a_host_whose_path_leads_to_the_frontend() {
        let ingress = json!({
            "metadata": {"name": "shop"},
            "spec": {
                "ingressClassName": "traefik",
                "tls": [{"hosts": ["safe.local"]}],
                "rules": [
                    mk_rule("shop.local", "/", "frontend"),
                    mk_rule("safe.local", "/online-boutique/", "frontend"),
                    mk_rule("grafana.local", "/", "grafana"),
                ],
            },
            "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}},
        });
        let routes = routes(&[ingress.clone(), ingress]);
        let urls: Vec<&str> = routes.iter().map(|route| route.url.as_str()).collect();
        assert_eq!(urls, ["http://shop.local", "https://safe.local/online-boutique/"]);
        assert_eq!((routes[0].class.as_deref(), routes[0].address.as_deref()), (Some("traefik"), Some("192.0.2.1")));
        assert_eq!(routes[1].target().map(|(url, address)| (url.port, address)), Some((443, "192.0.2.1")));
    }

    #[test]
    fn where_the_address_or_the_host_is_open_there_is_nothing_to_ask() {
        let ingress = |host| json!({"metadata": {"name": "shop"}, "spec": {"rules": [mk_rule(host, "/", "frontend")]}});
        assert_eq!(routes(&[ingress("shop.local")])[0].target(), None);
        let mut any = ingress("*.shop.local");
        any["status"] = json!({"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}});
        assert_eq!(
            (routes(&[any.clone()])[0].target(), routes(&[any])[0].address.as_deref()),
            (None, Some("lb.example.com"))
        );
    }
}
