//! `break SERVICE`: predict, inject, measure, undo, grade.

use std::path::PathBuf;
use std::time::Duration;

use boutique_cluster::fault::new_id;
use boutique_cluster::outside::Trust;
use boutique_cluster::storefront::Storefront;
use boutique_core::fault::{FaultType, Wish, kind};
use boutique_core::service::Service;
use boutique_core::url::{Resolve, ShopUrl};
use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::ctx::Ctx;
use crate::duration;
use crate::error::{Error, Exit};
use crate::global::read;
use crate::output::TextFormat;

mod consent;
mod drive;
mod ending;
mod follow;
pub(crate) mod order;
pub(crate) mod plan;
mod proof;
mod rehearsal;
mod report;
mod story;
mod undo;
mod watcher;
mod work;

pub(crate) use drive::drive;
use order::Order;

const EXAMPLES: &str = "\
Examples:
  kubectl boutique break cartservice               # what shows self-healing best
  kubectl boutique break --list                    # what else there is
  kubectl boutique break cartservice --dry-run     # what would happen, and every request
  kubectl boutique break frontend --fault=bad-address --peer=cartservice --for=30s
  kubectl boutique break paymentservice --fault=partition --url=http://shop.local";

/// Break a service for a while: predict, measure what customers notice, undo, and grade the prediction
///
/// Says which pages will fail and why, which alert should tell somebody, and how all of it is undone. Asks, looks at the
/// shop for five seconds, injects the fault, and asks for pages on a fixed timetable until the fault is over and ten
/// good seconds have passed. Then it compares: prediction with measurement, page by page, and each of the shop's objects
/// with what it was before.
///
/// Every fault is bounded (--for). Ctrl-C ends it at once. Whatever becomes of this program, Kubernetes replaces the pods
/// it touched and deletes what it added; what it changed is put back by the next verb that writes, by `heal`, or by
/// `terraform apply`. Only one fault at a time may run in a namespace.
///
/// Asks before it acts, unless the namespace or the Deployment is labelled boutique.dev/faults=allowed.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BreakArgs {
    /// Service to break
    #[arg(required_unless_present = "list")]
    service: Option<Service>,

    /// Show the kinds of fault, and what each is for
    #[arg(long, conflicts_with_all = ["fault", "dry_run", "yes"])]
    list: bool,

    /// Kind of fault; without it, the one that shows best how this service heals
    #[arg(long, value_name = "KIND", value_parser = kinds(), hide_possible_values = true)]
    fault: Option<String>,

    /// The other end, for faults between two services
    #[arg(long, value_name = "SERVICE")]
    peer: Option<Service>,

    /// How many pods; without it, all of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    count: Option<u16>,

    /// How long it is broken, or, where pods are killed, is measured at most
    #[arg(long = "for", value_name = "DURATION", default_value = "60s", value_parser = duration::parse)]
    bound: Duration,

    /// By how much each call gets slower (latency)
    #[arg(long, value_name = "DURATION", default_value = "200ms", value_parser = duration::parse)]
    delay: Duration,

    /// Image that takes the container's place, or of the proxy that a fault needs
    #[arg(long, value_name = "REFERENCE")]
    image: Option<String>,

    /// Seconds killed pods get to stop, at least 1; without it, what the pods say
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(1..))]
    grace_period: Option<u16>,

    /// Pages to ask for in a second; without it, 50 by a URL, and 20 through the API server, which takes no more
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,

    /// Ask for pages at this URL, such as http://shop.local; without it, by a route of the shop's own that answers, or
    /// through the API server
    #[arg(long, value_name = "URL")]
    url: Option<ShopUrl>,

    /// Address for the URL's host and port, whatever DNS says; as curl takes it
    #[arg(long, value_name = "HOST:PORT:ADDRESS", requires = "url")]
    resolve: Option<Resolve>,

    /// File with the authorities (PEM) that may have signed the URL's certificate, in place of this machine's
    #[arg(long, value_name = "FILE", requires = "url")]
    cacert: Option<PathBuf>,

    /// End it early when it has used more of the error budget (99.9 % over 30 days) than so many percent
    #[arg(long, value_name = "PERCENT", value_parser = percent)]
    abort_budget: Option<f64>,

    /// How long the shop may take to recover after the fault was undone
    #[arg(long, value_name = "DURATION", default_value = "2m", value_parser = duration::parse)]
    recovery_timeout: Duration,

    /// Only say what would happen; "server" also lets the API server check the requests
    #[arg(long, value_enum, value_name = "WHERE", num_args = 0..=1, require_equals = true, default_value = "none", default_missing_value = "client")]
    dry_run: DryRun,

    /// Do not ask
    #[arg(short, long)]
    yes: bool,

    /// Also break a shop that is not healthy
    #[arg(long)]
    force: bool,

    /// Format of the result
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: TextFormat,
}

/// `--dry-run`, as kubectl has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DryRun {
    /// Do it
    None,
    /// Say what would be sent
    Client,
    /// Let the API server check what would be sent
    Server,
}

fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(
        kind::ALL.iter().map(|kind| clap::builder::PossibleValue::new(kind.name()).help(kind.about())),
    )
}

fn percent(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.strip_suffix('%').unwrap_or(text).parse().ok();
    number
        .filter(|number| number.is_finite() && *number > 0.0)
        .ok_or_else(|| format!("\"{text}\" is no percentage; write for example 1 or 0.5"))
}

pub(crate) async fn run(ctx: &Ctx, args: BreakArgs) -> Result<Exit, Error> {
    let Some(service) = args.service.filter(|_| !args.list) else {
        return list(ctx, &args);
    };
    let order = order(&args, service)?;
    let cluster = ctx.cluster().await?;
    let place = ctx.place(&cluster).await?;
    if args.dry_run != DryRun::None {
        return Box::pin(rehearsal::run(ctx, &cluster, &place, &order, args.dry_run, args.output)).await;
    }
    let outcome = Box::pin(drive(ctx, &cluster, &place, &order)).await?;
    Box::pin(report::show(ctx, &cluster, &outcome, args.output)).await
}

fn order(args: &BreakArgs, service: Service) -> Result<Order, Error> {
    let storefront = match &args.url {
        None => None,
        Some(url) => {
            let trust = match &args.cacert {
                Some(file) => Trust::Authorities(read(file)?),
                None => Trust::Machine,
            };
            Some(Storefront::at(url.clone(), args.resolve.as_ref(), &trust)?)
        }
    };
    let kind: Option<&'static dyn FaultType> = args.fault.as_deref().and_then(kind::by_name);
    let wish = Wish {
        id: new_id(),
        service,
        peer: args.peer,
        count: args.count.map(usize::from),
        grace: args.grace_period.map(|seconds| Duration::from_secs(u64::from(seconds))),
        bound: args.bound,
        delay: args.delay,
        image: args.image.clone(),
    };
    Ok(Order {
        storefront,
        rate: args.rate,
        recovery: args.recovery_timeout,
        abort_budget: args.abort_budget,
        force: args.force,
        agreed: args.yes,
        ..Order::new(kind, wish)
    })
}

/// `--list`.
fn list(ctx: &Ctx, args: &BreakArgs) -> Result<Exit, Error> {
    match args.output {
        TextFormat::Text => ctx.out.result(&crate::draw::kinds::kinds(args.service, ctx.out.look))?,
        TextFormat::Json | TextFormat::Yaml => {
            ctx.out.data(&crate::draw::kinds::document(), args.output == TextFormat::Yaml)?;
        }
    }
    Ok(Exit::Ok)
}
