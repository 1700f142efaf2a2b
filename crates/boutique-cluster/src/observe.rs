//! Collecting what `status` shows: the live objects of a shop, and what its home page answers.

use std::time::Duration;

use boutique_core::catalogue::Page;
use boutique_core::contract::{RECORD, Record, STACK, SetId};
use boutique_core::object::Kind;
use boutique_core::purchase::judge;
use boutique_core::service::Service;
use boutique_core::view::{FrontPage, SELECTOR, ShopObjects, StackView, namespaces_with_shops};
use http::Method;
use serde_json::Value;

use crate::connect::Cluster;
use crate::request::{ApiError, build};
use crate::storefront::{Reply, Storefront};
use crate::watch::{Follow, Followed};

/// How long the home page may take before `status` says so.
const FRONT_PAGE_LIMIT: Duration = Duration::from_secs(5);

/// Namespaces with a shop: the one asked for, or all.
///
/// # Errors
///
/// When Deployments cannot be listed.
pub async fn find(cluster: &Cluster, namespace: Option<&str>) -> Result<Vec<String>, ApiError> {
    let deployments = cluster.list(Kind::DEPLOYMENT, namespace, SELECTOR).await?;
    Ok(namespaces_with_shops(&deployments.items))
}

/// What is read of a shop. `status` can do without the optional kinds, and says so.
fn parts() -> [Follow; 5] {
    let optional = |kind, labels| Follow { optional: true, ..Follow::labelled(kind, labels) };
    [
        Follow::labelled(Kind::DEPLOYMENT, SELECTOR),
        Follow::labelled(Kind::POD, SELECTOR),
        optional(Kind::SERVICE, String::new()),
        optional(Kind::ENDPOINT_SLICE, format!("kubernetes.io/service-name={}", Service::Frontend)),
        optional(Kind::CONFIG_MAP, format!("{RECORD}={}", Record::Fault.label())),
    ]
}

/// The live objects of the shop in a namespace. Optional kinds that may not be listed are named in the second value.
///
/// # Errors
///
/// When Deployments or pods cannot be listed.
pub async fn shop(cluster: &Cluster, namespace: &str) -> Result<(ShopObjects, Vec<Kind>), ApiError> {
    let lists = parts().map(|part| async move {
        match cluster.list(part.kind, Some(namespace), &part.labels).await {
            Err(error) if part.optional && error.missing_verb().is_some() => Ok((Vec::new(), Some(part.kind))),
            list => Ok((list?.items, None)),
        }
    });
    let lists: Vec<(Vec<Value>, Option<Kind>)> = futures::future::try_join_all(lists).await?;
    let (lists, denied): (Vec<Vec<Value>>, Vec<Option<Kind>>) = lists.into_iter().unzip();
    Ok((assemble(namespace, lists.into_iter().flatten()), denied.into_iter().flatten().collect()))
}

/// A shop that is followed as it changes.
pub struct ShopWatch {
    followed: Followed,
    namespace: String,
}

impl ShopWatch {
    /// Begins to follow; wait for [`ShopWatch::changed`] before reading.
    pub fn start(cluster: &Cluster, namespace: &str) -> Self {
        Self { followed: Followed::start(cluster, namespace, parts().into()), namespace: namespace.to_owned() }
    }

    /// Waits until all is known, and from then on until something changes.
    ///
    /// # Errors
    ///
    /// When following fails for good, or Deployments or pods may not be read.
    pub async fn changed(&mut self) -> Result<(), ApiError> {
        self.followed.changed().await
    }

    /// The objects as last seen.
    pub fn objects(&self) -> ShopObjects {
        assemble(&self.namespace, self.followed.objects().map(|(_, object)| object.clone()))
    }
}

