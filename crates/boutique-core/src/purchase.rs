//! The synthetic shopper: what it asks the shop for, and what it makes of each answer.
//!
//! A shop whose pods are all Ready can still answer 500 to everybody, because every health endpoint of the application is
//! a constant. Only a purchase tells. The steps here are data; `boutique-cluster` sends them.

use std::fmt;

use serde::{Serialize, Serializer};
use thiserror::Error;

use crate::catalogue::Page;

mod culprit;
mod receipt;

pub use culprit::{Culprit, culprit};
pub use receipt::{Receipt, receipt};

/// Product that the shopper buys: the first of the shop's catalogue.
pub const PRODUCT_ID: &str = "OLJCESPC7Z";
/// Name of [`PRODUCT_ID`] on the shop's pages.
pub const PRODUCT_NAME: &str = "Sunglasses";

/// HTTP method of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Reads a page.
    Get,
    /// Submits a form.
    Post,
}

impl Method {
    /// The method as HTTP spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// What the shop answers when all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expect {
    /// HTTP status.
    pub status: u16,
    /// Text that the page must contain.
    pub text: Option<&'static str>,
}

/// One request of the shopper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The page as the catalogue calls it.
    pub page: Page,
    /// HTTP method.
    pub method: Method,
    /// Path below the shop's root, with a leading slash.
    pub path: String,
    /// Form fields, empty for a GET.
    pub form: Vec<(&'static str, String)>,
    /// What a healthy shop answers.
    pub expect: Expect,
}

impl Step {
    /// The form as `application/x-www-form-urlencoded`.
    pub fn body(&self) -> String {
        let pairs: Vec<String> = self.form.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
        pairs.join("&")
    }
}

/// A customer with a session of its own.
#[derive(Debug, Clone)]
pub struct Shopper {
    session: String,
    base_path: String,
    expiry_year: i16,
}

impl Shopper {
    /// A customer whose cart is `session`. `year` is the current year: the card expires in the next one.
    pub fn new(session: impl Into<String>, year: i16) -> Self {
        Self { session: session.into(), base_path: String::new(), expiry_year: year.saturating_add(1) }
    }

    /// The same customer in a shop that the frontend's `BASE_URL` has moved below `path`.
    #[must_use]
    pub fn below(mut self, path: &str) -> Self {
        self.base_path = match path.trim_matches('/') {
            "" => String::new(),
            path => format!("/{path}"),
        };
        self
    }

    /// Value of the `Cookie` header. The shop sets its cookies without a path, so that a first visit to a product page
    /// would confine them to it; sending them ourselves avoids that.
    pub fn cookie(&self) -> String {
        format!("shop_session-id={}; shop_currency=USD", self.session)
    }

    /// The purchase, in order.
    pub fn steps(&self) -> Vec<Step> {
        let page = |page| if page == Page::ViewCart { self.filled_cart() } else { self.step(page) };
        Page::ALL.into_iter().map(page).collect()
    }

    /// The request for one page.
    pub fn step(&self, page: Page) -> Step {
        let get = |path: String, text| Step {
            page,
            method: Method::Get,
            path,
            form: Vec::new(),
            expect: Expect { status: 200, text },
        };
        let base = &self.base_path;
        match page {
            Page::Home => get(format!("{base}/"), Some("Hot Products")),
            Page::Product => get(format!("{base}/product/{PRODUCT_ID}"), None),
            Page::ViewCart => get(format!("{base}/cart"), None),
            Page::AddToCart => Step {
                page,
                method: Method::Post,
                path: format!("{base}/cart"),
                form: vec![("product_id", PRODUCT_ID.into()), ("quantity", "1".into())],
                expect: Expect { status: 302, text: None },
            },
            Page::Checkout => Step {
                page,
                method: Method::Post,
                path: format!("{base}/cart/checkout"),
                form: self.order_form(),
                expect: Expect { status: 200, text: Some("Your order is complete!") },
            },
        }
    }

    /// The request for the cart as the purchase needs it: with the product in it.
    pub fn filled_cart(&self) -> Step {
        let mut step = self.step(Page::ViewCart);
        step.expect.text = Some(PRODUCT_NAME);
        step
    }

    /// Empties this session's cart; sent after probing, because the shop's store never expires a cart.
    pub fn leave(&self) -> Step {
        Step {
            page: Page::ViewCart,
            method: Method::Post,
            path: format!("{}/cart/empty", self.base_path),
            form: Vec::new(),
            expect: Expect { status: 302, text: None },
        }
    }

