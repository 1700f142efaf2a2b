//! 99.9 % by killing pods, and the contrast that shows what it takes. Half an hour, so only `cargo xtask prove three-nines`
//! runs it.

use std::fmt::Write as _;

use boutique_acceptance::fault::{plugin, residue, start};
use boutique_acceptance::lab;
use boutique_acceptance::room::{UPSTREAM_SHOP, room};
use boutique_acceptance::stack::Stack;
use boutique_core::service::Service;
use serde_json::Value;

use super::{QUIET, proof};

#[test]
#[ignore = "a campaign: cargo xtask prove three-nines"]
fn two_pods_of_each_service_keep_three_nines_and_one_does_not() {
    let highly = gameday("profile = \"ha\"", "three-nines");
    let single = gameday("profile = \"small\"", "three-nines-single");
    println!("round three-nines: exit codes {} with two pods of each service, {} with one", highly.code, single.code);
    proof::write(&format!("{}{}", highly.page, single.page));
    assert_eq!(highly.code, 0, "{}", highly.said);
    assert_eq!(single.code, 0, "{}", single.said);
}

struct Day {
    code: i32,
    said: String,
    page: String,
}

fn gameday(profile: &str, name: &str) -> Day {
    let node = lab::node();
    let _room = room(UPSTREAM_SHOP);
    let stack = Stack::applied(node, name, &format!("{profile}\n  {QUIET}\n  services = {{ {} }}", modest()));
    let namespace = &stack.namespace;
    let address = namespace.get("service", "frontend")["spec"]["clusterIP"].as_str().expect("a ClusterIP").to_owned();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (url, folder) = (format!("--url=http://{address}"), format!("--report-dir={}/day", folder.path().display()));
    let args = ["gameday", "run", name, "--yes", "--output=json", &url, &folder];
    let said = start(plugin(node, &namespace.name, &args)).end();
    let report: Value = serde_json::from_str(&said.stdout).unwrap_or_default();
    let page = page(name, said.code, &report);
    assert_eq!(residue(namespace), Vec::<String>::new());
    stack.module.destroy().expect_success("terraform destroy");
    Day { code: said.code, said: said.text(), page }
}

/// Two pods of each fit on the node if they ask for less processor than the profile does; nothing else of it is changed.
fn modest() -> String {
    let services = Service::ALL.into_iter().filter(|service| *service != Service::Loadgenerator);
    let settings =
        services.map(|service| format!("{} = {{ resources = {{ requests = {{ cpu = \"10m\" }} }} }}", service.name()));
    settings.collect::<Vec<_>>().join(", ")
}

fn page(name: &str, code: i32, report: &Value) -> String {
    let share =
        |value: &Value| value.as_f64().map_or_else(|| "–".to_owned(), |share| format!("{:.3} %", share * 100.0));
    let seconds = |value: &Value| value.as_f64().map_or_else(|| "–".to_owned(), |took| format!("{took:.1} s"));
    let mut text = format!(
        "### {name}: exit code {code}\n\n| killed | availability | at least, 95 % sure | time to recover | prediction |\n|---|---|---|---|---|\n"
    );
    for step in report["steps"].as_array().into_iter().flatten() {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            step["service"].as_str().unwrap_or_default(),
            share(&step["availability"]),
            share(&step["lowerBound95"]),
            seconds(&step["timeToRecover"]),
            step["prediction"].as_str().unwrap_or_default(),
        );
    }
    let _ = writeln!(text, "\nThe whole day: `{}`\n", report["wholeDay"]);
    text
}
