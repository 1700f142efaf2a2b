//! The calls to the other services. Only the one for ads has a deadline.

use crate::{
    backend::{Backend, rpc_error},
    env::{Env, StartError},
};
use hipstershop_proto::hipstershop::{
    Ad, AdRequest, AddItemRequest, CartItem, CurrencyConversionRequest, Empty, EmptyCartRequest, GetCartRequest,
    GetProductRequest, GetQuoteRequest, ListRecommendationsRequest, Money, OrderResult, PlaceOrderRequest, Product,
    ad_service_client::AdServiceClient, cart_service_client::CartServiceClient,
    checkout_service_client::CheckoutServiceClient, currency_service_client::CurrencyServiceClient,
    product_catalog_service_client::ProductCatalogServiceClient,
    recommendation_service_client::RecommendationServiceClient, shipping_service_client::ShippingServiceClient,
};
use rand::seq::IndexedRandom;
use std::time::Duration;
use tonic::{Request, Status};

/// The currencies that the pages offer, of those that the currencyservice knows.
const OFFERED: [&str; 6] = ["USD", "EUR", "CAD", "JPY", "GBP", "TRY"];
const AD_DEADLINE: Duration = Duration::from_millis(100);
const RECOMMENDATIONS_SHOWN: usize = 4;

#[expect(clippy::needless_pass_by_value, reason = "map_err passes errors by value")]
fn said(status: Status) -> String {
    rpc_error(&status)
}

/// One connection to each peer.
#[derive(Debug)]
pub(super) struct Peers {
    catalog: ProductCatalogServiceClient<Backend>,
    currency: CurrencyServiceClient<Backend>,
    cart: CartServiceClient<Backend>,
    recommendation: RecommendationServiceClient<Backend>,
    checkout: CheckoutServiceClient<Backend>,
    shipping: ShippingServiceClient<Backend>,
    ad: AdServiceClient<Backend>,
    /// Spoken to in HTTP, and only if the assistant is on; its address is mandatory all the same.
    pub(super) assistant: String,
}

impl Peers {
    pub(super) fn of(env: &Env) -> Result<Self, StartError> {
        let backend = |name: &str| env.required(name).map(Backend::new);
        Ok(Self {
            catalog: ProductCatalogServiceClient::new(backend("PRODUCT_CATALOG_SERVICE_ADDR")?),
            currency: CurrencyServiceClient::new(backend("CURRENCY_SERVICE_ADDR")?),
            cart: CartServiceClient::new(backend("CART_SERVICE_ADDR")?),
            recommendation: RecommendationServiceClient::new(backend("RECOMMENDATION_SERVICE_ADDR")?),
            checkout: CheckoutServiceClient::new(backend("CHECKOUT_SERVICE_ADDR")?),
            shipping: ShippingServiceClient::new(backend("SHIPPING_SERVICE_ADDR")?),
            ad: AdServiceClient::new(backend("AD_SERVICE_ADDR")?),
            assistant: env.required("SHOPPING_ASSISTANT_SERVICE_ADDR")?.to_owned(),
        })
    }

    pub(super) async fn currencies(&self) -> Result<Vec<String>, String> {
        let answer = self.currency.clone().get_supported_currencies(Empty {}).await.map_err(said)?;
        let known = answer.into_inner().currency_codes;
        Ok(known.into_iter().filter(|code| OFFERED.contains(&code.as_str())).collect())
    }

    pub(super) async fn convert(&self, amount: Option<Money>, to_code: &str) -> Result<Money, String> {
        let request = CurrencyConversionRequest { from: amount, to_code: to_code.to_owned() };
        Ok(self.currency.clone().convert(request).await.map_err(said)?.into_inner())
    }

    pub(super) async fn products(&self) -> Result<Vec<Product>, String> {
        Ok(self.catalog.clone().list_products(Empty {}).await.map_err(said)?.into_inner().products)
    }

    pub(super) async fn product(&self, id: &str) -> Result<Product, String> {
        let request = GetProductRequest { id: id.to_owned() };
        Ok(self.catalog.clone().get_product(request).await.map_err(said)?.into_inner())
    }

    pub(super) async fn cart(&self, user: &str) -> Result<Vec<CartItem>, String> {
        let request = GetCartRequest { user_id: user.to_owned() };
        Ok(self.cart.clone().get_cart(request).await.map_err(said)?.into_inner().items)
    }

    pub(super) async fn add_to_cart(&self, user: &str, product_id: String, quantity: i32) -> Result<(), String> {
        let request = AddItemRequest { user_id: user.to_owned(), item: Some(CartItem { product_id, quantity }) };
        self.cart.clone().add_item(request).await.map(drop).map_err(said)
    }

    pub(super) async fn empty_cart(&self, user: &str) -> Result<(), String> {
        self.cart.clone().empty_cart(EmptyCartRequest { user_id: user.to_owned() }).await.map(drop).map_err(said)
    }

    pub(super) async fn shipping_quote(&self, items: &[CartItem], currency: &str) -> Result<Money, String> {
        let request = GetQuoteRequest { address: None, items: items.to_vec() };
        let quote = self.shipping.clone().get_quote(request).await.map_err(said)?.into_inner();
        let converted = self.convert(quote.cost_usd, currency).await;
        converted.map_err(|error| format!("failed to convert currency for shipping cost: {error}"))
    }

    /// Up to four products to show beside those given. Asks for each of up to five.
    pub(super) async fn recommendations(&self, user: &str, product_ids: Vec<String>) -> Result<Vec<Product>, String> {
        let request = ListRecommendationsRequest { user_id: user.to_owned(), product_ids };
        let ids = self.recommendation.clone().list_recommendations(request).await.map_err(said)?.into_inner();
        let mut products = Vec::new();
        for id in ids.product_ids {
            let product = self.product(&id).await;
            products.push(product.map_err(|error| format!("failed to get recommended product info (#{id}): {error}"))?);
        }
        products.truncate(RECOMMENDATIONS_SHOWN);
        Ok(products)
    }

    /// One of the fitting ads, if the answer comes in time.
    pub(super) async fn ad(&self, context_keys: Vec<String>) -> Result<Option<Ad>, String> {
        let mut request = Request::new(AdRequest { context_keys });
        request.set_timeout(AD_DEADLINE);
        let mut client = self.ad.clone();
        let ads = tokio::time::timeout(AD_DEADLINE, client.get_ads(request))
            .await
            .unwrap_or_else(|_| Err(Status::deadline_exceeded("context deadline exceeded")))
            .map_err(said)?;
        Ok(ads.into_inner().ads.choose(&mut rand::rng()).cloned())
    }

    pub(super) async fn place_order(&self, order: PlaceOrderRequest) -> Result<OrderResult, String> {
        let placed = self.checkout.clone().place_order(order).await.map_err(said)?;
        Ok(placed.into_inner().order.unwrap_or_default())
    }
}
