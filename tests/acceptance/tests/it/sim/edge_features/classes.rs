//! Classes, and who serves them: controllers of unknown kinds, classes that are not there, and two that claim one.

use super::place::{ADDRESS, Place};

fn class(place: &Place, controller: &str) {
    let name = &place.namespace.name;
    let class = format!(
        "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {{name: {name}}}\nspec: {{controller: {controller}}}\n"
    );
    place.namespace.apply(&class, &[]).expect_success("kubectl apply");
}

#[test]
fn a_controller_of_an_unknown_kind_is_used_and_said_to_be_unchecked_until_it_gives_an_address() {
    let place = Place::bare("unknown");
    class(&place, "example.com/gateway");
    let name = &place.namespace.name;
    let resource = place.resource_with(&format!("kind = \"existing\", class = \"{name}\""), "");
    let said = place.apply(&resource).expect_success("terraform apply");
    said.assert_says(&["was not checked", &format!("the controller of class {name} is of no known kind")]);
    place.expect_empty_plan("after an apply");
    let patch = "{\"status\": {\"loadBalancer\": {\"ingress\": [{\"ip\": \"192.0.2.7\"}]}}}";
    let args = ["patch", "ingress", "edge", "--subresource=status", "--type=merge", "--patch", patch];
    place.namespace.kubectl(&args).expect_success("kubectl patch");
    place.module.apply().expect_success("terraform apply");
    let state = place.module.state(ADDRESS);
    assert_eq!([&state["address"], &state["hosts_entry"]], ["192.0.2.7", &format!("192.0.2.7 {name}.local")]);
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_written() {
    let place = Place::bare("refused");
    class(&place, "nginx.org/ingress-controller");
    let name = &place.namespace.name;
    let refused = |controller: &str, settings: &str, words: &[&str]| {
        let said = place.apply(&place.resource_with(controller, settings)).expect_failure("terraform apply");
        said.assert_says(words);
        assert!(place.namespace.get("ingress", "edge").is_null(), "nothing was written");
        assert!(place.module.state(ADDRESS).is_null(), "nothing is in the state");
    };
    let known = format!("{name}: F5 NGINX Ingress Controller (nginx.org/ingress-controller)");
    let missing = "the IngressClass nobodys does not exist";
    refused("kind = \"existing\", class = \"nobodys\"", "", &["BTQ-2002", missing, &known, "set controller.class"]);

    let taken = format!("kind = \"traefik\", class = \"{name}\"");
    refused(&taken, "", &["BTQ-2003", "not to Traefik", "controller = { kind = \"f5-nginx\", install = false }"]);

    let existing = format!("kind = \"existing\", class = \"{name}\"");
    let service = "service = { name = \"web\" }";
    refused(&existing, service, &["BTQ-2005", "web", "frontend"]);

    // F5's controller gives a host to whoever asked first.
    let other = boutique_acceptance::kubectl::Namespace::new(place.namespace.kubeconfig(), "refused-other").create();
    let theirs = format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: theirs}}\nspec:\n  ingressClassName: {name}\n  \
         rules: [{{host: {name}.local, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, \
         port: {{number: 80}}}}}}}}]}}}}]\n"
    );
    other.apply(&theirs, &[]).expect_success("kubectl apply");
    let claimed = format!("{name}.local is claimed by another Ingress, {}/theirs", other.name);
    refused(&existing, "", &["BTQ-2013", &claimed, "older Ingress", "use another host"]);
}

#[test]
fn two_controllers_that_claim_one_class_are_warned_of_with_the_one_to_remove() {
    let place = Place::reachable("twice");
    let name = &place.namespace.name;
    let second = format!(
        "apiVersion: apps/v1
kind: Deployment
metadata: {{name: other-nginx, labels: {{app.kubernetes.io/name: ingress-nginx}}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: other}}}}
  template:
    metadata: {{labels: {{app: other}}}}
    spec: {{containers: [{{name: controller, image: 'registry.invalid/nginx:1', args: ['--ingress-class={name}']}}]}}
"
    );
    place.namespace.apply(&second, &[]).expect_success("kubectl apply");
    let said = place.apply(&place.resource("")).expect_success("terraform apply");
    let both = format!("controllers claim the IngressClass {name}");
    let remove = format!("kubectl -n {name} scale deployment/other-nginx --replicas=0");
    said.assert_says(&["BTQ-2004", &both, "other-nginx", "edge-traefik", &remove]);
    assert_eq!(place.module.state(ADDRESS)["address"], "127.0.0.1");
}
