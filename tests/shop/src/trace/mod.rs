//! Traces as upstream's services send them: with `ENABLE_TRACING=1`, by OTLP to `COLLECTOR_SERVICE_ADDR`, always sampled.
//!
//! Seven of the ten servers trace, each the way its language's instrumentation does ([`library`]): a span for each page of
//! the frontend, one for each end of a gRPC call. The cart, ad and shipping services know nothing of it. The services
//! that trace hand on the headers of a trace even when they do not trace themselves.

mod call;
mod export;
mod http;
mod library;
mod settings;
mod span;
mod w3c;

pub(crate) use self::http::receive;
use crate::{backend::PeerAddress, env::StartError, platform::Platform, service::Start};
use ::http::{HeaderValue, Request, Response};
use call::Call;
use export::Tracer;
use hipstershop_proto::otlp::span::SpanKind;
use library::{Ends, Library, Side};
use settings::Settings;
use span::Open;
use std::{convert::Infallible, future::Future, task};
use tonic::{
    Status,
    body::Body,
    codegen::{BoxFuture, Service},
    transport::server::TcpConnectInfo,
};
use w3c::Position;

const DEFAULT_COLLECTOR: &str = "localhost:4317";

tokio::task_local! {
    /// What the request at hand belongs to.
    static CURRENT: Context;
}

/// The surroundings of a request.
#[derive(Debug, Clone, Default)]
struct Context {
    /// Nothing where headers are only handed on.
    tracer: Option<Tracer>,
    /// Nothing at the beginning of a trace.
    position: Option<Position>,
    baggage: Option<HeaderValue>,
}

/// What a service does about traces.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tracing {
    /// Nothing for a service that knows nothing of traces.
    library: Option<Library>,
    tracer: Option<Tracer>,
}

impl Tracing {
    /// As the environment says, for a service that can trace.
    pub(crate) fn of(start: &Start) -> Result<Self, StartError> {
        let Some(library) = Library::of(start.platform) else { return Ok(Self::default()) };
        if !start.env.is("ENABLE_TRACING", "1") {
            start.log.info("Tracing disabled.");
            return Ok(Self { library: Some(library), tracer: None });
        }
        // Go's panic over a missing address; the others look for a collector beside them.
        let collector = match start.platform {
            Platform::Go => start.env.required("COLLECTOR_SERVICE_ADDR")?,
            _ => start.env.get("COLLECTOR_SERVICE_ADDR").unwrap_or(DEFAULT_COLLECTOR).trim_start_matches("http://"),
        };
        start.log.info("Tracing enabled.");
        let resource = settings::resource(library, start.name, &start.env);
        let tracer = Tracer::start(library, collector, resource, Settings::of(&start.env));
        Ok(Self { library: Some(library), tracer: Some(tracer) })
    }

    /// A gRPC server whose calls have spans.
    pub(crate) fn serve<S>(&self, inner: S) -> Traced<S> {
        Traced { inner, tracing: self.clone() }
    }
}

/// Runs something in the surroundings of the request at hand, but in a trace of its own.
pub(crate) async fn apart<T>(work: impl Future<Output = T>) -> T {
    match CURRENT.try_with(Clone::clone) {
        Ok(current) => CURRENT.scope(Context { position: None, ..current }, work).await,
        Err(_) => work.await,
    }
}

/// Tells the callee where the request at hand stands, and puts the call into a span. Its answer is followed to the end.
pub(crate) fn depart(request: &mut Request<Body>) -> Departure {
    let Ok(Context { tracer, position, baggage }) = CURRENT.try_with(Clone::clone) else { return Departure(None) };
    if let Some(baggage) = baggage {
        w3c::write_baggage(&baggage, request.headers_mut());
    }
    let Some(tracer) = tracer else {
        if let Some(position) = position {
            position.write(request.headers_mut());
        }
        return Departure(None);
    };
    let (library, path) = (tracer.library(), request.uri().path());
    let attributes = library.at_begin(Side::Client, path, None, Ends::default());
    let span = Open::begin(&tracer, position.as_ref(), SpanKind::Client, library.name(path), attributes);
    span.position().write(request.headers_mut());
    Departure(Some(Call::new(span, library, Side::Client, request.headers())))
}

/// A call that has been announced.
#[derive(Debug)]
pub(crate) struct Departure(Option<Call>);

impl Departure {
    /// What came of it.
    pub(crate) fn arrived(self, outcome: Result<Response<Body>, Status>) -> Result<Response<Body>, Status> {
        let Some(mut call) = self.0 else { return outcome };
        match outcome {
            Ok(answer) => {
                let remote = answer.extensions().get::<PeerAddress>().map(|peer| peer.0);
                call.went_to(Ends { local: None, remote });
                Ok(call.follow(answer))
            }
            Err(status) => {
                call.end(&status);
                Err(status)
            }
        }
    }
}

/// A gRPC server around another.
#[derive(Debug, Clone)]
pub(crate) struct Traced<S> {
    inner: S,
    tracing: Tracing,
}

impl<S> Service<Request<Body>> for Traced<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Tracing { library: Some(library), tracer } = &self.tracing else {
            return Box::pin(self.inner.call(request));
        };
        let headers = request.headers();
        let (parent, baggage) = (Position::of(headers), w3c::baggage(headers));
        let Some(tracer) = tracer else {
            let context = Context { tracer: None, position: parent, baggage };
            return Box::pin(CURRENT.scope(context, self.inner.call(request)));
        };
        let connection = request.extensions().get::<TcpConnectInfo>();
        let ends = Ends {
            local: connection.and_then(TcpConnectInfo::local_addr),
            remote: connection.and_then(TcpConnectInfo::remote_addr),
        };
        let user_agent = headers.get("user-agent").and_then(|agent| agent.to_str().ok());
        let path = request.uri().path();
        let attributes = library.at_begin(Side::Server, path, user_agent, ends);
        let span = Open::begin(tracer, parent.as_ref(), SpanKind::Server, library.name(path), attributes);
        let context = Context { tracer: Some(tracer.clone()), position: Some(span.position().clone()), baggage };
        let call = Call::new(span, *library, Side::Server, headers);
        let answer = CURRENT.scope(context, self.inner.call(request));
        Box::pin(async move { answer.await.map(|answer| call.follow(answer)) })
    }
}
