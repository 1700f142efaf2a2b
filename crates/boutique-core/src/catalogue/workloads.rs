//! The one table of what upstream deploys. Read it as documentation: it is upstream's release manifest without the YAML.
//!
//! From v0.10.0 to v0.10.6 the manifests differ only in registry, in `RATE` and in the load generator's init image, so
//! one table serves them all.

use super::workload::{Amounts, Check, Env, EnvValue, Image, Language, Probe, ServicePort, Workload};
use crate::service::Service::{self, *};

const fn text(name: &'static str, value: &'static str) -> Env {
    Env { name, value: EnvValue::Text(value), since_patch: 0 }
}

const fn to(name: &'static str, service: Service) -> Env {
    Env { name, value: EnvValue::AddressOf(service), since_patch: 0 }
}

const fn mem(request: u32, limit: u32) -> Amounts {
    Amounts { request, limit }
}

const fn cpu(request: u32, limit: u32) -> Amounts {
    Amounts { request, limit }
}

const fn every(check: Check, period: Option<u32>) -> Option<Probe> {
    Some(Probe { check, delay: None, period })
}

const fn after(check: Check, delay: u32, period: Option<u32>) -> Option<Probe> {
    Some(Probe { check, delay: Some(delay), period })
}

const NO_PROFILER: Env = text("DISABLE_PROFILER", "1");

const GRPC: &str = "grpc";

/// A Go gRPC server of the smallest size; the other entries say in what they differ.
const SERVER: Workload = Workload {
    service: Shippingservice,
    language: Language::Go,
    shell: false,
    image: Image::Upstream,
    container: "server",
    account: true,
    listen: None,
    listen_name: None,
    service_ports: &[],
    env: &[],
    readiness: every(Check::Grpc, None),
    liveness: every(Check::Grpc, None),
    cpu: cpu(100, 200),
    memory: mem(64, 128),
    memory_helm: mem(64, 128),
    grace_seconds: Some(5),
    scratch: None,
    istio_rewrites_probes: false,
};