    /// The checkout form with the sample data of the shop's own page; the card number passes the shop's check and
    /// belongs to nobody.
    fn order_form(&self) -> Vec<(&'static str, String)> {
        vec![
            ("email", "someone@example.com".into()),
            ("street_address", "1600 Amphitheatre Parkway".into()),
            ("zip_code", "94043".into()),
            ("city", "Mountain View".into()),
            ("state", "CA".into()),
            ("country", "United States".into()),
            ("credit_card_number", "4432801561520454".into()),
            ("credit_card_expiration_month", "1".into()),
            ("credit_card_expiration_year", self.expiry_year.to_string()),
            ("credit_card_cvv", "672".into()),
        ]
    }
}

/// What came back for a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Text of the body.
    pub body: String,
}

/// The shop did not do what a customer may expect.
#[derive(Debug, Clone, PartialEq, Eq, Error, Serialize)]
#[error("{page} answered {got} instead of {expected}{}", because(.culprit.as_ref()))]
pub struct Complaint {
    /// Page that disappointed.
    pub page: Page,
    /// What a healthy shop answers.
    pub expected: String,
    /// What this one answered.
    pub got: String,
    /// The service at fault, when the page named it.
    pub culprit: Option<Culprit>,
}

fn because(culprit: Option<&Culprit>) -> String {
    culprit.map(|culprit| format!(": {culprit}")).unwrap_or_default()
}

/// Compares an answer with what the step expects.
///
/// # Errors
///
/// A [`Complaint`] that says what was expected, what came, and which service the page blames.
pub fn judge(step: &Step, answer: &Answer) -> Result<(), Complaint> {
    let expected = match step.expect.text {
        Some(text) => format!("{} with \"{text}\"", step.expect.status),
        None => step.expect.status.to_string(),
    };
    let complain = |got: String| {
        Err(Complaint { page: step.page, expected: expected.clone(), got, culprit: culprit(&answer.body) })
    };
    if answer.status != step.expect.status {
        return complain(answer.status.to_string());
    }
    match step.expect.text {
        Some(text) if !answer.body.contains(text) => complain(format!("{} without it", answer.status)),
        _ => Ok(()),
    }
}

/// Percent-encodes everything that is not unreserved in a URI (RFC 3986 §2.3).
fn percent(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// In machine-readable output a page is called as in a URL: `add-to-cart`.
impl Serialize for Page {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.name().replace(' ', "-"))
    }
}

impl fmt::Display for Culprit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, text } = self;
        write!(f, "{service} ({text})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Service;

    fn mk_shopper() -> Shopper {
        Shopper::new("boutique-buy-1", 2026)
    }

    #[test]
    fn a_purchase_is_five_steps_in_order() {
        let pages: Vec<Page> = mk_shopper().steps().iter().map(|step| step.page).collect();
        assert_eq!(pages, Page::ALL);
    }

    #[test]
    fn the_card_expires_next_year() {
        let checkout = mk_shopper().step(Page::Checkout);
        assert!(checkout.body().contains("credit_card_expiration_year=2027"));
        assert!(checkout.body().contains("street_address=1600%20Amphitheatre%20Parkway"));
    }

    #[test]
    fn a_base_url_moves_every_path_and_keeps_the_slash_of_the_home_page() {
        let shopper = mk_shopper().below("/online-boutique/");
        assert_eq!(shopper.step(Page::Home).path, "/online-boutique/");
        assert_eq!(shopper.step(Page::Checkout).path, "/online-boutique/cart/checkout");
        assert_eq!(mk_shopper().below("/").step(Page::Home).path, "/");
    }

    #[test]
    fn a_good_page_satisfies() {
        let answer = Answer { status: 200, body: "<h3>Hot Products</h3>".into() };
        assert_eq!(judge(&mk_shopper().step(Page::Home), &answer), Ok(()));
    }

    #[test]
    fn a_page_without_its_text_is_no_good_page() {
        let answer = Answer { status: 200, body: "<h1>Welcome to nginx!</h1>".into() };
        let complaint = judge(&mk_shopper().step(Page::Home), &answer).unwrap_err();
        assert_eq!(complaint.to_string(), "home answered 200 without it instead of 200 with \"Hot Products\"");
    }

    #[test]
    fn a_500_names_the_service_that_the_page_blames() {
        let body = "<pre>rpc error: code = Unavailable desc = connection refused\ncould not retrieve cart</pre>";
        let complaint =
            judge(&mk_shopper().step(Page::ViewCart), &Answer { status: 500, body: body.into() }).unwrap_err();
        assert_eq!(complaint.culprit.map(|culprit| culprit.service), Some(Service::Cartservice));
    }
}
