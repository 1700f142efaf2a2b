//! How well the prober keeps its timetable, and what it makes of a shop that is silent for a while.
//!
//! ```text
//! cargo build --release -p boutique-cluster --example prober
//! taskset -c 1 target/release/examples/prober serve 127.0.0.1:18080 &
//! taskset -c 0 target/release/examples/prober probe 127.0.0.1:18080 2000 30
//! ```
//!
//! `probe ADDRESS RATE SECONDS [SILENCE]` asks a server that answers as a shop does, at once; with a fourth figure the
//! server is silent for so many seconds after a third of the time. The error of the timetable is told twice: as the prober
//! sees it, and as the server does, which notes when each request arrives.

use std::error::Error;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use boutique_cluster::outside::Trust;
use boutique_cluster::prober::{LIMIT, Prober, timetable};
use boutique_cluster::storefront::Storefront;
use boutique_core::measure::measure;
use boutique_core::probe::{Outcome, Sample, Timetable};
use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

type Failure = Box<dyn Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve", address] => serve(address).await,
        ["probe", address, rate, seconds, silence @ ..] => {
            let silence = silence.first().map_or(Ok(0), |silence| silence.parse())?;
            probe(address, rate.parse()?, seconds.parse()?, silence).await
        }
        _ => Err("serve ADDRESS, or probe ADDRESS RATE SECONDS [SILENCE]".into()),
    }
}

#[derive(Clone)]
struct Shop {
    arrivals: Arc<Mutex<Vec<i64>>>,
    /// Before this moment nobody gets an answer.
    silent_until: Arc<Mutex<Instant>>,
}

async fn serve(address: &str) -> Result<(), Failure> {
    let shop = Shop { arrivals: Arc::default(), silent_until: Arc::new(Mutex::new(Instant::now())) };
    let app = Router::new().fallback(answer).with_state(shop);
    Ok(axum::serve(TcpListener::bind(address).await?, app).await?)
}

async fn answer(State(shop): State<Shop>, method: Method, uri: Uri) -> Response {
    if uri.path() == "/arrivals" {
        let arrivals = std::mem::take(&mut *lock(&shop.arrivals));
        return arrivals.iter().map(|at| format!("{at}\n")).collect::<String>().into_response();
    }
    if let Some(seconds) = uri.path().strip_prefix("/silence/").and_then(|seconds| seconds.parse().ok()) {
        *lock(&shop.silent_until) = Instant::now() + Duration::from_secs(seconds);
        return StatusCode::OK.into_response();
    }
    lock(&shop.arrivals).push(Timestamp::now().as_microsecond());
    let until = *lock(&shop.silent_until);
    if until > Instant::now() {
        tokio::time::sleep_until(until).await;
    }
    match (method.as_str(), uri.path()) {
        ("POST", "/cart/checkout") => "Your order is complete!".into_response(),
        ("POST", _) => StatusCode::FOUND.into_response(),
        _ => "Hot Products".into_response(),
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn probe(address: &str, rate: u32, seconds: u64, silence: u64) -> Result<(), Failure> {
    let storefront = Storefront::at(format!("http://{address}").parse()?, None, &Trust::Machine)?;
    let timetable = timetable(&storefront, Some(rate))?;
    get(address, "/arrivals").await?;
    let prober = Prober::start(storefront, timetable, "example");
    let mut silent_from = Duration::ZERO;
    if silence > 0 {
        tokio::time::sleep(Duration::from_secs(seconds / 3)).await;
        get(address, &format!("/silence/{silence}")).await?;
        silent_from = prober.now();
        tokio::time::sleep(Duration::from_secs(seconds - seconds / 3)).await;
    } else {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
    let started = Timestamp::now() - prober.now();
    let (mut samples, schedule) = prober.stop_with_schedule().await;
    samples.sort_by_key(|sample| sample.at);

    let mut out = std::io::stdout().lock();
    let millis = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1000.0);
    writeln!(
        out,
        "{} requests due at {rate} a second, {} sent, {} not",
        samples.len(),
        schedule.sent,
        schedule.missed
    )?;
    let (p50, p99, max) = (millis(schedule.p50), millis(schedule.p99), millis(schedule.max));
    writeln!(out, "left after they were due   p50 {p50}, p99 {p99}, max {max}")?;
    let (p50, p99, max) = arrived(&get(address, "/arrivals").await?, timetable, started, samples.len());
    writeln!(out, "arrived after they were due  p50 {p50}, p99 {p99}, max {max}")?;
    let measurement = measure(&samples, Duration::ZERO);
    if let Some(latency) = measurement.latency.during {
        let (p50, p95, p99) = (millis(latency.p50), millis(latency.p95), millis(latency.p99));
        writeln!(out, "answered after they were due p50 {p50}, p95 {p95}, p99 {p99}")?;
    }
    writeln!(out, "{}", measurement.availability)?;
    if silence > 0 {
        stall(&mut out, &samples, silent_from, Duration::from_secs(silence), rate)?;
    }
    Ok(())
}

/// What became of the requests that were due while the server was silent.
fn stall(out: &mut impl Write, samples: &[Sample], from: Duration, length: Duration, rate: u32) -> Result<(), Failure> {
    let until = from + length;
    let due: Vec<&Sample> = samples.iter().filter(|sample| (from..until).contains(&sample.at)).collect();
    let count = |test: &dyn Fn(&Sample) -> bool| due.iter().filter(|sample| test(sample)).count();
    let timed_out = count(&|sample| sample.outcome == Outcome::Timeout);
    let failed = count(&|sample| matches!(sample.outcome, Outcome::Bad { .. }));
    let unknown = count(&|sample| !sample.outcome.is_known());
    let late = count(&|sample| sample.outcome == Outcome::Good && sample.at + sample.took >= until);
    writeln!(
        out,
        "silent for {} s: {} requests were due ({} s x {rate} a second = {}); {timed_out} timed out after {} s, {late} were \
         answered late, {failed} failed, {unknown} unknown, {} answered in time",
        length.as_secs(),
        due.len(),
        length.as_secs(),
        length.as_secs() * u64::from(rate),
        LIMIT.as_secs(),
        due.len() - timed_out - failed - unknown - late
    )?;
    Ok(())
}

/// p50, p99 and the greatest difference between the k-th arrival and the k-th entry of the timetable.
fn arrived(arrivals: &str, timetable: Timetable, started: Timestamp, count: usize) -> (String, String, String) {
    let mut arrivals: Vec<i64> = arrivals.lines().filter_map(|line| line.parse().ok()).collect();
    arrivals.sort_unstable();
    let due = |n: u64| started.as_microsecond() + i64::try_from(timetable.slot(n).at.as_micros()).unwrap_or_default();
    let mut late: Vec<i64> = arrivals.iter().take(count).zip(0..).map(|(at, n)| at - due(n)).collect();
    late.sort_unstable();
    let rank = |per_mille: usize| late.get((late.len() * per_mille).div_ceil(1000).saturating_sub(1)).copied();
    let millis = |per_mille| format!("{:.2} ms", rank(per_mille).unwrap_or_default() as f64 / 1000.0);
    (millis(500), millis(990), millis(1000))
}

async fn get(address: &str, path: &str) -> Result<String, Failure> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}
