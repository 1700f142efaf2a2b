//! Between Terraform's model and the domain's specification, both ways.

use boutique_core::edge::{
    self, Backend, ChartSpec, ControllerKind, EdgeLoad, IngressSpec, Issuer, IssuerKind, ServiceType, TlsSpec,
};
use boutique_core::spec::Problem;
use serde_json::{Map as JsonMap, Value as Json};
use tfplugin_rs::{Diagnostic, Diagnostics, Map, Path, Value};

use super::model::{
    BackendModel, ChartModel, ControllerModel, IngressModel, IssuerModel, LoadGeneratorModel, ProxyTimeoutsModel,
    RouteModel, TlsModel, WaitModel,
};
use crate::dynamic;
use crate::reader::{self, Reader, Tool};

/// A specification as far as it is known.
pub(super) struct Reading {
    /// With defaults in the places of what is unknown.
    pub(super) spec: IngressSpec,
    /// Whether all of it is known, so that it can be rendered.
    pub(super) complete: bool,
    /// Whether all is known that decides the Helm release.
    pub(super) controller_complete: bool,
}

/// Stands for a host that is not known yet.
const UNKNOWN_HOST: &str = "unknown.invalid";

/// Reads a model. Errors name values that are no object.
pub(super) fn read(model: &IngressModel) -> Result<Reading, Diagnostics> {
    let mut reader = Reader::new();
    let controller = reader.controller(&model.controller);
    let controller_complete = reader.complete;
    let spec = reader.ingress(model, controller);
    let (spec, complete) = reader.finish(spec)?;
    Ok(Reading { spec, complete, controller_complete })
}

/// Where a problem of the specification stands in the resource.
pub(super) fn path(problem: &Problem) -> Path {
    let steps: Vec<&str> = problem.path.iter().map(String::as_str).collect();
    let (first, rest) = match steps.as_slice() {
        ["path", rest @ ..] => ("path_prefix", rest.to_vec()),
        ["timeouts", rest @ ..] => ("proxy_timeouts", rest.to_vec()),
        ["service", "service", ..] => ("service", vec!["name"]),
        ["controller", "chart", "chart", ..] => ("controller", vec!["chart", "name"]),
        ["tls", "cert_manager", "name", ..] => ("tls", vec!["cert_manager", "issuer"]),
        [first, rest @ ..] => (*first, rest.to_vec()),
        [] => return Path::root(),
    };
    let keyed = matches!(first, "hosts" | "annotations");
    rest.into_iter().enumerate().fold(Path::attribute(first), |path, (at, step)| {
        if keyed && at == 0 { path.key(step) } else { path.then(step) }
    })
}

impl Reader {
    fn ingress(&mut self, model: &IngressModel, controller: edge::ControllerSpec) -> IngressSpec {
        let (namespace, name) = (self.name(&model.namespace), self.name(&model.name));
        let host = self.take(&model.host).unwrap_or_else(|| UNKNOWN_HOST.to_owned());
        let mut spec = IngressSpec::new(namespace, name, host, controller.kind);
        spec.controller = controller;
        spec.path = self.take(&model.path_prefix);
        if let Some(service) = self.take(&model.service) {
            spec.service = self.backend(&service.name, &service.port);
        }
        for (host, route) in self.take(&model.hosts).unwrap_or_default() {
            if let Some(route) = self.take(&route) {
                spec.hosts.insert(host, self.backend(&route.service, &route.port));
            }
        }
        spec.tls = self.take(&model.tls).map(|tls| self.tls(&tls));
        if let Some(timeouts) = self.take(&model.proxy_timeouts) {
            spec.timeouts = edge::Timeouts {
                connect: self.take(&timeouts.connect),
                read: self.take(&timeouts.read),
                send: self.take(&timeouts.send),
            };
        }
        for (key, value) in self.take(&model.annotations).unwrap_or_default() {
            if let Some(value) = self.take(&value) {
                spec.annotations.insert(key, value);
            }
        }
        spec.load_generator = self.take(&model.load_generator).map(|load| {
            let default = EdgeLoad::default();
            EdgeLoad {
                enabled: self.take(&load.enabled).unwrap_or(default.enabled),
                users: self.take(&load.users).unwrap_or(default.users),
                rate: self.take(&load.rate).unwrap_or(default.rate),
                image: self.take(&load.image),
            }
        });
        spec.tool = tool(model);
        spec
    }

    fn backend(&mut self, service: &Value<String>, port: &Value<i64>) -> Backend {
        let default = Backend::default();
        Backend {
            service: self.take(service).unwrap_or(default.service),
            port: self.take(port).unwrap_or(default.port),
        }
    }

