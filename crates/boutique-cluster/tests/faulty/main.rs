//! The engine against an API server that misbehaves in scripted ways.

mod server;

use std::time::Duration;

use boutique_cluster::{
    request::Failure,
    watch::{Follow, Followed},
};
use boutique_core::object::{Kind, Manifest, ObjectRef};
use serde_json::json;
use server::{Answer, Server};

fn pod(name: &str, version: u32) -> serde_json::Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata":
        {"name": name, "namespace": "shop", "resourceVersion": version.to_string()}})
}

fn ok(body: &serde_json::Value) -> Answer {
    Answer::Say("200 OK", body.to_string())
}

fn list(version: u32, items: &[serde_json::Value]) -> Answer {
    ok(&json!({"kind": "PodList", "metadata": {"resourceVersion": version.to_string()}, "items": items}))
}

fn manifest() -> Manifest {
    Manifest::new(Kind::CONFIG_MAP, "shop", "settings", json!({}))
}

#[tokio::test]
async fn a_server_that_is_busy_is_asked_again() {
    let busy = Answer::Say("429 Too Many Requests\r\nretry-after: 0", String::new());
    let server = Server::start([busy.clone(), busy, ok(&pod("a", 1))]).await;
    let found = server.connect().await.get(Kind::POD, Some("shop"), "a").await.unwrap();
    assert!(found.is_some());
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn an_apply_whose_answer_was_lost_is_sent_again() {
    let server = Server::start([Answer::HangUp, ok(&json!({"kind": "ConfigMap"}))]).await;
    server.connect().await.server_side_apply(&manifest(), "boutique-provider", false).await.unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_create_that_failed_inside_the_server_is_not_sent_again() {
    let server = Server::start([]).await;
    let error = server.connect().await.create(&manifest(), "boutique-provider").await.unwrap_err();
    assert_eq!(error.refusal().map(|refusal| refusal.code), Some(500));
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn a_server_that_never_answers_is_named_when_the_time_is_over() {
    let server = Server::start([Answer::Silence]).await;
    let error = server.connect().await.get(Kind::POD, Some("shop"), "a").await.unwrap_err();
    assert!(matches!(error.failure, Failure::Timeout { .. }), "{error}");
    assert!(error.to_string().contains(&server.url), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_told_as_such() {
    let server = Server::start([Answer::Say("200 OK", "<html>log in</html>".into())]).await;
    let error = server.connect().await.get(Kind::POD, Some("shop"), "a").await.unwrap_err();
    assert!(error.to_string().contains("check that the URL is that of a Kubernetes API server"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_not_taken_for_an_empty_one() {
    let server = Server::start([ok(&json!({"status": "ok"})), ok(&json!({"kind": "PodList", "items": null}))]).await;
    let cluster = server.connect().await;
    let error = cluster.list(Kind::POD, Some("shop"), "").await.unwrap_err();
    assert!(error.to_string().contains("the answer is no list"), "{error}");
    assert_eq!(cluster.list(Kind::POD, Some("shop"), "").await.unwrap().items.len(), 0);
}

#[tokio::test]
async fn a_long_list_is_read_to_its_end() {
    let first = ok(&json!({"metadata": {"continue": "more", "resourceVersion": "5"}, "items": [pod("a", 1)]}));
    let server = Server::start([first, list(5, &[pod("b", 2)])]).await;
    let found = server.connect().await.list(Kind::POD, Some("shop"), "app=x").await.unwrap();
    assert_eq!(found.items.len(), 2);
    assert!(server.asked()[1].ends_with("&continue=more"), "{:?}", server.asked());
}

#[tokio::test]
async fn a_watch_goes_on_where_it_broke_and_lists_again_when_the_past_is_forgotten() {
    let event = |kind: &str, object: &serde_json::Value| json!({"type": kind, "object": object}).to_string();
    let gone = json!({"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"});
    let server = Server::start([
        list(5, &[pod("a", 1)]),
        Answer::Stream(vec![event("ADDED", &pod("b", 6)), event("BOOKMARK", &pod("", 9)), r#"{"type": "MODI"#.into()]),
        Answer::Stream(vec![event("DELETED", &pod("a", 10)), event("ERROR", &gone)]),
        list(20, &[pod("c", 20)]),
        Answer::Silence,
    ])
    .await;
    let mut followed = Followed::start(&server.connect().await, "shop", vec![Follow::labelled(Kind::POD, "")]);
    let c = ObjectRef::new(Kind::POD, "shop", "c");
    tokio::time::timeout(Duration::from_secs(10), async {
        while followed.get(&c).is_none() {
            followed.changed().await.unwrap();
        }
    })
    .await
    .expect("the watch comes through");
    let names: Vec<String> = followed.objects().map(|(object, _)| object.name.clone()).collect();
    assert_eq!(names, ["c"]);
    let asked = server.asked();
    assert!(asked[1].contains("resourceVersion=5") && asked[2].contains("resourceVersion=9"), "{asked:?}");
    assert!(!asked[3].contains("watch=true"), "{asked:?}");
}

#[tokio::test]
async fn what_may_not_be_watched_and_is_optional_is_done_without() {
    let forbidden = json!({"kind": "Status", "code": 403, "reason": "Forbidden", "message": "user cannot list pods"});
    let server = Server::start([Answer::Say("403 Forbidden", forbidden.to_string())]).await;
    let mut follow = Follow::labelled(Kind::POD, "");
    follow.optional = true;
    let mut followed = Followed::start(&server.connect().await, "shop", vec![follow]);
    followed.changed().await.unwrap();
    assert_eq!(followed.denied(), [Kind::POD]);
}
