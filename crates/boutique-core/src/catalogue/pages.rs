//! Who calls whom, and what a shopper loses with each service: read from the frontend's and the services' code.

use crate::service::Service::{self, *};

/// What happens to the caller when a callee refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hardness {
    /// The caller carries on and only logs a warning. Holds for refusals only: except for ads (100 ms) no soft call has
    /// a deadline, so a callee that is silent hangs its caller.
    Soft,
    /// The caller fails.
    Hard,
}

/// When a call is made at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Every time.
    Always,
    /// Only for a cart with something in it.
    CartNotEmpty,
}

/// One call that somebody makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dependency {
    /// Who is called.
    pub service: Service,
    /// What its failure means.
    pub hardness: Hardness,
    /// When the call is made.
    pub condition: Condition,
    /// The method, `Service/Method` as on the wire without the package; `redis` for the cart's store.
    pub rpc: &'static str,
}

/// A page of the shop, as a shopper meets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Page {
    /// `GET /`
    Home,
    /// `GET /product/{id}`
    Product,
    /// `POST /cart`, which then redirects to the cart.
    AddToCart,
    /// `GET /cart`
    ViewCart,
    /// `POST /cart/checkout`
    Checkout,
}

impl Page {
    /// Every page, in a shopper's order.
    pub const ALL: [Self; 5] = [Self::Home, Self::Product, Self::AddToCart, Self::ViewCart, Self::Checkout];

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Product => "product",
            Self::AddToCart => "add to cart",
            Self::ViewCart => "view cart",
            Self::Checkout => "checkout",
        }
    }

    /// How the frontend serves it.
    #[must_use]
    pub fn spec(self) -> &'static PageSpec {
        &PAGES[Self::ALL.iter().position(|page| *page == self).unwrap_or_default()]
    }
}

impl Page {
    /// Whether the page fails without a service, straight or through another one.
    #[must_use]
    pub fn needs(self, service: Service) -> bool {
        service == Frontend || reaches(self.spec().dependencies, service)
    }
}

fn reaches(dependencies: &[Dependency], service: Service) -> bool {
    dependencies
        .iter()
        .filter(|dependency| dependency.hardness == Hardness::Hard)
        .any(|dependency| dependency.service == service || reaches(calls(dependency.service), service))
}

impl std::fmt::Display for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// How the frontend serves one page.
#[derive(Clone, Copy, Debug)]
pub struct PageSpec {
    /// Which page.
    pub page: Page,
    /// HTTP method.
    pub method: &'static str,
    /// Path; `{id}` stands for a product id.
    pub path: &'static str,
    /// The frontend's own calls, in order. A failing hard one answers 500.
    pub dependencies: &'static [Dependency],
    /// The page the answer redirects to: its failure is what the shopper sees after this one has worked.
    pub then: Option<Page>,
}

const fn hard(service: Service, rpc: &'static str) -> Dependency {
    Dependency { service, hardness: Hardness::Hard, condition: Condition::Always, rpc }
}

const fn soft(service: Service, rpc: &'static str) -> Dependency {
    Dependency { service, hardness: Hardness::Soft, condition: Condition::Always, rpc }
}

const fn per_item(service: Service, rpc: &'static str) -> Dependency {
    Dependency { service, hardness: Hardness::Hard, condition: Condition::CartNotEmpty, rpc }
}

const PAGES: &[PageSpec] = &[
    PageSpec {
        page: Page::Home,
        method: "GET",
        path: "/",
        dependencies: &[
            hard(Currencyservice, "CurrencyService/GetSupportedCurrencies"),
            hard(Productcatalogservice, "ProductCatalogService/ListProducts"),
            hard(Cartservice, "CartService/GetCart"),
            hard(Currencyservice, "CurrencyService/Convert"),
            soft(Adservice, "AdService/GetAds"),
        ],
        then: None,
    },
    PageSpec {
        page: Page::Product,
        method: "GET",
        path: "/product/{id}",
        dependencies: &[
            hard(Productcatalogservice, "ProductCatalogService/GetProduct"),
            hard(Currencyservice, "CurrencyService/GetSupportedCurrencies"),
            hard(Cartservice, "CartService/GetCart"),
            hard(Currencyservice, "CurrencyService/Convert"),
            soft(Recommendationservice, "RecommendationService/ListRecommendations"),
            soft(Adservice, "AdService/GetAds"),
        ],
        then: None,
    },
    PageSpec {
        page: Page::AddToCart,
        method: "POST",
        path: "/cart",
        dependencies: &[
            hard(Productcatalogservice, "ProductCatalogService/GetProduct"),
            hard(Cartservice, "CartService/AddItem"),
        ],
        then: Some(Page::ViewCart),
    },
    PageSpec {
        page: Page::ViewCart,
        method: "GET",
        path: "/cart",
        dependencies: &[
            hard(Currencyservice, "CurrencyService/GetSupportedCurrencies"),
            hard(Cartservice, "CartService/GetCart"),
            soft(Recommendationservice, "RecommendationService/ListRecommendations"),
            // Asked even for an empty cart.
            hard(Shippingservice, "ShippingService/GetQuote"),
            hard(Currencyservice, "CurrencyService/Convert"),
            per_item(Productcatalogservice, "ProductCatalogService/GetProduct"),
        ],
        then: None,
    },
    PageSpec {
        page: Page::Checkout,
        method: "POST",
        path: "/cart/checkout",
        dependencies: &[
            hard(Checkoutservice, "CheckoutService/PlaceOrder"),
            soft(Recommendationservice, "RecommendationService/ListRecommendations"),
            // After the order is placed: its failure answers 500 for an order that went through.
            hard(Currencyservice, "CurrencyService/GetSupportedCurrencies"),
        ],
        then: None,
    },
];

