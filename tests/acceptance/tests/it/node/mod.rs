//! On a real node: real pods, real images, real traffic.

mod ingress;
mod pull;
mod shop;
mod table;