/// Every workload, in the order of [`Service::ALL`].
pub const WORKLOADS: &[Workload] = &[
    Workload {
        service: Frontend,
        listen: Some(8080),
        service_ports: &[ServicePort { name: "http", port: 80 }],
        // The assistant's address is mandatory even though no assistant runs: without it the process panics.
        env: &[
            text("PORT", "8080"),
            to("PRODUCT_CATALOG_SERVICE_ADDR", Productcatalogservice),
            to("CURRENCY_SERVICE_ADDR", Currencyservice),
            to("CART_SERVICE_ADDR", Cartservice),
            to("RECOMMENDATION_SERVICE_ADDR", Recommendationservice),
            to("SHIPPING_SERVICE_ADDR", Shippingservice),
            to("CHECKOUT_SERVICE_ADDR", Checkoutservice),
            to("AD_SERVICE_ADDR", Adservice),
            text("SHOPPING_ASSISTANT_SERVICE_ADDR", "shoppingassistantservice:80"),
            text("ENABLE_PROFILER", "0"),
        ],
        readiness: after(Check::Http { cookie: "shop_session-id=x-readiness-probe" }, 10, None),
        liveness: after(Check::Http { cookie: "shop_session-id=x-liveness-probe" }, 10, None),
        grace_seconds: None,
        istio_rewrites_probes: true,
        ..SERVER
    },
    Workload {
        service: Adservice,
        language: Language::Java,
        shell: true,
        listen: Some(9555),
        service_ports: &[ServicePort { name: GRPC, port: 9555 }],
        env: &[text("PORT", "9555")],
        readiness: after(Check::Grpc, 20, Some(15)),
        liveness: after(Check::Grpc, 20, Some(15)),
        cpu: cpu(200, 300),
        memory: mem(180, 300),
        memory_helm: mem(180, 300),
        ..SERVER
    },
    Workload {
        service: Cartservice,
        language: Language::DotNet,
        listen: Some(7070),
        service_ports: &[ServicePort { name: GRPC, port: 7070 }],
        // No PORT: the image listens on 7070 by ASPNETCORE_HTTP_PORTS.
        env: &[to("REDIS_ADDR", RedisCart)],
        readiness: after(Check::Grpc, 15, None),
        liveness: after(Check::Grpc, 15, Some(10)),
        cpu: cpu(200, 300),
        memory_helm: mem(128, 256),
        ..SERVER
    },
    Workload {
        service: Checkoutservice,
        listen: Some(5050),
        service_ports: &[ServicePort { name: GRPC, port: 5050 }],
        env: &[
            text("PORT", "5050"),
            to("PRODUCT_CATALOG_SERVICE_ADDR", Productcatalogservice),
            to("SHIPPING_SERVICE_ADDR", Shippingservice),
            to("PAYMENT_SERVICE_ADDR", Paymentservice),
            to("EMAIL_SERVICE_ADDR", Emailservice),
            to("CURRENCY_SERVICE_ADDR", Currencyservice),
            to("CART_SERVICE_ADDR", Cartservice),
        ],
        grace_seconds: None,
        ..SERVER
    },
    Workload {
        service: Currencyservice,
        language: Language::Node,
        shell: true,
        listen: Some(7000),
        listen_name: Some(GRPC),
        service_ports: &[ServicePort { name: GRPC, port: 7000 }],
        env: &[text("PORT", "7000"), NO_PROFILER],
        memory_helm: mem(128, 256),
        ..SERVER
    },
    Workload {
        service: Emailservice,
        language: Language::Python,
        shell: true,
        listen: Some(8080),
        service_ports: &[ServicePort { name: GRPC, port: 5000 }],
        env: &[text("PORT", "8080"), NO_PROFILER],
        readiness: every(Check::Grpc, Some(5)),
        liveness: every(Check::Grpc, Some(5)),
        ..SERVER
    },
    Workload {
        service: Paymentservice,
        language: Language::Node,
        shell: true,
        listen: Some(50051),
        service_ports: &[ServicePort { name: GRPC, port: 50051 }],
        env: &[text("PORT", "50051"), NO_PROFILER],
        memory_helm: mem(128, 256),
        ..SERVER
    },
    Workload {
        service: Productcatalogservice,
        listen: Some(3550),
        service_ports: &[ServicePort { name: GRPC, port: 3550 }],
        env: &[text("PORT", "3550"), NO_PROFILER],
        ..SERVER
    },
    Workload {
        service: Recommendationservice,
        language: Language::Python,
        shell: true,
        listen: Some(8080),
        service_ports: &[ServicePort { name: GRPC, port: 8080 }],
        env: &[text("PORT", "8080"), to("PRODUCT_CATALOG_SERVICE_ADDR", Productcatalogservice), NO_PROFILER],
        readiness: every(Check::Grpc, Some(5)),
        liveness: every(Check::Grpc, Some(5)),
        memory: mem(220, 450),
        memory_helm: mem(220, 450),
        ..SERVER
    },
    Workload {
        service: Shippingservice,
        listen: Some(50051),
        service_ports: &[ServicePort { name: GRPC, port: 50051 }],
        env: &[text("PORT", "50051"), NO_PROFILER],
        readiness: every(Check::Grpc, Some(5)),
        grace_seconds: None,
        ..SERVER
    },
    Workload {
        service: RedisCart,
        language: Language::C,
        shell: true,
        image: Image::Public("redis:alpine"),
        container: "redis",
        account: false,
        listen: Some(6379),
        service_ports: &[ServicePort { name: "tcp-redis", port: 6379 }],
        readiness: every(Check::Tcp, Some(5)),
        liveness: every(Check::Tcp, Some(5)),
        cpu: cpu(70, 125),
        memory: mem(200, 256),
        memory_helm: mem(200, 256),
        grace_seconds: None,
        scratch: Some(("redis-data", "/data")),
        ..SERVER
    },
    Workload {
        service: Loadgenerator,
        language: Language::Python,
        shell: true,
        container: "main",
        env: &[
            to("FRONTEND_ADDR", Frontend),
            text("USERS", "10"),
            Env { name: "RATE", value: EnvValue::Text("1"), since_patch: 3 },
        ],
        readiness: None,
        liveness: None,
        cpu: cpu(300, 500),
        memory: mem(256, 512),
        memory_helm: mem(256, 512),
        istio_rewrites_probes: true,
        ..SERVER
    },
];
