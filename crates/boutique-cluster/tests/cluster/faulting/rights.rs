//! Each kind of fault under a user who has exactly the rights that it names, and under one who has one of them less.

use boutique_cluster::{
    access,
    fault::{self, BeginError},
};
use boutique_core::fault::{FaultType, Need, needs, role};

use super::*;
use crate::harness::cluster_as;

/// What the API server says of simulated nodes.
const NO_RESIZE: &str = "node without support for resize";

const BOUND: Duration = Duration::from_secs(120);

/// Rights that only what goes on while a fault lasts, and the measuring, make use of.
fn is_for_later(kind: &dyn FaultType, need: &Need) -> bool {
    // The limit is lowered while the fault lasts, step by step.
    let squeezes = kind.name() == "oom" && need.resource == "pods/resize";
    squeezes
        || ["services/proxy", "pods/portforward", "pods/proxy", "events"].contains(&need.resource)
        || need.verb == "watch"
}

/// Whom the fault hits.
fn target(kind: &dyn FaultType) -> Service {
    if kind.name() == "latency" {
        // The others need a proxy, whose image no simulated node has.
        return Service::Productcatalogservice;
    }
    let candidates = [Service::Cartservice, Service::Frontend, Service::RedisCart, Service::Productcatalogservice];
    candidates.into_iter().find(|service| kind.unfit(*service).is_none()).expect("the kind fits something")
}

/// A shop with everything that any kind of fault asks for.
async fn complete(kind: &dyn FaultType) -> Shop {
    let mut shop = Shop::new(&format!("role-{}", kind.name())).await;
    shop.replicas.insert("redis-cart", 1);
    shop.replicas.insert("productcatalogservice", 1);
    let mut request = shop.request();
    for manifest in &mut request.manifests {
        let name = manifest.name().to_owned();
        let container = manifest.get_mut("/spec/template/spec/containers/0");
        if let Some(container) = container {
            container["resources"]["limits"]["cpu"] = json!("2");
            let calls = match name.as_str() {
                "frontend" => Some(("CART_SERVICE_ADDR", "cartservice:7070")),
                "cartservice" => Some(("REDIS_ADDR", "redis-cart:6379")),
                _ => None,
            };
            if let Some((variable, address)) = calls {
                let env = container["env"].as_array_mut().expect("is a list");
                env.push(json!({"name": variable, "value": address}));
            }
        }
    }
    shop.try_apply(request).await.unwrap_or_else(|error| panic!("apply: {error}"));
    until_running(&shop).await;
    shop
}

