//! A Prometheus of the lab, asked over its HTTP API.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::kubectl::Namespace;

/// Where a Prometheus is.
pub struct Prometheus {
    address: String,
}

/// One series of an answer: its labels and its newest value.
#[derive(Debug)]
pub struct Series {
    labels: Value,
    /// The value; NaN where Prometheus says so.
    pub value: f64,
}

impl Series {
    /// A label, empty where the series has none of that name.
    pub fn label(&self, name: &str) -> &str {
        self.labels[name].as_str().unwrap_or_default()
    }
}

impl Prometheus {
    /// The one that a `boutique_monitoring` names in its state; `namespace` leads to the cluster.
    pub fn in_state(namespace: &Namespace, state: &Value) -> Self {
        let found = state["prometheus_service"].as_str().expect("a Prometheus in the state");
        let (place, service) = found.split_once('/').expect("namespace and Service");
        let address = ["get", "service", service, "--namespace", place, "--output=jsonpath={.spec.clusterIP}"];
        let address = namespace.cluster(&address).expect_success("kubectl get service").stdout;
        Self { address: format!("{address}:9090") }
    }

    /// What an expression answers now.
    ///
    /// # Errors
    /// What Prometheus says against it, or that it does not answer.
    pub fn try_query(&self, expression: &str) -> Result<Vec<Series>, String> {
        let answer = self.get(&format!("/api/v1/query?query={}", encoded(expression)))?;
        let result = &answer["data"]["result"];
        let series = |value: &Value, labels: &Value| {
            let text = value[1].as_str().unwrap_or("NaN");
            Series { labels: labels.clone(), value: text.parse().unwrap_or(f64::NAN) }
        };
        match answer["data"]["resultType"].as_str() {
            Some("vector") => {
                let all = result.as_array().into_iter().flatten();
                Ok(all.map(|one| series(&one["value"], &one["metric"])).collect())
            }
            Some("scalar") => Ok(vec![series(result, &Value::Null)]),
            other => Err(format!("an answer of type {other:?}")),
        }
    }

    /// The same, where an error is the test's.
    pub fn query(&self, expression: &str) -> Vec<Series> {
        self.try_query(expression).unwrap_or_else(|said| panic!("{expression}: {said}"))
    }

    /// The one value that an expression answers, if there is exactly one.
    pub fn value(&self, expression: &str) -> Option<f64> {
        match self.query(expression).as_slice() {
            [one] => Some(one.value),
            _ => None,
        }
    }

    /// How long it takes until an expression answers anything.
    ///
    /// # Panics
    /// When it takes longer than `at_most`.
    pub fn await_answer(&self, expression: &str, at_most: Duration) -> Duration {
        let begun = Instant::now();
        loop {
            match self.try_query(expression) {
                Ok(series) if !series.is_empty() => return begun.elapsed(),
                answer if begun.elapsed() > at_most => {
                    panic!("no answer to {expression} within {at_most:?}: {answer:?}\n{}", self.standing())
                }
                _ => std::thread::sleep(Duration::from_secs(1)),
            }
        }
    }

    /// What the rules file says of itself: every rule with its health.
    pub fn rules(&self) -> Vec<Value> {
        let answer = self.get("/api/v1/rules").unwrap_or_else(|said| panic!("rules: {said}"));
        let groups = answer["data"]["groups"].as_array().cloned().unwrap_or_default();
        groups.iter().flat_map(|group| group["rules"].as_array().cloned().unwrap_or_default()).collect()
    }

    /// Targets and alerts, for the text of a failed test.
    pub fn standing(&self) -> String {
        let targets = self.get("/api/v1/targets?state=active").unwrap_or_default();
        let targets = targets["data"]["activeTargets"].as_array().cloned().unwrap_or_default();
        let targets = targets.iter().map(|target| {
            let text = |pointer: &str| target.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
            format!("{} {} {} {}", text("/scrapePool"), text("/scrapeUrl"), text("/health"), text("/lastError"))
        });
        let alerts = self.try_query("ALERTS").unwrap_or_default();
        let alerts = alerts.iter().map(|alert| alert.labels.to_string());
        targets.chain(alerts).collect::<Vec<_>>().join("\n")
    }

    fn get(&self, path: &str) -> Result<Value, String> {
        let answer = self.send(path).map_err(|error| format!("{} does not answer: {error}", self.address))?;
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let answer: Value = serde_json::from_str(body).map_err(|_| format!("no JSON: {answer}"))?;
        match answer["status"].as_str() {
            Some("success") => Ok(answer),
            _ => Err(answer["error"].as_str().unwrap_or("no status").to_owned()),
        }
    }

    /// HTTP/1.0, so that the answer ends with the connection.
    fn send(&self, path: &str) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(20)))?;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: prometheus\r\n\r\n")?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
