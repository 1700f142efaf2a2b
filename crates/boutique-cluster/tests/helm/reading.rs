//! A release is gone only when the API server says so.

use boutique_cluster::helm::{self, ReleaseId};
use serde_json::json;

use crate::server::{Answer, Server};

async fn read(answers: impl IntoIterator<Item = Answer>) -> Result<bool, String> {
    let server = Server::start(answers).await;
    let id = ReleaseId::new("shop", "web");
    let reading = helm::read(&server.connect().await, &id).await;
    reading.map(|reading| reading.is_some()).map_err(|error| error.to_string())
}

fn status(code: u16, reason: &str) -> String {
    json!({"kind": "Status", "code": code, "reason": reason, "message": reason}).to_string()
}

#[tokio::test]
async fn refusals_failures_and_silence_are_errors_and_never_an_absence() {
    let says = |line: &'static str, code, reason: &str| Answer::Say(line, status(code, reason));
    let refused = says("401 Unauthorized", 401, "Unauthorized");
    let error = read([refused.clone(), refused]).await.unwrap_err();
    assert!(error.contains("Unauthorized"), "{error}");
    let forbidden = says("403 Forbidden", 403, "Forbidden");
    assert!(read([forbidden.clone(), forbidden]).await.is_err());
    assert!(read([]).await.is_err(), "500 to everything");
    assert!(read([Answer::Silence, Answer::Silence]).await.unwrap_err().contains("no answer"));
    let html = Answer::Say("200 OK", "<html>log in</html>".into());
    assert!(read([html.clone(), html]).await.is_err());
    let other = Answer::Say("200 OK", json!({"kind": "Status"}).to_string());
    assert!(read([other.clone(), other]).await.is_err(), "an answer that is no list");
}

#[tokio::test]
async fn an_empty_list_is_an_absence() {
    let list =
        Answer::Say("200 OK", json!({"kind": "PartialObjectMetadataList", "metadata": {}, "items": []}).to_string());
    // Both requests run at the same time, so either may come first; a list is no ConfigMap of ours either.
    assert_eq!(read([list.clone(), list]).await, Ok(false));
}
