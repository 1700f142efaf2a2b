//! `version`: of this program and of the API server.

use boutique_cluster::connect::Cluster;
use boutique_core::contract::CONTRACT_VERSION;
use clap::Args;
use serde::Serialize;

use super::DATA_VERSION;
use crate::ctx::Ctx;
use crate::error::{Error, Exit};
use crate::output::TextFormat;

/// Version of the plugin and of the API server
#[derive(Debug, Args)]
pub(crate) struct VersionArgs {
    /// Only the plugin's; asks no API server
    #[arg(long)]
    client: bool,

    /// Format of the result
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: TextFormat,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    api_version: &'static str,
    kind: &'static str,
    client_version: &'static str,
    /// Version of the records in the cluster that this build writes.
    contract: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_version: Option<String>,
}

pub(crate) async fn run(ctx: &Ctx, args: VersionArgs) -> Result<Exit, Error> {
    let client = env!("CARGO_PKG_VERSION");
    // The client's version is worth printing although the server does not answer.
    let server = if args.client { Ok(None) } else { server_version(ctx).await.map(Some) };
    let (server, trouble) = match server {
        Ok(server) => (server, None),
        Err(error) => (None, Some(error)),
    };
    match args.output {
        TextFormat::Text => {
            ctx.out.result(&format!("Client Version: v{client} (contract {CONTRACT_VERSION})"))?;
            if let Some(server) = &server {
                ctx.out.result(&format!("Server Version: {server}"))?;
            }
        }
        TextFormat::Json | TextFormat::Yaml => {
            let document = Document {
                api_version: DATA_VERSION,
                kind: "Version",
                client_version: client,
                contract: CONTRACT_VERSION,
                server_version: server,
            };
            ctx.out.data(&document, args.output == TextFormat::Yaml)?;
        }
    }
    trouble.map_or(Ok(Exit::Ok), Err)
}

async fn server_version(ctx: &Ctx) -> Result<String, Error> {
    let cluster: Cluster = ctx.cluster().await?;
    Ok(boutique_cluster::observe::server_version(&cluster).await?)
}
