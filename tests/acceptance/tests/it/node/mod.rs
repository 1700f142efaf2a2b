//! On a real node: real pods, real images, real traffic.

#[path = "../../ingress.rs"]
mod ingress;
mod pull;
mod shop;
mod table;
