//! The Helm engine with a real helm against a real API server with simulated nodes. Each test has a namespace and charts
//! of its own; the lab is brought up on first use and kept for the next run (`cargo xtask lab down test-sim`).

mod complaining;
mod crds;
mod drifting;
mod harness;
mod helm3;
mod installing;
mod killing;
mod reading;
mod registry;
#[expect(dead_code, reason = "the faulty server can do more than is needed here")]
#[path = "../faulty/server.rs"]
mod server;
mod sources;
mod unlocking;
mod waiting;
