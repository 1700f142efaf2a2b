use std::fmt;
use std::io::{self, Write as _};

use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::environment::Mode;

/// Crates below whose chatter helps nobody who debugs a provider.
const QUIET: [&str; 7] = ["h2", "hyper", "hyper_util", "tonic", "tower", "rustls", "mio"];

/// Longer lines are split by the host and lose their level.
const LONGEST_TEXT: usize = 32 * 1024;

/// Sends `tracing` events to the host, in its own form, on standard error.
///
/// The level is that of `TF_LOG_PROVIDER_<NAME>`, `TF_LOG_PROVIDER` or `TF_LOG`, the first that is set; without any the
/// host would drop everything, so nothing is written. A subscriber that the program has set itself stays.
pub(super) fn install(address: &str, mode: Mode) {
    let name = address.rsplit('/').next().unwrap_or(address).to_uppercase().replace('-', "_");
    let names = [format!("TF_LOG_PROVIDER_{name}"), "TF_LOG_PROVIDER".to_owned(), "TF_LOG".to_owned()];
    let level = names
        .iter()
        .find_map(|name| std::env::var(name).ok())
        .map_or_else(|| if mode == Mode::Debug { LevelFilter::INFO } else { LevelFilter::OFF }, |word| level(&word));
    if level == LevelFilter::OFF {
        return;
    }
    let quiet = QUIET.map(|target| (target, level.min(LevelFilter::WARN)));
    let filter = Targets::new().with_default(level).with_targets(quiet);
    // An error means that the program has a subscriber of its own.
    let _ = tracing_subscriber::registry().with(Host.with_filter(filter)).try_init();
}

fn level(word: &str) -> LevelFilter {
    match word.to_lowercase().as_str() {
        "" | "off" => LevelFilter::OFF,
        "error" => LevelFilter::ERROR,
        "warn" => LevelFilter::WARN,
        "info" => LevelFilter::INFO,
        "debug" => LevelFilter::DEBUG,
        // Terraform takes any other word, "json" among them, for the most detailed level.
        _ => LevelFilter::TRACE,
    }
}

struct Host;

/// Fields of an event or a span.
#[derive(Default)]
struct Fields(Map<String, Json>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Host {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        let Some(span) = ctx.span(id) else { return };
        if let Some(fields) = span.extensions_mut().get_mut::<Fields>() {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in ctx.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(of_span) = span.extensions().get::<Fields>() {
                fields.0.extend(of_span.0.clone());
            }
        }
        event.record(&mut fields);
        let metadata = event.metadata();
        let line = line(fields.0, *metadata.level(), metadata.target(), jiff::Timestamp::now());
        // One write per line, so that lines of other threads do not come between; a host that is gone reads none.
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

/// One line as the host reads it: any mistake in the three keys with `@` would make it fall back to raw text, or panic.
fn line(mut fields: Map<String, Json>, level: Level, target: &str, now: jiff::Timestamp) -> String {
    let message = match fields.remove("message") {
        Some(Json::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let level = match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    };
    let mut line = Map::new();
    line.insert("@level".to_owned(), level.into());
    line.insert("@message".to_owned(), shortened(message).into());
    line.insert("@module".to_owned(), target.replace("::", ".").into());
    // Exactly six digits of the second, or the host does not read the line.
    line.insert("@timestamp".to_owned(), now.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string().into());
    for (name, value) in fields {
        if !name.starts_with('@') && !value.is_null() && value != "" {
            line.insert(name, value);
        }
    }
    let mut text = Json::Object(line).to_string();
    text.push('\n');
    text
}

fn shortened(mut text: String) -> String {
    if text.len() > LONGEST_TEXT {
        let end = (0..=LONGEST_TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Whether a field's name says that its value should not be seen.
fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    ["password", "passwd", "secret", "token", "private_key", "credential"].iter().any(|word| name.contains(word))
}

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Json>) {
        let value = if is_secret(field.name()) { "***".into() } else { value.into() };
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, shortened(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, shortened(value.to_owned()));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_keys_that_the_host_reads_and_six_digits_of_the_second() {
        let fields = Map::from_iter([("message".to_owned(), "hi\nthere".into()), ("tf_rpc".to_owned(), "x".into())]);
        let now = jiff::Timestamp::from_second(1_700_000_000).unwrap();
        assert_eq!(
            line(fields, Level::WARN, "a::b", now),
            "{\"@level\":\"warn\",\"@message\":\"hi\\nthere\",\"@module\":\"a.b\",\
             \"@timestamp\":\"2023-11-14T22:13:20.000000Z\",\"tf_rpc\":\"x\"}\n"
        );
    }

    #[test]
    fn fields_that_sound_secret_are_masked() {
        assert!(is_secret("db_Password") && is_secret("token") && !is_secret("tf_rpc"));
    }

    #[test]
    fn long_texts_end_before_the_host_splits_the_line() {
        assert!(shortened("ä".repeat(40_000)).len() < 33_000);
    }

    #[test]
    fn levels_are_terraforms_words() {
        assert_eq!(level("WARN"), LevelFilter::WARN);
        assert_eq!(level("json"), LevelFilter::TRACE);
        assert_eq!(level("off"), LevelFilter::OFF);
    }
}