/// The cluster as a user with the role of a kind, without one right or with all.
async fn user(shop: &Shop, kind: &dyn FaultType, without: Option<&Need>) -> Cluster {
    let name = format!("u-{}-{}", fault::new_id(), shop.namespace());
    let subjects = json!([{"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}]);
    let mut of_nodes = false;
    for manifest in role(kind, shop.namespace()) {
        of_nodes |= manifest.kind() == Kind::CLUSTER_ROLE;
        let binding = if manifest.kind() == Kind::ROLE { Kind::ROLE_BINDING } else { Kind::CLUSTER_ROLE_BINDING };
        let mut rules = manifest.value()["rules"].clone();
        if let Some(need) = without {
            for rule in rules.as_array_mut().expect("is a list") {
                if rule["resources"][0] == need.resource && rule["apiGroups"][0] == need.group {
                    rule["verbs"].as_array_mut().expect("is a list").retain(|verb| verb != need.verb);
                }
            }
        }
        let rules = rules.as_array().expect("is a list").iter().filter(|rule| rule["verbs"] != json!([])).cloned();
        let role = Manifest::new(manifest.kind(), shop.namespace(), &name, json!({"rules": rules.collect::<Vec<_>>()}));
        let of = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": manifest.kind().kind, "name": name});
        let bound = Manifest::new(binding, shop.namespace(), &name, json!({"subjects": subjects, "roleRef": of}));
        shop.cluster.create(&role, "someone").await.expect("a role can be made");
        shop.cluster.create(&bound, "someone").await.expect("a binding can be made");
    }
    // Of those rights that are not the missing one.
    let granted = |verb: &str| {
        let same = |need: &&Need| need.verb == verb && need.resource == "nodes";
        needs(kind).iter().any(|need| same(&need)) && !without.iter().any(same)
    };
    if of_nodes && let Some(verb) = ["get", "list", "patch"].into_iter().find(|verb| granted(verb)) {
        cluster_as(&name, (verb, Kind::NODE, None)).await;
    }
    cluster_as(&name, ("create", Kind::CONFIG_MAP, Some(shop.namespace()))).await
}

fn wish(kind: &dyn FaultType, fault: &Fault) -> Wish {
    Wish {
        id: fault.id.clone(),
        service: target(kind),
        peer: None,
        count: None,
        grace: None,
        bound: BOUND,
        delay: Duration::from_millis(200),
        image: None,
    }
}

/// Begins a fault as this user; none where the kind cannot be had here at all.
async fn try_begin(cluster: &Cluster, shop: &Shop, kind: &'static dyn FaultType) -> (Fault, Result<Begun, BeginError>) {
    let seen = fault::scene(cluster, shop.namespace()).await.expect("the shop can be looked at");
    let mut fault = mk_fault(shop.namespace(), "ann", Timestamp::now(), BOUND);
    fault.undo = kind.undo();
    let wanted = match kind.inject(&seen, &wish(kind, &fault)) {
        Ok(wanted) => wanted,
        Err(refusal) => return (fault, Err(refusal.into())),
    };
    let now = fault.since;
    let begun = fault::begin(cluster, &mut fault, &wanted, now).await;
    (fault, begun)
}

async fn end(cluster: &Cluster, fault: &Fault) -> Result<(), boutique_cluster::request::ApiError> {
    fault::undo(cluster, fault, Timestamp::now()).await?;
    fault::finish(cluster, &Fault { stage: Stage::Finished, ..fault.clone() }).await
}

/// Begins and ends a fault of a kind as a user who has exactly its rights.
async fn with_exactly_its_rights(kind: &'static dyn FaultType) -> Result<(), String> {
    let shop = complete(kind).await;
    let before = specs(&shop).await;
    let ann = user(&shop, kind, None).await;
    let asked = access::check(&ann, &needs(kind), shop.namespace()).await.map_err(|error| error.to_string())?;
    assert!(asked.iter().all(|(_, held)| *held), "{asked:?}");
    let (fault, begun) = Box::pin(try_begin(&ann, &shop, kind)).await;
    match begun.map_err(|error| error.to_string()) {
        // Who comes so far was allowed to.
        Err(said) if said.contains(NO_RESIZE) => return Ok(()),
        begun => begun?,
    };
    Box::pin(end(&ann, &fault)).await.map_err(|error| format!("end: {error}"))?;
    assert_eq!(specs(&shop).await, before);
    assert_eq!(names(&shop).await, [fault.record_name()]);
    shop.finish().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_takes_no_more_rights_than_it_names() {
    let mut problems = Vec::new();
    for kind in kind::ALL {
        let outcome = Box::pin(with_exactly_its_rights(*kind)).await;
        problems.extend(outcome.err().map(|problem| format!("{}: {problem}", kind.name())));
    }
    assert_eq!(problems, Vec::<String>::new());
}

/// What becomes of a fault of a kind whose author lacks one right; none where it is neither noticed nor named.
async fn with_one_right_less(shop: &Shop, kind: &'static dyn FaultType, need: &Need) -> Option<String> {
    let less = user(shop, kind, Some(need)).await;
    let asked = access::check(&less, &needs(kind), shop.namespace()).await.expect("a review is answered");
    let missing: Vec<String> = asked.iter().filter(|(_, held)| !held).map(|(need, _)| need.to_string()).collect();
    assert_eq!(missing, [need.to_string()], "{}", kind.name());
    let (fault, begun) = Box::pin(try_begin(&less, shop, kind)).await;
    let refused = match begun {
        Ok(_) => Box::pin(end(&less, &fault)).await.err().map(|error| error.to_string()),
        Err(error) => Some(error.to_string()),
    };
    // Somebody with more rights clears up after them.
    let later = Timestamp::now() + SignedDuration::from_mins(10);
    Box::pin(fault::heal_expired(&shop.cluster, shop.namespace(), later)).await.expect("can be healed");
    until_no_residue(shop, PATIENCE).await;
    until_running(shop).await;
    refused
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_missing_is_named_and_nothing_is_left_broken() {
    let mut problems = Vec::new();
    for kind in kind::ALL {
        let shop = complete(*kind).await;
        let before = specs(&shop).await;
        for need in kind.needs().iter().filter(|need| need.required && !is_for_later(*kind, need)) {
            let refused = Box::pin(with_one_right_less(&shop, *kind, need)).await;
            match refused {
                None => problems.push(format!("{} works without {need}", kind.name())),
                Some(said) if said.contains(NO_RESIZE) => {}
                Some(said) if said.contains(&format!("allow the verb {} on ", need.verb)) => {}
                // What cannot even be seen is refused before anything is sent.
                Some(said) if said.contains(&format!("{} and patch of {}", need.verb, need.resource)) => {}
                Some(said) => problems.push(format!("{} without {need}: {said}", kind.name())),
            }
        }
        assert_eq!(specs(&shop).await, before, "{}", kind.name());
        shop.finish().await;
    }
    assert_eq!(problems, Vec::<String>::new());
}
