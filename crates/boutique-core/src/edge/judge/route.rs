//! The routes under judgement: live Ingresses, or what a specification asks for where none is live yet.

use std::borrow::Cow;

use serde_json::Value;

use super::EdgeObservation;
use crate::edge::controller::{Controller, by_class_controller};
use crate::edge::render::routes;
use crate::edge::spec::IngressSpec;
use crate::edge::{items, name, namespace, string};
use crate::object::{Kind, ObjectRef};

/// An observation with its routes.
pub(super) struct Edge<'a> {
    pub(super) seen: &'a EdgeObservation,
    pub(super) routes: Vec<Route<'a>>,
}

/// One Ingress.
pub(super) struct Route<'a> {
    object: Cow<'a, Value>,
    /// Whether it is in the cluster, or only asked for.
    pub(super) is_live: bool,
}

/// A Service and port that an Ingress names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) host: String,
    pub(super) path: String,
    pub(super) service: String,
    /// The port, by number or by name.
    pub(super) port: Value,
}

impl<'a> Edge<'a> {
    pub(super) fn of(seen: &'a EdgeObservation) -> Self {
        let live = || seen.ingresses.iter().flatten().filter(|ingress| namespace(ingress) == seen.namespace);
        let routes = match &seen.spec {
            Some(spec) => routes(spec)
                .into_iter()
                .map(|wanted| match live().find(|ingress| name(ingress) == wanted.name()) {
                    Some(ingress) => Route { object: Cow::Borrowed(ingress), is_live: true },
                    None => Route { object: Cow::Owned(wanted.into_value()), is_live: false },
                })
                .collect(),
            None => live().map(|ingress| Route { object: Cow::Borrowed(ingress), is_live: true }).collect(),
        };
        Self { seen, routes }
    }

    pub(super) fn spec(&self) -> Option<&'a IngressSpec> {
        self.seen.spec.as_ref()
    }

    /// The name of the class that an Ingress asks for: in its field, in the annotation of old, or by being the default.
    pub(super) fn class_name<'b>(&'b self, ingress: &'b Value) -> Option<&'b str> {
        let default = || {
            let is_default = |class: &&Value| {
                string(class, "/metadata/annotations/ingressclass.kubernetes.io~1is-default-class") == Some("true")
            };
            self.seen.classes.iter().flatten().find(is_default).map(name)
        };
        string(ingress, "/spec/ingressClassName")
            .or_else(|| string(ingress, "/metadata/annotations/kubernetes.io~1ingress.class"))
            .or_else(default)
    }

    /// The live class of this name.
    pub(super) fn class(&self, wanted: &str) -> Option<&'a Value> {
        self.seen.classes.iter().flatten().find(|class| name(class) == wanted)
    }

    /// What is known about the controller that serves an Ingress: by its class, else by the specification.
    pub(super) fn known(&self, route: &Route<'_>) -> Option<&'static Controller> {
        let by_class = self
            .class_name(route.value())
            .and_then(|wanted| self.class(wanted))
            .and_then(|class| by_class_controller(string(class, "/spec/controller")?));
        by_class.or_else(|| self.spec()?.known())
    }
}

impl Route<'_> {
    pub(super) fn value(&self) -> &Value {
        &self.object
    }

    pub(super) fn name(&self) -> &str {
        name(&self.object)
    }

    pub(super) fn namespace(&self) -> &str {
        namespace(&self.object)
    }

    pub(super) fn reference(&self) -> Option<ObjectRef> {
        Some(ObjectRef::new(Kind::INGRESS, self.namespace(), self.name()))
    }

    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        hosts(&self.object)
    }

    /// Everything that its rules lead to.
    pub(super) fn targets(&self) -> Vec<Target> {
        let of_rule = |rule: &Value| {
            let host = rule["host"].as_str().unwrap_or("*").to_owned();
            let target = |path: &Value| {
                let service = &path["backend"]["service"];
                let number = &service["port"]["number"];
                Some(Target {
                    host: host.clone(),
                    path: path["path"].as_str().unwrap_or("/").to_owned(),
                    service: service["name"].as_str()?.to_owned(),
                    port: if number.is_null() { service["port"]["name"].clone() } else { number.clone() },
                })
            };
            items(rule, "/http/paths").filter_map(target).collect::<Vec<_>>()
        };
        items(&self.object, "/spec/rules").flat_map(of_rule).collect()
    }

    /// Each host for which a certificate is asked, with the Secret that is to hold it.
    pub(super) fn secrets(&self) -> Vec<(&str, &str)> {
        items(&self.object, "/spec/tls")
            .filter_map(|tls| Some((tls, tls["secretName"].as_str()?)))
            .flat_map(|(tls, secret)| {
                items(tls, "/hosts").filter_map(Value::as_str).map(move |host| (host, secret)).collect::<Vec<_>>()
            })
            .collect()
    }
}

/// The hosts of an Ingress' rules.
pub(super) fn hosts(ingress: &Value) -> impl Iterator<Item = &str> {
    items(ingress, "/spec/rules").filter_map(|rule| rule["host"].as_str())
}
