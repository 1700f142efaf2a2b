//! How long a killed pod is missed: from the end of the old process to the first call that reaches the new one.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use super::killed::serves_on;
use super::{Cut, Gone, Kill};
use crate::measure::seconds;

/// From DELETE to the start of the new container, image present: scheduling, sandbox, network. The long end is a laptop's.
const START: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(6));

/// grpc-go's back-off: 1 s, growing by 1.6, at most 120 s, each with up to 20 % of jitter.
const BACKOFF: (f64, f64, f64, f64) = (1.0, 1.6, 120.0, 0.2);

/// grpc-go's limit for one attempt to connect. An attempt that begins while the old pod's address still stands in the
/// routes gets no answer at all, and holds its client up for this long although the new pod has long been ready.
const DIAL: Duration = Duration::from_secs(20);

/// When a pod gets traffic after its container has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readiness {
    /// `initialDelaySeconds` of the readiness probe.
    pub delay: Duration,
    /// `periodSeconds` of the readiness probe.
    pub period: Duration,
    /// `initialDelaySeconds` plus `periodSeconds` of the startup probe.
    pub startup: Option<Duration>,
}

impl Readiness {
    /// Reads a pod template; probes that it does not have, do not delay.
    pub fn of_template(template: &Value) -> Self {
        let containers = template.pointer("/spec/containers").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let probe = |name: &str| containers.iter().find_map(|container| container.get(name));
        let seconds = |probe: &Value, field: &str, default| {
            Duration::from_secs(probe.get(field).and_then(Value::as_u64).unwrap_or(default))
        };
        let readiness = probe("readinessProbe");
        Self {
            delay: readiness.map_or(Duration::ZERO, |probe| seconds(probe, "initialDelaySeconds", 0)),
            period: readiness.map_or(Duration::ZERO, |probe| seconds(probe, "periodSeconds", 10)),
            startup: probe("startupProbe")
                .map(|probe| seconds(probe, "initialDelaySeconds", 0) + seconds(probe, "periodSeconds", 10)),
        }
    }
}

/// A span of time that a gap is expected to last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// At least.
    #[serde(serialize_with = "seconds::span")]
    pub shortest: Duration,
    /// At most.
    #[serde(serialize_with = "seconds::span")]
    pub longest: Duration,
}

impl Gap {
    /// How a measured gap compares.
    pub fn judge(self, measured: Duration) -> &'static str {
        // Half a second of slack: the prober itself samples in steps.
        let slack = Duration::from_millis(500);
        if measured + slack < self.shortest {
            "shorter than predicted"
        } else if measured > self.longest + slack {
            "longer than predicted"
        } else {
            "as predicted"
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = self.longest.as_secs_f64().ceil();
        match self.shortest.as_secs() {
            0 => write!(f, "at most {longest} s"),
            shortest => write!(f, "{shortest} to {longest} s"),
        }
    }
}

impl Gap {
    /// No time at all.
    pub const NONE: Self = Self { shortest: Duration::ZERO, longest: Duration::ZERO };
}

/// From DELETE of an old pod, or from its deadline, until a new one gets traffic, not counting how long the old one takes to
/// stop.
pub(crate) fn comes_back(readiness: Readiness) -> Gap {
    let Readiness { delay, period, startup } = readiness;
    Gap { shortest: START.0 + delay, longest: START.1 + startup.unwrap_or_default().max(delay) + period }
}

/// How long `kill` will be felt by a page that needs the service.
pub(super) fn of_kill(kill: &Kill) -> Gap {
    if kill.survivors > 0 {
        return Gap { shortest: Duration::ZERO, longest: Duration::from_secs(3) };
    }
    let ready = comes_back(kill.readiness);
    // A process that ignores SIGTERM goes on answering its open connections until it is killed.
    let stopped = if serves_on(kill.service) { kill.grace } else { Duration::ZERO };
    let missing_last = ready.longest.saturating_sub(stopped);
    Gap { shortest: ready.shortest.saturating_sub(stopped), longest: with_clients(missing_last) }
}

