//! Services that cannot start say why and leave.

use crate::binary;
use std::process::{Command, Output};

fn start(arguments: &[&str], env: &[(&str, &str)]) -> Output {
    Command::new(binary()).args(arguments).env_clear().envs(env.iter().copied()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_go_service_panics_over_each_missing_address() {
    for (service, names) in [
        (
            "frontend",
            &[
                "PRODUCT_CATALOG_SERVICE_ADDR",
                "CURRENCY_SERVICE_ADDR",
                "CART_SERVICE_ADDR",
                "RECOMMENDATION_SERVICE_ADDR",
                "CHECKOUT_SERVICE_ADDR",
                "SHIPPING_SERVICE_ADDR",
                "AD_SERVICE_ADDR",
                "SHOPPING_ASSISTANT_SERVICE_ADDR",
            ][..],
        ),
        (
            "checkoutservice",
            &[
                "SHIPPING_SERVICE_ADDR",
                "PRODUCT_CATALOG_SERVICE_ADDR",
                "CART_SERVICE_ADDR",
                "CURRENCY_SERVICE_ADDR",
                "EMAIL_SERVICE_ADDR",
                "PAYMENT_SERVICE_ADDR",
            ][..],
        ),
    ] {
        for missing in names {
            let env: Vec<_> = names.iter().filter(|name| *name != missing).map(|name| (*name, "127.0.0.1:1")).collect();
            let output = start(&[service], &env);
            assert_eq!(said(&output), format!("panic: environment variable \"{missing}\" not set\n"));
            assert_eq!(output.status.code(), Some(2));
        }
    }
}

#[test]
fn tracing_without_a_collector_is_a_panic_too() {
    let output = start(&["productcatalogservice"], &[("ENABLE_TRACING", "1")]);
    assert_eq!(said(&output), "panic: environment variable \"COLLECTOR_SERVICE_ADDR\" not set\n");
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn other_runtimes_leave_with_1() {
    for (service, variable) in [
        ("currencyservice", "PORT"),
        ("paymentservice", "PORT"),
        ("recommendationservice", "PRODUCT_CATALOG_SERVICE_ADDR"),
        ("loadgenerator", "FRONTEND_ADDR"),
    ] {
        let output = start(&[service], &[]);
        assert!(said(&output).contains(&format!("environment variable \"{variable}\" not set")), "{}", said(&output));
        assert_eq!(output.status.code(), Some(1), "{service}");
    }
}

#[test]
fn a_value_that_cannot_be_used_is_named() {
    for (service, name, value) in [
        ("productcatalogservice", "EXTRA_LATENCY", "quick"),
        ("shippingservice", "PORT", "grpc"),
        ("cartservice", "REDIS_ADDR", "redis:6379,ssl=true"),
        ("cartservice", "SPANNER_PROJECT", "p"),
    ] {
        let output = start(&[service], &[(name, value)]);
        assert!(said(&output).contains(name) && said(&output).contains(value), "{}", said(&output));
        assert_eq!(output.status.code(), Some(1), "{service}");
    }
}

#[test]
fn a_port_in_use_is_named() {
    let held = std::net::TcpListener::bind("[::]:0").unwrap();
    let port = held.local_addr().unwrap().port().to_string();
    let output = start(&["emailservice"], &[("PORT", &port)]);
    assert!(said(&output).contains(&port), "{}", said(&output));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn an_unknown_service_is_answered_with_the_known_ones() {
    for arguments in [&["shopservice"][..], &[]] {
        let output = start(arguments, &[]);
        assert!(said(&output).contains("frontend") && said(&output).contains("pause"), "{}", said(&output));
        assert_eq!(output.status.code(), Some(64));
    }
}
