//! A shopper without a browser: plain HTTP to an address of the lab, with one session's cookies.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// A session with a shop.
pub struct Browser {
    address: String,
    session: String,
}

impl Browser {
    /// A new session with the frontend at `address` (host and port).
    pub fn new(address: &str) -> Self {
        Self { address: address.to_owned(), session: format!("table-{:08x}", rand::random::<u32>()) }
    }

    /// Status of a GET, or `None` when there was no answer within five seconds.
    pub fn get(&self, path: &str) -> Option<u16> {
        self.send("GET", path, "")
    }

    /// Status of a POST of a form.
    pub fn post(&self, path: &str, form: &str) -> Option<u16> {
        self.send("POST", path, form)
    }

    fn send(&self, method: &str, path: &str, form: &str) -> Option<u16> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: shop.local\r\nConnection: close\r\nCookie: shop_session-id={}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.session,
            form.len()
        );
        stream.write_all(request.as_bytes()).ok()?;
        let mut head = [0; 12];
        stream.read_exact(&mut head).ok()?;
        std::str::from_utf8(&head).ok()?.split(' ').nth(1)?.parse().ok()
    }
}
