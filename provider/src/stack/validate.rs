//! What is wrong with a configuration, before anything is planned.

use boutique_core::catalogue::{Page, catalogue};
use boutique_core::service::Service;
use boutique_core::spec::{Cart, Problem, StackSpec};
use tfplugin_rs::{Diagnostic, Diagnostics, Path};

use super::model::{StackModel, WaitFor};
use super::specification::{self, Reading};
use crate::connection::sentence;

/// All problems of a configuration, and a warning for a version that is newer than known. Unknown values are passed
/// over: they are judged when they are known, at the latest by apply.
pub(super) fn validate(config: &StackModel) -> Diagnostics {
    let Reading { spec, .. } = match specification::read(config) {
        Ok(reading) => reading,
        Err(diagnostics) => return diagnostics,
    };
    let mut diagnostics = problems(&spec.validate());
    if config.wait_for() == WaitFor::Purchase {
        diagnostics.extend(impossible_purchase(&spec));
    }
    if let Ok((_, Some(newer))) = catalogue(&spec.version) {
        diagnostics.push(
            Diagnostic::warning("Newer version than known", sentence(&newer.to_string()))
                .at(Path::attribute("version")),
        );
    }
    diagnostics
}

/// A purchase that nobody can make, because what it needs does not run: waiting for it could only fail.
fn impossible_purchase(spec: &StackSpec) -> Option<Diagnostic> {
    let runs = |service: Service| {
        let replicas = spec.services.get(&service).and_then(|settings| settings.replicas);
        spec.is_enabled(service) && replicas != Some(0)
    };
    let is_missing = |service: &Service| {
        // An external Redis runs elsewhere.
        let elsewhere = *service == Service::RedisCart && *spec.cart() != Cart::Redis;
        !elsewhere && !runs(*service) && Page::ALL.iter().any(|page| page.needs(*service))
    };
    let missing: Vec<&str> = Service::ALL.into_iter().filter(is_missing).map(Service::name).collect();
    (!missing.is_empty()).then(|| {
        let detail = format!(
            "Nobody can buy anything without {}, so apply would wait in vain. Let them run, or wait until \"ready\".",
            missing.join(", ")
        );
        Diagnostic::error("No purchase is possible", detail).at(Path::attribute("wait").then("until"))
    })
}

/// Problems of a specification as diagnostics at their attributes.
pub(super) fn problems(problems: &[Problem]) -> Diagnostics {
    let mut diagnostics = Diagnostics::none();
    for problem in problems {
        let path = specification::path(problem);
        let detail = format!("{} {}", sentence(&problem.message), sentence(&problem.hint));
        diagnostics.push(Diagnostic::error(format!("Invalid {path}"), detail).at(path));
    }
    diagnostics
}

#[cfg(test)]
mod tests {
    use tfplugin_rs::{Map, Value};

    use super::super::model::{AmountsModel, CartModel, ResourcesModel, ServiceModel, WaitModel};
    use super::*;

    fn mk_model() -> StackModel {
        StackModel { name: "shop".into(), namespace: "shop".into(), ..StackModel::default() }
    }

    fn with_service(name: &str, service: ServiceModel) -> StackModel {
        let services: Map<ServiceModel> = [(name.to_owned(), service.into())].into();
        StackModel { services: services.into(), ..mk_model() }
    }

    fn said(model: &StackModel) -> String {
        let lines =
            validate(model).into_iter().map(|found| format!("{}: {} {}", found.path, found.summary, found.detail));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_plain_shop_is_valid_and_so_is_one_of_unknowns() {
        assert_eq!(said(&mk_model()), "");
        let unknown = StackModel {
            name: Value::Unknown,
            namespace: Value::Unknown,
            version: Value::Unknown,
            profile: Value::Unknown,
            image_registry: Value::Unknown,
            services: Value::Unknown,
            cart: Value::Unknown,
            load_generator: Value::Unknown,
            tracing: Value::Unknown,
            collector: Value::Unknown,
            probes: Value::Unknown,
            frontend_external: Value::Unknown,
            ..StackModel::default()
        };
        assert_eq!(said(&unknown), "");
    }

    #[test]
    fn an_unknown_service_is_pointed_at_by_its_key() {
        let found = said(&with_service("cart-service", ServiceModel::default()));
        assert!(found.starts_with(r#"services["cart-service"]: Unknown service"#), "{found}");
        assert!(found.contains("did you mean \"cartservice\"?"), "{found}");
    }

    #[test]
    fn problems_stand_at_the_attribute_that_has_them() {
        let env: Map<String> = [("PORT".to_owned(), Value::from("1"))].into();
        let service = ServiceModel { replicas: (-1).into(), env: env.into(), ..ServiceModel::default() };
        let found = said(&with_service("frontend", service));
        assert!(found.contains(r#"services["frontend"].replicas: Invalid"#), "{found}");
        assert!(found.contains(r#"services["frontend"].env["PORT"]: Invalid"#), "{found}");
    }

    #[test]
    fn a_request_is_not_judged_against_a_limit_that_is_unknown() {
        let amounts = |memory| AmountsModel { cpu: Value::Null, memory };
        let service = |limit: Value<String>| ServiceModel {
            resources: ResourcesModel { requests: amounts("1Gi".into()).into(), limits: amounts(limit).into() }.into(),
            ..ServiceModel::default()
        };
        assert_eq!(said(&with_service("adservice", service(Value::Unknown))), "");
        assert!(said(&with_service("adservice", service(Value::Null))).contains("above the limit"));
    }

    #[test]
    fn a_cart_has_one_place() {
        let cart = CartModel { store: "redis".into(), address: "redis.example.com:6379".into() };
        assert!(said(&StackModel { cart: cart.into(), ..mk_model() }).contains("contradict"));
    }

    #[test]
    fn a_purchase_is_not_waited_for_where_nobody_can_buy() {
        let without = |name: &str, service: ServiceModel| StackModel {
            wait: WaitModel { until: "purchase".into() }.into(),
            ..with_service(name, service)
        };
        let disabled = ServiceModel { enabled: false.into(), ..ServiceModel::default() };
        let scaled = ServiceModel { replicas: 0.into(), ..ServiceModel::default() };
        assert_eq!(said(&without("adservice", disabled.clone())), "");
        assert!(said(&without("paymentservice", disabled)).contains("without paymentservice"));
        assert!(said(&without("redis-cart", scaled)).starts_with("wait.until: No purchase is possible"));
        let cart = CartModel { store: Value::Null, address: "redis.example.com:6379".into() };
        let wait = WaitModel { until: "purchase".into() };
        assert_eq!(said(&StackModel { cart: cart.into(), wait: wait.into(), ..mk_model() }), "");
    }

    #[test]
    fn a_newer_version_warns_and_a_malformed_one_is_an_error() {
        let with_version = |version: &str| StackModel { version: version.into(), ..mk_model() };
        assert!(!validate(&with_version("v0.11.0")).has_errors());
        assert!(said(&with_version("v0.11.0")).contains("newer than the newest known one"));
        assert!(validate(&with_version("latest")).has_errors());
    }
}
