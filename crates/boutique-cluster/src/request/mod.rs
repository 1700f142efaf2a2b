//! Requests to the API server: built by hand from [`Kind`]'s paths, so that objects stay raw JSON.

mod error;
mod send;

use boutique_core::{
    diff::Path,
    object::{Kind, Manifest, ObjectRef},
};
use http::{Method, Request};
use serde_json::{Value, json};

use crate::connect::Cluster;

pub use error::{ApiError, Cause, Failure, Operation, Refusal};
pub use send::Answer;
pub(crate) use send::chain;

/// How the parts that an object owns go when it is deleted. Always stated: the default differs by kind, and deleting a
/// Job without it leaves its pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Propagation {
    /// The object goes at once, its parts afterwards.
    Background,
    /// The object stays, marked, until its parts are gone.
    Foreground,
    /// The parts stay without an owner.
    Orphan,
}

impl Propagation {
    fn name(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        }
    }
}

/// Percent-encodes one value of a query.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

pub(crate) fn build(method: Method, uri: &str, content_type: Option<&str>, body: Vec<u8>) -> Request<Vec<u8>> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    // Our paths are made of known parts and encoded names; should one still be no URI, the server answers 404 to "/".
    *request.uri_mut() = uri.parse().unwrap_or_default();
    if let Some(content_type) = content_type.and_then(|text| text.parse().ok()) {
        request.headers_mut().insert(http::header::CONTENT_TYPE, content_type);
    }
    request
}

/// The request of a server-side apply.
pub fn apply_request(manifest: &Manifest, manager: &str, force: bool) -> Request<Vec<u8>> {
    let path = manifest.kind().object_path(manifest.namespace(), &encode(manifest.name()));
    let uri = format!("{path}?fieldManager={}&force={force}", encode(manager));
    build(Method::PATCH, &uri, Some("application/apply-patch+yaml"), body(manifest.value()))
}

/// The request of a delete: with a stated propagation and, where a UID is given, only of that very object.
pub fn delete_request(object: &ObjectRef, kind: Kind, propagation: Propagation, uid: Option<&str>) -> Request<Vec<u8>> {
    let path = kind.object_path(object.namespace.as_deref(), &encode(&object.name));
    let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation.name()});
    if let Some(uid) = uid {
        options["preconditions"] = json!({"uid": uid});
    }
    build(Method::DELETE, &path, Some("application/json"), body(&options))
}

/// A JSON Patch operation that fails the whole patch unless the value at a place is this.
pub fn test_op(pointer: &str, value: &Value) -> Value {
    json!({"op": "test", "path": pointer, "value": value})
}

/// The JSON Patch that removes these places of a live object, each guarded by a `test` of what stands there. Places that
/// are not there are passed over; later list elements go first, so that earlier pointers stay true.
pub fn removal(live: &Value, places: &[&Path]) -> Vec<Value> {
    let mut pointers: Vec<String> = places.iter().filter_map(|place| place.pointer(live)).collect();
    pointers.sort_by_key(|pointer| std::cmp::Reverse(natural(pointer)));
    let mut ops = Vec::new();
    for pointer in &pointers {
        if let Some(value) = live.pointer(pointer) {
            ops.push(test_op(pointer, value));
        }
    }
    ops.extend(pointers.iter().map(|pointer| json!({"op": "remove", "path": pointer})));
    ops
}

fn natural(pointer: &str) -> Vec<(u64, String)> {
    pointer.split('/').map(|part| (part.parse().unwrap_or(0), part.to_owned())).collect()
}

