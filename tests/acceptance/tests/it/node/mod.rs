//! On a real node: real pods, real images, real traffic. One binary, so that its tests share a lab and its images.

mod pull;
mod shop;
mod table;
