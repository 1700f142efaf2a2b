//! Terraform provider for Google's Online Boutique on Kubernetes: what Terraform sees.
//!
//! Everything that decides is in `boutique-core`, everything that talks to a cluster in `boutique-cluster`; here their
//! words are turned into Terraform's.

mod connection;
mod control;
mod dynamic;
mod ingress;
mod managed;
mod monitoring;
mod provider;
mod reader;
mod release;
mod stack;
mod timeouts;

pub use provider::Boutique;