    fn controller(&mut self, model: &Value<ControllerModel>) -> edge::ControllerSpec {
        let Some(model) = self.take(model) else { return edge::ControllerSpec::new(ControllerKind::Traefik) };
        let kind = self.take(&model.kind).and_then(|kind| kind.parse().ok()).unwrap_or(ControllerKind::Traefik);
        let mut spec = edge::ControllerSpec::new(kind);
        spec.install = self.take(&model.install).unwrap_or_default();
        spec.class = self.take(&model.class);
        spec.namespace = self.take(&model.namespace);
        spec.release = self.take(&model.release);
        spec.service_type = match self.take(&model.service_type).as_deref() {
            Some("LoadBalancer") => Some(ServiceType::LoadBalancer),
            Some("NodePort") => Some(ServiceType::NodePort),
            Some("ClusterIP") => Some(ServiceType::ClusterIp),
            _ => None,
        };
        spec.replicas = self.take(&model.replicas);
        if let Some(chart) = self.take(&model.chart) {
            spec.chart = ChartSpec {
                chart: self.take(&chart.name),
                repository: self.take(&chart.repository),
                version: self.take(&chart.version),
            };
        }
        if let Some(values) = self.take(&model.values) {
            spec.values = self.values(&values, Path::attribute("controller").then("values"));
        }
        spec
    }

    fn tls(&mut self, model: &TlsModel) -> TlsSpec {
        TlsSpec {
            secret: self.take(&model.secret),
            cert_manager: self.take(&model.cert_manager).map(|issuer| Issuer {
                name: self.name(&issuer.issuer),
                kind: match self.take(&issuer.kind).as_deref() {
                    Some("Issuer") => IssuerKind::Issuer,
                    _ => IssuerKind::ClusterIssuer,
                },
            }),
            self_signed: self.take(&model.self_signed).unwrap_or_default(),
            redirect: self.take(&model.redirect),
        }
    }
}

/// Whether parts of `tls` are unknown, so that their number cannot be judged yet.
pub(super) fn tls_is_open(model: &IngressModel) -> bool {
    match &model.tls {
        Value::Unknown => true,
        Value::Null => false,
        Value::Known(tls) => tls.self_signed.is_unknown() || tls.secret.is_unknown() || tls.cert_manager.is_unknown(),
    }
}

/// Secret values of a configuration as JSON; none where there are none.
///
/// # Errors
/// When they are no object.
pub(super) fn secret_values(model: &IngressModel) -> Result<Option<Json>, Diagnostic> {
    let any = model.controller.known().and_then(|controller| controller.values_wo.known());
    reader::secret_values(any, Path::attribute("controller").then("values_wo"))
}

/// What only the provider wants to find again, so that an import gives back the whole resource.
fn tool(model: &IngressModel) -> JsonMap<String, Json> {
    let tool = Tool {
        wait: model.wait.known().and_then(|wait| wait.until.as_str()).map(str::to_owned),
        adopt: model.adopt.clone(),
        force_conflicts: model.force_conflicts,
        timeouts: model.timeouts.clone(),
    };
    let mut tool = tool.to_json();
    let Some(controller) = model.controller.known() else { return tool };
    if let Some(version) = controller.values_wo_version.known() {
        tool.insert("values_wo_version".to_owned(), (*version).into());
    }
    if let Some(username) = controller.chart.known().and_then(|chart| chart.username.as_str()) {
        tool.insert("username".to_owned(), username.into());
    }
    tool
}

/// The resource of a stored specification, with everything that configuration can say.
pub(super) fn model(spec: &IngressSpec) -> IngressModel {
    let tool = Tool::from_json(&spec.tool);
    let hosts: Map<RouteModel> = spec
        .hosts
        .iter()
        .map(|(host, to)| {
            let route = RouteModel { service: to.service.clone().into(), port: to.port.into() };
            (host.clone(), route.into())
        })
        .collect();
    let annotations: Map<String> =
        spec.annotations.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect();
    IngressModel {
        id: spec.id().to_string().into(),
        name: spec.name.clone().into(),
        namespace: spec.namespace.clone().into(),
        host: spec.host.clone().into(),
        path_prefix: spec.path.clone().into(),
        service: (spec.service != Backend::default())
            .then(|| BackendModel { name: spec.service.service.clone().into(), port: spec.service.port.into() })
            .into(),
        hosts: if hosts.is_empty() { Value::Null } else { hosts.into() },
        controller: controller_model(spec).into(),
        tls: spec.tls.as_ref().map(tls_model).into(),
        proxy_timeouts: (!spec.timeouts.is_empty())
            .then(|| ProxyTimeoutsModel {
                connect: spec.timeouts.connect.into(),
                read: spec.timeouts.read.into(),
                send: spec.timeouts.send.into(),
            })
            .into(),
        annotations: if annotations.is_empty() { Value::Null } else { annotations.into() },
        load_generator: spec
            .load_generator
            .as_ref()
            .map(|load| LoadGeneratorModel {
                enabled: load.enabled.into(),
                users: load.users.into(),
                rate: load.rate.into(),
                image: load.image.clone().into(),
            })
            .into(),
        wait: tool.wait.map(|until| WaitModel { until: until.into() }).into(),
        adopt: tool.adopt,
        force_conflicts: tool.force_conflicts,
        timeouts: tool.timeouts,
        ..IngressModel::default()
    }
}

