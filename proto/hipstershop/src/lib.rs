//! The gRPC API of Online Boutique, of gRPC health checking and of sending traces, generated and committed.
//!
//! The sources are `proto/*.proto`; `tests/bootstrap.rs` generates the code again and fails when it differs from what is
//! committed. `BLESS=1 cargo test -p hipstershop-proto` writes it anew. Neither a build nor a test needs protoc.

/// Package `hipstershop`: the shop's eight services and their messages.
#[expect(
    missing_docs,
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod hipstershop {
    include!("gen/hipstershop.rs");
}

/// Package `grpc.health.v1`: the health service that kubelet's gRPC probes ask.
#[expect(
    missing_docs,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod health {
    include!("gen/grpc.health.v1.rs");
}

/// Package `opentelemetry.proto.collector.trace.v1`: the service that takes the spans of services that trace.
#[expect(
    missing_docs,
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod otlp {
    include!("gen/opentelemetry.proto.collector.trace.v1.rs");
}
