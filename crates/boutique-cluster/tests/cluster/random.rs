//! A rendered shop, and random patches by others. `BOUTIQUE_SEED` repeats a run, `BOUTIQUE_PATCHES` makes it longer.

use boutique_cluster::{
    applyset::{self, ApplyRequest},
    event::Events,
    request::ApiError,
};
use boutique_core::{
    diff::Drift,
    object::{Manifest, ObjectRef},
    render,
    spec::StackSpec,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

use crate::harness::{QUICK, Shop, VERSION, bounds, planned};

fn number(variable: &str, otherwise: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

async fn apply(shop: &Shop, manifests: &[Manifest]) {
    let mut request = ApplyRequest::new(shop.id.clone(), json!({}), manifests.to_vec(), VERSION);
    request.lease = QUICK;
    request.planned_drift = planned(&shop.read().await);
    applyset::apply(&shop.cluster, request, &bounds(), &Events::none()).await.unwrap_or_else(|error| panic!("{error}"));
}

/// JSON pointers of every scalar below a value.
fn leaves(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| {
            leaves(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| leaves(value, &format!("{at}/{index}"), found));
        }
        _ => found.push(at.to_owned()),
    }
}

fn applied_leaves(manifest: &Manifest) -> Vec<String> {
    let mut found = Vec::new();
    for part in ["/metadata/labels", "/metadata/annotations", "/spec", "/data", "/automountServiceAccountToken"] {
        if let Some(value) = manifest.get(part) {
            leaves(value, part, &mut found);
        }
    }
    found
}

/// Another value of the same kind, which the server is likely to accept.
fn another(value: &Value, random: &mut StdRng) -> Value {
    match value {
        Value::Bool(value) => json!(!value),
        Value::Number(number) => json!(number.as_i64().unwrap_or(0) + random.random_range(1..5)),
        Value::String(text) if text.ends_with("Mi") || text.ends_with('m') => {
            json!(format!("{}{text}", random.random_range(1..4)))
        }
        Value::String(text) => json!(format!("{text}-{}", random.random_range(0..1000))),
        other => other.clone(),
    }
}

async fn patch(shop: &Shop, manifest: &Manifest, op: Value, manager: &str) -> Result<Value, ApiError> {
    shop.cluster.json_patch(&manifest.reference(), manifest.kind(), None, &[op], manager).await
}

fn names_it(drift: &[Drift], object: &ObjectRef, manager: &str) -> bool {
    let written_by = |drift: &Drift| drift.writer.as_ref().map(|writer| writer.manager.clone());
    drift.iter().any(|drift| {
        // Nobody owns what is no longer there: a changed merge key removes one element and adds another.
        drift.object == *object && (written_by(drift).as_deref() == Some(manager) || drift.new.is_none())
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_random_patch_of_an_applied_path_is_seen_and_put_right_and_one_elsewhere_is_not() {
    let shop = Shop::new("random").await;
    let (seed, patches) = (number("BOUTIQUE_SEED", 3), number("BOUTIQUE_PATCHES", 12));
    let mut random = StdRng::seed_from_u64(seed);
    let rendered = render::stack(&StackSpec::new(shop.namespace(), "shop")).expect("the shop renders");
    let manifests = applyset::as_sent(&shop.id, &rendered);
    apply(&shop, &rendered).await;
    assert_eq!(shop.pending().await, Vec::<String>::new());

    let (mut seen, mut tried) = (0, 0);
    while seen < patches {
        tried += 1;
        assert!(tried < patches * 20, "the server refuses every patch (seed {seed})");
        let manifest = &manifests[random.random_range(0..manifests.len())];
        let leaves = applied_leaves(manifest);
        let pointer = &leaves[random.random_range(0..leaves.len())];
        let manager = format!("someone-{tried}");
        let context = format!("seed {seed}, {}: {pointer}", manifest.reference());
        let live = shop.live(manifest.kind(), manifest.name()).await.unwrap();
        let Some(value) = live.pointer(pointer) else { continue };
        let value = another(value, &mut random);
        let op = json!({"op": "replace", "path": pointer, "value": value});
        // Immutable fields and values that make no sense are the server's to refuse.
        if patch(&shop, manifest, op, &manager).await.is_err() {
            continue;
        }
        seen += 1;
        let reading = shop.read().await;
        assert!(
            names_it(&reading.drift, &manifest.reference(), &manager),
            "{context} = {value}: {:?}",
            reading.pending
        );
        apply(&shop, &rendered).await;
        assert_eq!(shop.pending().await, Vec::<String>::new(), "{context} was not put right");
    }

    for _ in 0..patches {
        let manifest = &manifests[random.random_range(0..manifests.len())];
        let name = format!("x{}", random.random_range(0..1_000_000));
        let mut places =
            vec![("/metadata/annotations", format!("other.example~1{name}")), ("/metadata/labels", name.clone())];
        if manifest.get("/spec/template").is_some() {
            places.push(("/spec/template/metadata/labels", name.clone()));
        }
        let (parent, name) = &places[random.random_range(0..places.len())];
        let live = shop.live(manifest.kind(), manifest.name()).await.unwrap();
        let op = match live.pointer(parent) {
            Some(_) => json!({"op": "add", "path": format!("{parent}/{name}"), "value": "theirs"}),
            None => json!({"op": "add", "path": parent, "value": {name.replace("~1", "/"): "theirs"}}),
        };
        patch(&shop, manifest, op, "someone").await.unwrap_or_else(|error| panic!("{error}"));
    }
    assert_eq!(shop.pending().await, Vec::<String>::new(), "seed {seed}");
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_shop_is_applied_in_few_requests() {
    let shop = Shop::new("whole").await;
    let rendered = render::stack(&StackSpec::new(shop.namespace(), "shop")).expect("the shop renders");
    let (before, began) = (shop.cluster.requests(), std::time::Instant::now());
    apply(&shop, &rendered).await;
    let (sent, took) = (shop.cluster.requests() - before, began.elapsed());
    // A read of nothing, the namespace, the rights, the lease (3), the records, the kinds, the inventory (2), the revision.
    let others = sent - rendered.len() as u64;
    println!("{} objects in {took:?} with {others} requests beside theirs", rendered.len());
    assert!(others <= 20, "{others} requests beside those of the objects");
    shop.finish().await;
}
