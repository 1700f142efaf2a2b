//! On a real API server with simulated nodes.

mod bad_input;
mod edge_faults;
mod edge_features;
mod kills;
mod monitoring;
mod stack;
