//! The catalogue against upstream's release manifest, typed a second time as one line per fact.
//!
//! Written from the manifest of v0.10.6, not from the catalogue: a slip in one of the two shows here.

use boutique_core::render::{UpstreamOptions, stack, upstream};
use boutique_core::spec::StackSpec;
use serde_json::{Value, json};

/// name | container port | Service | cpu | memory | memory in the Helm chart | grace | readiness | liveness
const TABLE: &str = "
frontend              | server 8080      | http 80->8080        | 100m/200m | 64Mi/128Mi  | 64Mi/128Mi  | -  | GET /_healthz 8080 x-readiness-probe delay 10 | GET /_healthz 8080 x-liveness-probe delay 10
adservice             | server 9555      | grpc 9555->9555      | 200m/300m | 180Mi/300Mi | 180Mi/300Mi | 5  | grpc 9555 delay 20 period 15 | grpc 9555 delay 20 period 15
cartservice           | server 7070      | grpc 7070->7070      | 200m/300m | 64Mi/128Mi  | 128Mi/256Mi | 5  | grpc 7070 delay 15           | grpc 7070 delay 15 period 10
checkoutservice       | server 5050      | grpc 5050->5050      | 100m/200m | 64Mi/128Mi  | 64Mi/128Mi  | -  | grpc 5050                    | grpc 5050
currencyservice       | server 7000 grpc | grpc 7000->7000      | 100m/200m | 64Mi/128Mi  | 128Mi/256Mi | 5  | grpc 7000                    | grpc 7000
emailservice          | server 8080      | grpc 5000->8080      | 100m/200m | 64Mi/128Mi  | 64Mi/128Mi  | 5  | grpc 8080 period 5           | grpc 8080 period 5
paymentservice        | server 50051     | grpc 50051->50051    | 100m/200m | 64Mi/128Mi  | 128Mi/256Mi | 5  | grpc 50051                   | grpc 50051
productcatalogservice | server 3550      | grpc 3550->3550      | 100m/200m | 64Mi/128Mi  | 64Mi/128Mi  | 5  | grpc 3550                    | grpc 3550
recommendationservice | server 8080      | grpc 8080->8080      | 100m/200m | 220Mi/450Mi | 220Mi/450Mi | 5  | grpc 8080 period 5           | grpc 8080 period 5
shippingservice       | server 50051     | grpc 50051->50051    | 100m/200m | 64Mi/128Mi  | 64Mi/128Mi  | -  | grpc 50051 period 5          | grpc 50051
redis-cart            | redis 6379       | tcp-redis 6379->6379 | 70m/125m  | 200Mi/256Mi | 200Mi/256Mi | -  | tcp 6379 period 5            | tcp 6379 period 5
loadgenerator         | main -           | -                    | 300m/500m | 256Mi/512Mi | 256Mi/512Mi | 5  | -                            | -
";

const ENVIRONMENT: &str = "
frontend PORT=8080 PRODUCT_CATALOG_SERVICE_ADDR=productcatalogservice:3550 CURRENCY_SERVICE_ADDR=currencyservice:7000 CART_SERVICE_ADDR=cartservice:7070 RECOMMENDATION_SERVICE_ADDR=recommendationservice:8080 SHIPPING_SERVICE_ADDR=shippingservice:50051 CHECKOUT_SERVICE_ADDR=checkoutservice:5050 AD_SERVICE_ADDR=adservice:9555 SHOPPING_ASSISTANT_SERVICE_ADDR=shoppingassistantservice:80 ENABLE_PROFILER=0
adservice PORT=9555
cartservice REDIS_ADDR=redis-cart:6379
checkoutservice PORT=5050 PRODUCT_CATALOG_SERVICE_ADDR=productcatalogservice:3550 SHIPPING_SERVICE_ADDR=shippingservice:50051 PAYMENT_SERVICE_ADDR=paymentservice:50051 EMAIL_SERVICE_ADDR=emailservice:5000 CURRENCY_SERVICE_ADDR=currencyservice:7000 CART_SERVICE_ADDR=cartservice:7070
currencyservice PORT=7000 DISABLE_PROFILER=1
emailservice PORT=8080 DISABLE_PROFILER=1
paymentservice PORT=50051 DISABLE_PROFILER=1
productcatalogservice PORT=3550 DISABLE_PROFILER=1
recommendationservice PORT=8080 PRODUCT_CATALOG_SERVICE_ADDR=productcatalogservice:3550 DISABLE_PROFILER=1
shippingservice PORT=50051 DISABLE_PROFILER=1
redis-cart
loadgenerator FRONTEND_ADDR=frontend:80 USERS=10 RATE=1
";

