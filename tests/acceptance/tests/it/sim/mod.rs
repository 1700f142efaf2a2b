//! On a real API server with simulated nodes.

mod bad_input;
#[path = "../../edge_faults/main.rs"]
mod edge_faults;
#[path = "../../edge_features/main.rs"]
mod edge_features;
mod kills;
mod stack;
