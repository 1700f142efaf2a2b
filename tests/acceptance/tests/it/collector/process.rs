//! A collector as a process, and what it says at `/metrics`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use boutique_core::render;
use boutique_core::spec::StackSpec;
use boutique_lab::{Cache, Part, Progress};
use serde_json::{Value, json};

use super::ports::free_port;

/// How long a machine that does other things may take until spans are metrics: they are counted every five seconds.
const PATIENCE: Duration = Duration::from_secs(90);
/// What a shop's collector may use unless somebody says otherwise, in MiB.
const MEMORY: i128 = 256;

/// Ends with the value.
pub(super) struct Collector {
    child: Child,
    spans: u16,
    http: u16,
    metrics: u16,
    folder: tempfile::TempDir,
}

impl Collector {
    /// One with the configuration that a shop's gets, but for its addresses.
    pub(super) fn open(spec: &StackSpec) -> Self {
        let (spans, http, metrics, health) = (free_port(), free_port(), free_port(), free_port());
        let mut config = render::config(spec, MEMORY);
        let mut listen = |pointer: &str, port: u16| {
            *config.pointer_mut(pointer).expect("is in the configuration") = Value::from(format!("127.0.0.1:{port}"));
        };
        listen("/receivers/otlp/protocols/grpc/endpoint", spans);
        listen("/exporters/prometheus/endpoint", metrics);
        listen("/extensions/health_check/endpoint", health);

        // And a way in for spans that a test writes by hand.
        config["receivers"]["otlp"]["protocols"]["http"] = json!({"endpoint": format!("127.0.0.1:{http}")});

        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.yaml");
        fs::write(&file, config.to_string()).expect("the configuration is written");
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        let part =
            Cache::of_user().and_then(|cache| boutique_lab::build(&cache, &Part::COLLECTOR, &Progress::stderr()));
        let program = part.unwrap_or_else(|error| panic!("the collector: {error:#}")).join("collector");
        let child = Command::new(program)
            .arg(format!("--config={}", file.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the collector starts");
        let mut collector = Self { child, spans, http, metrics, folder };
        let deadline = Instant::now() + PATIENCE;
        while collector.scrape().is_none() {
            let ended = collector.child.try_wait().expect("it is ours");
            assert!(ended.is_none() && Instant::now() < deadline, "the collector does not start:\n{}", collector.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        collector
    }

    /// Where spans are sent.
    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.spans)
    }

    /// Sends spans in OTLP's JSON.
    pub(super) fn send(&self, spans: &Value) {
        let body = spans.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.http)).expect("the collector accepts");
        let head = format!(
            "POST /v1/traces HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).expect("spans are sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the collector answers");
        assert!(answer.lines().next().is_some_and(|line| line.contains(" 200 ")), "{answer}");
    }

    /// The series as soon as they are enough.
    pub(super) fn until(&self, what: &str, mut enough: impl FnMut(&[Series]) -> bool) -> Vec<Series> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let series: Vec<Series> = self.scrape().unwrap_or_default().lines().filter_map(Series::read).collect();
            if enough(&series) {
                return series;
            }
            let calls: Vec<_> = series.iter().filter(|one| one.is_call()).collect();
            assert!(Instant::now() < deadline, "in vain: {what}\n{calls:#?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn scrape(&self) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.metrics)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).ok()?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: collector\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        // A statement that does not fit what it is given is passed over, and said so. Services that are killed are none.
        let is_complaint =
            |line: &&str| (line.contains("\terror\t") || line.contains("\twarn\t")) && !line.contains("grpc_log");
        let complaints: Vec<String> = self.log().lines().filter(is_complaint).map(str::to_owned).collect();
        self.child.kill().ok();
        self.child.wait().ok();
        if !std::thread::panicking() {
            assert_eq!(complaints, [""; 0], "the collector complains");
        }
    }
}

/// A line of the metrics.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    value: f64,
}

impl Series {
    /// Reads a line; no value of ours has a quote or a comma.
    fn read(line: &str) -> Option<Self> {
        let (series, value) = line.rsplit_once(' ').filter(|_| !line.starts_with('#'))?;
        let (name, labels) = series.strip_suffix('}').and_then(|series| series.split_once('{')).unwrap_or((series, ""));
        let pairs = labels.split(',').filter_map(|pair| pair.split_once('='));
        let labels = pairs.map(|(label, value)| (label.to_owned(), value.trim_matches('"').to_owned()));
        // A label without a value is none for Prometheus.
        let labels = labels.filter(|(_, value)| !value.is_empty()).collect();
        Some(Self { name: name.to_owned(), labels, value: value.parse().ok()? })
    }

    pub(super) fn is_call(&self) -> bool {
        self.name == "traces_span_metrics_calls_total"
    }

    pub(super) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counters of a test are small")]
    pub(super) fn count(&self) -> u64 {
        self.value as u64
    }

    /// Everything but the value.
    pub(super) fn identity(&self) -> String {
        format!("{}{:?}", self.name, self.labels)
    }
}
