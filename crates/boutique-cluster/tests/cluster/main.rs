//! The engine against a real API server with simulated nodes. Each test has a namespace of its own; the lab is brought
//! up on first use and kept for the next run (`cargo xtask lab down test-sim`).

mod connection;
mod destroying;
mod drifting;
mod faulting;
mod harness;
mod interrupting;
mod leasing;
mod pruning;
mod random;
mod refusing;
mod repeating;
mod waiting;
