//! A provider that tests serve to real Terraform: it goes into every corner of the framework, and misbehaves on demand.

mod model;
mod store;
mod thing;
mod token;

use std::process::ExitCode;
use std::time::Duration;

use tfplugin_rs::{Answer, Configure, Diagnostics, Model, Provider, Registered, Secret, Value};

use self::thing::Things;
use self::token::Tokens;

/// Where things are kept.
#[derive(Clone, Debug, Model)]
struct Config {
    /// The directory of the things. While it is unknown, plans are made without looking at it.
    #[attr(required)]
    directory: Value<String>,
    /// Never printed.
    #[attr(optional, sensitive)]
    token: Value<Secret>,
}

struct Data {
    directory: Value<String>,
}

struct Corner;

impl Provider for Corner {
    type Config = Config;
    type Data = Data;
    const ADDRESS: &'static str = "registry.terraform.io/example/corner";

    fn resources(&self) -> Vec<Registered<Data>> {
        vec![Registered::resource(Things), Registered::ephemeral(Tokens)]
    }

    async fn configure(&self, Configure { config, .. }: Configure<Config>) -> Result<Answer<Data>, Diagnostics> {
        tracing::info!(token = ?config.token, "configured the corner");
        Ok(Data { directory: config.directory }.into())
    }

    fn grace(&self) -> Duration {
        Duration::from_millis(300)
    }
}

fn main() -> ExitCode {
    tfplugin_rs::serve(Corner)
}
