//! `status -w`: the same picture again whenever something changes.

use std::time::Duration;

use boutique_cluster::connect::Cluster;
use boutique_cluster::edge;
use boutique_cluster::observe::{self, ShopWatch};
use boutique_cluster::storefront::Storefront;
use boutique_core::view::{FrontPage, RouteView, ShopView, StackView, view};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::{Seen, StatusArgs, detail, document, picture};
use crate::ctx::Ctx;
use crate::draw::tree::{Detail, shop};
use crate::error::{Error, Exit};
use crate::interrupt::interrupted;
use crate::output::Format;

/// How often the home page is asked for.
const FRONT_PAGE_EVERY: Duration = Duration::from_secs(3);

/// Drift and the ways in take several requests to read, so they are read less often: with every so many-th home page.
const STACK_EVERY: u32 = 5;

/// Changes come in bursts; a picture of each would only flicker.
const BURST: Duration = Duration::from_millis(200);

pub(super) async fn run(ctx: &Ctx, args: &StatusArgs, cluster: &Cluster, namespace: &str) -> Result<Exit, Error> {
    let storefront = Storefront::open(cluster, namespace).await?;
    let asked = Asked { front_page: None, stack: observe::stack(cluster, namespace).await?, routes: Vec::new() };
    let (asked_tx, mut asked_rx) = tokio::sync::watch::channel(asked);
    let asker = tokio::spawn(ask(cluster.clone(), namespace.to_owned(), storefront, asked_tx));
    let mut watch = ShopWatch::start(cluster, namespace);
    watch.changed().await?;

    let mut second = interval(Duration::from_secs(1));
    second.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let live = ctx.out.is_live() && matches!(args.output, Format::Table | Format::Wide);
    let mut last: Option<ShopView> = None;
    let mut settled: Option<Instant> = Some(Instant::now());
    let ended = loop {
        tokio::select! {
            () = interrupted() => break Exit::Interrupted,
            changed = watch.changed() => {
                changed?;
                settled.get_or_insert_with(|| Instant::now() + BURST);
                continue;
            }
            // The asker lives as long as this loop does.
            _ = asked_rx.changed() => {}
            () = sleep_until(settled.unwrap_or_else(Instant::now)), if settled.is_some() => settled = None,
            // Ages grow while nothing happens.
            _ = second.tick(), if live => {}
        }
        let mut objects = watch.objects();
        let Asked { front_page, stack, routes } = asked_rx.borrow().clone();
        (objects.front_page, objects.stack, objects.routes) = (front_page, stack, routes);
        let view = view(&objects, ctx.now());
        if live {
            ctx.out.frame(&fitting(ctx, args, &view))?;
        } else {
            append(ctx, args, last.as_ref(), &view)?;
            last = Some(view);
        }
    };
    asker.abort();
    Ok(ended)
}

/// What no watch tells and has to be asked for.
#[derive(Debug, Clone)]
struct Asked {
    front_page: Option<FrontPage>,
    stack: Option<StackView>,
    routes: Vec<RouteView>,
}

async fn ask(cluster: Cluster, namespace: String, storefront: Storefront, asked_tx: tokio::sync::watch::Sender<Asked>) {
    let mut every = interval(FRONT_PAGE_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asked = asked_tx.borrow().clone();
    for round in 1.. {
        every.tick().await;
        asked.front_page = Some(observe::front_page(&storefront).await);
        // A failure leaves what was known; the watches tell if the API server is gone.
        if round % STACK_EVERY == 0
            && let Ok(stack) = observe::stack(&cluster, &namespace).await
        {
            asked.stack = stack;
        }
        if round % STACK_EVERY == 1
            && let Ok(routes) = Box::pin(edge::look(&cluster, &namespace)).await
        {
            asked.routes = routes;
        }
        if asked_tx.send(asked.clone()).is_err() {
            return;
        }
    }
}

/// The picture, without the pods that are well where the terminal is too low for all.
fn fitting(ctx: &Ctx, args: &StatusArgs, view: &ShopView) -> String {
    let look = ctx.out.look;
    let whole = shop(view, detail(args), look);
    if whole.lines().count() <= ctx.out.height() {
        return whole;
    }
    shop(view, Detail { troubled_pods_only: true, ..detail(args) }, look)
}

/// Without a terminal: the first picture whole, then one line for each thing that became different.
fn append(ctx: &Ctx, args: &StatusArgs, last: Option<&ShopView>, now: &ShopView) -> Result<(), Error> {
    let seen = Seen { view: now.clone(), findings: Vec::new() };
    if matches!(args.output, Format::Json | Format::Yaml) {
        let news = last.is_none_or(|last| !news(last, now).is_empty());
        return if news { ctx.out.data(&document(&seen), args.output == Format::Yaml) } else { Ok(()) };
    }
    match last {
        None => ctx.out.result(&picture(ctx, args, &seen)),
        Some(last) => {
            let time = format!("{:.0}", ctx.now());
            let lines: String = news(last, now).iter().map(|line| format!("{time}  {line}\n")).collect();
            if lines.is_empty() { Ok(()) } else { ctx.out.result(&ctx.out.look.plain(&lines)) }
        }
    }
}

/// What differs between two views, without ages and times to answer.
fn news(last: &ShopView, now: &ShopView) -> Vec<String> {
    let mut lines = Vec::new();
    let answer = |view: &ShopView| view.edge.front_page.as_ref().map(|page| page.answer.clone());
    if answer(last) != answer(now) || last.edge.ready != now.edge.ready {
        let page = answer(now).unwrap_or_else(|| "not asked yet".to_owned());
        lines.push(format!("{} endpoints ready, GET / {page}", now.edge.ready));
    }
    for route in &now.edge.routes {
        let answer = |route: &RouteView| route.front_page.as_ref().map(|page| page.answer.clone());
        let before = last.edge.routes.iter().find(|known| known.url == route.url);
        if before.is_none_or(|before| answer(before) != answer(route)) {
            let page = answer(route).map_or_else(|| "not reached from here".to_owned(), |page| format!("GET / {page}"));
            lines.push(format!("{} {page}", route.url));
        }
    }
    for (before, after) in last.workloads.iter().zip(&now.workloads) {
        if (before.health, &before.word, before.ready, before.desired)
            != (after.health, &after.word, after.ready, after.desired)
        {
            lines.push(format!("{} {}/{} {}", after.service, after.ready, after.desired, after.word));
        }
        for pod in &after.pods {
            let known = before.pods.iter().find(|known| known.name == pod.name);
            if known.is_none_or(|known| (&known.word, known.restarts) != (&pod.word, pod.restarts)) {
                lines.push(format!("pod {} {}", pod.name, pod.word));
            }
        }
        let gone = before.pods.iter().filter(|pod| !after.pods.iter().any(|other| other.name == pod.name));
        lines.extend(gone.map(|pod| format!("pod {} gone", pod.name)));
    }
    if last.health != now.health {
        lines.push(format!("shop {}", now.health));
    }
    lines
}
