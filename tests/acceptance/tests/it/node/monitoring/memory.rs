//! A service that the kernel kills for its memory, and a Redis that fills.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::Watched;

/// How long until a kill is alerted, at most.
const KILL_TO_ALERT: Duration = Duration::from_secs(90);
/// What is put into Redis at once, in MiB, and what then follows in half a minute.
const FILLED: usize = 150;
const PER_HALF_MINUTE: usize = 15;

#[expect(clippy::print_stdout, reason = "how long it took belongs into the test's output")]
pub(super) fn oom_and_leak_are_seen(watched: &Watched) {
    let redis = watched.shop.get("service", "redis-cart")["spec"]["clusterIP"].as_str().expect("an address").to_owned();
    let (stop_tx, stop_rx) = std::sync::mpsc::channel();
    let filling = std::thread::spawn(move || fill(&redis, &stop_rx));
    oom(watched);
    let leak = "ALERTS{alertname=\"BoutiqueMemoryLeak\",service=\"redis-cart\",alertstate=\"firing\"}";
    let begun = Instant::now();
    watched.prometheus.await_answer(leak, Duration::from_secs(240));
    println!("the leak of redis-cart was alerted {:?} after the alert of the kill", begun.elapsed());
    let restarts = restarts(watched, "redis-cart");
    assert_eq!(restarts, 0, "the leak is alerted before the kill");
    stop_tx.send(()).ok();
    let stored = filling.join().expect("Redis takes what it is given");
    println!("{stored} MiB were in Redis when its leak was alerted");
}

#[expect(clippy::print_stdout, reason = "how long it took belongs into the test's output")]
fn oom(watched: &Watched) {
    let leak = |rate: &str| {
        let variable = format!("BOUTIQUE_LITE_LEAK_MIB_PER_SECOND{rate}");
        watched.shop.kubectl(&["set", "env", "deployment/cartservice", &variable]).expect_success("kubectl set env");
    };
    leak("=20");
    let deadline = Instant::now() + Duration::from_secs(120);
    while restarts(watched, "cartservice") == 0 {
        assert!(Instant::now() < deadline, "cartservice was not killed");
        std::thread::sleep(Duration::from_millis(500));
    }
    let alert = "ALERTS{alertname=\"BoutiqueOOMKilled\",service=\"cartservice\",alertstate=\"firing\"}";
    let took = watched.prometheus.await_answer(alert, KILL_TO_ALERT);
    println!("the kill of cartservice was alerted after {took:?}");
    let others = "ALERTS{alertname=\"BoutiqueOOMKilled\",service!=\"cartservice\",alertstate=\"firing\"}";
    let others = watched.prometheus.query(others);
    assert!(others.is_empty(), "only cartservice was killed: {others:?}");
    leak("-");
}

/// Restarts of the containers of a service's pods, the most of any.
fn restarts(watched: &Watched, service: &str) -> u64 {
    let pods = watched.shop.list("pods");
    let of_service = pods.iter().filter(|pod| pod["metadata"]["labels"]["app"] == service);
    let restarts = of_service.flat_map(|pod| pod["status"]["containerStatuses"].as_array().into_iter().flatten());
    restarts.filter_map(|container| container["restartCount"].as_u64()).max().unwrap_or(0)
}

/// Fills Redis, first fast, then steadily, until told to stop; answers how many MiB it took.
fn fill(address: &str, stop: &std::sync::mpsc::Receiver<()>) -> usize {
    let mut stream = TcpStream::connect((address, 6379)).expect("Redis listens");
    let value = vec![b'x'; 1 << 20];
    let mut stored = 0;
    loop {
        let pause = if stored < FILLED {
            Duration::ZERO
        } else {
            Duration::from_secs(30) / u32::try_from(PER_HALF_MINUTE).expect("is small")
        };
        match stop.recv_timeout(pause) {
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {}
            _ => return stored,
        }
        let key = format!("ballast-{stored}");
        write!(stream, "*3\r\n$3\r\nSET\r\n${}\r\n{key}\r\n${}\r\n", key.len(), value.len()).expect("Redis reads");
        stream.write_all(&value).and_then(|()| stream.write_all(b"\r\n")).expect("Redis reads");
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).expect("Redis answers");
        assert_eq!(&answer, b"+OK\r\n", "Redis takes it");
        stored += 1;
    }
}