/// Every page, in a shopper's order.
#[must_use]
pub const fn pages() -> &'static [PageSpec] {
    PAGES
}

const CHECKOUT_CALLS: &[Dependency] = &[
    hard(Cartservice, "CartService/GetCart"),
    per_item(Productcatalogservice, "ProductCatalogService/GetProduct"),
    per_item(Currencyservice, "CurrencyService/Convert"),
    hard(Shippingservice, "ShippingService/GetQuote"),
    hard(Currencyservice, "CurrencyService/Convert"),
    hard(Paymentservice, "PaymentService/Charge"),
    // After the charge: its failure leaves the customer charged and the cart full.
    hard(Shippingservice, "ShippingService/ShipOrder"),
    soft(Cartservice, "CartService/EmptyCart"),
    soft(Emailservice, "EmailService/SendOrderConfirmation"),
];

/// The frontend's calls over all pages; which page makes them is in [`pages`].
const FRONTEND_CALLS: &[Dependency] = &[
    hard(Productcatalogservice, "ProductCatalogService/ListProducts"),
    hard(Currencyservice, "CurrencyService/GetSupportedCurrencies"),
    hard(Cartservice, "CartService/GetCart"),
    soft(Recommendationservice, "RecommendationService/ListRecommendations"),
    hard(Shippingservice, "ShippingService/GetQuote"),
    hard(Checkoutservice, "CheckoutService/PlaceOrder"),
    soft(Adservice, "AdService/GetAds"),
];

/// The calls a service makes, in order; empty for those that call nobody.
#[must_use]
pub const fn calls(caller: Service) -> &'static [Dependency] {
    match caller {
        Frontend => FRONTEND_CALLS,
        Checkoutservice => CHECKOUT_CALLS,
        Recommendationservice => const { &[hard(Productcatalogservice, "ProductCatalogService/ListProducts")] },
        Cartservice => const { &[hard(RedisCart, "redis")] },
        Loadgenerator => const { &[hard(Frontend, "HTTP")] },
        Adservice
        | Currencyservice
        | Emailservice
        | Paymentservice
        | Productcatalogservice
        | Shippingservice
        | RedisCart => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_are_in_a_shoppers_order() {
        assert_eq!(PAGES.iter().map(|spec| spec.page).collect::<Vec<_>>(), Page::ALL);
        for page in Page::ALL {
            assert_eq!(page.spec().page, page);
        }
    }

    #[test]
    fn every_call_of_a_page_is_a_call_of_the_frontend() {
        for spec in pages() {
            for dependency in spec.dependencies {
                assert!(
                    FRONTEND_CALLS.iter().any(|call| call.service == dependency.service),
                    "{} calls {}",
                    spec.page,
                    dependency.service
                );
            }
        }
    }

    #[test]
    fn a_page_needs_what_its_callees_need() {
        let needed = |page: Page| Service::ALL.into_iter().filter(|service| page.needs(*service)).collect::<Vec<_>>();
        assert_eq!(needed(Page::Home), [Frontend, Cartservice, Currencyservice, Productcatalogservice, RedisCart]);
        let spared = Service::ALL.into_iter().filter(|service| !Page::Checkout.needs(*service)).collect::<Vec<_>>();
        assert_eq!(spared, [Adservice, Emailservice, Recommendationservice, Loadgenerator]);
    }

    #[test]
    fn nobody_calls_in_a_circle() {
        fn walk(service: Service, path: &mut Vec<Service>) {
            assert!(!path.contains(&service), "{path:?} → {service}");
            path.push(service);
            for dependency in calls(service) {
                walk(dependency.service, path);
            }
            path.pop();
        }
        for service in Service::ALL {
            walk(service, &mut Vec::new());
        }
    }
}
