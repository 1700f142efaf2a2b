//! Terraform plugin protocol 6 and go-plugin messages, generated and committed.
//!
//! The sources are `proto/*.proto`; `tests/bootstrap.rs` generates the code again and fails when it differs from what is
//! committed. `BLESS=1 cargo test -p tfplugin-proto` writes it anew. Neither a build nor a test needs protoc.
//!
//! This crate is the wire and nothing else: no type of it should reach the author of a provider.

/// Package `tfplugin6`: what a provider serves.
#[expect(
    missing_docs,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod tfplugin6 {
    include!("gen/tfplugin6.rs");
}

/// Package `plugin`: what go-plugin serves beside it.
#[expect(
    missing_docs,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated code"
)]
pub mod plugin {
    include!("gen/plugin.rs");
}
