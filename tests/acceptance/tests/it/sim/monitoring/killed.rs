//! The provider dies in the middle of its work.

use boutique_acceptance::audit::Audit;
use boutique_acceptance::lab;
use boutique_acceptance::process::kill_provider_when;

use super::place::{ADDRESS, Place};

/// Applies, kills the provider when the cluster has answered what `moment` looks for, and applies again.
fn killed_at(test: &str, moment: &str) {
    let place = Place::new(test);
    place.rewrite(&place.plain(""));
    place.module.run(&["plan", "-out=killed.plan", "-no-color"]).expect_success("terraform plan");
    let mut audit = Audit::from_now(lab::simulated(), &place.watch.name);
    let apply = place.module.start(&["apply", "-no-color", "killed.plan"]);
    let is_killed = kill_provider_when(apply, || audit.seen().iter().any(|request| request.contains(moment)));
    assert!(is_killed, "the apply was over before {moment:?}");
    place.module.run(&["untaint", "-no-color", ADDRESS]);
    place.settle(&place.plain(""));
    assert!(!place.watch.get("prometheusrule", "shop-alerts").is_null());
    place.module.destroy().expect_success("terraform destroy");
    let namespace =
        place.watch.cluster(&["get", "namespace", &place.watch.name, "--ignore-not-found", "--output=name"]);
    assert_eq!(namespace.expect_success("kubectl get").stdout, "");
}

#[test]
fn while_helm_installs_the_next_apply_goes_on_from_there() {
    killed_at("watch-kill-helm", "\"resource\":\"services\"");
}

#[test]
fn while_objects_are_written_the_next_apply_completes_them() {
    killed_at("watch-kill-set", "/probes/");
}
