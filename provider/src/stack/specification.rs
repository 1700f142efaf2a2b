//! Between Terraform's model and the domain's specification, both ways.

use std::collections::BTreeMap;

use boutique_core::render::Effective;
use boutique_core::service::Service;
use boutique_core::spec::{
    Amounts, Cart, Collector, ExternalService, LoadGenerator, Probes, Problem, Profile, Resources, ServiceSpec,
    StackSpec,
};
use tfplugin_rs::{Diagnostic, Diagnostics, Map, Path, Value};

use super::model::{
    AmountsModel, CartModel, CollectorModel, EffectiveModel, LoadGeneratorModel, ResourcesModel, ServiceModel,
    StackModel, WaitModel,
};
use crate::connection::sentence;
use crate::reader::{Reader, Tool};

/// A specification as far as it is known.
pub(super) struct Reading {
    /// With defaults in the places of what is unknown.
    pub(super) spec: StackSpec,
    /// Whether all of it is known, so that it can be rendered.
    pub(super) complete: bool,
}

/// Reads a model. Errors name the entries of `services` that are no services.
pub(super) fn read(model: &StackModel) -> Result<Reading, Diagnostics> {
    let mut reader = Reader::new();
    let spec = reader.stack(model);
    let (spec, complete) = reader.finish(spec)?;
    Ok(Reading { spec, complete })
}

/// Where a problem of the specification stands in the resource.
pub(super) fn path(problem: &Problem) -> Path {
    let mut path = Path::root();
    let mut is_key = false;
    for step in &problem.path {
        path = if is_key { path.key(step) } else { path.then(step) };
        is_key = !is_key && (step == "services" || step == "env");
    }
    path
}

impl Reader {
    fn stack(&mut self, model: &StackModel) -> StackSpec {
        let mut spec = StackSpec::new(self.name(&model.namespace), self.name(&model.name));
        // Null only in a plan that has not got its default yet.
        self.complete &= !model.version.is_unknown();
        spec.version = model.version_or_newest();
        spec.profile = match self.take(&model.profile).as_deref() {
            Some("small") => Profile::Small,
            Some("ha") => Profile::Ha,
            _ => Profile::Standard,
        };
        spec.image_registry = self.take(&model.image_registry);
        spec.probes = match self.take(&model.probes).as_deref() {
            Some("upstream") => Probes::Upstream,
            _ => Probes::Startup,
        };
        spec.frontend_external = match self.take(&model.frontend_external).as_deref() {
            Some("LoadBalancer") => Some(ExternalService::LoadBalancer),
            Some("NodePort") => Some(ExternalService::NodePort),
            _ => None,
        };
        spec.services = self.services(&model.services);
        spec.cart = self.take(&model.cart).map(|cart| self.cart(&cart));
        spec.load_generator = self.take(&model.load_generator).map(|load| {
            let default = LoadGenerator::default();
            LoadGenerator {
                enabled: self.take(&load.enabled).unwrap_or(default.enabled),
                users: self.take(&load.users).unwrap_or(default.users),
                rate: self.take(&load.rate).unwrap_or(default.rate),
            }
        });
        spec.tracing = self.take(&model.tracing).unwrap_or_default();
        spec.collector = self.take(&model.collector).map(|collector| Collector {
            image: self.take(&collector.image),
            resources: self.take(&collector.resources).map(|resources| self.resources(&resources)).unwrap_or_default(),
        });
        spec.tool = Tool {
            wait: model.wait.known().and_then(|wait| wait.until.as_str()).map(str::to_owned),
            adopt: model.adopt.clone(),
            force_conflicts: model.force_conflicts,
            timeouts: model.timeouts.clone(),
        }
        .to_json();
        spec
    }

