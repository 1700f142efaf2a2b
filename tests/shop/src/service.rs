//! Which service this process is, and its life from the first argument to the exit code.

use crate::{
    ad, cart, catalog, checkout, currency, email,
    env::{Env, StartError},
    frontend, leak, loadgenerator,
    log::{Format, Log, write_line},
    pause, payment,
    platform::Platform,
    recommendation, shipping,
};
use std::{io::Write, process::ExitCode};

/// What the binary can be. The names are those of upstream's images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Ad,
    Cart,
    Checkout,
    Currency,
    Email,
    Frontend,
    Loadgenerator,
    Payment,
    ProductCatalog,
    Recommendation,
    Shipping,
}

const SERVICES: [(&str, Service); 11] = [
    ("adservice", Service::Ad),
    ("cartservice", Service::Cart),
    ("checkoutservice", Service::Checkout),
    ("currencyservice", Service::Currency),
    ("emailservice", Service::Email),
    ("frontend", Service::Frontend),
    ("loadgenerator", Service::Loadgenerator),
    ("paymentservice", Service::Payment),
    ("productcatalogservice", Service::ProductCatalog),
    ("recommendationservice", Service::Recommendation),
    ("shippingservice", Service::Shipping),
];

/// What a service is started with.
#[derive(Debug)]
pub(crate) struct Start {
    /// The service's name.
    pub(crate) name: &'static str,
    pub(crate) env: Env,
    pub(crate) log: Log,
    pub(crate) platform: Platform,
}

impl Service {
    fn platform(self) -> Platform {
        match self {
            Service::Frontend | Service::Checkout | Service::ProductCatalog | Service::Shipping => Platform::Go,
            Service::Currency | Service::Payment => Platform::Node,
            Service::Email | Service::Recommendation => Platform::Python,
            Service::Ad => Platform::Java,
            Service::Cart => Platform::Dotnet,
            Service::Loadgenerator => Platform::Locust,
        }
    }

    fn log(self, name: &str) -> Log {
        match self.platform() {
            Platform::Go => Log::new(Format::Logrus, name),
            Platform::Node => Log::new(Format::Pino, format!("{name}-server")),
            Platform::Python => Log::new(Format::PythonJson, format!("{name}-server")),
            Platform::Java => Log::new(Format::Log4j, "hipstershop.AdService"),
            Platform::Dotnet | Platform::Locust => Log::new(Format::Plain, name),
        }
    }

    async fn serve(self, start: &Start) -> Result<(), StartError> {
        match self {
            Service::Ad => ad::run(start).await,
            Service::Cart => cart::run(start).await,
            Service::Checkout => checkout::run(start).await,
            Service::Currency => currency::run(start).await,
            Service::Email => email::run(start).await,
            Service::Frontend => frontend::run(start).await,
            Service::Loadgenerator => loadgenerator::run(start).await,
            Service::Payment => payment::run(start).await,
            Service::ProductCatalog => catalog::run(start).await,
            Service::Recommendation => recommendation::run(start).await,
            Service::Shipping => shipping::run(start).await,
        }
    }
}

/// Runs what the first argument names until it ends.
pub(crate) fn run(argument: Option<&str>) -> ExitCode {
    match argument {
        Some("pause") => pause::run(),
        Some(name) => match SERVICES.iter().find(|(known, _)| *known == name) {
            Some((name, service)) => live(name, *service),
            None => usage(&format!("unknown service {name:?}")),
        },
        None => usage("no service named"),
    }
}

fn live(name: &'static str, service: Service) -> ExitCode {
    let platform = service.platform();
    let start = Start { name, env: Env::of_process(), log: service.log(name), platform };
    // One thread: a pod has a fifth of a core, and each thread costs memory.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            complain(&format!("cannot start the event loop: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(async {
        tokio::select! {
            outcome = Box::pin(service.serve(&start)) => ended(platform, outcome),
            outcome = leak::leak(&start.env) => ended(platform, outcome.map(drop)),
            code = platform.stopped() => code,
        }
    });
    // A name lookup under way would otherwise hold the process until it is answered.
    runtime.shutdown_background();
    code
}

/// The exit code of a service that ended by itself.
fn ended(platform: Platform, outcome: Result<(), StartError>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&platform.last_words(&error));
            platform.exit_code(&error)
        }
    }
}

fn usage(problem: &str) -> ExitCode {
    let names: Vec<&str> = SERVICES.iter().map(|(name, _)| *name).chain(["pause"]).collect();
    complain(&format!("boutique-lite: {problem}; usage: boutique-lite SERVICE, one of {}", names.join(", ")));
    ExitCode::from(64)
}

/// Says on stderr why the process ends.
fn complain(message: &str) {
    if std::io::stderr().write_all(format!("{message}\n").as_bytes()).is_err() {
        write_line(message);
    }
}
