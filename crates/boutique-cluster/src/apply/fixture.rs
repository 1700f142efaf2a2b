//! The object that the tests of an apply write.

use boutique_core::object::{Kind, Manifest};
use serde_json::json;

pub(super) fn manifest() -> Manifest {
    let containers = json!([{"name": "server", "image": "a:1", "env": [{"name": "A", "value": "1"}]}]);
    Manifest::new(
        Kind::DEPLOYMENT,
        "shop",
        "frontend",
        json!({"spec": {"replicas": 1, "template": {"spec": {"containers": containers}}}}),
    )
}
