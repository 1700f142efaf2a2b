//! The number that upstream answers for a card that it declines: one of its own, which gRPC has no name for. The wire carries
//! it as it is; clients read it as unknown, those of Go as `Code(400)`.

use http::{HeaderValue, Request, Response};
use std::{
    convert::Infallible,
    task::{Context, Poll},
};
use tonic::{
    body::Body,
    codegen::{BoxFuture, Service},
    server::NamedService,
};

const STATUS: &str = "grpc-status";
const UNKNOWN: &str = "2";
const DECLINED: HeaderValue = HeaderValue::from_static("400");

/// A service whose unknown errors are declined cards.
#[derive(Debug, Clone)]
pub(super) struct Numbered<S>(pub(super) S);

impl<S: NamedService> NamedService for Numbered<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for Numbered<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = self.0.call(request);
        Box::pin(async move {
            let mut answer = answer.await?;
            if answer.headers().get(STATUS).is_some_and(|status| status == UNKNOWN) {
                answer.headers_mut().insert(STATUS, DECLINED);
            }
            Ok(answer)
        })
    }
}
