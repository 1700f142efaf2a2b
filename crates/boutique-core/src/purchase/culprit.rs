//! Which service a failed page blames, read from the error text that the frontend puts into its 500 pages.

use serde::Serialize;

use super::receipt::plain_text;
use crate::service::Service;

/// A service and the words that gave it away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Culprit {
    /// The service at fault.
    pub service: Service,
    /// The line of the page that says so, shortened.
    pub text: String,
}

/// Longest quotation of a page, in characters.
const QUOTATION: usize = 160;

/// Texts of a failed order, as `checkoutservice` wraps them. Read before [`PAGES`], because the frontend's own words come
/// around them. "shipping error" is last: it stands inside longer texts too.
const ORDER: &[(&str, Service)] = &[
    ("cart failure", Service::Cartservice),
    ("failed to prepare order: failed to get product", Service::Productcatalogservice),
    ("failed to prepare order: failed to convert price", Service::Currencyservice),
    ("shipping quote failure", Service::Shippingservice),
    ("failed to convert shipping cost", Service::Currencyservice),
    ("failed to charge card", Service::Paymentservice),
    ("shipping error", Service::Shippingservice),
];

/// Texts of the frontend's own calls. The first match wins, so the conversion of a shipping cost stands before the quote.
const PAGES: &[(&str, Service)] = &[
    ("could not retrieve currencies", Service::Currencyservice),
    ("failed to do currency conversion for product", Service::Currencyservice),
    ("failed to convert currency", Service::Currencyservice),
    ("could not convert currency for product", Service::Currencyservice),
    ("could not retrieve product", Service::Productcatalogservice),
    ("failed to get recommended product info", Service::Productcatalogservice),
    ("could not retrieve cart", Service::Cartservice),
    ("failed to add to cart", Service::Cartservice),
    ("failed to empty cart", Service::Cartservice),
    ("failed to get shipping quote", Service::Shippingservice),
];

/// The service that a failed page blames, or nothing when it says none of the known texts.
pub fn culprit(body: &str) -> Option<Culprit> {
    let text = plain_text(body);
    let (phrase, named) = if text.contains("failed to complete the order") {
        // Without an inner text the call to checkoutservice itself failed.
        find(&text, ORDER).unwrap_or(("failed to complete the order", Service::Checkoutservice))
    } else {
        find(&text, PAGES)?
    };
    // cartservice stays Ready when its store is gone and passes the blame on in the status code.
    let store_is_gone = named == Service::Cartservice
        && (text.contains("FailedPrecondition") || text.contains("Can't access cart storage"));
    let service = if store_is_gone { Service::RedisCart } else { named };
    Some(Culprit { service, text: quote(&text, phrase) })
}

fn find(text: &str, table: &[(&'static str, Service)]) -> Option<(&'static str, Service)> {
    table.iter().copied().find(|(phrase, _)| text.contains(phrase))
}

/// The line around `phrase`, from the phrase on, shortened. The page prints Go's wrapped errors with a stack trace, in which
/// the code of the failed call may stand on a line of its own; it is the part that tells refused from timed out.
fn quote(text: &str, phrase: &str) -> String {
    let line_from = |at: &str| text.find(at).and_then(|from| text[from..].lines().next()).map(str::trim);
    let line = line_from(phrase).unwrap_or_default();
    let quotation = match line_from("rpc error:") {
        Some(call) if !line.contains("rpc error:") => format!("{line}: {call}"),
        _ => line.to_owned(),
    };
    if quotation.chars().count() <= QUOTATION {
        return quotation;
    }
    let short: String = quotation.chars().take(QUOTATION - 1).collect();
    format!("{short}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_the_frontend_leads_to_its_service() {
        for (phrase, service) in PAGES {
            let body = format!("<div>{phrase}: rpc error: code = Unavailable</div>");
            assert_eq!(culprit(&body).map(|culprit| culprit.service), Some(*service), "{phrase}");
        }
    }

    #[test]
    fn every_text_of_a_failed_order_leads_to_its_service() {
        for (phrase, service) in ORDER {
            let body = format!("failed to complete the order: rpc error: code = Internal desc = {phrase}: x");
            assert_eq!(culprit(&body).map(|culprit| culprit.service), Some(*service), "{phrase}");
        }
    }

    #[test]
    fn a_failed_precondition_of_the_cart_means_its_store() {
        let body =
            "could not retrieve cart: rpc error: code = FailedPrecondition desc = Can&#39;t access cart storage.";
        assert_eq!(culprit(body).map(|culprit| culprit.service), Some(Service::RedisCart));
    }

    #[test]
    fn a_conversion_inside_a_shipping_quote_is_the_currency_service() {
        let body = "failed to get shipping quote: failed to convert currency for shipping cost";
        assert_eq!(culprit(body).map(|culprit| culprit.service), Some(Service::Currencyservice));
    }

    #[test]
    fn a_bare_failure_of_the_order_is_the_checkout_service() {
        let body = "failed to complete the order: rpc error: code = Unavailable desc = connection refused";
        assert_eq!(culprit(body).map(|culprit| culprit.service), Some(Service::Checkoutservice));
    }

    #[test]
    fn the_quotation_joins_message_and_code_and_stays_short() {
        let body = format!(
            "<pre>rpc error: code = Unavailable desc = {}\ncould not retrieve cart\nmain.go:5</pre>",
            "x".repeat(300)
        );
        let text = culprit(&body).unwrap().text;
        assert!(text.starts_with("could not retrieve cart: rpc error: code = Unavailable"), "{text}");
        assert_eq!(text.chars().count(), QUOTATION);
    }

    #[test]
    fn an_unknown_page_blames_nobody() {
        assert_eq!(culprit("<h1>502 Bad Gateway</h1>"), None);
        assert_eq!(culprit(""), None);
    }
}
