//! Who may write: the rules of the lease, without a clock of their own.
//!
//! Clocks of two machines differ, so a holder is never judged by the time it wrote. A second writer watches: as long as
//! the record changes, the holder lives; when it has seen no change for the lease's duration, the holder is gone.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a `Lease` object says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRecord {
    /// Who holds it; none when it was released.
    pub holder: Option<String>,
    /// How long the holder may go without renewing.
    pub duration: Duration,
    /// When the holder says it renewed; shown to people, never compared with our clock.
    pub renewed_at: Option<String>,
    /// Changes with every renewal.
    pub resource_version: String,
    /// The process that holds it, if it says so.
    pub process: Option<Process>,
}

/// A process on a machine, told apart from every other one: the boot of the machine, the PID namespace, the PID, and
/// when the process started, because PIDs are reused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Identity of the machine's boot.
    pub boot: String,
    /// PID namespace.
    pub pid_namespace: String,
    /// PID in that namespace.
    pub pid: u32,
    /// Start time in clock ticks since boot.
    pub started: u64,
}

impl LeaseRecord {
    /// Reads a live `Lease`.
    pub fn read(lease: &Value) -> Self {
        let text = |pointer: &str| lease.pointer(pointer).and_then(Value::as_str);
        let process = format!("/metadata/annotations/{}", crate::contract::HOLDER_PROCESS.replace('/', "~1"));
        Self {
            holder: text("/spec/holderIdentity").filter(|holder| !holder.is_empty()).map(str::to_owned),
            duration: Duration::from_secs(
                lease.pointer("/spec/leaseDurationSeconds").and_then(Value::as_u64).unwrap_or(15),
            ),
            renewed_at: text("/spec/renewTime").map(str::to_owned),
            resource_version: text("/metadata/resourceVersion").unwrap_or_default().to_owned(),
            process: text(&process).and_then(|json| serde_json::from_str(json).ok()),
        }
    }
}

/// What a second writer may do now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody holds the lease.
    Free,
    /// The holder is gone; says how we know.
    Gone {
        /// Evidence, for people.
        evidence: String,
    },
    /// The holder lives, as far as we have seen; look again within this time.
    Held {
        /// Time until a silent holder counts as gone.
        again_in: Duration,
    },
}

/// What one waiting writer has seen of a lease.
#[derive(Debug, Default)]
pub struct Observer {
    seen: Option<(String, Duration)>,
}

impl Observer {
    /// Judges a reading. `now` is a monotonic time of the observer; `is_alive` says whether a process of this machine
    /// runs, or none for a process of another machine.
    pub fn judge(
        &mut self,
        lease: &LeaseRecord,
        now: Duration,
        is_alive: impl FnOnce(&Process) -> Option<bool>,
    ) -> Verdict {
        let Some(holder) = &lease.holder else { return Verdict::Free };
        if let Some(process) = &lease.process
            && is_alive(process) == Some(false)
        {
            return Verdict::Gone { evidence: format!("process {} of {holder} runs no more", process.pid) };
        }
        let since = match &self.seen {
            Some((version, since)) if *version == lease.resource_version => *since,
            _ => {
                self.seen = Some((lease.resource_version.clone(), now));
                now
            }
        };
        let silent = now.saturating_sub(since);
        if silent >= lease.duration {
            let seconds = silent.as_secs();
            return Verdict::Gone {
                evidence: format!("{holder} has not renewed its lease for {seconds} s of watching"),
            };
        }
        Verdict::Held { again_in: lease.duration - silent }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn lease(version: &str) -> LeaseRecord {
        LeaseRecord::read(&json!({
            "metadata": {"resourceVersion": version, "annotations": {"boutique.dev/holder-process":
                r#"{"boot":"b","pid_namespace":"n","pid":7,"started":1}"#}},
            "spec": {"holderIdentity": "ann@laptop", "leaseDurationSeconds": 15, "renewTime": "1999-01-01T00:00:00Z"},
        }))
    }

    #[test]
    fn an_old_renew_time_alone_never_makes_a_holder_gone() {
        let mut observer = Observer::default();
        assert_eq!(observer.judge(&lease("1"), s(1000), |_| None), Verdict::Held { again_in: s(15) });
    }

    #[test]
    fn a_holder_that_renews_lives() {
        let mut observer = Observer::default();
        for now in 0..100 {
            let version = (now / 14).to_string();
            assert!(matches!(observer.judge(&lease(&version), s(now), |_| None), Verdict::Held { .. }), "{now}");
        }
    }

    #[test]
    fn a_silent_holder_is_gone_after_its_duration_with_evidence() {
        let mut observer = Observer::default();
        assert_eq!(observer.judge(&lease("1"), s(3), |_| None), Verdict::Held { again_in: s(15) });
        assert_eq!(observer.judge(&lease("1"), s(17), |_| None), Verdict::Held { again_in: s(1) });
        let verdict = observer.judge(&lease("1"), s(18), |_| None);
        assert!(matches!(&verdict, Verdict::Gone { evidence } if evidence.contains("ann@laptop")), "{verdict:?}");
    }

    #[test]
    fn a_dead_process_of_this_machine_is_gone_at_once() {
        let verdict = Observer::default().judge(&lease("1"), s(0), |process| Some(process.pid != 7));
        assert!(matches!(&verdict, Verdict::Gone { evidence } if evidence.contains("process 7")), "{verdict:?}");
    }

    #[test]
    fn a_released_lease_is_free() {
        let released = LeaseRecord::read(&json!({"metadata": {}, "spec": {"holderIdentity": ""}}));
        assert_eq!(Observer::default().judge(&released, s(0), |_| None), Verdict::Free);
    }
}
