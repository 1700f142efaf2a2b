//! What is known of a fault's course from elsewhere than the samples.

use std::time::Duration;

/// How long all must be well before the shop counts as recovered.
pub const GOOD_STRETCH: Duration = Duration::from_secs(10);

/// Moments of a fault that no sample tells, since the prober's start. A bare [`Duration`] is T0 and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks {
    /// T0: the API server accepted the fault.
    pub injected_at: Duration,
    /// T2: the first alert that fired because of it.
    pub detected_at: Option<Duration>,
    /// T3: somebody began to undo it.
    pub undone_at: Option<Duration>,
    /// How long all must be well before the shop counts as recovered.
    pub good_stretch: Duration,
}

impl Marks {
    /// A fault of which no more is known than T0.
    #[must_use]
    pub const fn at(injected_at: Duration) -> Self {
        Self { injected_at, detected_at: None, undone_at: None, good_stretch: GOOD_STRETCH }
    }

    /// The same with T2. What came before T0 was no alert about this fault.
    #[must_use]
    pub fn detected_at(self, at: Option<Duration>) -> Self {
        Self { detected_at: at.filter(|at| *at >= self.injected_at), ..self }
    }

    /// The same with T3.
    #[must_use]
    pub fn undone_at(self, at: Option<Duration>) -> Self {
        Self { undone_at: at.map(|at| at.max(self.injected_at)), ..self }
    }

    /// The same with another measure of what well means.
    #[must_use]
    pub const fn good_stretch(self, good_stretch: Duration) -> Self {
        Self { good_stretch, ..self }
    }
}

impl From<Duration> for Marks {
    fn from(injected_at: Duration) -> Self {
        Self::at(injected_at)
    }
}
