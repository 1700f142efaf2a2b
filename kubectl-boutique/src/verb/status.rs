//! `status`: the shop as a tree, once or as it changes.

use boutique_cluster::connect::Cluster;
use boutique_cluster::storefront::Storefront;
use boutique_cluster::{edge, evidence, observe};
use boutique_core::finding::Finding;
use boutique_core::judge::judge;
use boutique_core::view::{Health, ShopView, view};
use clap::Args;
use serde::Serialize;

use super::{DATA_VERSION, faults};
use crate::ctx::Ctx;
use crate::draw::findings::findings;
use crate::draw::tree::{Detail, shop};
use crate::error::{Error, Exit};
use crate::output::Format;

mod follow;

/// Show the shop: the ways in, every workload and pod, and what is wrong
///
/// Asks for the home page once, because pods that are Ready prove nothing: every health endpoint of the application is a
/// constant. Where Ingresses lead to the shop, it is also asked for as a browser on this machine would.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Every shop of the cluster
    #[arg(short = 'A', long, conflicts_with = "watch")]
    all_namespaces: bool,

    /// Go on and show changes; redrawn on a terminal, one line per change elsewhere
    #[arg(short, long)]
    watch: bool,

    /// Format of the result
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,

    /// Leave the column titles out
    #[arg(long)]
    no_headers: bool,
}

/// A shop as data.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    #[serde(flatten)]
    shop: &'a ShopView,
    findings: &'a [Finding],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Documents<'a> {
    api_version: &'static str,
    kind: &'static str,
    items: Vec<Document<'a>>,
}

/// What is known of one shop.
struct Seen {
    view: ShopView,
    findings: Vec<Finding>,
}

pub(crate) async fn run(ctx: &Ctx, args: StatusArgs) -> Result<Exit, Error> {
    let cluster = ctx.cluster().await?;
    let namespaces = match args.all_namespaces {
        true => observe::find(&cluster, None).await?,
        false => vec![ctx.place(&cluster).await?.namespace],
    };
    if args.watch {
        return follow::run(ctx, &args, &cluster, &namespaces[0]).await;
    }
    if namespaces.is_empty() {
        return Err(Error::NoShopAnywhere);
    }
    let mut seen = Vec::new();
    for namespace in &namespaces {
        seen.push(look(ctx, &cluster, namespace).await?);
    }
    show(ctx, &args, &seen)?;
    let worst = seen.iter().map(|seen| seen.view.health).max().unwrap_or(Health::Degraded);
    Ok(if worst == Health::Healthy { Exit::Ok } else { Exit::Unhealthy })
}

async fn look(ctx: &Ctx, cluster: &Cluster, namespace: &str) -> Result<Seen, Error> {
    let (shop, storefront, routes) = tokio::join!(
        observe::shop(cluster, namespace),
        Storefront::open(cluster, namespace),
        Box::pin(edge::look(cluster, namespace)),
    );
    let (mut objects, denied) = shop?;
    for kind in denied {
        ctx.out.warn(&format!("{} may not be listed by this user; status shows less", kind.plural));
    }
    faults::warn_of(ctx, &objects.faults, namespace);
    objects.routes = routes?;
    objects.front_page = Some(observe::front_page(&storefront?).await);
    objects.stack = observe::stack(cluster, namespace).await?;
    let view = view(&objects, ctx.now());
    let findings = match view.health {
        Health::Healthy => Vec::new(),
        _ => judge(&evidence::observation(cluster, &objects).await),
    };
    Ok(Seen { view, findings })
}

fn show(ctx: &Ctx, args: &StatusArgs, seen: &[Seen]) -> Result<(), Error> {
    match args.output {
        Format::Table | Format::Wide => {
            for (index, seen) in seen.iter().enumerate() {
                if index > 0 {
                    ctx.out.result("\n")?;
                }
                ctx.out.result(&picture(ctx, args, seen))?;
            }
            Ok(())
        }
        Format::Name => {
            let names = seen.iter().flat_map(|seen| &seen.view.workloads).filter(|workload| workload.deployed);
            let names: String = names.map(|workload| format!("deployment.apps/{}\n", workload.service)).collect();
            ctx.out.result(&names)
        }
        Format::Json | Format::Yaml => {
            let yaml = args.output == Format::Yaml;
            if let ([seen], false) = (seen, args.all_namespaces) {
                return ctx.out.data(&document(seen), yaml);
            }
            let items = seen.iter().map(document).collect();
            ctx.out.data(&Documents { api_version: DATA_VERSION, kind: "ShopStatusList", items }, yaml)
        }
    }
}

fn document(seen: &Seen) -> Document<'_> {
    Document { api_version: DATA_VERSION, kind: "ShopStatus", shop: &seen.view, findings: &seen.findings }
}

fn picture(ctx: &Ctx, args: &StatusArgs, seen: &Seen) -> String {
    let look = ctx.out.look;
    format!("{}{}", shop(&seen.view, detail(args), look), findings(&seen.findings, look))
}

fn detail(args: &StatusArgs) -> Detail {
    Detail { wide: args.output == Format::Wide, no_headers: args.no_headers, troubled_pods_only: false }
}
