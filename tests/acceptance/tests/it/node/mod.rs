//! On a real node: real pods, real images, real traffic.

mod ingress;
mod monitoring;
#[cfg(published_charts)]
mod published_chart;
mod pull;
mod shop;
mod table;
