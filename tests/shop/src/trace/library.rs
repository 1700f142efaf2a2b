//! How the instrumentation of each language names spans, what it says about them, and what counts as an error there.
//!
//! Go's (`otelgrpc` and `otelhttp` 0.69) follows the new semantic conventions, those of Node (`instrumentation-grpc`)
//! and Python (`opentelemetry-instrumentation-grpc` 0.60b1) the old ones.

use super::span::{number, text};
use crate::platform::Platform;
use hipstershop_proto::otlp::{InstrumentationScope, KeyValue, Status, status::StatusCode};
use std::net::SocketAddr;
use tonic::Code;

/// An instrumentation library.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Library {
    Go,
    Node,
    Python,
}

/// Which end of a call a span stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Server,
    Client,
}

/// What is known of a call's two ends.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ends {
    pub(super) local: Option<SocketAddr>,
    pub(super) remote: Option<SocketAddr>,
}

/// How a call ended: a code, which may be none that gRPC has a name for, and what was said.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    pub(super) number: i32,
    pub(super) message: &'a str,
}

impl<'a> From<&'a tonic::Status> for End<'a> {
    fn from(status: &'a tonic::Status) -> Self {
        Self { number: status.code().into(), message: status.message() }
    }
}

impl Library {
    /// That of a runtime; some have none.
    pub(super) fn of(platform: Platform) -> Option<Self> {
        match platform {
            Platform::Go => Some(Self::Go),
            Platform::Node => Some(Self::Node),
            Platform::Python => Some(Self::Python),
            Platform::Java | Platform::Dotnet | Platform::Locust => None,
        }
    }

    /// What the exporter says the spans come from. Node's exporter is older than its SDK and does not find it.
    pub(super) fn scope(self, of_http: bool) -> Option<InstrumentationScope> {
        let scope =
            |name: &str, version: &str| InstrumentationScope { name: name.to_owned(), version: version.to_owned() };
        let go = "go.opentelemetry.io/contrib/instrumentation";
        match self {
            Self::Go if of_http => Some(scope(&format!("{go}/net/http/otelhttp"), "0.69.0")),
            Self::Go => Some(scope(&format!("{go}/google.golang.org/grpc/otelgrpc"), "0.69.0")),
            Self::Node => None,
            Self::Python => Some(scope("opentelemetry.instrumentation.grpc", "0.60b1")),
        }
    }

    /// Whether exported spans name their parents. Those of Node do not: its exporter looks where its SDK once kept them.
    pub(super) fn names_parents(self) -> bool {
        self != Self::Node
    }

    /// Whether the export of spans is a call with a span of its own, as it is for the Go services, whose connection to
    /// the collector is made as all others.
    pub(super) fn traces_its_export(self) -> bool {
        self == Self::Go
    }

    /// The name of a call's span. `path` is `/package.Service/Method`.
    pub(super) fn name(self, path: &str) -> String {
        let bare = path.trim_start_matches('/');
        match self {
            Self::Go => bare.to_owned(),
            Self::Node => format!("grpc.{bare}"),
            Self::Python => path.to_owned(),
        }
    }

