//! The framework under real Terraform: example providers, started by it as users' providers are.
//!
//! Terraform is looked for in `BOUTIQUE_TERRAFORM`, then in `PATH`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

mod harness;

mod configuration;
mod debugging;
mod ephemeral;
mod interruption;
mod lifecycle;
mod mischief;
mod process;
mod values;