    fn services(&mut self, services: &Value<Map<ServiceModel>>) -> BTreeMap<Service, ServiceSpec> {
        let mut specs = BTreeMap::new();
        for (name, settings) in self.take(services).unwrap_or_default() {
            match name.parse::<Service>() {
                Ok(service) => {
                    let settings = self.take(&settings).unwrap_or_default();
                    specs.insert(service, self.service(&settings));
                }
                Err(error) => self.diagnostics.push(
                    Diagnostic::error("Unknown service", sentence(&error.to_string()))
                        .at(Path::attribute("services").key(name)),
                ),
            }
        }
        specs
    }

    fn service(&mut self, model: &ServiceModel) -> ServiceSpec {
        let env = self.take(&model.env).unwrap_or_default();
        let resources = self.take(&model.resources).unwrap_or_default();
        ServiceSpec {
            enabled: self.take(&model.enabled).unwrap_or(true),
            replicas: self.take(&model.replicas),
            image: self.take(&model.image),
            env: env.into_iter().filter_map(|(name, value)| Some((name, self.take(&value)?))).collect(),
            resources: self.resources(&resources),
        }
    }

    fn resources(&mut self, model: &ResourcesModel) -> Resources {
        let mut requests = self.take(&model.requests).unwrap_or_default();
        let mut limits = self.take(&model.limits).unwrap_or_default();
        // A request and its limit are judged together: where one is unknown, neither is.
        let half_known = |a: &Value<String>, b: &Value<String>| a.is_unknown() || b.is_unknown();
        if half_known(&requests.cpu, &limits.cpu) {
            (requests.cpu, limits.cpu) = (Value::Unknown, Value::Unknown);
        }
        if half_known(&requests.memory, &limits.memory) {
            (requests.memory, limits.memory) = (Value::Unknown, Value::Unknown);
        }
        if model.requests.is_unknown() || model.limits.is_unknown() {
            return Resources::default();
        }
        Resources { requests: self.amounts(&requests), limits: self.amounts(&limits) }
    }

    fn amounts(&mut self, model: &AmountsModel) -> Amounts {
        Amounts { cpu: self.take(&model.cpu), memory: self.take(&model.memory) }
    }

    fn cart(&mut self, model: &CartModel) -> Cart {
        if model.store.is_known() && model.address.is_known() {
            self.diagnostics.push(
                Diagnostic::error(
                    "cart.store and cart.address contradict each other",
                    "Carts are either kept in a Redis beside the shop (store = \"redis\") or in one elsewhere (address). \
                     Remove one of the two.",
                )
                .at(Path::attribute("cart").then("address")),
            );
        }
        self.take(&model.store);
        self.take(&model.address).map_or(Cart::Redis, |address| Cart::External { address })
    }
}

/// The resource of a stored specification, with everything that configuration can say.
pub(super) fn model(spec: &StackSpec) -> StackModel {
    let services: Map<ServiceModel> =
        spec.services.iter().map(|(service, spec)| (service.name().to_owned(), service_model(spec).into())).collect();
    let tool = Tool::from_json(&spec.tool);
    StackModel {
        id: spec.id().to_string().into(),
        name: spec.name.clone().into(),
        namespace: spec.namespace.clone().into(),
        version: spec.version.clone().into(),
        profile: spec.profile.name().into(),
        image_registry: spec.image_registry.clone().into(),
        services: if services.is_empty() { Value::Null } else { services.into() },
        cart: spec.cart.as_ref().map(cart_model).into(),
        load_generator: spec
            .load_generator
            .map(|load| LoadGeneratorModel {
                enabled: load.enabled.into(),
                users: load.users.into(),
                rate: load.rate.into(),
            })
            .into(),
        tracing: spec.tracing.into(),
        collector: spec
            .collector
            .as_ref()
            .map(|collector| CollectorModel {
                image: collector.image.clone().into(),
                resources: resources_model(&collector.resources).into(),
            })
            .into(),
        probes: match spec.probes {
            Probes::Startup => "startup".into(),
            Probes::Upstream => "upstream".into(),
        },
        frontend_external: spec.frontend_external.map(|external| external.name().to_owned()).into(),
        wait: tool.wait.map(|until| WaitModel { until: until.into() }).into(),
        adopt: tool.adopt,
        force_conflicts: tool.force_conflicts,
        timeouts: tool.timeouts,
        ..StackModel::default()
    }
}

