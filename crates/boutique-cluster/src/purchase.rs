//! A purchase, hop by hop: the only proof that a shop works.

use std::time::Duration;

use boutique_core::catalogue::Page;
use boutique_core::purchase::{Complaint, Receipt, judge, receipt};
use serde::Serialize;

use crate::storefront::{Reply, Storefront};

/// One request of the purchase.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// Page that was asked for.
    pub page: Page,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// Path at the shop.
    pub path: String,
    /// HTTP status, absent when the shop did not answer.
    pub status: Option<u16>,
    /// Milliseconds to the answer.
    pub millis: u64,
    /// What was wrong, absent when nothing was.
    pub problem: Option<Problem>,
}

/// Why a purchase failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Problem {
    /// The shop answered, but not as it should.
    Complaint(Complaint),
    /// Nobody answers for the shop.
    Nobody {
        /// The API server's words.
        reason: String,
    },
    /// The shop did not answer in time.
    Timeout {
        /// How long was waited.
        millis: u64,
    },
    /// The API server failed; the shop may be well.
    Unknown {
        /// What it said.
        reason: String,
    },
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Complaint(complaint) => complaint.fmt(f),
            Self::Nobody { reason } => write!(f, "nobody answers for the shop: {reason}"),
            Self::Timeout { millis } => write!(f, "no answer within {millis} ms"),
            Self::Unknown { reason } => write!(f, "cannot tell: {reason}"),
        }
    }
}

/// A purchase that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purchase {
    /// `service-proxy`, `port-forward` or `url`.
    pub way: &'static str,
    /// The requests, up to the first that failed.
    pub hops: Vec<Hop>,
    /// What the order page says; absent when the purchase failed.
    pub receipt: Option<Receipt>,
}

impl Purchase {
    /// Why it failed, absent when it did not.
    pub fn problem(&self) -> Option<&Problem> {
        self.hops.last().and_then(|hop| hop.problem.as_ref())
    }
}

/// Buys something: five requests in a session of its own, each waited for at most `limit`. `seen` is told of every hop as
/// it is done. The order empties the cart; when the purchase fails after something was put into it, it is emptied too.
pub async fn buy(storefront: &Storefront, session: &str, limit: Duration, mut seen: impl FnMut(&Hop)) -> Purchase {
    let shopper = storefront.shopper(session);
    let mut purchase = Purchase { way: storefront.way(), hops: Vec::new(), receipt: None };
    for step in shopper.steps() {
        let (reply, took) = storefront.send(&shopper, &step, limit).await;
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let (status, problem) = match &reply {
            Reply::Shop(answer) => (Some(answer.status), judge(&step, answer).err().map(Problem::Complaint)),
            Reply::Nobody(reason) => (None, Some(Problem::Nobody { reason: reason.clone() })),
            Reply::Unknown(reason) => (None, Some(Problem::Unknown { reason: reason.clone() })),
            Reply::Timeout => (None, Some(Problem::Timeout { millis })),
        };
        let failed = problem.is_some();
        let hop = Hop { page: step.page, method: step.method.as_str(), path: step.path, status, millis, problem };
        seen(&hop);
        purchase.hops.push(hop);
        if failed {
            let filled = matches!(step.page, Page::ViewCart | Page::Checkout);
            if filled {
                storefront.send(&shopper, &shopper.leave(), limit).await;
            }
            return purchase;
        }
        if let (Page::Checkout, Reply::Shop(answer)) = (step.page, &reply) {
            purchase.receipt = Some(receipt(&answer.body));
        }
    }
    purchase
}

/// A session name that nobody else uses.
pub fn session() -> String {
    format!("boutique-buy-{}", uuid::Uuid::new_v4())
}
