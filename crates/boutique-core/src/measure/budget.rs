//! What a fault costs of the error budget.

use std::time::Duration;

use serde::Serialize;

use super::seconds;

/// What 99.9 % over 30 days allows: 43 minutes and 12 seconds without the shop.
pub const BUDGET_OF_30_DAYS: Duration = Duration::from_secs(30 * 24 * 3600 / 1000);

/// Part of the error budget that is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// As time in which every request fails: ten minutes in which half of them fail are five.
    #[serde(serialize_with = "seconds::span")]
    pub spent: Duration,
    /// The same as a share of [`BUDGET_OF_30_DAYS`]; above 1 it is overspent.
    pub share: f64,
}

impl Budget {
    /// Each of `all` requests stands for its part of the time; one that says nothing about the shop spends nothing.
    pub(super) fn spent(bad: u64, all: u64, time: Duration) -> Self {
        if all == 0 {
            return Self::default();
        }
        let spent = time.mul_f64(bad as f64 / all as f64);
        Self { spent, share: spent.as_secs_f64() / BUDGET_OF_30_DAYS.as_secs_f64() }
    }
}
