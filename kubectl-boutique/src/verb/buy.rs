//! `buy`: one purchase, hop by hop.

use std::path::PathBuf;
use std::time::Duration;

use boutique_cluster::outside::Trust;
use boutique_cluster::purchase::{Hop, Problem, Purchase, buy, session};
use boutique_cluster::storefront::Storefront;
use boutique_core::purchase::PRODUCT_NAME;
use boutique_core::url::{Resolve, ShopUrl};
use clap::Args;
use serde::Serialize;

use super::DATA_VERSION;
use crate::ctx::Ctx;
use crate::duration;
use crate::error::{Error, Exit};
use crate::global::read;
use crate::output::TextFormat;
use crate::style::{BAD, FAINT, GOOD, Look};

/// Buy something as a customer would, and say how each page did
///
/// Looks at the home page and a product, puts it into a cart of its own, looks at the cart and places the order with the
/// sample card of the shop's own form. The pages are reached through the API server's service proxy, or by port-forward
/// where that is forbidden; no ingress is needed. With --url they are asked for as a browser asks, through the ingress and
/// whatever else stands before the shop, and no cluster is needed. Nothing is left behind but the shop's record of the order.
#[derive(Debug, Args)]
pub(crate) struct BuyArgs {
    /// Buy at this URL, such as http://shop.local, and not through the API server
    #[arg(long, value_name = "URL")]
    url: Option<ShopUrl>,

    /// Address for the URL's host and port, whatever DNS says; as curl takes it
    #[arg(long, value_name = "HOST:PORT:ADDRESS", requires = "url")]
    resolve: Option<Resolve>,

    /// File with the authorities (PEM) that may have signed the URL's certificate, in place of this machine's; as curl takes it
    #[arg(long, value_name = "FILE", requires = "url")]
    cacert: Option<PathBuf>,

    /// Longest wait for one page
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration::parse)]
    timeout: Duration,

    /// Format of the result
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: TextFormat,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    api_version: &'static str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    bought: bool,
    #[serde(flatten)]
    purchase: &'a Purchase,
}

pub(crate) async fn run(ctx: &Ctx, args: BuyArgs) -> Result<Exit, Error> {
    let (storefront, namespace) = open(ctx, &args).await?;
    let (out, look) = (&ctx.out, ctx.out.look);
    let told = args.output == TextFormat::Text;
    if told {
        out.note(&match &namespace {
            Some(namespace) => format!("shop in namespace {namespace}, through {storefront}"),
            None => format!("shop at {storefront}"),
        });
    }
    let mut gone = None;
    let purchase = buy(&storefront, &session(), args.timeout, |seen| {
        if told && let Err(error) = out.result(&hop(seen, look)) {
            gone = Some(error);
        }
    })
    .await;
    if let Some(error) = gone {
        return Err(error);
    }
    match args.output {
        TextFormat::Text => out.result(&last_line(&purchase, storefront.url(), look))?,
        TextFormat::Json | TextFormat::Yaml => {
            let document = Document {
                api_version: DATA_VERSION,
                kind: "Purchase",
                namespace: namespace.as_deref(),
                url: storefront.url().map(ToString::to_string),
                bought: purchase.receipt.is_some(),
                purchase: &purchase,
            };
            out.data(&document, args.output == TextFormat::Yaml)?;
        }
    }
    Ok(match purchase.problem() {
        None => Exit::Ok,
        Some(Problem::Unknown { .. }) => Exit::Inconclusive,
        Some(_) => Exit::Unhealthy,
    })
}

/// The way to the shop, and the namespace where one had to be found.
async fn open(ctx: &Ctx, args: &BuyArgs) -> Result<(Storefront, Option<String>), Error> {
    let Some(url) = &args.url else {
        let cluster = ctx.cluster().await?;
        let namespace = ctx.place(&cluster).await?.namespace;
        return Ok((Storefront::open(&cluster, &namespace).await?, Some(namespace)));
    };
    let trust = match &args.cacert {
        Some(file) => Trust::Authorities(read(file)?),
        None => Trust::Machine,
    };
    Ok((Storefront::at(url.clone(), args.resolve.as_ref(), &trust)?, None))
}

fn hop(hop: &Hop, look: Look) -> String {
    let (glyph, style) = match hop.problem {
        None => (look.good(), GOOD),
        Some(_) => (look.bad(), BAD),
    };
    let status = hop.status.map_or_else(|| "-".to_owned(), |status| status.to_string());
    let Hop { page, method, path, millis, .. } = hop;
    let request = format!("{method} {path}");
    format!("{} {page:<12} {request:<26} {status:>3} {millis:>6} ms", look.paint(style, glyph))
}

fn last_line(purchase: &Purchase, url: Option<&ShopUrl>, look: Look) -> String {
    if let Some(problem) = purchase.problem() {
        return look.paint(BAD, &look.plain(&format!("not bought: {problem}")));
    }
    let millis: u64 = purchase.hops.iter().map(|hop| hop.millis).sum();
    let receipt = purchase.receipt.as_ref();
    let price = receipt.and_then(|receipt| receipt.total.clone()).map(|total| format!(" for {total}"));
    let place = url.map(|url| format!(" at {url}")).unwrap_or_default();
    let order = receipt.and_then(|receipt| receipt.order.clone()).map(|order| format!(", order {order}"));
    format!(
        "{} {}",
        look.paint(GOOD, &format!("bought \"{PRODUCT_NAME}\"{place}{}", price.unwrap_or_default())),
        look.paint(FAINT, &format!("in {millis} ms{}", order.unwrap_or_default()))
    )
}

#[cfg(test)]
mod tests {
    use boutique_core::catalogue::Page;
    use boutique_core::purchase::Receipt;

    use super::*;

    const PLAIN: Look = Look { color: false, unicode: true, width: None };

    fn mk_purchase(problem: Option<Problem>) -> Purchase {
        let hop = Hop {
            page: Page::Checkout,
            method: "POST",
            path: "/cart/checkout".into(),
            status: Some(200),
            millis: 42,
            problem,
        };
        let receipt = Receipt { order: Some("6f0c".into()), total: Some("USD 28.98".into()) };
        let receipt = hop.problem.is_none().then_some(receipt);
        Purchase { way: "service-proxy", hops: vec![hop], receipt }
    }

    #[test]
    fn the_last_line_says_what_was_bought_for_how_much() {
        let line = last_line(&mk_purchase(None), None, PLAIN);
        assert_eq!(line, "bought \"Sunglasses\" for USD 28.98 in 42 ms, order 6f0c");
    }

    #[test]
    fn who_buys_by_url_is_told_the_url() {
        let url: ShopUrl = "http://shop.local".parse().unwrap();
        let line = last_line(&mk_purchase(None), Some(&url), PLAIN);
        assert_eq!(line, "bought \"Sunglasses\" at http://shop.local for USD 28.98 in 42 ms, order 6f0c");
    }

    #[test]
    fn a_hop_is_one_aligned_line() {
        let line = hop(&mk_purchase(None).hops[0], PLAIN);
        assert_eq!(line, "✔ checkout     POST /cart/checkout        200     42 ms");
    }

    #[test]
    fn a_failed_purchase_says_why() {
        let problem = Problem::Nobody { reason: "no endpoints available".into() };
        let line = last_line(&mk_purchase(Some(problem)), None, PLAIN);
        assert_eq!(line, "not bought: nobody answers for the shop: no endpoints available");
    }
}
