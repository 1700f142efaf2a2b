//! The services of Online Boutique as one small static binary: `boutique-lite SERVICE`.

mod ad;
mod backend;
mod backoff;
mod cart;
mod catalog;
mod checkout;
mod currency;
mod email;
mod env;
mod frontend;
mod grpc;
mod health;
mod http1;
mod leak;
mod loadgenerator;
mod log;
mod money;
mod pause;
mod payment;
mod platform;
#[cfg(test)]
#[path = "../tests/it/ports.rs"]
mod ports;
mod recommendation;
mod service;
mod shipping;
mod trace;
mod urlencoded;

fn main() -> std::process::ExitCode {
    service::run(std::env::args().nth(1).as_deref())
}
