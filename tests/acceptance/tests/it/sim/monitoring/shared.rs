//! Two shops, one operator.

use boutique_acceptance::kubectl::Namespace;
use boutique_acceptance::lab;
use boutique_acceptance::terraform::Module;

use super::place::{ADDRESS, Place, provider};

#[test]
fn a_second_shop_joins_the_operator_and_the_last_one_takes_it_down() {
    let place = Place::new("watch-join");
    place.settle(&place.plain(""));
    let second_shop = Namespace::new(lab::sim(), "watch-join-2").create();
    second_shop
        .apply("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: frontend}\nspec:\n  selector: {matchLabels: {app: frontend}}\n  template:\n    metadata: {labels: {app: frontend}}\n    spec: {containers: [{name: server, image: 'registry.invalid/frontend:1'}]}\n", &[])
        .expect_success("kubectl apply");
    let second = |settings: &str| {
        place
            .plain(settings)
            .replace("name = \"shop\"\n", "name = \"second\"\n")
            .replace(&format!("{}/shop", place.shop.name), &format!("{}/second", second_shop.name))
            .replace("\"boutique_monitoring\" \"shop\"", "\"boutique_monitoring\" \"second\"")
    };
    let module = Module::with_provider(&provider(), &second("retention = \"90d\""));
    module
        .apply()
        .expect_failure("terraform apply")
        .assert_says(&["is shared with", "its chart.values, retention, storage, platform or grafana are others"]);
    module.rewrite_provider(&provider(), &second("slo = { period_days = 7 }"));
    module.apply().expect_success("terraform apply");
    module.expect_empty_plan("after an apply");
    assert_eq!(module.state("boutique_monitoring.second")["release"]["revision"], 1, "nothing was changed");

    // Whoever goes first leaves the operator to the other.
    place.module.destroy().expect_success("terraform destroy").assert_says(&["stays", "second still uses it"]);
    let secret = format!("boutique-grafana-{}", place.release());
    assert!(
        !place.watch.get("secret", &secret).is_null()
            && place.watch.get("probe", "shop-journey-home-service").is_null()
    );
    assert!(!place.watch.get("probe", "second-journey-home-service").is_null());
    // Now it is the one who says what Prometheus is like.
    let plan = module.plan();
    assert!(plan.pending("boutique_monitoring.second").join("\n").contains("retention"), "{}", plan.said.text());
    module.apply().expect_success("terraform apply");
    module.expect_empty_plan("after the other has gone");
    module.destroy().expect_success("terraform destroy");
    assert!(place.watch.list("deployments").is_empty(), "nothing is left of the operator");
    assert!(place.watch.get("secret", &secret).is_null());
    assert!(place.module.state(ADDRESS).is_null());
}
