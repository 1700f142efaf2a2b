//! Online Boutique as data and pure functions: catalogue, rendering, status, drift, findings, predictions.

pub mod catalogue;
pub mod service;
