use super::*;
use crate::{grpc, ports::free_port};
use hipstershop_proto::hipstershop::{
    Empty, GetSupportedCurrenciesResponse, currency_service_client::CurrencyServiceClient,
};
use std::time::Duration;
use tokio::{net::TcpListener, task::JoinHandle, time::Instant};
use tonic::Code;

/// A currency service on the port, ended with all its connections by dropping the runtime it lives on.
fn serve(port: u16) -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    listener.set_nonblocking(true).unwrap();
    let task: JoinHandle<_> = runtime.spawn(async move {
        let listener = TcpListener::from_std(listener).unwrap();
        let routes = tonic::service::Routes::new(crate::currency::server(test_log()));
        grpc::serve(routes, &trace::Tracing::default(), listener, std::future::pending()).await
    });
    drop(task);
    runtime
}

fn test_log() -> crate::log::Log {
    crate::log::Log::new(crate::log::Format::Pino, "test")
}

async fn ask(backend: &Backend) -> Result<GetSupportedCurrenciesResponse, Status> {
    CurrencyServiceClient::new(backend.clone())
        .get_supported_currencies(Empty {})
        .await
        .map(tonic::Response::into_inner)
}

#[tokio::test]
async fn nothing_is_dialled_before_the_first_call() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let backend = Backend::new(&listener.local_addr().unwrap().to_string());
    assert!(tokio::time::timeout(Duration::from_millis(50), listener.accept()).await.is_err());
    let call = tokio::spawn(async move { ask(&backend).await });
    listener.accept().await.unwrap();
    call.abort();
}

#[tokio::test]
async fn a_refused_connection_fails_at_once_and_names_the_address() {
    let port = free_port();
    let backend = Backend::new(&format!("127.0.0.1:{port}"));
    let status = ask(&backend).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    assert_eq!(
        rpc_error(&status),
        format!(
            "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: \
             dial tcp 127.0.0.1:{port}: connect: connection refused\""
        )
    );
}

#[tokio::test]
async fn an_unknown_host_reads_like_go_says_it() {
    let status = ask(&Backend::new("no-such-host.invalid:80")).await.unwrap_err();
    assert!(status.message().contains("lookup no-such-host.invalid"), "{status}");
}

#[tokio::test]
async fn calls_fail_during_the_back_off_although_the_peer_is_back() {
    let port = free_port();
    let backend = Backend::new(&format!("127.0.0.1:{port}"));
    ask(&backend).await.unwrap_err();
    let failed_at = Instant::now();

    let peer = serve(port);
    assert_eq!(ask(&backend).await.unwrap_err().code(), Code::Unavailable, "the peer is up, the client still waits");

    // The next attempt is made in the background: seen without any call that could have caused it.
    backend.state.subscribe().wait_for(|state| matches!(state, State::Ready(..))).await.unwrap();
    assert!(failed_at.elapsed() >= Duration::from_millis(990), "the first pause is a second");
    ask(&backend).await.unwrap();
    peer.shutdown_background();
}

#[tokio::test]
async fn a_lost_connection_is_dialled_again_by_the_next_call_without_a_pause() {
    let port = free_port();
    let backend = Backend::new(&format!("127.0.0.1:{port}"));
    let first = serve(port);
    ask(&backend).await.unwrap();
    first.shutdown_background();
    backend.state.subscribe().wait_for(|state| matches!(state, State::Idle)).await.unwrap();

    let second = serve(port);
    ask(&backend).await.unwrap();
    second.shutdown_background();
}

#[tokio::test]
async fn one_connection_carries_all_calls() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let backend = Backend::new(&listener.local_addr().unwrap().to_string());
    let calls: Vec<_> = (0..5)
        .map(|_| {
            let backend = backend.clone();
            tokio::spawn(async move { ask(&backend).await })
        })
        .collect();
    let _open = listener.accept().await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(50), listener.accept()).await.is_err());
    calls.iter().for_each(JoinHandle::abort);
}