fn lines(table: &str) -> Vec<String> {
    let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    table.lines().map(squeeze).filter(|line| !line.is_empty()).collect()
}

fn mk_upstream() -> Vec<Value> {
    upstream("v0.10.6", UpstreamOptions::default()).expect("renders")
}

/// A standard shop with upstream's probes: what is left is what we add.
fn mk_standard() -> Vec<Value> {
    let spec: StackSpec =
        serde_json::from_value(json!({"name": "shop", "namespace": "shop", "probes": "upstream"})).expect("is a shop");
    stack(&spec).expect("renders").into_iter().map(Value::from).collect()
}

fn find<'a>(objects: &'a [Value], kind: &str, name: &str) -> Option<&'a Value> {
    objects.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn probe(probe: &Value) -> String {
    let mut said = if let Some(http) = probe.get("httpGet") {
        let cookie = text(&http["httpHeaders"][0]["value"]);
        assert_eq!(http["httpHeaders"][0]["name"], "Cookie");
        format!("GET {} {} {}", text(&http["path"]), http["port"], cookie.trim_start_matches("shop_session-id="))
    } else if let Some(grpc) = probe.get("grpc") {
        format!("grpc {}", grpc["port"])
    } else if let Some(tcp) = probe.get("tcpSocket") {
        format!("tcp {}", tcp["port"])
    } else {
        return "-".to_owned();
    };
    for (field, word) in [("initialDelaySeconds", "delay"), ("periodSeconds", "period")] {
        if let Some(seconds) = probe.get(field) {
            said += &format!(" {word} {seconds}");
        }
    }
    said
}

/// One line of [`TABLE`]; `helm` says where the memory belongs.
fn line(objects: &[Value], name: &str) -> [String; 9] {
    let deployment = find(objects, "Deployment", name).expect(name);
    let pod = &deployment["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let port = container.get("ports").map_or_else(
        || "-".to_owned(),
        |ports| match ports[0].get("name") {
            Some(name) => format!("{} {}", ports[0]["containerPort"], text(name)),
            None => ports[0]["containerPort"].to_string(),
        },
    );
    let service = find(objects, "Service", name).map_or_else(
        || "-".to_owned(),
        |service| {
            assert_eq!(service["spec"]["type"], "ClusterIP");
            assert_eq!(service["spec"]["selector"], json!({"app": name}));
            let port = &service["spec"]["ports"][0];
            format!("{} {}->{}", text(&port["name"]), port["port"], port["targetPort"])
        },
    );
    let amount = |resource: &str| {
        let resources = &container["resources"];
        format!("{}/{}", text(&resources["requests"][resource]), text(&resources["limits"][resource]))
    };
    [
        name.to_owned(),
        format!("{} {port}", text(&container["name"])),
        service,
        amount("cpu"),
        amount("memory"),
        String::new(),
        pod.get("terminationGracePeriodSeconds").map_or_else(|| "-".to_owned(), Value::to_string),
        probe(&container["readinessProbe"]),
        probe(&container["livenessProbe"]),
    ]
}

fn compare(objects: &[Value], memory_column: usize) {
    for wanted in lines(TABLE) {
        let wanted: Vec<&str> = wanted.split('|').map(str::trim).collect();
        let found = line(objects, wanted[0]);
        for column in [1, 2, 3, 6, 7, 8] {
            assert_eq!(found[column], wanted[column], "{} column {column}", wanted[0]);
        }
        assert_eq!(found[4], wanted[memory_column], "{} memory", wanted[0]);
    }
    for wanted in lines(ENVIRONMENT) {
        let name = wanted.split(' ').next().expect("has a name");
        let env = &find(objects, "Deployment", name).expect(name)["spec"]["template"]["spec"]["containers"][0]["env"];
        let mut found = name.to_owned();
        for variable in env.as_array().into_iter().flatten() {
            found += &format!(" {}={}", text(&variable["name"]), text(&variable["value"]));
        }
        assert_eq!(found, wanted);
    }
}

