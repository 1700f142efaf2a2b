//! The load generator against a shop.

use crate::{
    binary,
    shop::{Shop, until},
};
use std::process::{Command, Stdio};

#[test]
fn users_arrive_and_their_requests_are_counted() {
    let shop = Shop::open();
    visit(&shop, "");
}

#[test]
fn users_arrive_at_a_shop_below_a_path() {
    let shop = Shop::open_with(&[("frontend", "BASE_URL", "/online-boutique")]);
    visit(&shop, "/online-boutique");
}

fn visit(shop: &Shop, base: &str) {
    let frontend = format!("127.0.0.1:{}{base}", shop.port("frontend"));
    let mut command = Command::new(binary());
    command.arg("loadgenerator").env_clear().env("FRONTEND_ADDR", frontend).env("USERS", "3").env("RATE", "20");
    let child = command.stdout(Stdio::piped()).spawn().unwrap();
    let home = format!(r#""http.req.path":"{base}/""#);
    until("three users have seen the home page", || {
        let complete = |line: &&str| line.contains("request complete") && line.contains(&home);
        (shop.log("frontend").lines().filter(complete).count() >= 3).then_some(())
    });
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    let table = String::from_utf8(output.stdout).unwrap();
    let home = table.lines().find(|line| line.starts_with("GET     |/ ")).expect("a line for the home page");
    assert!(home.contains("0(  0.00%)"), "{table}");
}
