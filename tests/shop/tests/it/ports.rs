//! Ports for servers of a test, which start some time after the port was chosen.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
};

const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// A free port, given once. It is none that the system gives to connections: such a port may be taken by anybody between
/// this look and the start of a server, and a client that tries it too early may connect to itself.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    // Runs at the same time begin at different places.
    let begin = u16::try_from(std::process::id().wrapping_mul(100) % u32::from(COUNT)).unwrap_or(0);
    for _ in 0..COUNT {
        let port = FIRST + begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % COUNT;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port from {FIRST} on is free");
}
