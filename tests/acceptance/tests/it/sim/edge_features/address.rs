//! Where the shop is found: an address that comes late, one that is a name, and none at all.

use super::place::{ADDRESS, LOAD_BALANCER, Place};

#[test]
fn an_address_that_never_comes_is_not_waited_for_and_one_that_comes_is_found() {
    let place = Place::behind("address", LOAD_BALANCER);
    let name = &place.namespace.name;
    let said = place.apply(&place.resource("")).expect_success("terraform apply");
    let service = format!("has given the load balancer {name}/edge-traefik an address");
    said.assert_says(&[&service, "controller.service_type = \"NodePort\"", "kubectl -n", "port-forward"]);
    let state = place.module.state(ADDRESS);
    assert!(state["address"].is_null() && state["hosts_entry"].is_null(), "{state}");
    assert_eq!(state["url"], format!("http://{name}.local"));
    place.expect_empty_plan("without an address");

    let known = |address: &str| {
        place.give_address(address);
        place.expect_empty_plan("with an address");
        place.module.apply().expect_success("terraform apply");
        place.module.state(ADDRESS)
    };
    let url = format!("http://{name}.local:{}", place.http.port);
    let state = known("{\"ip\": \"127.0.0.1\"}");
    assert_eq!([&state["address"], &state["url"]], ["127.0.0.1", &url]);
    assert_eq!(state["hosts_entry"], format!("127.0.0.1 {name}.local"));
    let state = known("{\"hostname\": \"lb.example.com\"}");
    assert_eq!([&state["address"], &state["url"]], ["lb.example.com", &url]);
    assert!(state["hosts_entry"].is_null(), "a name needs DNS and no line in hosts: {state}");
}

#[test]
fn a_controller_that_is_reached_from_inside_only_is_said_to_be() {
    let place = Place::behind("inside", "type: ClusterIP");
    let said = place.apply(&place.resource("")).expect_success("terraform apply");
    let service = format!("Service {}/edge-traefik is reached from inside the cluster only", place.namespace.name);
    said.assert_says(&[&service, "port-forward"]);
    assert!(place.module.state(ADDRESS)["address"].is_null());
    place.expect_empty_plan("after an apply");
}
