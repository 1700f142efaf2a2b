//! productcatalogservice: nine products, with the two knobs of upstream's: extra latency and a reload on every request.

mod duration;
mod products;

use crate::{env::StartError, grpc, health, log::Log, service::Start, trace::Tracing};
use hipstershop_proto::hipstershop::{
    Empty, GetProductRequest, ListProductsResponse, Product, SearchProductsRequest, SearchProductsResponse,
    product_catalog_service_server::{ProductCatalogService, ProductCatalogServiceServer},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};
use tonic::{Request, Response, Status, service::Routes};

/// Runs the service.
pub(crate) async fn run(start: &Start) -> Result<(), StartError> {
    let port = start.env.port(Some(3550))?;
    let tracing = Tracing::of(start)?;
    let extra_latency = extra_latency(start)?;
    let reload = Arc::new(AtomicBool::new(false));
    watch_signals(&reload, &start.log);
    let products = products::parse(&start.log)?;
    let catalog = Catalog { products, reload, extra_latency, log: start.log.clone() };
    start.log.info(format!("starting grpc server at :{port}"));
    let routes = Routes::new(ProductCatalogServiceServer::new(catalog))
        .add_service(health::server(start.platform, start.log.clone()));
    grpc::serve_forever(routes, &tracing, port).await
}

fn extra_latency(start: &Start) -> Result<Duration, StartError> {
    let Some(value) = start.env.get("EXTRA_LATENCY") else { return Ok(Duration::ZERO) };
    let latency = duration::parse(value).ok_or_else(|| StartError::BadVariable {
        name: "EXTRA_LATENCY",
        value: value.to_owned(),
        problem: "failed to parse as a duration such as 5.5s or 300ms".to_owned(),
    })?;
    start.log.info(format!("extra latency enabled (duration: {value})"));
    Ok(latency)
}

/// SIGUSR1 turns the reload on, SIGUSR2 off.
fn watch_signals(reload: &Arc<AtomicBool>, log: &Log) {
    for (kind, on, word) in
        [(SignalKind::user_defined1(), true, "enable"), (SignalKind::user_defined2(), false, "disable")]
    {
        match signal(kind) {
            Ok(mut signals) => {
                let (reload, log) = (reload.clone(), log.clone());
                tokio::spawn(async move {
                    while signals.recv().await.is_some() {
                        reload.store(on, Ordering::Relaxed);
                        log.info(format!("{word} catalog reloading"));
                    }
                });
            }
            Err(error) => log.warning(format!("cannot listen for the signal to {word} catalog reloading: {error}")),
        }
    }
}

struct Catalog {
    products: Vec<Product>,
    reload: Arc<AtomicBool>,
    extra_latency: Duration,
    log: Log,
}

impl Catalog {
    /// The products, after the extra latency; parsed anew when the reload is on.
    async fn products(&self) -> Result<Vec<Product>, Status> {
        if !self.extra_latency.is_zero() {
            tokio::time::sleep(self.extra_latency).await;
        }
        if self.reload.load(Ordering::Relaxed) {
            return products::parse(&self.log).map_err(|error| Status::internal(error.to_string()));
        }
        Ok(self.products.clone())
    }
}

#[tonic::async_trait]
impl ProductCatalogService for Catalog {
    async fn list_products(&self, _: Request<Empty>) -> Result<Response<ListProductsResponse>, Status> {
        Ok(Response::new(ListProductsResponse { products: self.products().await? }))
    }

    async fn get_product(&self, request: Request<GetProductRequest>) -> Result<Response<Product>, Status> {
        let id = &request.get_ref().id;
        let found = self.products().await?.into_iter().find(|product| product.id == *id);
        found.map(Response::new).ok_or_else(|| Status::not_found(format!("no product with ID {id}")))
    }

    async fn search_products(
        &self,
        request: Request<SearchProductsRequest>,
    ) -> Result<Response<SearchProductsResponse>, Status> {
        let query = request.get_ref().query.to_lowercase();
        let matches = |text: &str| text.to_lowercase().contains(&query);
        let mut results = self.products().await?;
        results.retain(|product| matches(&product.name) || matches(&product.description));
        Ok(Response::new(SearchProductsResponse { results }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Format;

    fn mk_catalog() -> Catalog {
        let log = Log::new(Format::Logrus, "test");
        Catalog { products: products::parse(&log).unwrap(), reload: Arc::default(), extra_latency: Duration::ZERO, log }
    }

    #[tokio::test]
    async fn an_unknown_product_is_not_found() {
        let asked = mk_catalog().get_product(Request::new(GetProductRequest { id: "NOPE".into() })).await;
        assert_eq!(asked.unwrap_err().code(), tonic::Code::NotFound);
    }

    #[tokio::test]
    async fn search_looks_at_names_and_descriptions_in_any_case() {
        let search = |query: &str| SearchProductsRequest { query: query.to_owned() };
        let found = mk_catalog().search_products(Request::new(search("COFFEE"))).await.unwrap().into_inner().results;
        assert_eq!(found.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(), ["Bamboo Glass Jar"]);
    }

    #[tokio::test]
    async fn extra_latency_delays_every_answer() {
        let catalog = Catalog { extra_latency: Duration::from_millis(30), ..mk_catalog() };
        let begun = tokio::time::Instant::now();
        catalog.list_products(Request::new(Empty {})).await.unwrap();
        assert!(begun.elapsed() >= Duration::from_millis(30));
    }
}