    /// What is known when a call begins.
    pub(super) fn at_begin(self, side: Side, path: &str, user_agent: Option<&str>, ends: Ends) -> Vec<KeyValue> {
        let bare = path.trim_start_matches('/');
        if self == Self::Go {
            let mut attributes = vec![text("rpc.method", bare), text("rpc.system.name", "grpc")];
            if side == Side::Server {
                attributes.extend(ends.local.map(server_address).into_iter().flatten());
            }
            return attributes;
        }
        let (service, method) = bare.split_once('/').unwrap_or((bare, ""));
        let mut attributes = vec![text("rpc.system", "grpc"), text("rpc.method", method), text("rpc.service", service)];
        if self == Self::Python && side == Side::Server {
            attributes.extend(user_agent.map(|agent| text("rpc.user_agent", agent)));
            if let Some(remote) = ends.remote {
                let ip = remote.ip().to_canonical();
                attributes.push(text("net.peer.ip", if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }));
                attributes.push(text("net.peer.port", remote.port().to_string()));
                if ip.is_loopback() {
                    attributes.push(text("net.peer.name", "localhost"));
                }
            }
        }
        attributes
    }

    /// What is known when a call has ended: further attributes, and the status of the span.
    pub(super) fn at_end(self, side: Side, end: End<'_>, ends: Ends) -> (Vec<KeyValue>, Option<Status>) {
        let End { number, message } = end;
        let code = Code::from(number);
        let failed = |message: &str| Some(Status { code: StatusCode::Error.into(), message: message.to_owned() });
        match (self, side) {
            (Self::Go, Side::Client) => {
                let mut attributes: Vec<_> = ends.remote.map(server_address).into_iter().flatten().collect();
                attributes.push(text("rpc.response.status_code", canonical(number)));
                (attributes, failed(message).filter(|_| code != Code::Ok))
            }
            (Self::Go, Side::Server) => {
                let is_fault = matches!(
                    code,
                    Code::Unknown
                        | Code::DeadlineExceeded
                        | Code::Unimplemented
                        | Code::Internal
                        | Code::Unavailable
                        | Code::DataLoss
                );
                (vec![text("rpc.response.status_code", canonical(number))], failed(message).filter(|_| is_fault))
            }
            (Self::Node, _) => {
                let mut attributes = vec![self::number("rpc.grpc.status_code", i64::from(number))];
                if code != Code::Ok {
                    attributes.push(text("grpc.error_name", "Error"));
                    attributes.push(text("grpc.error_message", message));
                }
                (attributes, failed(message).filter(|_| code != Code::Ok))
            }
            (Self::Python, Side::Client) => {
                let attributes = vec![self::number("rpc.grpc.status_code", i64::from(number))];
                (attributes, failed(message).filter(|_| code != Code::Ok))
            }
            // A call that fails in the shop's Python services does so by an exception that nothing catches, of which the
            // library hears too late: the span goes on saying that all was well.
            (Self::Python, Side::Server) => (vec![self::number("rpc.grpc.status_code", 0)], None),
        }
    }
}

fn server_address(address: SocketAddr) -> [KeyValue; 2] {
    [text("server.address", address.ip().to_canonical().to_string()), number("server.port", i64::from(address.port()))]
}

/// A code as the new conventions write it.
fn canonical(number: i32) -> String {
    let code = Code::from(number);
    let name = match code {
        // Everything that has no name reads as this.
        Code::Unknown if number != i32::from(code) => return format!("CODE({number})"),
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "/hipstershop.CartService/GetCart";

    #[test]
    fn each_language_has_its_own_name_for_the_same_call() {
        let names = [Library::Go, Library::Node, Library::Python].map(|library| library.name(PATH));
        assert_eq!(
            names,
            [
                "hipstershop.CartService/GetCart",
                "grpc.hipstershop.CartService/GetCart",
                "/hipstershop.CartService/GetCart"
            ]
        );
    }

    #[test]
    fn a_go_server_is_at_fault_only_for_what_the_caller_did_not_cause() {
        let is_error = |side, code: Code| {
            let end = End { number: code.into(), message: "no" };
            Library::Go.at_end(side, end, Ends::default()).1.is_some()
        };
        assert!(is_error(Side::Server, Code::Internal) && is_error(Side::Client, Code::Internal));
        assert!(!is_error(Side::Server, Code::NotFound) && is_error(Side::Client, Code::NotFound));
        assert!(!is_error(Side::Client, Code::Ok));
    }

    #[test]
    fn a_code_without_a_name_is_written_as_its_number() {
        assert_eq!([0, 2, 16, 17, 400].map(canonical), ["OK", "UNKNOWN", "UNAUTHENTICATED", "CODE(17)", "CODE(400)"]);
        let declined = End { number: 400, message: "declined" };
        let (attributes, status) = Library::Node.at_end(Side::Server, declined, Ends::default());
        assert!(attributes.contains(&number("rpc.grpc.status_code", 400)) && status.is_some());
    }

    #[test]
    fn addresses_are_written_as_their_owners_write_them() {
        let ends = |text: &str| Ends { local: text.parse().ok(), remote: text.parse().ok() };
        let go = Library::Go.at_begin(Side::Server, PATH, None, ends("[::ffff:10.0.0.7]:5050"));
        assert!(
            go.contains(&text("server.address", "10.0.0.7")) && go.contains(&number("server.port", 5050)),
            "{go:?}"
        );
        let python = Library::Python.at_begin(Side::Server, PATH, Some("grpc-go/1"), ends("[::1]:5000"));
        for expected in [
            text("net.peer.ip", "[::1]"),
            text("net.peer.port", "5000"),
            text("net.peer.name", "localhost"),
            text("rpc.user_agent", "grpc-go/1"),
        ] {
            assert!(python.contains(&expected), "{python:?}");
        }
    }
}