fn cart_model(cart: &Cart) -> CartModel {
    match cart {
        Cart::Redis => CartModel { store: "redis".into(), address: Value::Null },
        Cart::External { address } => CartModel { store: Value::Null, address: address.clone().into() },
    }
}

fn service_model(spec: &ServiceSpec) -> ServiceModel {
    let env: Map<String> = spec.env.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    ServiceModel {
        enabled: spec.enabled.into(),
        replicas: spec.replicas.into(),
        image: spec.image.clone().into(),
        env: if env.is_empty() { Value::Null } else { env.into() },
        resources: resources_model(&spec.resources).into(),
    }
}

fn resources_model(resources: &Resources) -> Option<ResourcesModel> {
    let amounts = |amounts: &Amounts| {
        (!amounts.is_empty())
            .then(|| AmountsModel { cpu: amounts.cpu.clone().into(), memory: amounts.memory.clone().into() })
    };
    (!resources.is_empty()).then(|| ResourcesModel {
        requests: amounts(&resources.requests).into(),
        limits: amounts(&resources.limits).into(),
    })
}

/// The computed attribute `services_effective`.
pub(super) fn effective(effective: BTreeMap<Service, Effective>) -> Map<EffectiveModel> {
    let model = |values: Effective| EffectiveModel {
        image: values.image.into(),
        replicas: values.replicas.into(),
        cpu_request: values.resources.requests.cpu.into(),
        cpu_limit: values.resources.limits.cpu.into(),
        memory_request: values.resources.requests.memory.into(),
        memory_limit: values.resources.limits.memory.into(),
    };
    effective.into_iter().map(|(service, values)| (service.name().to_owned(), model(values).into())).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_setting_survives_the_way_into_a_resource_and_back() {
        let spec: StackSpec = serde_json::from_value(json!({
            "name": "shop", "namespace": "store", "version": "v0.10.4", "profile": "ha",
            "image_registry": "mirror.local:5000/shop",
            "services": {
                "adservice": {"enabled": false},
                "frontend": {"replicas": 3, "image": "example.com/frontend:1", "env": {"BANNER_COLOR": "green"}},
                "redis-cart": {"resources": {"requests": {"cpu": "10m"}, "limits": {"memory": "1Gi"}}},
            },
            "cart": "redis",
            "load_generator": {"enabled": false, "users": 20, "rate": 2},
            "probes": "upstream",
            "frontend_external": "NodePort",
            "tracing": true,
            "collector": {"image": "example.com/collector:1", "resources": {"limits": {"memory": "512Mi"}}},
            "tool": {
                "wait": "purchase", "adopt": "always", "force_conflicts": true,
                "timeouts": {"create": "10m", "delete": "1m"},
            },
        }))
        .expect("is a specification");
        let Reading { spec: again, complete } = read(&model(&spec)).expect("reads");
        assert!(complete);
        assert_eq!(again, spec);

        let external = StackSpec { cart: Some(Cart::External { address: "redis:6379".into() }), ..spec };
        assert_eq!(read(&model(&external)).expect("reads").spec, external);
    }

    #[test]
    fn steps_below_services_and_env_are_keys() {
        let problem = |path: &[&str]| Problem {
            path: path.iter().map(|step| (*step).to_owned()).collect(),
            message: String::new(),
            hint: String::new(),
        };
        let printed = |steps: &[&str]| path(&problem(steps)).to_string();
        assert_eq!(printed(&["services", "frontend", "env", "PORT"]), r#"services["frontend"].env["PORT"]"#);
        assert_eq!(printed(&["cart", "address"]), "cart.address");
    }
}