fn assemble(namespace: &str, objects: impl Iterator<Item = Value>) -> ShopObjects {
    let mut shop = ShopObjects { namespace: namespace.to_owned(), ..ShopObjects::default() };
    for object in objects {
        match object.get("kind").and_then(Value::as_str) {
            Some("Deployment") => shop.deployments.push(object),
            Some("Pod") => shop.pods.push(object),
            Some("Service") => shop.services.push(object),
            Some("EndpointSlice") => shop.endpoint_slices.push(object),
            Some("ConfigMap") => shop.faults.push(object),
            _ => {}
        }
    }
    shop
}

/// Asks for the home page once.
pub async fn front_page(storefront: &Storefront) -> FrontPage {
    // A cart of its own, which stays empty: looking must leave nothing behind.
    let shopper = storefront.shopper("boutique-status");
    let step = shopper.step(Page::Home);
    let (reply, took) = storefront.send(&shopper, &step, FRONT_PAGE_LIMIT).await;
    let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let (good, answer, blame) = match reply {
        Reply::Shop(answer) => match judge(&step, &answer) {
            Ok(()) => (true, answer.status.to_string(), None),
            Err(complaint) => (false, complaint.got.clone(), complaint.culprit.map(|culprit| culprit.to_string())),
        },
        Reply::Nobody(reason) => (false, "no answer".to_owned(), Some(reason)),
        Reply::Unknown(reason) => (false, "not asked".to_owned(), Some(reason)),
        Reply::Timeout => (false, "timeout".to_owned(), None),
    };
    FrontPage { good, answer, millis, way: storefront.way().to_owned(), blame }
}

/// The API server's version, such as `v1.33.2`.
///
/// # Errors
///
/// When it does not answer.
pub async fn server_version(cluster: &Cluster) -> Result<String, ApiError> {
    let response = cluster.raw(build(Method::GET, "/version", None, Vec::new())).await?;
    let version: Value = serde_json::from_slice(response.body()).unwrap_or_default();
    let text = version.get("gitVersion").and_then(Value::as_str);
    Ok(text.map_or_else(|| format!("unknown (answered {})", response.status()), str::to_owned))
}

/// Names of all namespaces.
///
/// # Errors
///
/// When they cannot be listed.
pub async fn namespaces(cluster: &Cluster) -> Result<Vec<String>, ApiError> {
    let list = cluster.list(Kind::NAMESPACE, None, "").await?;
    Ok(list.items.iter().filter_map(|item| item.pointer("/metadata/name")?.as_str().map(str::to_owned)).collect())
}

/// Name of the stack of ours in a namespace; none for a shop that somebody else installed, or whose records this user may
/// not see.
///
/// # Errors
///
/// When records cannot be read.
pub async fn stack_name(cluster: &Cluster, namespace: &str) -> Result<Option<String>, ApiError> {
    let selector = format!("{RECORD}={}", Record::Inventory.label());
    let inventories = match cluster.list(Kind::CONFIG_MAP, Some(namespace), &selector).await {
        Ok(list) => list.items,
        Err(error) if error.missing_verb().is_some() => return Ok(None),
        Err(error) => return Err(error),
    };
    let name = |inventory: &Value| Some(inventory.pointer("/metadata/labels")?.get(STACK)?.as_str()?.to_owned());
    Ok(inventories.iter().find_map(name))
}

/// What is known of the stack in a namespace; none where [`stack_name`] knows none. A stack that cannot be read, for want
/// of a right or because a record is damaged, does not hide the shop: the view says why.
///
/// # Errors
///
/// When it cannot be told whether there is a stack.
pub async fn stack(cluster: &Cluster, namespace: &str) -> Result<Option<StackView>, ApiError> {
    let Some(name) = stack_name(cluster, namespace).await? else { return Ok(None) };
    let view = match crate::applyset::read(cluster, &SetId::stack(namespace, name.as_str())).await {
        Ok(reading) => StackView {
            name,
            revision: reading.revision.map(|revision| revision.number),
            drift: reading.drift.iter().map(ToString::to_string).collect(),
            unread: None,
        },
        Err(error) => StackView { name, revision: None, drift: Vec::new(), unread: Some(error.to_string()) },
    };
    Ok(Some(view))
}
