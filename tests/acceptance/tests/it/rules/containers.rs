//! Containers: kills for want of memory, crashes, images, throttling.

use boutique_core::monitoring::Windows;

use super::promtool::{Case, Line};
use super::shop::{Shop, mk_spec, pod};

const GROUPS: [&str; 2] = ["boutique.resources", "boutique.alerts.containers"];
const STEPS: u32 = 80;
const END: u32 = 79;
const WELL: u32 = 20;

pub(super) fn cases(windows: Windows) -> Vec<Case> {
    vec![
        killed(windows),
        killed_soon_after_the_start(windows),
        killed_before_the_first_scrape(windows),
        restarted_for_another_reason(windows),
        killed_long_ago(windows),
        kube_state_metrics_replaced(windows),
        crash_looping(windows),
        one_crash(windows),
        image_cannot_be_pulled(windows),
        throttled(windows),
    ]
}

/// A series of cartservice's container.
fn of_cart(shop: &Shop<'_>, metric: &str, own: &str) -> String {
    shop.state(metric, &format!(r#"pod="{}",container="server"{own}"#, pod("cartservice")))
}

fn restarts(shop: &Shop<'_>, line: Line) -> (String, Line) {
    (of_cart(shop, "kube_pod_container_status_restarts_total", ""), line)
}

fn last_reason(shop: &Shop<'_>, reason: &str, line: Line) -> (String, Line) {
    let own = format!(r#",reason="{reason}""#);
    (of_cart(shop, "kube_pod_container_status_last_terminated_reason", &own), line)
}

fn created(shop: &Shop<'_>, step: u32) -> (String, Line) {
    let name = shop.state("kube_pod_created", &format!(r#"pod="{}""#, pod("cartservice")));
    (name, Line::new().unborn(step).at(f64::from(step * shop.interval), STEPS - step))
}

const KILLED: &str = r#"service="cartservice",container="server",severity="critical",namespace="shop",stack="small""#;

fn killed(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("a container is killed for want of memory", &mk_spec(windows))
        .only(&GROUPS)
        .with([shop.cluster(), shop.containers()].concat())
        .with([
            restarts(&shop, Line::flat(4.0, WELL).at(5.0, STEPS - WELL)),
            last_reason(&shop, "OOMKilled", Line::new().unborn(WELL).at(1.0, STEPS - WELL)),
        ])
        .silent(WELL - 1, "BoutiqueOOMKilled", "")
        // At the first evaluation after the scrape.
        .fires(WELL, "BoutiqueOOMKilled", KILLED)
        // The reason stays for weeks, the alert does not.
        .silent(END, "BoutiqueOOMKilled", "")
        .never_fired(END, r#"alertname!="BoutiqueOOMKilled""#)
        .value(WELL + 1, "boutique:restarts:increase", r#"service="cartservice""#, 1.0)
}

fn killed_soon_after_the_start(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("a container is killed soon after its pod was made", &mk_spec(windows))
        .only(&GROUPS)
        .with([shop.cluster(), shop.containers()].concat())
        .with([
            created(&shop, WELL),
            restarts(&shop, Line::new().unborn(WELL).at(0.0, 1).at(1.0, STEPS - WELL - 1)),
            last_reason(&shop, "OOMKilled", Line::new().unborn(WELL + 1).at(1.0, STEPS - WELL - 1)),
        ])
        .silent(WELL, "BoutiqueOOMKilled", "")
        .fires(WELL + 1, "BoutiqueOOMKilled", KILLED)
        .silent(END, "BoutiqueOOMKilled", "")
}

/// The counter's first sample is 1 already: it never rises.
fn killed_before_the_first_scrape(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("a container is killed before its pod is seen for the first time", &mk_spec(windows))
        .only(&GROUPS)
        .with([shop.cluster(), shop.containers()].concat())
        .with([
            created(&shop, WELL),
            restarts(&shop, Line::new().unborn(WELL + 1).at(1.0, STEPS - WELL - 1)),
            last_reason(&shop, "OOMKilled", Line::new().unborn(WELL + 1).at(1.0, STEPS - WELL - 1)),
        ])
        .fires(WELL + 1, "BoutiqueOOMKilled", KILLED)
        .value(WELL + 2, "boutique:restarts:increase", r#"service="cartservice""#, 1.0)
        .silent(END, "BoutiqueOOMKilled", "")
}

/// 137 is what Python and Node services of this shop end with at each stop.
fn restarted_for_another_reason(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("a restart with 137 that was no want of memory", &mk_spec(windows))
        .only(&GROUPS)
        .with([shop.cluster(), shop.containers()].concat())
        .with([
            restarts(&shop, Line::flat(0.0, WELL).by(1.0, 4).at(4.0, STEPS - WELL - 4)),
            last_reason(&shop, "Error", Line::new().unborn(WELL).at(1.0, STEPS - WELL)),
            (of_cart(&shop, "kube_pod_container_status_last_terminated_exitcode", ""), Line::flat(137.0, STEPS)),
        ])
        .value(WELL + 4, "boutique:restarts:increase", r#"service="cartservice""#, 4.0)
        .never_fired(END, "")
}

fn killed_long_ago(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    Case::new("a kill of last week is history", &mk_spec(windows))
        .only(&GROUPS)
        .with([shop.cluster(), shop.containers()].concat())
        .with([restarts(&shop, Line::flat(7.0, STEPS)), last_reason(&shop, "OOMKilled", Line::flat(1.0, STEPS))])
        .never_fired(END, "")
}

/// Another pod of it is another instance: every series ends and begins.
fn kube_state_metrics_replaced(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let moved = |(name, _): (String, Line), value: f64| {
        let next = name.replace("10.0.0.9", "10.0.0.10");
        [(name, Line::flat(value, 40).gone(STEPS - 40)), (next, Line::new().unborn(40).at(value, STEPS - 40))]
    };
    Case::new("kube-state-metrics in another pod restarts nobody", &mk_spec(windows))
        .only(&GROUPS)
        .with([shop.cluster(), shop.containers()].concat())
        .with(moved(restarts(&shop, Line::new()), 7.0))
        .with(moved(last_reason(&shop, "OOMKilled", Line::new()), 1.0))
        .never_fired(END, "")
}

fn waiting(shop: &Shop<'_>, kind: &str, reason: &str, line: Line) -> (String, Line) {
    let own = format!(r#",reason="{reason}""#);
    (of_cart(shop, &format!("kube_pod_{kind}_status_waiting_reason"), &own), line)
}

fn crash_looping(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    // Between two waits it runs for a moment.
    let mut line = Line::new().unborn(WELL);
    for _ in 0..20 {
        line = line.at(1.0, 2).gone(1);
    }
    Case::new("a container crashes again and again", &mk_spec(windows))
        .only(&GROUPS)
        .with([shop.cluster(), shop.containers()].concat())
        .with([waiting(&shop, "container", "CrashLoopBackOff", line)])
        .silent(WELL + 1, "BoutiqueCrashLooping", "")
        .fires(WELL + 55, "BoutiqueCrashLooping", r#"service="cartservice",container="server",severity="critical""#)
}

fn one_crash(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let steps = match windows {
        Windows::Standard => 2,
        Windows::Lab => 1,
    };
    let once = Line::new().unborn(WELL).at(1.0, steps).gone(STEPS - WELL - steps);
    Case::new("one crash that passes is no loop", &mk_spec(windows))
        .only(&GROUPS)
        .with([shop.cluster(), shop.containers()].concat())
        .with([waiting(&shop, "container", "CrashLoopBackOff", once)])
        .never_fired(END, "")
}

fn image_cannot_be_pulled(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    // The two reasons take turns.
    let (mut tries, mut waits) = (Line::new().unborn(WELL), Line::new().unborn(WELL));
    for _ in 0..15 {
        tries = tries.at(1.0, 1).gone(3);
        waits = waits.unborn(1).at(1.0, 2).gone(1);
    }
    Case::new("images of containers and init containers cannot be pulled", &mk_spec(windows))
        .only(&GROUPS)
        .with([shop.cluster(), shop.containers()].concat())
        .with([
            waiting(&shop, "container", "ErrImagePull", tries),
            waiting(&shop, "container", "ImagePullBackOff", waits),
        ])
        .with([(
            shop.state(
                "kube_pod_init_container_status_waiting_reason",
                &format!(r#"pod="{}",container="wait",reason="InvalidImageName""#, pod("loadgenerator")),
            ),
            Line::flat(1.0, STEPS),
        )])
        .silent(WELL, "BoutiqueImagePull", r#"service="cartservice""#)
        .fires(END - 1, "BoutiqueImagePull", r#"service="cartservice",container="server",severity="warning""#)
        .fires(END - 1, "BoutiqueImagePull", r#"service="loadgenerator",container="wait""#)
}

fn throttled(windows: Windows) -> Case {
    let shop = Shop::of(windows, STEPS);
    let held = Line::counter(10.0, WELL).by(60.0, STEPS - WELL);
    Case::new("a service is held back by its limit", &mk_spec(windows))
        .only(&GROUPS)
        .with([shop.cluster(), shop.containers()].concat())
        .with([(shop.container("cpu_cfs_throttled_periods_total", "currencyservice"), held)])
        .value(END, "boutique:cpu_throttled:ratio", r#"service="currencyservice""#, 0.6)
        .silent(WELL + 5, "BoutiqueCPUThrottling", "")
        .fires(END, "BoutiqueCPUThrottling", r#"service="currencyservice",severity="warning""#)
        .never_fired(END, r#"service!="currencyservice""#)
}
