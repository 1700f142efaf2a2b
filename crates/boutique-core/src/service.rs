//! The services of the shop under upstream's directory names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One workload of the shop. The variants are upstream's directory names under `src/`, plus the cart's database.
///
/// The optional `shoppingassistantservice` is no variant: it needs AlloyDB and Gemini and no plain manifest deploys it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// The web shop (Go).
    Frontend,
    /// Text advertisements (Java).
    Adservice,
    /// Carts, kept in Redis (C#).
    Cartservice,
    /// Places orders; calls six other services (Go).
    Checkoutservice,
    /// Money conversion; the service with most requests (Node.js).
    Currencyservice,
    /// Order confirmations (Python).
    Emailservice,
    /// Charges credit cards (Node.js).
    Paymentservice,
    /// The nine products (Go).
    Productcatalogservice,
    /// "You may also like" (Python).
    Recommendationservice,
    /// Quotes and tracking numbers (Go).
    Shippingservice,
    /// The Redis that holds the carts.
    RedisCart,
    /// Simulated shoppers (Python, Locust).
    Loadgenerator,
}

impl Service {
    /// Every service, the frontend first, then the servers by name, then the database and the load generator.
    pub const ALL: [Self; 12] = [
        Self::Frontend,
        Self::Adservice,
        Self::Cartservice,
        Self::Checkoutservice,
        Self::Currencyservice,
        Self::Emailservice,
        Self::Paymentservice,
        Self::Productcatalogservice,
        Self::Recommendationservice,
        Self::Shippingservice,
        Self::RedisCart,
        Self::Loadgenerator,
    ];

    /// The name of the Deployment, the Service, the ServiceAccount and the `app` label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frontend => "frontend",
            Self::Adservice => "adservice",
            Self::Cartservice => "cartservice",
            Self::Checkoutservice => "checkoutservice",
            Self::Currencyservice => "currencyservice",
            Self::Emailservice => "emailservice",
            Self::Paymentservice => "paymentservice",
            Self::Productcatalogservice => "productcatalogservice",
            Self::Recommendationservice => "recommendationservice",
            Self::Shippingservice => "shippingservice",
            Self::RedisCart => "redis-cart",
            Self::Loadgenerator => "loadgenerator",
        }
    }

    /// Whether two copies of it may run side by side without losing or splitting data, and it serves requests.
    ///
    /// False for `redis-cart` (its carts live in one pod) and for `loadgenerator` (a second copy doubles the load).
    #[must_use]
    pub const fn is_stateless_server(self) -> bool {
        !matches!(self, Self::RedisCart | Self::Loadgenerator)
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that no service of the shop has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no service of Online Boutique is called {name:?}{}; its services are {}", did_you_mean(*.closest), all_names())]
pub struct UnknownService {
    /// What was given.
    pub name: String,
    /// The service whose name is nearest, if one is near.
    pub closest: Option<Service>,
}

fn did_you_mean(closest: Option<Service>) -> String {
    closest.map(|service| format!(" (did you mean {service:?}?)", service = service.name())).unwrap_or_default()
}

fn all_names() -> String {
    Service::ALL.map(Service::name).join(", ")
}

impl FromStr for Service {
    type Err = UnknownService;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|service| service.name() == name)
            .ok_or_else(|| UnknownService { name: name.to_owned(), closest: closest(name) })
    }
}

/// The service a person probably meant: without `service`, dashes and case the name is equal or nearly so.
fn closest(name: &str) -> Option<Service> {
    let wanted = essence(name);
    if wanted.is_empty() {
        return None;
    }
    Service::ALL
        .into_iter()
        .map(|service| {
            let nearest = edit_distance(&wanted, &essence(service.name())).min(edit_distance(name, service.name()));
            (nearest, service)
        })
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= 1.max(wanted.len() / 3))
        .map(|(_, service)| service)
}

fn essence(name: &str) -> String {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    match plain.as_str() {
        "redis" => "rediscart".to_owned(),
        "catalog" | "catalogue" | "catalogservice" => "productcatalog".to_owned(),
        "loadgen" => "loadgenerator".to_owned(),
        other => other.strip_suffix("service").unwrap_or(other).to_owned(),
    }
}

/// Levenshtein's distance, on names that are a dozen letters long.
pub(crate) fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(left != *right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

impl Serialize for Service {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Service {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_back_to_its_service() {
        for service in Service::ALL {
            assert_eq!(service.name().parse(), Ok(service));
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest_one_and_all_names() {
        let message = "cart-service".parse::<Service>().expect_err("is no name").to_string();
        assert!(message.contains("did you mean \"cartservice\"?"), "{message}");
        assert!(message.contains("redis-cart, loadgenerator"), "{message}");
    }

    #[test]
    fn short_names_people_say_lead_to_the_service() {
        for (said, meant) in [
            ("redis", Service::RedisCart),
            ("catalog", Service::Productcatalogservice),
            ("productcatalogue", Service::Productcatalogservice),
            ("loadgen", Service::Loadgenerator),
            ("Frontend", Service::Frontend),
            ("payments", Service::Paymentservice),
        ] {
            assert_eq!(said.parse::<Service>().expect_err(said).closest, Some(meant), "{said}");
        }
    }

    #[test]
    fn a_name_that_resembles_nothing_gets_no_suggestion() {
        assert_eq!("prometheus".parse::<Service>().expect_err("is no name").closest, None);
        assert_eq!("".parse::<Service>().expect_err("is no name").closest, None);
    }
}
