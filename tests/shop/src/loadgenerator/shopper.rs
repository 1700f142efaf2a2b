//! What one user does, with cookies kept like a browser does.

use super::statistics::Statistics;
use crate::{http1::Client, urlencoded};
use http::{StatusCode, header};
use jiff::Timestamp;
use rand::seq::IndexedRandom;
use std::{collections::BTreeMap, sync::Arc, time::Instant};

const PRODUCTS: [&str; 9] = [
    "0PUK6V6EV0",
    "1YMWWN1N4O",
    "2ZYFJ3GM2N",
    "66VCHSJNUP",
    "6E92ZMYYFZ",
    "9SIQT8TOJO",
    "L9ECAV7KIM",
    "LS4PSXUNUM",
    "OLJCESPC7Z",
];
const CURRENCIES: [&str; 6] = ["EUR", "USD", "JPY", "CAD", "GBP", "TRY"];

/// More redirects than the shop ever makes.
const REDIRECTS: usize = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Task {
    Home,
    SetCurrency,
    Product,
    AddToCart,
    ViewCart,
    Checkout,
}

/// Tasks with their weights.
const TASKS: [(Task, u32); 6] = [
    (Task::Home, 1),
    (Task::SetCurrency, 2),
    (Task::Product, 10),
    (Task::AddToCart, 2),
    (Task::ViewCart, 3),
    (Task::Checkout, 1),
];

/// One user with a connection and cookies of their own.
#[derive(Debug)]
pub(super) struct Shopper {
    client: Client,
    /// What stands before every path, as upstream's Locust takes it from the address.
    base: String,
    cookies: BTreeMap<String, String>,
    statistics: Arc<Statistics>,
}

impl Shopper {
    pub(super) fn new(frontend: &str, statistics: Arc<Statistics>) -> Self {
        let (host, base) = frontend.split_at(frontend.find('/').unwrap_or(frontend.len()));
        let base = base.trim_end_matches('/').to_owned();
        Self { client: Client::new(host), base, cookies: BTreeMap::new(), statistics }
    }

    /// The first page that every user opens.
    pub(super) async fn arrive(&mut self) {
        self.get("/").await;
    }

    /// One task at random, by weight.
    pub(super) async fn act(&mut self) {
        let mut draw = rand::random_range(0..TASKS.iter().map(|(_, weight)| weight).sum());
        let chosen = TASKS.iter().find(|(_, weight)| {
            let hit = draw < *weight;
            draw = draw.saturating_sub(*weight);
            hit
        });
        self.perform(chosen.map_or(Task::Home, |(task, _)| *task)).await;
    }

    async fn perform(&mut self, task: Task) {
        match task {
            Task::Home => self.get("/").await,
            Task::SetCurrency => self.post("/setCurrency", &[("currency_code", pick(&CURRENCIES))]).await,
            Task::Product => self.get(&format!("/product/{}", pick(&PRODUCTS))).await,
            Task::AddToCart => self.add_to_cart().await,
            Task::ViewCart => self.get("/cart").await,
            Task::Checkout => {
                self.add_to_cart().await;
                self.checkout().await;
            }
        }
    }

    async fn add_to_cart(&mut self) {
        let product = pick(&PRODUCTS);
        let quantity = rand::random_range(1..=10).to_string();
        self.get(&format!("/product/{product}")).await;
        self.post("/cart", &[("product_id", product), ("quantity", &quantity)]).await;
    }

    async fn checkout(&mut self) {
        let next_year = Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).year() + 1;
        let number = rand::random_range(1..10_000);
        self.post(
            "/cart/checkout",
            &[
                ("email", &format!("shopper{number}@example.com")),
                ("street_address", &format!("{number} Harbour Road")),
                ("zip_code", &rand::random_range(10_000..99_999).to_string()),
                ("city", "Springfield"),
                ("state", "CA"),
                ("country", "United States"),
                ("credit_card_number", pick(&["4432801561520454", "5555555555554444", "4111111111111111"])),
                ("credit_card_expiration_month", &rand::random_range(1..=12).to_string()),
                ("credit_card_expiration_year", &rand::random_range(next_year..next_year + 20).to_string()),
                ("credit_card_cvv", &rand::random_range(100..1000).to_string()),
            ],
        )
        .await;
    }

    async fn get(&mut self, path: &str) {
        self.count("GET", path, String::new()).await;
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) {
        self.count("POST", path, urlencoded::build(fields)).await;
    }

    /// Sends a request, follows redirects, and counts all of that as one.
    async fn count(&mut self, method: &str, path: &str, body: String) {
        let begun = Instant::now();
        let outcome = self.follow(method, path, body).await;
        self.statistics.record(method, path, begun.elapsed(), outcome.err());
    }

    async fn follow(&mut self, method: &str, path: &str, body: String) -> Result<(), String> {
        let (mut method, mut path, mut body) = (method.to_owned(), format!("{}{path}", self.base), body);
        for _ in 0..REDIRECTS {
            let cookie = self.cookies.iter().map(|(n, v)| format!("{n}={v}")).collect::<Vec<_>>().join("; ");
            let mut headers = Vec::new();
            if !cookie.is_empty() {
                headers.push(("cookie", cookie.as_str()));
            }
            if method == "POST" {
                headers.push(("content-type", "application/x-www-form-urlencoded"));
            }
            let answer = self.client.send(&method, &path, &headers, std::mem::take(&mut body)).await?;
            for set in answer.headers.get_all(header::SET_COOKIE) {
                self.keep(set.to_str().unwrap_or_default());
            }
            match answer.status {
                status if status.is_success() => return Ok(()),
                StatusCode::FOUND | StatusCode::SEE_OTHER | StatusCode::MOVED_PERMANENTLY => {
                    let to = answer.headers.get(header::LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("/");
                    (method, path) = ("GET".to_owned(), to.to_owned());
                }
                status => return Err(format!("{status} for url {path}")),
            }
        }
        Err(format!("more than {REDIRECTS} redirects, the last to {path}"))
    }

    fn keep(&mut self, set_cookie: &str) {
        let pair = set_cookie.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=') {
            self.cookies.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
}

fn pick<'a>(from: &[&'a str]) -> &'a str {
    from.choose(&mut rand::rng()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn product_pages_are_more_than_half_of_what_users_do() {
        let total: u32 = TASKS.iter().map(|(_, weight)| weight).sum();
        assert_eq!(total, 19);
        assert_eq!(TASKS.iter().find(|(task, _)| *task == Task::Product).unwrap().1, 10);
    }

    #[test]
    fn a_cookie_replaces_its_older_self() {
        let mut shopper = Shopper::new("localhost", Arc::default());
        shopper.keep("shop_currency=EUR; Max-Age=172800");
        shopper.keep("shop_currency=JPY; Max-Age=172800");
        assert_eq!(shopper.cookies, BTreeMap::from([("shop_currency".to_owned(), "JPY".to_owned())]));
    }
}
