//! `boutique_grafana_credentials`: how to log in to Grafana, for one run.

use boutique_cluster::monitoring;
use boutique_core::contract::{Owner, SetId};
use tfplugin_rs::{Answer, Diagnostic, Diagnostics, Ephemeral, EphemeralContext, Model, Opened, Secret, Value};

use crate::connection::{Connection, sentence};

/// The ephemeral resource.
pub(crate) struct GrafanaCredentials;

/// How to log in to the Grafana of a monitoring. It is read from the Secret in the cluster whenever Terraform runs, and kept
/// in no state and no plan.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub(crate) struct CredentialsModel {
    /// The monitoring: `boutique_monitoring.NAME.id`.
    #[attr(required)]
    pub(crate) monitoring: Value<String>,
    /// Set it to `boutique_monitoring.NAME.revision`, which is known only after an apply: the credentials are then asked for
    /// when Grafana is there, and not while it is planned.
    #[attr(optional)]
    pub(crate) revision: Value<u64>,
    /// Name of the administrator.
    #[attr(computed)]
    pub(crate) username: Value<String>,
    /// Password of the administrator.
    #[attr(computed, sensitive)]
    pub(crate) password: Value<Secret>,
}

fn id(config: &CredentialsModel) -> Result<Option<SetId>, Diagnostic> {
    let Some(text) = config.monitoring.as_str() else { return Ok(None) };
    let id = SetId::parse(Owner::Monitoring, text);
    id.map(Some).map_err(|error| {
        let detail =
            format!("{} Take it from the monitoring: boutique_monitoring.NAME.id.", sentence(&error.to_string()));
        Diagnostic::error("Invalid monitoring", detail).at("monitoring")
    })
}

impl Ephemeral for GrafanaCredentials {
    type Model = CredentialsModel;
    type Data = Connection;
    const TYPE: &'static str = "boutique_grafana_credentials";

    fn validate(&self, config: &CredentialsModel) -> Diagnostics {
        id(config).err().map_or_else(Diagnostics::none, Into::into)
    }

    async fn open(
        &self,
        ctx: &EphemeralContext<Self>,
        mut config: CredentialsModel,
    ) -> Result<Answer<Opened<CredentialsModel>>, Diagnostics> {
        let Some(id) = id(&config)? else {
            return Err(Diagnostic::error("No monitoring", "The argument monitoring is null.").at("monitoring").into());
        };
        let cluster = ctx.data().cluster().await.map_err(|reason| reason.error("read Grafana's credentials"))?;
        let found = Box::pin(monitoring::credentials(cluster, &id)).await.map_err(|error| {
            let detail = format!(
                "{} To have them asked for only when the monitoring is applied, set revision = \
                 boutique_monitoring.NAME.revision.",
                sentence(&error.to_string())
            );
            Diagnostic::error("Grafana's credentials cannot be read", detail).at("monitoring")
        })?;
        config.username = found.username.into();
        config.password = Secret::new(found.password).into();
        Ok(Opened::lasting(config).into())
    }
}
