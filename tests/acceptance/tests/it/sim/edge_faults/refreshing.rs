//! An API server that refuses, fails, hangs or is away never makes terraform forget an ingress.

use std::fs;

use boutique_acceptance::lab;
use boutique_acceptance::terraform::{Module, Said};

use super::door::{ADDRESS, Door, connection, provider};
use super::server::{Fault, Server};

/// So that a server which hangs is not waited for as long as by default. One that fails is asked again for three seconds.
const SHORT: &str = "timeouts = { read = \"8s\" }";

const REFRESH: [&str; 3] = ["refresh", "-no-color", "-input=false"];

/// The file of the state, whole.
fn state(module: &Module) -> String {
    fs::read_to_string(module.folder().join("terraform.tfstate")).expect("there is a state")
}

/// Another module for the same ingress, with a state and a connection of its own.
fn second(door: &Door, connection: &str) -> Module {
    let module = Module::with_provider(&provider(connection), &door.resource("", "", SHORT));
    fs::write(module.folder().join("terraform.tfstate"), state(&door.module)).expect("a state can be written");
    module
}

fn refused(module: &Module, words: &[&str]) -> Said {
    let before = state(module);
    let said = module.run(&REFRESH).expect_failure("terraform refresh");
    said.assert_says(&[&["The ingress cannot be refreshed", "-refresh=false"], words].concat());
    assert_eq!(state(module), before, "the state is as it was");
    said
}

/// Refreshes with a server that misbehaves from the first, the second, … request on, as far as `moments` says.
fn misbehaves(door: &Door, fault: Fault, words: &[&str], moments: impl Fn(usize) -> Vec<usize>) {
    let server = Server::start();
    let module = second(door, &format!("host = {:?}", server.url));
    module.run(&REFRESH).expect_success("terraform refresh");
    let all = server.asked();
    assert!(all > 5, "a refresh takes some requests");
    for healthy in moments(all) {
        server.fail(Some(fault), healthy);
        refused(&module, words);
        assert!(server.asked() > healthy, "the fault was met");
    }
    server.fail(None, 0);
    module.expect_empty_plan("with the server well again");
}

#[test]
fn no_fault_of_the_server_in_the_middle_of_a_refresh_makes_terraform_forget() {
    let door = Door::new("faulty");
    door.rewrite(&door.resource("", "", SHORT));
    door.module.apply().expect_success("terraform apply");
    let some = |all: usize| vec![0, all / 2, all - 1];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            misbehaves(&door, Fault::Refuses, &["401 Unauthorized", "log in again"], |all| {
                (0..all).step_by(2).collect()
            })
        });
        scope.spawn(|| misbehaves(&door, Fault::Fails, &["500 InternalError", "leader changed"], some));
        scope
            .spawn(|| misbehaves(&door, Fault::Strange, &["the answer is no list", "check that the URL"], |_| vec![0]));
        scope.spawn(|| misbehaves(&door, Fault::Hangs, &["its time was over", "timeout"], some));
    });
    door.module.expect_empty_plan("after all faults");
}

#[test]
fn a_cluster_that_is_away_or_refuses_is_an_error_only_where_it_is_needed() {
    let door = Door::applied("away", "text = \"before\"");
    let through = |connection: &str, values: &str| {
        door.module.rewrite_provider(&provider(connection), &door.resource(values, "", ""));
    };
    let away = "host = \"https://127.0.0.1:1\"\n  insecure = true";

    // What exists cannot be refreshed, and can be planned without.
    through(away, "text = \"before\"");
    refused(&door.module, &["127.0.0.1:1", "is not reachable", "check that the cluster runs"]);
    let plan = ["plan", "-no-color", "-detailed-exitcode", "-refresh=false"];
    door.module.run(&plan).expect_success("a plan without refresh");
    through("offline = true", "text = \"before\"");
    assert!(!door.module.plan().changes, "offline, the configuration alone decides");
    // A change can be planned, and not applied.
    through(away, "text = \"after\"");
    assert_eq!(door.module.run(&plan).code, 2, "a change can be planned without refresh");
    let apply = ["apply", "-auto-approve", "-no-color", "-refresh=false"];
    let said = door.module.run(&apply).expect_failure("terraform apply");
    said.assert_says(&["127.0.0.1:1", "Nothing is lost"]);
    assert_eq!(door.module.state(ADDRESS)["controller"]["values"]["text"], "before");

    // Credentials that were revoked.
    let revoked = format!("host = {:?}\n  insecure = true\n  token = \"revoked\"", lab::simulated().api_server);
    through(&revoked, "text = \"before\"");
    refused(&door.module, &["401 Unauthorized", "log in again"]);

    // A cluster that is not known yet: nothing is asked, and nothing guessed.
    let unknown = "resource \"terraform_data\" \"cluster\" {}\n";
    let body = format!("{unknown}{}", door.resource("text = \"before\"", "", ""));
    door.module.rewrite_provider(&provider("host = \"https://${terraform_data.cluster.id}\""), &body);
    let plan = door.module.plan();
    plan.said.assert_says(&["The cluster was not checked", "host will be known only after apply"]);
    assert!(
        plan.actions(ADDRESS).iter().all(|action| action != "delete" && action != "create"),
        "{}",
        plan.said.text()
    );

    // A new one is planned with a warning, and not applied.
    let new = Module::with_provider(&provider(away), &door.resource("", "", ""));
    let plan = new.plan();
    assert_eq!(plan.actions(ADDRESS), ["create"]);
    plan.said.assert_says(&["The cluster was not checked", "127.0.0.1:1"]);
    let said = new.apply().expect_failure("terraform apply");
    said.assert_says(&["127.0.0.1:1", "is not reachable"]);
    assert!(new.state(ADDRESS).is_null(), "nothing exists");

    // And back.
    through(&connection(), "text = \"before\"");
    door.expect_whole("before");
}
