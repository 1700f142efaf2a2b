//! Collections: one LIST per kind and namespace.

use boutique_core::object::Kind;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use http::Method;
use serde_json::Value;

use crate::{
    connect::Cluster,
    request::{ApiError, Failure, Operation, build, encode},
};

/// Objects in one answer of the server; more come in further requests.
const PAGE: usize = 500;

/// Lists that run at the same time.
const AT_ONCE: usize = 8;

/// What a LIST found.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// The objects, each with `apiVersion` and `kind` (which the server leaves out in lists).
    pub items: Vec<Value>,
    /// The version of the collection, from which a watch may go on.
    pub resource_version: String,
}

impl Cluster {
    /// All objects of a kind, in a namespace or everywhere, that a label selector finds (empty: all).
    ///
    /// # Errors
    /// Any failure. A namespace that does not exist is an empty list.
    pub async fn list(&self, kind: Kind, namespace: Option<&str>, selector: &str) -> Result<List, ApiError> {
        self.list_where(kind, namespace, selector, "").await
    }

    /// As [`Cluster::list`], with a field selector too.
    ///
    /// # Errors
    /// As [`Cluster::list`].
    pub async fn list_where(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        selector: &str,
        fields: &str,
    ) -> Result<List, ApiError> {
        let (path, api_version) = (kind.path(namespace), kind.api_version());
        let mut list = List::default();
        let mut next = String::new();
        loop {
            let mut uri = format!("{path}?limit={PAGE}");
            if !selector.is_empty() {
                uri = format!("{uri}&labelSelector={}", encode(selector));
            }
            if !fields.is_empty() {
                uri = format!("{uri}&fieldSelector={}", encode(fields));
            }
            if !next.is_empty() {
                uri = format!("{uri}&continue={}", encode(&next));
            }
            let operation = Operation::on("list", kind, namespace, None);
            let mut answer =
                self.send(operation.clone(), build(Method::GET, &uri, None, Vec::new())).await?.object()?;
            is_list(&answer, operation)?;
            let text = |value: &Value, pointer: &str| {
                value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
            };
            list.resource_version = text(&answer, "/metadata/resourceVersion");
            next = text(&answer, "/metadata/continue");
            if let Some(Value::Array(items)) = answer.get_mut("items").map(Value::take) {
                list.items.extend(items.into_iter().map(|mut item| {
                    item["apiVersion"] = Value::from(api_version.as_str());
                    item["kind"] = Value::from(kind.kind);
                    item
                }));
            }
            if next.is_empty() {
                return Ok(list);
            }
        }
    }

    /// Several lists at the same time, in the order asked for. Of a kind that a chart brings with it and that is not there
    /// yet, there are no objects.
    ///
    /// # Errors
    /// The first failure.
    pub async fn list_all(
        &self,
        kinds: impl IntoIterator<Item = Kind>,
        namespace: &str,
        selector: &str,
    ) -> Result<Vec<Value>, ApiError> {
        let lists = kinds.into_iter().map(|kind| async move {
            match self.list(kind, Some(namespace), selector).await {
                Err(error) if kind.is_custom() && error.is_not_found() => Ok(List::default()),
                list => list,
            }
        });
        let lists: Vec<List> = stream::iter(lists).buffered(AT_ONCE).try_collect().await?;
        Ok(lists.into_iter().flat_map(|list| list.items).collect())
    }
}

/// Something else than a list must not be taken for an empty one: what it leaves out would count as gone.
///
/// # Errors
/// When it is none.
pub(crate) fn is_list(answer: &Value, operation: Operation) -> Result<(), ApiError> {
    let says_so = answer.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    if says_so || answer.get("items").is_some_and(Value::is_array) {
        return Ok(());
    }
    Err(ApiError {
        operation: Box::new(operation),
        failure: Failure::Unreadable { said: "the answer is no list".to_owned() },
        hint: Some("check that the URL is that of a Kubernetes API server".to_owned()),
    })
}
