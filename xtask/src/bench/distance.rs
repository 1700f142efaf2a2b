//! An API server that is farther away: a relay on loopback that holds each byte back for half a round trip, each way.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Writes a kubeconfig like `near` that reaches the same server, `round_trip` away. The relay runs until the process ends.
pub(crate) fn kubeconfig(near: &Path, server: &str, round_trip: Duration, folder: &Path) -> Result<PathBuf> {
    let address = server.strip_prefix("https://").and_then(|address| address.parse().ok());
    let port = relay(address.with_context(|| format!("{server} is no address"))?, round_trip / 2)?;
    let text = fs::read_to_string(near).with_context(|| format!("cannot read {}", near.display()))?;
    let far = folder.join("far.kubeconfig");
    fs::write(&far, text.replace(server, &format!("https://127.0.0.1:{port}"))).context("a kubeconfig")?;
    Ok(far)
}

/// The relay's port.
fn relay(server: SocketAddr, one_way: Duration) -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("a port for the relay")?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            // A connection that cannot be relayed is closed, and the client says so.
            let _ = both_ways(client, server, one_way);
        }
    });
    Ok(port)
}

fn both_ways(client: TcpStream, server: SocketAddr, one_way: Duration) -> std::io::Result<()> {
    let upstream = TcpStream::connect(server)?;
    for socket in [&client, &upstream] {
        socket.set_nodelay(true)?;
    }
    // The handshake of TCP, too, takes its way there and back before the first byte can follow.
    let open_at = Instant::now() + 2 * one_way;
    hold_back(client.try_clone()?, upstream.try_clone()?, one_way, open_at);
    hold_back(upstream, client, one_way, open_at);
    Ok(())
}

fn hold_back(mut from: TcpStream, mut to: TcpStream, one_way: Duration, open_at: Instant) {
    let (arrived, due) = mpsc::channel::<(Instant, Vec<u8>)>();
    thread::spawn(move || {
        let mut buffer = [0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            if arrived.send((Instant::now().max(open_at) + one_way, buffer[..read].to_vec())).is_err() {
                break;
            }
        }
    });
    thread::spawn(move || {
        for (at, bytes) in due {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if to.write_all(&bytes).is_err() {
                break;
            }
        }
        to.shutdown(Shutdown::Write).ok();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relayed_server_answers_as_the_server_does_and_no_sooner_than_the_round_trip() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = server.local_addr().unwrap();
        thread::spawn(move || {
            let (mut stream, _) = server.accept().unwrap();
            let mut asked = [0; 4];
            stream.read_exact(&mut asked).unwrap();
            stream.write_all(b"pong").unwrap();
        });
        let round_trip = Duration::from_millis(40);
        let begun = Instant::now();
        let mut client = TcpStream::connect((Ipv4Addr::LOCALHOST, relay(address, round_trip / 2).unwrap())).unwrap();
        client.write_all(b"ping").unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "pong");
        assert!(begun.elapsed() >= 2 * round_trip, "one for the connection, one for the answer");
    }
}
