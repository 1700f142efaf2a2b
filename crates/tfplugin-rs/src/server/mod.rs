//! The calls of the protocol, one file each: decode by schema, decide, encode.
//!
//! Requests and responses here are this crate's own; only [`convert`](crate::convert) knows the generated ones.

mod apply_resource_change;
mod configure_provider;
mod ephemeral;
mod get_provider_schema;
mod import_resource_state;
mod plan_resource_change;
mod read_resource;
mod run;
mod upgrade_resource_state;
mod validate_provider_config;
mod validate_resource_config;
mod wire;

#[cfg(test)]
mod tests;

pub(crate) use apply_resource_change::{ApplyRequest, ApplyResponse};
pub(crate) use configure_provider::ConfigureRequest;
pub(crate) use ephemeral::{ErasedEphemeral, OpenRequest, OpenResponse, OpenedRequest};
pub(crate) use get_provider_schema::SchemaResponse;
pub(crate) use import_resource_state::{ImportRequest, ImportResponse};
pub(crate) use plan_resource_change::{PlanRequest, PlanResponse};
pub(crate) use read_resource::{ReadRequest, ReadResponse};
pub(crate) use run::{guarded, note_panic};
pub(crate) use upgrade_resource_state::{UpgradeRequest, UpgradeResponse};
pub(crate) use validate_resource_config::ValidateResourceRequest;
pub(crate) use wire::RawValue;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Notify;

use crate::model::Model;
use crate::provider::Offered;
use crate::resource::{AnyResource, Cancel, Reason};
use crate::schema::{Owner, Schema};
use crate::{Diagnostic, Diagnostics, Provider};

/// A resource as the server holds it.
pub(crate) type Erased<P> = Arc<dyn AnyResource<<P as Provider>::Data>>;

/// One provider, served.
pub(crate) struct Server<P: Provider> {
    provider: Arc<P>,
    schema: Schema,
    resources: BTreeMap<&'static str, Erased<P>>,
    ephemerals: BTreeMap<&'static str, ErasedEphemeral<P>>,
    /// What is wrong with the schemas; told with them.
    mistakes: Diagnostics,
    data: RwLock<Option<Arc<P::Data>>>,
    running: Mutex<Vec<Cancel>>,
    /// Told whenever something that ran has ended.
    ended: Notify,
}

impl<P: Provider> Server<P> {
    pub(crate) fn new(provider: P) -> Self {
        let schema = Schema { version: 0, block: P::Config::block() };
        let mut mistakes = mistakes(&schema, Owner::Provider, "the provider's configuration");
        let mut resources: BTreeMap<&'static str, Erased<P>> = BTreeMap::new();
        let mut ephemerals: BTreeMap<&'static str, ErasedEphemeral<P>> = BTreeMap::new();
        for registered in provider.resources() {
            let (name, is_double) = match registered.0 {
                Offered::Resource(resource) => {
                    let name = resource.type_name();
                    mistakes.extend(self::mistakes(resource.schema(), Owner::Resource, name));
                    (name, resources.insert(name, resource).is_some())
                }
                Offered::Ephemeral(ephemeral) => {
                    let name = ephemeral.type_name();
                    mistakes.extend(self::mistakes(ephemeral.schema(), Owner::Ephemeral, name));
                    (name, ephemerals.insert(name, ephemeral).is_some())
                }
            };
            mistakes.extend(mistakes_of_name::<P>(name));
            if is_double {
                mistakes.push(Diagnostic::provider_bug("Duplicate resource type", format!("{name} is listed twice.")));
            }
        }
        Self {
            provider: Arc::new(provider),
            schema,
            resources,
            ephemerals,
            mistakes,
            data: RwLock::new(None),
            running: Mutex::new(Vec::new()),
            ended: Notify::new(),
        }
    }

    pub(crate) fn mistakes(&self) -> &Diagnostics {
        &self.mistakes
    }

    /// Makes everything that runs end early.
    pub(crate) fn stop(&self, reason: Reason) {
        for cancel in self.running.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            cancel.cancel(reason);
        }
    }

    /// Waits until nothing runs, but not longer than `limit`.
    pub(crate) async fn idle(&self, limit: Duration) {
        let idle = async {
            loop {
                let ended = self.ended.notified();
                if self.running.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                    return;
                }
                ended.await;
            }
        };
        // What does not end is left behind.
        let _ = tokio::time::timeout(limit, idle).await;
    }

    /// Lets the provider end what goes on in the background, but not longer than `limit`.
    pub(crate) async fn close(&self, limit: Duration) {
        // Without a configuration there is nothing in the background.
        let Ok(data) = self.data() else { return };
        let _ = tokio::time::timeout(limit, guarded("close", self.provider.close(&data))).await;
    }

    /// A cancellation that [`Server::stop`] reaches as long as the guard lives.
    fn cancellable(self: &Arc<Self>) -> Running<P> {
        let cancel = Cancel::default();
        self.running.lock().unwrap_or_else(PoisonError::into_inner).push(cancel.clone());
        Running { server: self.clone(), cancel }
    }

    fn resource(&self, name: &str) -> Result<Erased<P>, Diagnostic> {
        self.resources.get(name).cloned().ok_or_else(|| {
            Diagnostic::error(
                "Unknown resource type",
                format!("The provider {} has no resource type {name:?}.", P::ADDRESS),
            )
        })
    }

    fn data(&self) -> Result<Arc<P::Data>, Diagnostic> {
        self.data.read().unwrap_or_else(PoisonError::into_inner).clone().ok_or_else(|| {
            Diagnostic::error(
                "The provider is not configured",
                "The operation needs a configured provider, but no configuration of it succeeded in this process.",
            )
        })
    }
}

/// What is wrong with the schemas of a provider: nothing, when Terraform will load it. Meant for a test of the provider;
/// a provider that is served tells Terraform the same.
pub fn check<P: Provider>(provider: P) -> Diagnostics {
    Server::new(provider).mistakes
}

struct Running<P: Provider> {
    server: Arc<Server<P>>,
    cancel: Cancel,
}

impl<P: Provider> Drop for Running<P> {
    fn drop(&mut self) {
        self.server.running.lock().unwrap_or_else(PoisonError::into_inner).retain(|cancel| !cancel.is(&self.cancel));
        self.server.ended.notify_waiters();
    }
}

fn mistakes(schema: &Schema, owner: Owner, name: &str) -> Diagnostics {
    let errors = schema.check(owner).into_iter();
    errors.map(|error| Diagnostic::provider_bug(format!("Invalid schema of {name}"), format!("{error}."))).collect()
}

fn mistakes_of_name<P: Provider>(name: &str) -> Option<Diagnostic> {
    let provider = P::ADDRESS.rsplit('/').next().unwrap_or_default();
    let fits = name.strip_prefix(provider).is_some_and(|rest| rest.starts_with('_') && rest.len() > 1);
    (!fits).then(|| {
        let detail =
            format!("A resource type of the provider {provider:?} begins with \"{provider}_\"; {name:?} does not.");
        Diagnostic::provider_bug("Invalid resource type name", detail)
    })
}