pub(crate) fn body(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

impl Cluster {
    /// One object; none if that very object is not there.
    ///
    /// # Errors
    /// Any failure but a 404 of the object.
    pub async fn get(&self, kind: Kind, namespace: Option<&str>, name: &str) -> Result<Option<Value>, ApiError> {
        let operation = Operation::on("get", kind, namespace, Some(name));
        let request = build(Method::GET, &kind.object_path(namespace, &encode(name)), None, Vec::new());
        match self.send(operation, request).await {
            Ok(answer) => answer.object().map(Some),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Creates an object by POST: the answer is an error when it exists, so of two creators one wins.
    ///
    /// # Errors
    /// Any failure; [`ApiError::is_already_exists`] tells that one.
    pub async fn create(&self, manifest: &Manifest, manager: &str) -> Result<Value, ApiError> {
        let kind = manifest.kind();
        let operation = Operation::on("create", kind, manifest.namespace(), Some(manifest.name()));
        let uri = format!("{}?fieldManager={}", kind.path(manifest.namespace()), encode(manager));
        let request = build(Method::POST, &uri, Some("application/json"), body(manifest.value()));
        self.send(operation, request).await?.object()
    }

    /// Replaces an object by PUT. The manifest's `resourceVersion`, if it has one, must still be that of the object.
    ///
    /// # Errors
    /// Any failure; [`ApiError::is_conflict`] when someone was quicker.
    pub async fn replace(&self, manifest: &Manifest, manager: &str) -> Result<Value, ApiError> {
        let kind = manifest.kind();
        let operation = Operation::on("update", kind, manifest.namespace(), Some(manifest.name()));
        let path = kind.object_path(manifest.namespace(), &encode(manifest.name()));
        let uri = format!("{path}?fieldManager={}", encode(manager));
        let request = build(Method::PUT, &uri, Some("application/json"), body(manifest.value()));
        self.send(operation, request).await?.object()
    }

    /// Server-side apply of a whole object. The answer's code is 201 when the object is new.
    ///
    /// # Errors
    /// Any failure; [`ApiError::is_conflict`] when another manager owns a field that we set to another value.
    pub async fn server_side_apply(&self, manifest: &Manifest, manager: &str, force: bool) -> Result<Answer, ApiError> {
        let operation = Operation::on("patch", manifest.kind(), manifest.namespace(), Some(manifest.name()));
        self.send(operation, apply_request(manifest, manager, force)).await
    }

    /// JSON Patch of an object or, with a subresource, of that.
    ///
    /// # Errors
    /// Any failure; [`ApiError::is_invalid`] when a `test` did not hold.
    pub async fn json_patch(
        &self,
        object: &ObjectRef,
        kind: Kind,
        subresource: Option<&'static str>,
        ops: &[Value],
        manager: &str,
    ) -> Result<Value, ApiError> {
        self.json_patch_query(object, kind, subresource, ops, &format!("fieldManager={}", encode(manager))).await
    }

    /// As [`Cluster::json_patch`] of an object, but the server only checks and admits it.
    ///
    /// # Errors
    /// As [`Cluster::json_patch`].
    pub async fn dry_run_patch(
        &self,
        object: &ObjectRef,
        kind: Kind,
        ops: &[Value],
        manager: &str,
    ) -> Result<Value, ApiError> {
        let query = format!("fieldManager={}&dryRun=All", encode(manager));
        self.json_patch_query(object, kind, None, ops, &query).await
    }

    async fn json_patch_query(
        &self,
        object: &ObjectRef,
        kind: Kind,
        subresource: Option<&'static str>,
        ops: &[Value],
        query: &str,
    ) -> Result<Value, ApiError> {
        let namespace = object.namespace.as_deref();
        let mut operation = Operation::on("patch", kind, namespace, Some(&object.name));
        operation.subresource = subresource;
        let mut path = kind.object_path(namespace, &encode(&object.name));
        if let Some(subresource) = subresource {
            path = format!("{path}/{subresource}");
        }
        let ops = serde_json::to_vec(ops).unwrap_or_default();
        let request = build(Method::PATCH, &format!("{path}?{query}"), Some("application/json-patch+json"), ops);
        self.send(operation, request).await?.object()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_apply_states_manager_and_force() {
        let manifest = Manifest::new(Kind::DEPLOYMENT, "shop", "frontend", json!({"spec": {"replicas": 1}}));
        let request = apply_request(&manifest, "boutique-provider", false);
        assert_eq!(request.method(), Method::PATCH);
        assert_eq!(
            request.uri().to_string(),
            "/apis/apps/v1/namespaces/shop/deployments/frontend?fieldManager=boutique-provider&force=false"
        );
        assert_eq!(request.headers()["content-type"], "application/apply-patch+yaml");
    }

    #[test]
    fn a_delete_states_propagation_and_uid() {
        let object = ObjectRef::new(Kind::JOB, "shop", "fuse");
        let request = delete_request(&object, Kind::JOB, Propagation::Foreground, Some("u-1"));
        let options: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(options["propagationPolicy"], "Foreground");
        assert_eq!(options["preconditions"]["uid"], "u-1");
    }

    #[test]
    fn removals_test_first_and_take_later_elements_first() {
        let live = json!({"env": [{"name": "A"}, {"name": "B"}, {"name": "C"}]});
        let env = Path::default().field("env");
        let (a, c, gone) = (env.key("name", "A"), env.key("name", "C"), env.key("name", "Z"));
        let ops = removal(&live, &[&a, &c, &gone]);
        let text: Vec<String> =
            ops.iter().map(|op| format!("{} {}", op["op"].as_str().unwrap(), op["path"].as_str().unwrap())).collect();
        assert_eq!(text, ["test /env/2", "test /env/0", "remove /env/2", "remove /env/0"]);
    }

    #[test]
    fn a_selector_is_encoded() {
        assert_eq!(encode("a/b=c,d e"), "a%2Fb%3Dc%2Cd%20e");
    }
}
