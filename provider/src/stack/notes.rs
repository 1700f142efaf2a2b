//! What the provider remembers of a shop between operations, unseen by the practitioner.

/// Whether the last apply ended before a synthetic customer had bought something.
pub(super) const PURCHASE_DUE: &str = "purchase_due";

/// The sentence that says so in `pending`.
pub(super) const PURCHASE_DUE_SENTENCE: &str =
    "nobody has bought anything since the last apply; the next apply tries again";
