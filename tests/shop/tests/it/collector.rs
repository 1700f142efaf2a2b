//! A collector that keeps the spans it is sent.

use crate::shop::{SERVICES, Shop};
use hipstershop_proto::otlp::{
    ExportTraceServiceRequest, ExportTraceServiceResponse, KeyValue, Span,
    any_value::Value,
    trace_service_server::{TraceService, TraceServiceServer},
};
use std::sync::{Arc, Mutex};
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// A span with the name of the service that sent it, and that of the library that made it.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) service: String,
    pub(crate) scope: String,
    pub(crate) span: Span,
}

/// Ends with the value.
pub(crate) struct Collector {
    received: Arc<Mutex<Vec<Received>>>,
    _runtime: Runtime,
}

impl Collector {
    pub(crate) fn open(port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let received = Arc::<Mutex<Vec<Received>>>::default();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", port))).unwrap();
        let service = TraceServiceServer::new(Store(received.clone()));
        runtime.spawn(async move {
            Server::builder().add_service(service).serve_with_incoming(TcpListenerStream::new(listener)).await
        });
        Self { received, _runtime: runtime }
    }

    /// All spans but those of the export itself.
    pub(crate) fn spans(&self) -> Vec<Received> {
        let received = self.received.lock().unwrap();
        received.iter().filter(|received| !received.is_export()).cloned().collect()
    }

    /// The spans of the export itself.
    pub(crate) fn exports(&self) -> Vec<Received> {
        self.received.lock().unwrap().iter().filter(|received| received.is_export()).cloned().collect()
    }
}

impl Received {
    fn is_export(&self) -> bool {
        self.span.name.contains("TraceService/Export")
    }

    pub(crate) fn text(&self, key: &str) -> String {
        text(&self.span.attributes, key)
    }
}

/// A shop in which everybody is told to trace, and not to wait long before sending.
pub(crate) fn tracing_shop(port: u16, more: &[(&'static str, &str, &str)]) -> Shop {
    let collector = format!("127.0.0.1:{port}");
    let mut extra = Vec::new();
    for service in SERVICES {
        extra.push((service, "ENABLE_TRACING", "1"));
        extra.push((service, "COLLECTOR_SERVICE_ADDR", collector.as_str()));
        extra.push((service, "OTEL_SERVICE_NAME", service));
        extra.push((service, "OTEL_BSP_SCHEDULE_DELAY", "20"));
    }
    extra.extend_from_slice(more);
    Shop::open_with(&extra)
}

/// The value of an attribute as text; empty where there is none.
pub(crate) fn text(attributes: &[KeyValue], key: &str) -> String {
    let attribute = attributes.iter().find(|attribute| attribute.key == key);
    match attribute.and_then(|attribute| attribute.value.as_ref()).and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        None => String::new(),
    }
}

struct Store(Arc<Mutex<Vec<Received>>>);

#[tonic::async_trait]
impl TraceService for Store {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        for process in request.into_inner().resource_spans {
            let service = text(&process.resource.unwrap_or_default().attributes, "service.name");
            for library in process.scope_spans {
                let scope = library.scope.map(|scope| scope.name).unwrap_or_default();
                let received = library.spans.into_iter().map(|span| Received {
                    service: service.clone(),
                    scope: scope.clone(),
                    span,
                });
                self.0.lock().unwrap().extend(received);
            }
        }
        Ok(Response::new(ExportTraceServiceResponse {}))
    }
}
