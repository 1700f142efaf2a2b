//! `boutique_monitoring` through real terraform and real helm on a cluster with simulated nodes: everything but what an
//! operator and a Prometheus that run would do.

mod common;
mod killed;
mod place;
mod refused;
mod secrets;
mod shared;
