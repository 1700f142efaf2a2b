//! Releases that Helm says are pending.

use std::{process::Command, time::Duration};

use serde_json::json;

use crate::harness::{Web, kill, lab, program};

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_at_work_is_left_alone_and_one_that_was_silent_for_long_is_not() {
    let web = Web::new("stranger").await;
    let mut stranger = Command::new(program());
    stranger.args(["upgrade", "--install", "web"]).arg(web.chart());
    stranger.args(["--set", "hook=hangs", "--namespace", web.namespace()]).env("KUBECONFIG", &lab().kubeconfig);
    let mut stranger =
        stranger.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    web.until("pending-install").await;
    let release = web.release(json!({}));
    let error = web.refused(&release).await;
    let said = error.to_string();
    assert!(
        said.contains("pending-install") && said.contains("helm") && said.contains("wait until it is done"),
        "{said}"
    );
    assert!(web.helm_process().is_some(), "it was left alone");

    // Killed, it leaves no evidence of that but time.
    kill(stranger.id());
    stranger.wait().unwrap();
    let error = web.refused(&release).await;
    assert!(error.to_string().contains("nothing shows that it was abandoned"), "{error}");
    assert_eq!(error.partial.unwrap().status.to_string(), "pending-install");

    let mut patient = web.release(json!({}));
    patient.unlock_after = Duration::from_secs(1);
    let applied = loop {
        match web.try_apply(&patient).await {
            Ok(applied) => break applied,
            Err(error) => assert!(error.to_string().contains("counts as abandoned after"), "{error}"),
        }
    };
    assert_eq!(applied.revision, 2);
    web.finish().await;
}