fn controller_model(spec: &IngressSpec) -> ControllerModel {
    let controller = &spec.controller;
    let username = spec.tool.get("username").and_then(Json::as_str);
    let chart = (!controller.chart.is_empty() || username.is_some()).then(|| ChartModel {
        name: controller.chart.chart.clone().into(),
        repository: controller.chart.repository.clone().into(),
        version: controller.chart.version.clone().into(),
        username: username.map(str::to_owned).into(),
        password_wo: Value::Null,
    });
    ControllerModel {
        kind: controller.kind.name().into(),
        install: controller.install.into(),
        class: controller.class.clone().into(),
        namespace: controller.namespace.clone().into(),
        release: controller.release.clone().into(),
        service_type: controller.service_type.map(|kind| kind.name().to_owned()).into(),
        replicas: controller.replicas.into(),
        chart: chart.into(),
        values: (!controller.values.is_empty()).then(|| dynamic::any(&Json::Object(controller.values.clone()))).into(),
        values_wo: Value::Null,
        values_wo_version: spec.tool.get("values_wo_version").and_then(Json::as_i64).into(),
    }
}

fn tls_model(tls: &TlsSpec) -> TlsModel {
    TlsModel {
        self_signed: tls.self_signed.into(),
        secret: tls.secret.clone().into(),
        cert_manager: tls
            .cert_manager
            .as_ref()
            .map(|issuer| IssuerModel { issuer: issuer.name.clone().into(), kind: issuer.kind.name().into() })
            .into(),
        redirect: tls.redirect.into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mk_spec() -> IngressSpec {
        serde_json::from_value(json!({
            "name": "shop", "namespace": "store", "host": "shop.local", "path": "/online-boutique",
            "service": {"service": "web", "port": 8080},
            "hosts": {"grafana.shop.local": {"service": "grafana", "port": 3000}},
            "controller": {
                "kind": "f5-nginx", "install": true, "class": "edge", "release": "edge", "namespace": "edge",
                "service_type": "NodePort", "replicas": 2,
                "chart": {"chart": "./charts/nginx-ingress", "version": "2.6.4"},
                "values": {"controller": {"hostNetwork": true, "list": [1, "two", null]}},
            },
            "tls": {"self_signed": true, "redirect": false},
            "timeouts": {"read": 60},
            "annotations": {"nginx.org/proxy-buffering": "false"},
            "load_generator": {"enabled": true, "users": 5, "rate": 2, "image": "example.com/load:1"},
            "tool": {
                "wait": "none", "adopt": "always", "force_conflicts": true, "values_wo_version": 3,
                "username": "ann", "timeouts": {"create": "20m"},
            },
        }))
        .expect("is a specification")
    }

    #[test]
    fn every_setting_survives_the_way_into_a_resource_and_back() {
        let issuer = |kind: &str| json!({"cert_manager": {"kind": kind, "name": "letsencrypt"}, "redirect": true});
        let certificates = [json!({"self_signed": true, "redirect": false}), json!({"secret": "shop-cert"})];
        for tls in certificates.into_iter().chain(["Issuer", "ClusterIssuer"].map(issuer)) {
            let spec = IngressSpec { tls: serde_json::from_value(tls).expect("is a certificate"), ..mk_spec() };
            let Reading { spec: again, complete, .. } = read(&model(&spec)).expect("reads");
            assert!(complete);
            assert_eq!(serde_json::to_value(again).expect("is JSON"), serde_json::to_value(&spec).expect("is JSON"));
        }
    }

    #[test]
    fn problems_stand_where_the_resource_has_them() {
        let printed = |steps: &[&str]| {
            let path_of = steps.iter().map(|step| (*step).to_owned()).collect();
            path(&Problem { path: path_of, message: String::new(), hint: String::new() }).to_string()
        };
        assert_eq!(printed(&["path"]), "path_prefix");
        assert_eq!(printed(&["timeouts", "read"]), "proxy_timeouts.read");
        assert_eq!(printed(&["service", "service"]), "service.name");
        assert_eq!(printed(&["service", "port"]), "service.port");
        assert_eq!(printed(&["hosts", "a.b", "service"]), r#"hosts["a.b"].service"#);
        assert_eq!(printed(&["controller", "chart", "chart"]), "controller.chart.name");
        assert_eq!(printed(&["tls", "cert_manager", "name"]), "tls.cert_manager.issuer");
        assert_eq!(printed(&["annotations", "nginx.org/x"]), r#"annotations["nginx.org/x"]"#);
    }

    #[test]
    fn values_that_are_no_object_are_refused() {
        let mut resource = model(&mk_spec());
        if let Value::Known(controller) = &mut resource.controller {
            controller.values = dynamic::any(&json!("a: 1")).into();
        }
        let found = read(&resource).err().expect("is refused");
        let found = found.into_iter().next().expect("says something");
        assert!(found.detail.contains("yamldecode") && found.path.to_string() == "controller.values", "{found:?}");
    }
}
