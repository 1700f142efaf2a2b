use super::Server;
use crate::schema::Schema;
use crate::{Diagnostics, Provider};

/// All schemas. Terraform asks once per process and refuses everything if one of them is wrong.
pub(crate) struct SchemaResponse<'a> {
    pub(crate) provider: &'a Schema,
    pub(crate) resources: Vec<(&'static str, &'a Schema)>,
    pub(crate) ephemerals: Vec<(&'static str, &'a Schema)>,
    pub(crate) diagnostics: &'a Diagnostics,
}

impl<P: Provider> Server<P> {
    pub(crate) fn get_provider_schema(&self) -> SchemaResponse<'_> {
        SchemaResponse {
            provider: &self.schema,
            resources: self.resources.iter().map(|(name, resource)| (*name, resource.schema())).collect(),
            ephemerals: self.ephemerals.iter().map(|(name, ephemeral)| (*name, ephemeral.schema())).collect(),
            diagnostics: self.mistakes(),
        }
    }
}
