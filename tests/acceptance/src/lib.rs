//! The two real binaries against real terraform and a real cluster: the harness that the tests of this crate share.

pub mod audit;
pub mod browser;
pub mod fault;
pub mod kubectl;
pub mod lab;
pub mod process;
pub mod project;
pub mod prometheus;
pub mod room;
pub mod stack;
pub mod terraform;
