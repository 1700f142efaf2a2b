//! The two real binaries against real terraform and a real cluster. One binary, so that its tests share the labs and wait
//! at the same time.

mod charts;
mod collector;
mod examples;
mod faults;
mod node;
mod rules;
mod sim;