/// How long a service is missed that is gone for a stated time and then starts anew.
pub(super) fn of_gone(gone: &Gone) -> Gap {
    if gone.survivors > 0 {
        return Gap { shortest: Duration::ZERO, longest: Duration::from_secs(3) };
    }
    let ready = comes_back(gone.readiness);
    // Who is there now and then lets every failure be short.
    let surely = if gone.flaps { START.0 } else { (gone.lasts + ready.shortest).saturating_sub(gone.begins.longest) };
    let missing = (gone.lasts + ready.longest).saturating_sub(gone.begins.shortest);
    Gap { shortest: surely, longest: with_clients(missing) }
}

/// How long a cut between two services is felt.
pub(super) fn of_cut(cut: &Cut) -> Gap {
    if cut.open_connections_survive {
        // Packets of a connection that was cut open are sent again with growing pauses.
        return Gap { shortest: Duration::ZERO, longest: with_clients(cut.lasts + cut.ends.longest) };
    }
    of_span(cut.begins, cut.lasts, cut.ends)
}

/// What begins some time after T0, ends some time after `lasts`, and is felt in between.
pub(super) fn of_span(begins: Gap, lasts: Duration, ends: Gap) -> Gap {
    let shortest = (lasts + ends.shortest).saturating_sub(begins.longest);
    let longest = (lasts + ends.longest).saturating_sub(begins.shortest);
    Gap { shortest, longest: with_clients(longest) }
}

/// When clients that were without a service for so long have found it again, at the latest.
fn with_clients(missing: Duration) -> Duration {
    reconnected(missing).max(missing + DIAL)
}

/// When a client that lost its connection at 0 tries again for the first time after `ready`, at worst.
fn reconnected(ready: Duration) -> Duration {
    let (mut wait, factor, limit, jitter) = BACKOFF;
    let mut attempt = 0.0;
    while attempt < ready.as_secs_f64() {
        attempt += wait * (1.0 + jitter);
        wait = (wait * factor).min(limit);
    }
    Duration::from_secs_f64(attempt)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::service::Service;

    #[test]
    fn readiness_is_read_from_the_pod_template() {
        let template = json!({"spec": {"containers": [{"name": "server",
            "readinessProbe": {"grpc": {"port": 7070}, "initialDelaySeconds": 15},
            "startupProbe": {"grpc": {"port": 7070}, "periodSeconds": 2}}]}});
        let expected = Readiness {
            delay: Duration::from_secs(15),
            period: Duration::from_secs(10),
            startup: Some(Duration::from_secs(2)),
        };
        assert_eq!(Readiness::of_template(&template), expected);
        assert_eq!(Readiness::of_template(&json!({})).delay, Duration::ZERO);
    }

    #[test]
    fn a_gap_is_said_in_whole_seconds() {
        let gap = Gap { shortest: Duration::from_secs(16), longest: Duration::from_millis(31_200) };
        assert_eq!(gap.to_string(), "16 to 32 s");
        assert_eq!(gap.judge(Duration::from_secs(20)), "as predicted");
        assert_eq!(gap.judge(Duration::from_secs(2)), "shorter than predicted");
        assert_eq!(gap.judge(Duration::from_secs(90)), "longer than predicted");
    }

    proptest! {
        #[test]
        fn a_gap_is_never_longer_than_ready_plus_one_back_off(delay in 0_u64..60, period in 1_u64..30, grace in 0_u64..60) {
            let kill = Kill {
                service: Service::Cartservice, killed: 1, survivors: 0, grace: Duration::from_secs(grace),
                readiness: Readiness {
                    delay: Duration::from_secs(delay), period: Duration::from_secs(period), startup: None,
                },
            };
            let gap = of_kill(&kill);
            prop_assert!(gap.shortest <= gap.longest);
            prop_assert!(gap.longest <= START.1 + kill.readiness.delay + kill.readiness.period + Duration::from_secs(144));
        }
    }
}
