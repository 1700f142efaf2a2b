//! Online Boutique as data and pure functions: catalogue, rendering, status, drift, findings, predictions.

pub mod catalogue;
pub mod contract;
pub mod diff;
pub mod edge;
pub mod fault;
pub mod finding;
pub mod grade;
pub mod helm;
pub mod inventory;
pub mod judge;
pub mod lease;
pub mod measure;
pub mod monitoring;
pub mod object;
pub mod predict;
pub mod probe;
pub mod purchase;
pub mod quantity;
pub mod render;
pub mod revision;
pub mod service;
pub mod shared;
pub mod spec;
pub mod status;
pub mod url;
pub mod view;
