//! Log lines in the shape that each upstream service writes them.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt, io::Write, sync::Arc};

/// How grave a line is, in logrus' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    Debug,
    Info,
    Warning,
    Error,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Severity::Debug => "debug",
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

/// The logging library whose output is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Go: sorted keys, RFC 3339 time.
    Logrus,
    /// Node: epoch milliseconds, pid and host.
    Pino,
    /// Python: epoch seconds with a fraction.
    PythonJson,
    /// Java: log4j2's compact JSON.
    Log4j,
    /// .NET and Locust: the message alone.
    Plain,
}

/// A field of a line: name and value.
pub(crate) type Field<'a> = (&'a str, Value);

/// Writes a service's log to stdout. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Log(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    format: Format,
    name: String,
}

impl Log {
    pub(crate) fn new(format: Format, name: impl Into<String>) -> Self {
        Self(Arc::new(Inner { format, name: name.into() }))
    }

    pub(crate) fn info(&self, message: impl fmt::Display) {
        self.line(Severity::Info, message, &[]);
    }

    pub(crate) fn warning(&self, message: impl fmt::Display) {
        self.line(Severity::Warning, message, &[]);
    }

    pub(crate) fn error(&self, message: impl fmt::Display) {
        self.line(Severity::Error, message, &[]);
    }

    /// One line with fields of its own.
    pub(crate) fn line(&self, severity: Severity, message: impl fmt::Display, fields: &[Field<'_>]) {
        write_line(&format_line(&self.0, Timestamp::now(), severity, &message.to_string(), fields));
    }
}

/// A line that some services write beside their log. Nobody to read it is no reason to stop.
pub(crate) fn write_line(line: &str) {
    if cfg!(test) {
        // Unit tests look at the lines as they are made; written out they would only hide the tests' own words.
        return;
    }
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush()).ok();
}

fn format_line(log: &Inner, now: Timestamp, severity: Severity, message: &str, fields: &[Field<'_>]) -> String {
    let mut line = Map::new();
    let mut put = |key: &str, value: Value| line.insert(key.to_owned(), value);
    match log.format {
        Format::Plain => return message.to_owned(),
        Format::Logrus => {
            let mut sorted: BTreeMap<&str, Value> = fields.iter().cloned().collect();
            sorted.insert("message", json!(message));
            sorted.insert("severity", json!(severity.name()));
            sorted.insert("timestamp", json!(now.to_string()));
            for (key, value) in sorted {
                put(key, value);
            }
            return Value::Object(line).to_string();
        }
        Format::Pino => {
            put("severity", json!(severity.name()));
            put("time", json!(now.as_millisecond()));
            put("pid", json!(std::process::id()));
            put("hostname", json!(hostname()));
            put("name", json!(log.name));
        }
        Format::PythonJson => {
            put("timestamp", json!(now.as_microsecond() as f64 / 1e6));
            put("severity", json!(severity.name().to_uppercase()));
            put("name", json!(log.name));
        }
        Format::Log4j => {
            put("instant", json!({"epochSecond": now.as_second(), "nanoOfSecond": now.subsec_nanosecond()}));
            put("thread", json!("main"));
            put("level", json!(severity.name().to_uppercase()));
            put("loggerName", json!(log.name));
            put("time", json!(now.to_string()));
        }
    }
    put("message", json!(message));
    for (key, value) in fields {
        put(key, value.clone());
    }
    Value::Object(line).to_string()
}

/// The name of the machine, which in a pod is the pod's name.
pub(crate) fn hostname() -> String {
    let file = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = file.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    name.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(format: Format, fields: &[Field<'_>]) -> String {
        let log = Inner { format, name: "server".to_owned() };
        let now = Timestamp::from_millisecond(1_700_000_000_250).unwrap();
        format_line(&log, now, Severity::Warning, "hello", fields)
    }

    #[test]
    fn a_go_service_writes_sorted_keys_and_an_rfc_3339_time() {
        assert_eq!(
            line(Format::Logrus, &[("session", json!("s-1")), ("error", json!("gone"))]),
            r#"{"error":"gone","message":"hello","session":"s-1","severity":"warning","timestamp":"2023-11-14T22:13:20.25Z"}"#
        );
    }

    #[test]
    fn a_node_service_writes_epoch_milliseconds() {
        let line: Value = serde_json::from_str(&line(Format::Pino, &[])).unwrap();
        assert_eq!(line["time"], json!(1_700_000_000_250_i64));
        assert_eq!(line["severity"], "warning");
        assert_eq!(line["name"], "server");
    }

    #[test]
    fn a_python_service_writes_epoch_seconds_and_upper_case_severity() {
        let line: Value = serde_json::from_str(&line(Format::PythonJson, &[])).unwrap();
        assert_eq!(line["timestamp"], json!(1_700_000_000.25));
        assert_eq!(line["severity"], "WARNING");
    }

    #[test]
    fn a_java_service_writes_an_instant_and_a_level() {
        let line: Value = serde_json::from_str(&line(Format::Log4j, &[])).unwrap();
        assert_eq!(line["instant"]["nanoOfSecond"], json!(250_000_000));
        assert_eq!(line["level"], "WARNING");
    }

    #[test]
    fn cart_writes_the_message_alone() {
        assert_eq!(line(Format::Plain, &[("a", json!(1))]), "hello");
    }
}
