//! The edge: from a host name outside the cluster to the shop's Service, as data and pure functions.
//!
//! An edge is a controller (who listens), routes (Ingress objects), an address (where the controller is reached) and, for
//! HTTPS, a certificate. [`render`] makes the routes, [`values()`] and [`chart`] what Helm needs for the controller,
//! [`outputs`] says where the shop is found, [`judge()`] why it is not.

pub mod chart;
pub mod controller;
pub mod judge;
pub mod outputs;
pub mod probe;
pub mod spec;
pub mod users;

mod annotations;
mod load;
mod render;
pub(crate) mod validate;
pub(crate) mod values;

pub use chart::{ChartChoice, chart, skip_schema_validation};
pub use controller::{Controller, ControllerKind, by_class_controller, controller};
pub use judge::{EdgeObservation, judge};
pub use outputs::{EdgeObjects, Outputs, Reach, outputs};
pub use render::{EdgeError, Inputs, needs_edge_address, redirects_to_node_port, render};
pub use spec::{
    Backend, ChartSpec, ControllerSpec, EdgeLoad, IngressSpec, Issuer, IssuerKind, ServiceType, Timeouts, TlsSource,
    TlsSpec,
};
pub use values::values;

use serde_json::Value;

fn string<'a>(object: &'a Value, pointer: &str) -> Option<&'a str> {
    object.pointer(pointer).and_then(Value::as_str)
}

fn items<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// Name of a live object.
fn name(object: &Value) -> &str {
    string(object, "/metadata/name").unwrap_or_default()
}

/// Namespace of a live object.
fn namespace(object: &Value) -> &str {
    string(object, "/metadata/namespace").unwrap_or_default()
}

fn port_number(port: &Value) -> Option<u16> {
    port["port"].as_u64().and_then(|number| u16::try_from(number).ok())
}
