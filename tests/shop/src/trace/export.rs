//! The queue of ended spans and what empties it: batches to the collector, as the SDKs' batch processors send them.
//!
//! No request ever waits for the collector. Spans that find the queue full are dropped, as are batches that the collector
//! does not take in time; the shop goes on.

use super::{CURRENT, Context, library::Library, settings::Settings};
use crate::{
    backend::{Backend, rpc_error},
    log::write_line,
};
use hipstershop_proto::otlp::{
    ExportTraceServiceRequest, KeyValue, Resource, ResourceSpans, ScopeSpans, Span,
    trace_service_client::TraceServiceClient,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, timeout, timeout_at},
};
use tonic::{Code, Status};

/// How long one batch may take, with all attempts.
const LIMIT: Duration = Duration::from_secs(10);
/// Pause before a further attempt.
const PAUSE: Duration = Duration::from_secs(5);

/// Takes ended spans. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Tracer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    library: Library,
    queue: mpsc::Sender<Span>,
}

impl Tracer {
    /// Starts the exporter. It connects when there is something to send.
    pub(super) fn start(library: Library, collector: &str, resource: Vec<KeyValue>, settings: Settings) -> Self {
        let (queue, spans) = mpsc::channel(settings.queue);
        let tracer = Self(Arc::new(Inner { library, queue }));
        let exporter = Exporter {
            client: TraceServiceClient::new(Backend::new(collector)),
            resource: Resource { attributes: resource },
            library,
            settings,
        };
        let own = tracer.clone();
        tokio::spawn(async move {
            let tracer = library.traces_its_export().then_some(own);
            CURRENT.scope(Context { tracer, ..Context::default() }, exporter.run(spans)).await;
        });
        tracer
    }

    pub(super) fn library(&self) -> Library {
        self.0.library
    }

    /// Takes a span, or drops it when the queue is full.
    pub(super) fn queue(&self, span: Span) {
        self.0.queue.try_send(span).ok();
    }
}

struct Exporter {
    client: TraceServiceClient<Backend>,
    resource: Resource,
    library: Library,
    settings: Settings,
}

impl Exporter {
    async fn run(mut self, mut spans: mpsc::Receiver<Span>) {
        loop {
            let due = Instant::now() + self.settings.delay;
            let mut batch = Vec::new();
            while batch.len() < self.settings.batch {
                match timeout_at(due, spans.recv()).await {
                    Ok(Some(span)) => batch.push(span),
                    Ok(None) => return,
                    Err(_) => break,
                }
            }
            if batch.is_empty() {
                continue;
            }
            if let Err(reason) = self.send(batch).await {
                write_line(&format!("traces export: {reason}"));
            }
        }
    }

    /// Sends a batch, again while the collector is not there and there is time.
    async fn send(&mut self, batch: Vec<Span>) -> Result<(), String> {
        let request = self.request(batch);
        let mut last = None;
        let sent = timeout(LIMIT, async {
            loop {
                match self.client.export(request.clone()).await {
                    Ok(_) => return Ok(()),
                    Err(status) if is_passing(&status) => last = Some(status),
                    Err(status) => return Err(rpc_error(&status)),
                }
                sleep(PAUSE).await;
            }
        });
        match sent.await {
            Ok(outcome) => outcome,
            Err(_) => Err(last.map_or_else(|| "context deadline exceeded".to_owned(), |status| rpc_error(&status))),
        }
    }

    fn request(&self, batch: Vec<Span>) -> ExportTraceServiceRequest {
        let (calls, pages): (Vec<_>, Vec<_>) =
            batch.into_iter().partition(|span| span.attributes.iter().any(|it| it.key.starts_with("rpc.")));
        let scope = |of_http, spans: Vec<Span>| ScopeSpans { scope: self.library.scope(of_http), spans };
        let scopes = [scope(false, calls), scope(true, pages)];
        let scope_spans = scopes.into_iter().filter(|scope| !scope.spans.is_empty()).collect();
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans { resource: Some(self.resource.clone()), scope_spans }],
        }
    }
}

/// Whether the collector may take the same batch later.
fn is_passing(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss
            | Code::ResourceExhausted
    )
}
