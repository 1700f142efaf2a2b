//! The calls without a wire: what Terraform would have to misbehave to bring about.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::codec::to_msgpack;
use crate::resource::{Answer, Context, Create, Outcome, Resource, Update};
use crate::{Configure, Dynamic, Model, NoConfig, Registered, Value};

#[derive(Clone, Debug, Model)]
struct Thing {
    #[attr(required, requires_replace)]
    name: Value<String>,
    #[attr(computed)]
    id: Value<String>,
}

struct Things;

impl Resource for Things {
    type Model = Thing;
    type Data = ();
    const TYPE: &'static str = "test_thing";

    async fn create(&self, _: &Context<Self>, Create { mut plan, .. }: Create<Thing>) -> Outcome<Thing> {
        plan.id.decide("made".to_owned());
        Ok(plan.into())
    }

    async fn read(&self, _: &Context<Self>, thing: Thing) -> Outcome<Thing, Option<Thing>> {
        Ok(Some(thing).into())
    }

    async fn update(&self, _: &Context<Self>, Update { mut plan, .. }: Update<Thing>) -> Outcome<Thing> {
        plan.id.decide("changed".to_owned());
        Ok(plan.into())
    }

    async fn delete(&self, _: &Context<Self>, _: Thing) -> Outcome<Thing, ()> {
        Ok(().into())
    }
}

/// The same under a name that is no name of this provider's.
struct Strangers;

impl Resource for Strangers {
    type Model = Thing;
    type Data = ();
    const TYPE: &'static str = "stranger";

    async fn create(&self, _: &Context<Self>, Create { plan, .. }: Create<Thing>) -> Outcome<Thing> {
        Ok(plan.into())
    }

    async fn read(&self, _: &Context<Self>, thing: Thing) -> Outcome<Thing, Option<Thing>> {
        Ok(Some(thing).into())
    }

    async fn update(&self, _: &Context<Self>, Update { plan, .. }: Update<Thing>) -> Outcome<Thing> {
        Ok(plan.into())
    }

    async fn delete(&self, _: &Context<Self>, _: Thing) -> Outcome<Thing, ()> {
        Ok(().into())
    }
}

struct Test {
    with_mistakes: bool,
}

impl Provider for Test {
    type Config = NoConfig;
    type Data = ();
    const ADDRESS: &'static str = "registry.terraform.io/example/test";

    fn resources(&self) -> Vec<Registered<()>> {
        if self.with_mistakes {
            return vec![Registered::resource(Things), Registered::resource(Things), Registered::resource(Strangers)];
        }
        vec![Registered::resource(Things)]
    }

    async fn configure(&self, _: Configure<NoConfig>) -> Result<Answer<()>, Diagnostics> {
        Ok(().into())
    }
}

fn server() -> Arc<Server<Test>> {
    Arc::new(Server::new(Test { with_mistakes: false }))
}

async fn configured() -> Arc<Server<Test>> {
    let server = server();
    let config = RawValue { msgpack: vec![0x80], json: Vec::new() };
    let request = ConfigureRequest { config, terraform_version: "1.11.4".to_owned() };
    assert!(server.configure_provider(request).await.is_empty());
    server
}

fn raw(value: &Dynamic) -> RawValue {
    RawValue { msgpack: to_msgpack(value, &Thing::block().ty()).unwrap(), json: Vec::new() }
}

fn thing(name: Dynamic, id: Dynamic) -> Dynamic {
    Dynamic::map([("name", name), ("id", id)])
}

fn summaries(diagnostics: &Diagnostics) -> Vec<&str> {
    diagnostics.iter().map(|diagnostic| diagnostic.summary.as_str()).collect()
}

#[test]
fn mistakes_in_schemas_are_told_with_them() {
    let said = check(Test { with_mistakes: true });
    assert_eq!(summaries(&said), ["Duplicate resource type", "Invalid resource type name"]);
    assert!(check(Test { with_mistakes: false }).is_empty());
}

#[tokio::test]
async fn nothing_happens_without_a_configured_provider() {
    let value = raw(&thing("x".into(), Dynamic::Null));
    let request = PlanRequest {
        type_name: "test_thing".to_owned(),
        prior_state: RawValue::default(),
        proposed_new_state: value.clone(),
        config: value,
        prior_private: b"{}".to_vec(),
    };
    let answer = server().plan_resource_change(request).await;
    assert_eq!(summaries(&answer.diagnostics), ["The provider is not configured"]);
    assert_eq!(answer.planned_private, b"{}");
}

