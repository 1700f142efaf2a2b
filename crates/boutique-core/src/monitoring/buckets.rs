//! Where latencies are told apart.

/// Upper bounds of the histogram of requests, in milliseconds. The collector counts by them and the SLO's latency has to
/// be one of them, or it would be estimated.
pub const BUCKETS_MS: [u32; 11] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];
