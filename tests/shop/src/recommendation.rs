//! recommendationservice: up to five products that the user is not already looking at.

use crate::{
    backend::{Backend, rpc_error},
    env::StartError,
    grpc, health,
    log::Log,
    service::Start,
    trace::Tracing,
};
use hipstershop_proto::hipstershop::{
    Empty, ListRecommendationsRequest, ListRecommendationsResponse,
    product_catalog_service_client::ProductCatalogServiceClient,
    recommendation_service_server::{RecommendationService, RecommendationServiceServer},
};
use rand::seq::IteratorRandom;
use tonic::{Request, Response, Status, service::Routes};

const AT_MOST: usize = 5;

/// Runs the service.
pub(crate) async fn run(start: &Start) -> Result<(), StartError> {
    let tracing = Tracing::of(start)?;
    let port = start.env.port(Some(8080))?;
    let catalog = start.env.required("PRODUCT_CATALOG_SERVICE_ADDR")?;
    start.log.info(format!("product catalog address: {catalog}"));
    let service = Recommendation { catalog: Backend::new(catalog), log: start.log.clone() };
    start.log.info(format!("listening on port: {port}"));
    let routes = Routes::new(RecommendationServiceServer::new(service))
        .add_service(health::server(start.platform, start.log.clone()));
    grpc::serve_forever(routes, &tracing, port).await
}

#[derive(Debug)]
struct Recommendation {
    catalog: Backend,
    log: Log,
}

#[tonic::async_trait]
impl RecommendationService for Recommendation {
    async fn list_recommendations(
        &self,
        request: Request<ListRecommendationsRequest>,
    ) -> Result<Response<ListRecommendationsResponse>, Status> {
        let listed = ProductCatalogServiceClient::new(self.catalog.clone()).list_products(Empty {}).await;
        // Nothing catches the error in upstream's service, so that gRPC's Python server words the answer.
        let products =
            listed.map_err(|e| Status::unknown(format!("Exception calling application: {}", rpc_error(&e))))?;
        let ids = products.into_inner().products.into_iter().map(|product| product.id).collect();
        let product_ids = choose(ids, &request.get_ref().product_ids);
        self.log.info(format!("[Recv ListRecommendations] product_ids={product_ids:?}"));
        Ok(Response::new(ListRecommendationsResponse { product_ids }))
    }
}

/// A random choice of all products but those excluded.
fn choose(all: Vec<String>, excluded: &[String]) -> Vec<String> {
    all.into_iter().filter(|id| !excluded.contains(id)).sample(&mut rand::rng(), AT_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn suggestions_are_distinct_known_and_not_excluded(count in 0_u8..15, excluded in 0_u8..15) {
            let all: Vec<String> = (0..count).map(|n| n.to_string()).collect();
            let not: Vec<String> = (0..excluded).map(|n| n.to_string()).collect();
            let chosen = choose(all.clone(), &not);
            prop_assert_eq!(chosen.len(), usize::from(count.saturating_sub(excluded)).min(AT_MOST));
            prop_assert!(chosen.iter().all(|id| all.contains(id) && !not.contains(id)));
            prop_assert!(chosen.iter().enumerate().all(|(at, id)| !chosen[at + 1..].contains(id)));
        }
    }
}