#[tokio::test]
async fn an_unknown_type_is_named() {
    let request = ImportRequest { type_name: "test_other".to_owned(), id: "x".to_owned() };
    let answer = configured().await.import_resource_state(request).await;
    assert_eq!(summaries(&answer.diagnostics), ["Unknown resource type"]);
    let request = ImportRequest { type_name: "test_thing".to_owned(), id: "x".to_owned() };
    let answer = configured().await.import_resource_state(request).await;
    assert_eq!(summaries(&answer.diagnostics), ["test_thing cannot be imported"]);
}

#[tokio::test]
async fn private_data_comes_through_both_plans_of_a_replacement_and_through_apply() {
    let server = configured().await;
    let plan = |prior_state, prior_private| {
        let value = raw(&thing("y".into(), Dynamic::Null));
        let type_name = "test_thing".to_owned();
        PlanRequest { type_name, prior_state, proposed_new_state: value.clone(), config: value, prior_private }
    };
    let prior = raw(&thing("x".into(), "i".into()));
    let private = br#"{"uid":"u"}"#.to_vec();
    let first = server.clone().plan_resource_change(plan(prior.clone(), private.clone())).await;
    assert_eq!(first.requires_replace, [crate::Path::attribute("name")]);
    let second = server.clone().plan_resource_change(plan(RawValue::default(), first.planned_private)).await;
    assert_eq!(second.planned_private, private, "the delete is given what the second plan answers");
    let request = ApplyRequest {
        type_name: "test_thing".to_owned(),
        prior_state: RawValue::default(),
        planned_state: RawValue { msgpack: second.planned_state.unwrap(), json: Vec::new() },
        config: raw(&thing("y".into(), Dynamic::Null)),
        planned_private: private.clone(),
    };
    let applied = server.apply_resource_change(request).await;
    assert!(applied.diagnostics.is_empty());
    assert_eq!(applied.state.unwrap(), raw(&thing("y".into(), "made".into())).msgpack);
    assert_eq!(applied.private, private);
}

#[tokio::test]
async fn stored_state_is_read_leniently_and_answered_strictly() {
    let upgrade = |version, json: &str| {
        let request = UpgradeRequest { type_name: "test_thing".to_owned(), version, json: json.as_bytes().to_vec() };
        server().upgrade_resource_state(&request)
    };
    let answer = upgrade(0, " {\n \"name\": \"x\", \"gone\": 1 }");
    assert_eq!(answer.state.unwrap(), raw(&thing("x".into(), Dynamic::Null)).msgpack);
    assert_eq!(summaries(&upgrade(3, "{}").diagnostics), ["State of a newer provider"]);
    assert_eq!(summaries(&upgrade(0, "").diagnostics), ["State of an ancient Terraform"]);
    assert_eq!(summaries(&upgrade(0, "{").diagnostics), ["The stored state does not read"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_arrives_is_answered(
        bytes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..24), 4),
        type_name in prop_oneof![Just("test_thing".to_owned()), ".{0,8}"],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let value = |i: usize| RawValue { msgpack: bytes[i].clone(), json: Vec::new() };
        runtime.block_on(async {
            let server = configured().await;
            let _ = server.validate_resource_config(&ValidateResourceRequest {
                type_name: type_name.clone(),
                config: value(0),
                write_only_allowed: true,
            });
            let _ = server.upgrade_resource_state(&UpgradeRequest {
                type_name: type_name.clone(),
                version: 0,
                json: bytes[0].clone(),
            });
            server
                .clone()
                .plan_resource_change(PlanRequest {
                    type_name: type_name.clone(),
                    prior_state: value(0),
                    proposed_new_state: value(1),
                    config: value(2),
                    prior_private: bytes[3].clone(),
                })
                .await;
            server
                .clone()
                .apply_resource_change(ApplyRequest {
                    type_name: type_name.clone(),
                    prior_state: value(0),
                    planned_state: value(1),
                    config: value(2),
                    planned_private: bytes[3].clone(),
                })
                .await;
            server
                .read_resource(ReadRequest { type_name: type_name.clone(), state: value(0), private: bytes[3].clone() })
                .await;
        });
    }
}
