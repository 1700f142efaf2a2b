//! On a real API server with simulated nodes.

mod bad_input;
#[path = "../../edge_features/main.rs"]
mod edge_features;
mod kills;
mod stack;
