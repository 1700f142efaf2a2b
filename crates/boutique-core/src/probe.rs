//! The prober's timetable and what it notes down.
//!
//! The prober is open-loop: requests leave on a fixed timetable, whether or not earlier ones have been answered. A prober
//! that waits for slow answers asks less often while the shop is down, and so hides the outage it was sent to measure.

use std::time::Duration;

use serde::Serialize;

use crate::catalogue::Page;
use crate::measure::seconds;
use crate::purchase::Culprit;
use crate::service::Service;

mod schedule;

pub use schedule::{Errors, Schedule};

/// Slots of one round of the timetable. A round holds one whole journey: the checkout at its end buys what was put into
/// the cart earlier in the same round.
const ROUND: [Page; 20] = [
    Page::Home,
    Page::Product,
    Page::AddToCart,
    Page::Product,
    Page::ViewCart,
    Page::Home,
    Page::Product,
    Page::AddToCart,
    Page::Product,
    Page::ViewCart,
    Page::Home,
    Page::Product,
    Page::AddToCart,
    Page::Product,
    Page::ViewCart,
    Page::Home,
    Page::Product,
    Page::Home,
    Page::ViewCart,
    Page::Checkout,
];

/// Carts that the prober uses in turn. The shop's store keeps every cart forever, so a prober must not invent a new one
/// for each journey.
pub const SESSIONS: usize = 4;

/// When which page is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timetable {
    /// Requests per second.
    pub rate: u32,
}

/// One entry of the timetable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Since the prober's start.
    pub at: Duration,
    /// Page to ask for.
    pub page: Page,
    /// Which of the [`SESSIONS`] carts.
    pub session: usize,
}

impl Timetable {
    /// Rate through the API server's proxy. Every request passes the control plane, which has other work.
    pub const THROUGH_API_SERVER: Self = Self { rate: 20 };

    /// Rate on a customer's own way. In a minute it asks for three thousand pages, which is what it takes to prove 99.9 %.
    pub const THROUGH_EDGE: Self = Self { rate: 50 };

    /// Rate that nobody may exceed: what one core can keep up with.
    pub const FASTEST: Self = Self { rate: 2_000 };

    /// The `n`-th request, counted from 0.
    pub fn slot(self, n: u64) -> Slot {
        let round_length = ROUND.len() as u64;
        let position = usize::try_from(n % round_length).unwrap_or_default();
        let session = usize::try_from((n / round_length) % SESSIONS as u64).unwrap_or_default();
        let nanos = n.saturating_mul(1_000_000_000) / u64::from(self.rate.max(1));
        Slot { at: Duration::from_nanos(nanos), page: ROUND[position], session }
    }
}

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// The page a healthy shop gives.
    Good,
    /// Something else.
    Bad {
        /// HTTP status; absent when nothing answered for the shop.
        status: Option<u16>,
        /// The service that the page blames.
        culprit: Option<Culprit>,
    },
    /// No answer within the prober's own limit; for a customer as bad as an error.
    Timeout,
    /// The request never reached the shop, or it cannot be told: the API server refused or failed. Says nothing about
    /// the shop and counts neither as good nor as bad.
    Unknown {
        /// What was in the way.
        reason: String,
    },
}

impl Outcome {
    /// Whether a customer would have been disappointed.
    pub fn is_bad(&self) -> bool {
        matches!(self, Self::Bad { .. } | Self::Timeout)
    }

    /// Whether it says anything about the shop.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown { .. })
    }

    /// A few characters for a table: `ok`, `500`, `timeout`, `no answer`, `unknown`.
    pub fn word(&self) -> String {
        match self {
            Self::Good => "ok".into(),
            Self::Bad { status: Some(status), .. } => status.to_string(),
            Self::Bad { status: None, .. } => "no answer".into(),
            Self::Timeout => "timeout".into(),
            Self::Unknown { .. } => "unknown".into(),
        }
    }

    /// The service that the page blamed.
    pub fn culprit(&self) -> Option<Service> {
        match self {
            Self::Bad { culprit, .. } => culprit.as_ref().map(|culprit| culprit.service),
            _ => None,
        }
    }
}

/// One measurement of the prober.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// When it was due, since the prober's start. A late answer does not move it.
    #[serde(serialize_with = "seconds::span")]
    pub at: Duration,
    /// Page that was asked for.
    pub page: Page,
    /// From the due time to the answer, so that a request that had to queue is not made to look quick.
    #[serde(serialize_with = "seconds::span")]
    pub took: Duration,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_request_of_twenty_is_a_checkout_and_follows_a_full_cart() {
        let slots: Vec<Slot> = (0..20).map(|n| Timetable::THROUGH_API_SERVER.slot(n)).collect();
        assert_eq!(slots.iter().filter(|slot| slot.page == Page::Checkout).count(), 1);
        let checkout = slots.iter().position(|slot| slot.page == Page::Checkout).unwrap();
        assert!(slots[..checkout].iter().any(|slot| slot.page == Page::AddToCart));
        assert!(slots.iter().all(|slot| slot.session == slots[0].session));
    }

    #[test]
    fn twenty_a_second_are_fifty_milliseconds_apart() {
        assert_eq!(Timetable::THROUGH_API_SERVER.slot(3).at, Duration::from_millis(150));
    }

    proptest! {
        #[test]
        fn the_timetable_never_drifts_and_never_invents_sessions(n in 0_u64..10_000_000, rate in 1_u32..200) {
            let timetable = Timetable { rate };
            let slot = timetable.slot(n);
            prop_assert!(slot.session < SESSIONS);
            prop_assert!(timetable.slot(n + 1).at >= slot.at);
            let exact = n as f64 / f64::from(rate);
            prop_assert!((slot.at.as_secs_f64() - exact).abs() < 1e-6);
        }
    }
}