#[test]
fn upstreams_manifests_are_the_table_line_by_line() {
    compare(&mk_upstream(), 4);
}

#[test]
fn a_standard_shop_is_the_table_with_the_charts_memory() {
    compare(&mk_standard(), 5);
}

#[test]
fn upstream_ships_35_objects_with_no_label_but_app() {
    let objects = mk_upstream();
    let count = |kind: &str| objects.iter().filter(|object| object["kind"] == kind).count();
    assert_eq!((count("Deployment"), count("Service"), count("ServiceAccount"), objects.len()), (12, 12, 11, 35));
    for object in &objects {
        assert!(object["metadata"].get("namespace").is_none());
        let labels = object["metadata"].get("labels");
        let app = object["spec"]["selector"].get("matchLabels").unwrap_or_else(|| &object["spec"]["selector"]);
        assert_eq!(labels.unwrap_or(&Value::Null), app, "{}", object["metadata"]["name"]);
    }
    let external = find(&objects, "Service", "frontend-external").expect("opens the shop");
    assert_eq!(external["spec"]["type"], "LoadBalancer");
}

#[test]
fn upstreams_pods_have_nothing_of_ours() {
    for object in mk_upstream().iter().filter(|object| object["kind"] == "Deployment") {
        let name = text(&object["metadata"]["name"]);
        let pod = &object["spec"]["template"]["spec"];
        let security = json!({"fsGroup": 1000, "runAsGroup": 1000, "runAsNonRoot": true, "runAsUser": 1000});
        assert_eq!(pod["securityContext"], security, "{name}");
        assert!(pod.get("automountServiceAccountToken").is_none(), "{name}");
        let account = pod.get("serviceAccountName").map(text);
        assert_eq!(account.as_deref(), (name != "redis-cart").then_some(name.as_str()));
        assert_eq!(object["spec"].get("replicas").is_some(), name == "loadgenerator", "{name}");
        assert_eq!(pod.get("initContainers").is_some(), name == "loadgenerator", "{name}");
        let annotated = object["spec"]["template"]["metadata"].get("annotations").is_some();
        assert_eq!(annotated, name == "frontend" || name == "loadgenerator", "{name}");
    }
}

#[test]
fn what_a_standard_shop_adds_to_upstreams_templates_is_this_and_nothing_else() {
    let ours = mk_standard();
    for theirs in mk_upstream().iter().filter(|object| object["kind"] == "Deployment") {
        let name = text(&theirs["metadata"]["name"]);
        let mut template = find(&ours, "Deployment", &name).expect("is ours too")["spec"]["template"].clone();
        let mut upstream = theirs["spec"]["template"].clone();
        let pod = template["spec"].as_object_mut().expect("is a pod");
        assert_eq!(pod.remove("automountServiceAccountToken"), Some(json!(false)), "{name}");
        let security = pod["securityContext"].as_object_mut().expect("is a security context");
        assert_eq!(security.remove("seccompProfile"), Some(json!({"type": "RuntimeDefault"})), "{name}");
        let upstreams_pod = upstream["spec"].as_object_mut().expect("is a pod");
        // The load generator tries again by itself, so ours does not wait; `Always` is the default.
        upstreams_pod.remove("initContainers");
        upstreams_pod.remove("restartPolicy");
        // The chart's memory.
        for template in [&mut template, &mut upstream] {
            template["spec"]["containers"][0]["resources"] = Value::Null;
        }
        assert_eq!(template, upstream, "{name}");
    }
}

#[test]
fn a_mirror_holds_every_image_under_its_own_name() {
    let options = UpstreamOptions { registry: Some("localhost:5000"), frontend_check: false };
    for object in upstream("v0.10.6", options).expect("renders") {
        if object["kind"] == "Deployment" {
            let pod = &object["spec"]["template"]["spec"];
            assert!(pod.get("initContainers").is_none());
            assert!(text(&pod["containers"][0]["image"]).starts_with("localhost:5000/"));
        }
    }
}
