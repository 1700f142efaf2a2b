//! The gRPC health service in the four variants that the shop's runtimes bring. All answer a constant: none of them
//! looks at what the service depends on, so a probe proves reachability and nothing more.

use crate::{log::Log, platform::Platform};
use futures::stream::{self, BoxStream, StreamExt};
use hipstershop_proto::health::{
    HealthCheckRequest, HealthCheckResponse,
    health_check_response::ServingStatus,
    health_server::{Health, HealthServer},
};
use tonic::{Request, Response, Status};

/// The health service of a platform.
pub(crate) fn server(platform: Platform, log: Log) -> HealthServer<Constant> {
    HealthServer::new(Constant { platform, log })
}

#[derive(Debug)]
pub(crate) struct Constant {
    platform: Platform,
    log: Log,
}

impl Constant {
    /// Whether the platform's library keeps a status per service name, and only the empty one was ever set.
    fn knows_names(&self) -> bool {
        matches!(self.platform, Platform::Go | Platform::Java)
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

#[tonic::async_trait]
impl Health for Constant {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        if self.platform == Platform::Dotnet {
            self.log.info("Checking CartService Health");
        }
        if self.knows_names() && !request.get_ref().service.is_empty() {
            return Err(Status::not_found("unknown service"));
        }
        Ok(Response::new(answer(ServingStatus::Serving)))
    }

    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        if !self.knows_names() {
            return Err(Status::unimplemented("Watch is not implemented by this service"));
        }
        let known = request.get_ref().service.is_empty();
        let first = answer(if known { ServingStatus::Serving } else { ServingStatus::ServiceUnknown });
        Ok(Response::new(stream::once(async move { Ok(first) }).chain(stream::pending()).boxed()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Format;
    use tonic::Code;

    async fn check(platform: Platform, service: &str) -> Result<i32, Code> {
        let health = Constant { platform, log: Log::new(Format::Logrus, "test") };
        let request = Request::new(HealthCheckRequest { service: service.to_owned() });
        health.check(request).await.map(|r| r.into_inner().status).map_err(|s| s.code())
    }

    #[tokio::test]
    async fn every_platform_serves_under_the_empty_name() {
        for platform in [Platform::Go, Platform::Java, Platform::Node, Platform::Python, Platform::Dotnet] {
            assert_eq!(check(platform, "").await, Ok(1), "{platform:?}");
        }
    }

    #[tokio::test]
    async fn only_go_and_java_know_that_a_name_is_unknown() {
        assert_eq!(check(Platform::Go, "hipstershop.Nothing").await, Err(Code::NotFound));
        assert_eq!(check(Platform::Java, "hipstershop.Nothing").await, Err(Code::NotFound));
        assert_eq!(check(Platform::Node, "hipstershop.Nothing").await, Ok(1));
        assert_eq!(check(Platform::Python, "hipstershop.Nothing").await, Ok(1));
    }

    #[tokio::test]
    async fn watch_answers_once_and_stays_open_where_it_exists() {
        let health = |platform| Constant { platform, log: Log::new(Format::Logrus, "test") };
        let request = || Request::new(HealthCheckRequest { service: String::new() });
        let mut updates = health(Platform::Go).watch(request()).await.unwrap().into_inner();
        assert_eq!(updates.next().await.unwrap().unwrap().status, 1);
        assert!(futures::poll!(updates.next()).is_pending());
        let refused = health(Platform::Node).watch(request()).await.err().unwrap();
        assert_eq!(refused.code(), Code::Unimplemented);
    }
}
