//! The provider itself: its configuration, and what it offers.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::ephemeral::{AnyEphemeral, Ephemeral, TypedEphemeral};
use crate::resource::{Answer, AnyResource, Resource, TypedResource};
use crate::{Diagnostics, Model};

/// A provider: a configuration that becomes data for its resources.
pub trait Provider: Send + Sync + 'static {
    /// The provider block.
    type Config: Model;
    /// What [`Provider::configure`] makes of it, shared by all operations.
    type Data: Send + Sync + 'static;

    /// The source address, `registry.terraform.io/NAMESPACE/TYPE`; its last part is the provider's name.
    const ADDRESS: &'static str;

    /// What the provider offers.
    fn resources(&self) -> Vec<Registered<Self::Data>>;

    /// Checks a configuration beyond what the schema says. Any value may be unknown.
    fn validate(&self, config: &Self::Config) -> Diagnostics {
        let _ = config;
        Diagnostics::none()
    }

    /// Makes the data for the operations. During plan any value may be unknown, because it may come from a resource
    /// that does not exist yet: keep it as [`Value::Unknown`](crate::Value::Unknown) and fail only where it is needed.
    /// It may be called again in one process; the new data then replaces the old for later operations.
    fn configure(
        &self,
        request: Configure<Self::Config>,
    ) -> impl Future<Output = Result<Answer<Self::Data>, Diagnostics>> + Send;

    /// Ends what goes on in the background: the last call before the process ends, after all answers. It is cut off after a
    /// second.
    fn close(&self, data: &Self::Data) -> impl Future<Output = ()> + Send {
        let _ = data;
        std::future::ready(())
    }

    /// How long an operation that should end may still take, until its last checkpoint is answered for it.
    fn grace(&self) -> Duration {
        Duration::from_secs(5)
    }
}

/// What `configure` is given.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Configure<C> {
    /// The provider block.
    pub config: C,
    /// The version of Terraform or OpenTofu.
    pub terraform_version: String,
}

/// A resource as a provider lists it.
pub struct Registered<D>(pub(crate) Offered<D>);

/// What can be listed.
pub(crate) enum Offered<D> {
    Resource(Arc<dyn AnyResource<D>>),
    Ephemeral(Arc<dyn AnyEphemeral<D>>),
}

impl<D: Send + Sync + 'static> Registered<D> {
    /// Lists a managed resource.
    pub fn resource<R: Resource<Data = D>>(resource: R) -> Self {
        Self(Offered::Resource(Arc::new(TypedResource::new(resource))))
    }

    /// Lists an ephemeral resource. Terraform knows them from 1.10 on, OpenTofu from 1.11; older ones never ask for any.
    pub fn ephemeral<E: Ephemeral<Data = D>>(ephemeral: E) -> Self {
        Self(Offered::Ephemeral(Arc::new(TypedEphemeral::new(ephemeral))))
    }
}

/// A configuration without attributes, for providers that need none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct NoConfig {}
