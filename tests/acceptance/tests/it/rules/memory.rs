//! Memory: leaks and what looks like one.

use boutique_core::monitoring::Windows;

use super::promtool::{Case, Line};
use super::shop::{LIMIT, Shop, mk_spec, pod};

const STEPS: u32 = 160;
const END: u32 = 159;
const GROUPS: [&str; 2] = ["boutique.resources", "boutique.alerts.containers"];
const ALERT: &str = "BoutiqueMemoryLeak";

pub(super) fn cases(windows: Windows) -> Vec<Case> {
    vec![
        leak(windows),
        warming_up(windows),
        cache_that_fills(windows),
        file_cache(windows),
        far_from_the_limit(windows),
        grows_too_slowly(windows),
        killed_and_started_again(windows),
        redis_fills(windows),
        no_limit(windows),
    ]
}

fn mk_case(windows: Windows, name: &str) -> (Shop<'static>, Case) {
    let shop = Shop::of(windows, STEPS);
    let case = Case::new(name, &mk_spec(windows)).only(&GROUPS).with([shop.cluster(), shop.containers()].concat());
    (shop, case)
}

/// The memory of a workload, in per cent of the limit.
fn memory(shop: &Shop<'_>, workload: &str, working_set: Line, rss: Line) -> [(String, Line); 2] {
    [(shop.container("memory_working_set_bytes", workload), working_set), (shop.container("memory_rss", workload), rss)]
}

const PER_CENT: f64 = LIMIT / 100.0;

/// One per cent at each step, from 20 %: 70 % after 50 steps, killed after 80.
fn growing() -> Line {
    Line::flat(20.0 * PER_CENT, 1).by(PER_CENT, 79).gone(STEPS - 80)
}

fn leak(windows: Windows) -> Case {
    let (shop, case) = mk_case(windows, "a container that grows alerts before it is killed");
    case.with(memory(&shop, "redis-cart", growing(), growing()))
        .never_fired(50, "")
        .fires(
            70,
            ALERT,
            r#"service="redis-cart",container="server",severity="warning",namespace="shop",stack="small""#,
        )
        .never_fired(END, r#"service!="redis-cart""#)
}

/// From 20 % to 88 % while it warms up, and then no more.
fn warming_up(windows: Windows) -> Case {
    let (shop, case) = mk_case(windows, "a container that warms up does not leak");
    let steps = match windows {
        Windows::Standard => 75,
        Windows::Lab => 15,
    };
    let warms = Line::flat(20.0 * PER_CENT, 1)
        .by(68.0 / f64::from(steps) * PER_CENT, steps)
        .at(88.0 * PER_CENT, STEPS - steps - 1);
    case.with(memory(&shop, "cartservice", warms.clone(), warms))
        .with([(shop.container("start_time_seconds", "cartservice"), Line::flat(0.0, STEPS))])
        .value(END, "boutique:memory:ratio", r#"service="cartservice""#, 0.88)
        .never_fired(END, "")
}

/// An old container that fills a cache within some steps: a line through it would meet the limit for an hour.
fn cache_that_fills(windows: Windows) -> Case {
    let (shop, case) = mk_case(windows, "a cache that fills and stops is no leak");
    let fills = Line::flat(50.0 * PER_CENT, 60).by(10.0 * PER_CENT, 3).at(80.0 * PER_CENT, STEPS - 63);
    case.with(memory(&shop, "adservice", fills.clone(), fills)).never_fired(END, "")
}

/// The kernel takes file cache back before it kills.
fn file_cache(windows: Windows) -> Case {
    let (shop, case) = mk_case(windows, "file cache that grows is no leak");
    let grows = Line::flat(20.0 * PER_CENT, 1).by(0.9 * PER_CENT, 80).at(92.0 * PER_CENT, STEPS - 81);
    case.with(memory(&shop, "adservice", grows, Line::flat(20.0 * PER_CENT, STEPS))).never_fired(END, "")
}

fn far_from_the_limit(windows: Windows) -> Case {
    let (shop, case) = mk_case(windows, "a container below 70 % has time");
    let grows = Line::flat(10.0 * PER_CENT, 1).by(0.75 * PER_CENT, 75).at(66.0 * PER_CENT, STEPS - 76);
    case.with(memory(&shop, "adservice", grows.clone(), grows)).never_fired(END, "")
}

/// It would take days.
fn grows_too_slowly(windows: Windows) -> Case {
    let (shop, case) = mk_case(windows, "a container that reaches its limit in days is no concern today");
    let grows = Line::flat(75.0 * PER_CENT, 1).by(0.001 * PER_CENT, STEPS - 1);
    case.with(memory(&shop, "adservice", grows.clone(), grows)).never_fired(END, "")
}

/// The container after a kill has a series of its own; what was before is not its growth.
fn killed_and_started_again(windows: Windows) -> Case {
    let (shop, case) = mk_case(windows, "after the kill the forecast begins anew");
    let [(working_set, _), (rss, _)] = memory(&shop, "redis-cart", Line::new(), Line::new());
    let next = |name: &str| name.replace("/kubepods/1", "/kubepods/2");
    let again = Line::new().unborn(81).at(20.0 * PER_CENT, 1).by(PER_CENT, 10).at(30.0 * PER_CENT, STEPS - 92);
    let started = shop.container("start_time_seconds", "redis-cart");
    case.with([(next(&working_set), again.clone()), (next(&rss), again), (working_set, growing()), (rss, growing())])
        .with([
            (next(&started), Line::new().unborn(81).at(f64::from(80 * shop.interval), STEPS - 81)),
            (started, Line::flat(-1e6, 80).gone(STEPS - 80)),
        ])
        .fires(75, ALERT, r#"service="redis-cart""#)
        .silent(82, ALERT, "")
        .silent(110, ALERT, "")
        .silent(END, ALERT, "")
}

fn redis_fills(windows: Windows) -> Case {
    let (shop, case) = mk_case(windows, "the carts fill their memory, slowly");
    let fills = Line::flat(60.0 * PER_CENT, 20).at(90.0 * PER_CENT, STEPS - 20);
    let full = Line::flat(90.0 * PER_CENT, STEPS);
    case.with(memory(&shop, "redis-cart", fills.clone(), fills))
        .with(memory(&shop, "cartservice", full.clone(), full))
        .value(END, "boutique:memory:ratio", r#"service="redis-cart""#, 0.9)
        .silent(21, "BoutiqueRedisMemory", "")
        .fires(END, "BoutiqueRedisMemory", r#"service="redis-cart",severity="critical""#)
        .never_fired(END, r#"service!="redis-cart""#)
        .never_fired(END, r#"alertname="BoutiqueMemoryLeak""#)
}

/// Requests stand in for CPU limits; memory without a limit has no ratio and no end.
fn no_limit(windows: Windows) -> Case {
    let (shop, case) = mk_case(windows, "a container without limits");
    let requests = shop.state(
        "kube_pod_container_resource_requests",
        &format!(r#"pod="{}",container="server",resource="cpu""#, pod("adservice")),
    );
    case.without(&["resource_limits", "adservice"])
        .with(memory(&shop, "adservice", growing(), growing()))
        .with([(requests, Line::flat(0.1, STEPS))])
        .value(END, "boutique:cpu:ratio", r#"service="adservice""#, 1.0)
        .value(70, "boutique:memory_working_set_bytes", r#"service="adservice""#, 90.0 * PER_CENT)
        .nothing(70, "boutique:memory:ratio", r#"service="adservice""#)
        .never_fired(END, "")
}
