//! A span from its beginning to the exporter's queue.

use super::{export::Tracer, w3c::Position};
use hipstershop_proto::otlp::{AnyValue, KeyValue, Span, Status, any_value, span::SpanKind};
use std::time::{SystemTime, UNIX_EPOCH};

/// An attribute with a text.
pub(super) fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.into()))
}

/// An attribute with a number.
pub(super) fn number(key: &str, value: i64) -> KeyValue {
    attribute(key, any_value::Value::IntValue(value))
}

fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) }
}

/// A span that has not ended.
#[derive(Debug)]
pub(super) struct Open {
    tracer: Tracer,
    position: Position,
    parent: Option<[u8; 8]>,
    name: String,
    kind: SpanKind,
    begun: u64,
    attributes: Vec<KeyValue>,
}

impl Open {
    /// Begins below `parent`, or a trace of its own.
    pub(super) fn begin(
        tracer: &Tracer,
        parent: Option<&Position>,
        kind: SpanKind,
        name: String,
        attributes: Vec<KeyValue>,
    ) -> Self {
        let trace = parent.map_or_else(rand::random, |parent| parent.trace);
        let state = parent.and_then(|parent| parent.state.clone());
        let position = Position { trace, span: rand::random(), state };
        Self { tracer: tracer.clone(), position, parent: parent.map(|p| p.span), name, kind, begun: now(), attributes }
    }

    /// Where it stands in its trace.
    pub(super) fn position(&self) -> &Position {
        &self.position
    }

    /// Ends it and leaves it to the exporter, which drops it when it has too many already.
    pub(super) fn end(mut self, attributes: Vec<KeyValue>, status: Option<Status>) {
        self.attributes.extend(attributes);
        let state = self.position.state.as_ref().and_then(|state| state.to_str().ok()).unwrap_or_default();
        let parent = self.parent.filter(|_| self.tracer.library().names_parents());
        let span = Span {
            trace_id: self.position.trace.to_vec(),
            span_id: self.position.span.to_vec(),
            trace_state: state.to_owned(),
            parent_span_id: parent.map(Vec::from).unwrap_or_default(),
            name: self.name,
            kind: self.kind.into(),
            start_time_unix_nano: self.begun,
            end_time_unix_nano: now().max(self.begun),
            attributes: self.attributes,
            status,
        };
        self.tracer.queue(span);
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
