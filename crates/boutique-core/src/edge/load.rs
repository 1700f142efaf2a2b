//! Simulated shoppers that come through the edge, so that its metrics have something to show.
//!
//! Upstream's load generator always speaks plain HTTP and takes the host name from its one variable. So the pods get the
//! host as an alias of the controller's address: the name in the request is the right one, whatever DNS knows.

use core::net::IpAddr;

use serde_json::{Value, json};

use super::render::Inputs;
use super::spec::{EdgeLoad, IngressSpec};
use crate::object::Kind;
use crate::render::{RenderError, stack};
use crate::service::Service;
use crate::spec::{LoadGenerator, ServiceSpec, StackSpec};

/// What the name of the ingress is followed by in the name of the Deployment.
pub(super) const SUFFIX: &str = "-loadgenerator";

/// Name of the Deployment, and of its pods' label `app`: the shop's own load generator must not find these pods.
pub(super) fn name(spec: &IngressSpec) -> String {
    format!("{}{SUFFIX}", spec.name)
}

/// The Deployment: that of a shop, with other names and another target.
pub(super) fn body(
    spec: &IngressSpec,
    load: &EdgeLoad,
    address: IpAddr,
    inputs: &Inputs,
) -> Result<Value, RenderError> {
    let target = match inputs.http_port {
        None | Some(80) => spec.host.clone(),
        Some(port) => format!("{}:{port}", spec.host),
    };
    // Whatever stands in this variable comes before every path.
    let target = format!("{target}{}", spec.base_path());
    let mut shop = StackSpec::new(&spec.namespace, &spec.name);
    shop.load_generator = Some(LoadGenerator { enabled: true, users: load.users, rate: load.rate });
    let own = ServiceSpec {
        image: load.image.clone().or_else(|| inputs.load_image.clone()),
        env: [("FRONTEND_ADDR".to_owned(), target)].into(),
        ..ServiceSpec::default()
    };
    shop.services.insert(Service::Loadgenerator, own);
    let rendered = stack(&shop)?
        .into_iter()
        .find(|manifest| manifest.kind() == Kind::DEPLOYMENT && manifest.name() == Service::Loadgenerator.name());
    let mut body = rendered.map(|manifest| json!({"spec": manifest.value()["spec"]})).unwrap_or_default();
    let app = name(spec);
    body["spec"]["selector"] = json!({"matchLabels": {"app": app}});
    body["spec"]["template"]["metadata"]["labels"] = json!({"app": app});
    let pod = &mut body["spec"]["template"]["spec"];
    pod["hostAliases"] = json!([{"ip": address.to_string(), "hostnames": [spec.host]}]);
    // The account belongs to the shop's own load generator, which need not be there.
    if let Some(pod) = pod.as_object_mut() {
        pod.remove("serviceAccountName");
    }
    Ok(body)
}
