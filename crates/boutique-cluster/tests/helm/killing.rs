//! helm killed, we killed, both killed: the next apply goes on.

use std::{process::Command, sync::Arc, time::Duration};

use boutique_cluster::{
    bounds::Bounds,
    event::Events,
    helm::{self, Cause, Release, ReleaseStatus},
};
use boutique_core::object::Kind;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::harness::{Web, bounds, kill};

fn hanging(web: &Web) -> Release {
    web.release(json!({"hook": "hangs"}))
}

type Applying = tokio::task::JoinHandle<Result<helm::Applied, Box<helm::ApplyError>>>;

/// Begins an apply that hangs in a hook.
fn begin(web: &Arc<Web>, bounds: Bounds) -> Applying {
    begin_with(web, hanging(web), bounds)
}

fn begin_with(web: &Arc<Web>, release: Release, bounds: Bounds) -> Applying {
    let web = Arc::clone(web);
    tokio::spawn(async move { helm::apply(&web.helm, &web.cluster, &release, &bounds, &Events::none()).await })
}

async fn recovered(web: &Web, revision: u64) {
    let applied = web.apply(json!({"text": "after"})).await;
    assert_eq!((applied.revision, applied.status), (revision, ReleaseStatus::Deployed));
    assert_eq!(web.drift().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_killed_in_install_and_in_upgrade_is_told_and_the_next_apply_recovers() {
    let web = Arc::new(Web::new("kill-helm").await);
    for (pending, revision) in [("pending-install", 1), ("pending-upgrade", 3)] {
        let applying = begin(&web, bounds());
        web.until(pending).await;
        kill(web.helm_process().expect("helm is at work"));
        let error = applying.await.unwrap().unwrap_err();
        assert!(error.to_string().contains("killed by signal 9"), "{error}");
        let partial = error.partial.expect("the release exists");
        assert_eq!((partial.revision, partial.status), (revision, ReleaseStatus::Failed));
        recovered(&web, revision + 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_killed_upgrades_had_made_goes_when_it_is_wanted_no_more() {
    let web = Arc::new(Web::new("orphan").await);
    web.write(
        "templates/extra.yaml",
        "{{ if .Values.extra }}apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\n{{ end }}",
    );
    web.apply(json!({})).await;
    // Two, so that the one which made it is not the newest any more.
    for (extra, hook_at) in [(true, "post-upgrade"), (false, "pre-upgrade")] {
        let cancel = CancellationToken::new();
        let late = web.release(json!({"extra": extra, "hook": "hangs", "hookAt": hook_at}));
        let applying = begin_with(&web, late, Bounds { cancel: cancel.clone(), ..bounds() });
        web.until("pending-upgrade").await;
        web.until_live(Kind::JOB, "web-hook").await;
        cancel.cancel();
        let error = applying.await.unwrap().unwrap_err();
        assert_eq!(error.partial.as_ref().map(|partial| partial.status), Some(ReleaseStatus::Failed), "{error}");
        assert!(web.live(Kind::CONFIG_MAP, "extra").await.is_some());
    }
    web.apply(json!({})).await;
    assert!(web.live(Kind::CONFIG_MAP, "extra").await.is_none());
    assert!(web.live(Kind::JOB, "web-hook").await.is_none(), "nor is a hook left that nobody wants any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uninstall_takes_the_hooks_along() {
    let web = Web::new("hooks").await;
    web.refused(&web.release(json!({"hook": "fails"}))).await;
    assert!(web.live(Kind::JOB, "web-hook").await.is_some());
    web.uninstall().await;
    assert!(web.live(Kind::JOB, "web-hook").await.is_none());
    web.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_ends_when_the_apply_is_called_off() {
    let web = Arc::new(Web::new("cancel").await);
    let cancel = CancellationToken::new();
    let applying = begin(&web, Bounds { cancel: cancel.clone(), ..bounds() });
    web.until("pending-install").await;
    cancel.cancel();
    let error =
        tokio::time::timeout(Duration::from_secs(30), applying).await.expect("it comes back").unwrap().unwrap_err();
    assert!(matches!(error.cause, Cause::Interrupted(_)), "{error}");
    assert_eq!(web.helm_process(), None);
    assert_eq!(error.partial.expect("the release exists").status, ReleaseStatus::Failed);
    recovered(&web, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn helm_ends_when_nobody_waits_for_the_apply_any_more() {
    let web = Arc::new(Web::new("drop").await);
    let applying = begin(&web, bounds());
    web.until("pending-install").await;
    applying.abort();
    web.until_helm_is_gone().await;
    recovered(&web, 2).await;
}

/// Not a test of its own: what the next one runs in another process, and kills.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by we_killed_takes_helm_with_us_and_the_next_apply_recovers as another process"]
async fn an_apply_to_be_killed() {
    let Ok(id) = std::env::var("BOUTIQUE_TEST_RELEASE") else { return };
    let mut web = Web::without_namespace("unused").await;
    web.id = id.parse().expect("a release");
    let chart = std::env::var("BOUTIQUE_TEST_CHART").expect("a chart");
    let mut release = hanging(&web);
    release.chart = helm::ChartSource::Path(chart.into());
    drop(helm::apply(&web.helm, &web.cluster, &release, &bounds(), &Events::none()).await);
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn we_killed_takes_helm_with_us_and_the_next_apply_recovers() {
    let web = Web::new("kill-us").await;
    for (pending, both, revision) in [("pending-install", false, 2), ("pending-upgrade", true, 4)] {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "killing::an_apply_to_be_killed", "--ignored"]);
        child.env("BOUTIQUE_TEST_RELEASE", web.id.to_string()).env("BOUTIQUE_TEST_CHART", web.chart());
        let mut child = child.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
        web.until(pending).await;
        if both {
            kill(web.helm_process().expect("helm is at work"));
        }
        kill(child.id());
        child.wait().unwrap();
        web.until_helm_is_gone().await;
        recovered(&web, revision).await;
    }
    web.finish().await;
}
