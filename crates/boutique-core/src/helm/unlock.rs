//! Whether somebody still works on a release that Helm says is pending.
//!
//! Helm's pending status is a lock without a holder. Who reads it here holds the release's lease already, so no other run
//! of boutique can be at work; what is left are strangers, such as a pipeline that calls helm itself.

use std::time::Duration;

use jiff::Timestamp;

use super::stored::{ReleaseStatus, StoredRelease};

/// Label on Helm's record of a revision: which run of boutique works on it, and on which revision, as
/// [`Maker`] writes it. Helm copies labels to later revisions; the number tells a copy.
pub const LEASE_LABEL: &str = "boutique.dev/lease-holder";

/// A run of boutique at work on a revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    /// Unique name of the run.
    pub run: String,
    /// The revision.
    pub revision: u64,
    /// Whether it takes the release down.
    pub uninstalls: bool,
    /// Whether helm may outlive the run when that is killed: only Linux ends a child with its parent.
    pub is_loose: bool,
}

impl Maker {
    /// The label's value.
    pub fn label(&self) -> String {
        let uninstall = if self.uninstalls { ".uninstall" } else { "" };
        let loose = if self.is_loose { ".loose" } else { "" };
        format!("{}.{}{uninstall}{loose}", self.run, self.revision)
    }

    fn read(label: &str) -> Option<Self> {
        let strip = |text: &'_ str, end: &str| text.strip_suffix(end).map(str::to_owned);
        let (rest, is_loose) = strip(label, ".loose").map_or_else(|| (label.to_owned(), false), |rest| (rest, true));
        let (rest, uninstalls) = strip(&rest, ".uninstall").map_or_else(|| (rest.clone(), false), |rest| (rest, true));
        let (run, revision) = rest.rsplit_once('.')?;
        Some(Self { run: run.to_owned(), revision: revision.parse().ok()?, uninstalls, is_loose })
    }
}

/// What may be done about a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lock {
    /// Nothing is pending.
    Free,
    /// Something is, and nobody works on it any more.
    Abandoned {
        /// How we know.
        evidence: String,
    },
    /// Somebody may be at work.
    Held {
        /// Who, as far as it can be seen.
        by: String,
        /// How long the record has been silent.
        silent: Duration,
    },
}

/// Judges a release's newest revision. `now` is the API server's time, as `changed_at` is; whoever asks holds the lease.
pub fn lock(release: &StoredRelease, now: Timestamp, unlock_after: Duration) -> Lock {
    if !release.status.is_pending() {
        return Lock::Free;
    }
    let uninstalls = release.status == ReleaseStatus::Uninstalling;
    let maker = release.maker.as_deref().and_then(Maker::read);
    if let Some(maker) = maker
        && maker.revision == release.revision
        && maker.uninstalls == uninstalls
        && !maker.is_loose
    {
        let evidence = format!("run {} of boutique began it and holds the release's lease no more", maker.run);
        return Lock::Abandoned { evidence };
    }
    let silent = release
        .changed_at
        .map_or(Duration::ZERO, |changed| Duration::try_from(now.duration_since(changed)).unwrap_or(Duration::ZERO));
    if silent >= unlock_after {
        let evidence = format!(
            "no run of boutique began it, and its record has not changed for {} s (limit {} s)",
            silent.as_secs(),
            unlock_after.as_secs()
        );
        return Lock::Abandoned { evidence };
    }
    let by = release.writer.clone().unwrap_or_else(|| "somebody".to_owned());
    Lock::Held { by, silent }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::helm::{chart::ChartMetadata, release::ReleaseId};

    const LIMIT: Duration = Duration::from_secs(600);

    fn release(status: ReleaseStatus, maker: Option<&str>) -> StoredRelease {
        StoredRelease {
            id: ReleaseId::new("shop", "web"),
            revision: 3,
            status,
            description: String::new(),
            first_deployed: None,
            last_deployed: None,
            chart: ChartMetadata::default(),
            config: json!({}),
            manifest: String::new(),
            hooks: Vec::new(),
            is_server_side: true,
            maker: maker.map(str::to_owned),
            changed_at: Some(at(0)),
            writer: Some("helm".into()),
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn what_is_not_pending_is_free() {
        for status in [ReleaseStatus::Deployed, ReleaseStatus::Failed, ReleaseStatus::Uninstalled] {
            assert_eq!(lock(&release(status, None), at(0), LIMIT), Lock::Free);
        }
    }

    #[test]
    fn a_run_of_ours_that_has_lost_its_lease_is_gone_at_once() {
        let maker = Maker { run: "abc".into(), revision: 3, uninstalls: false, is_loose: false };
        let verdict = lock(&release(ReleaseStatus::PendingUpgrade, Some(&maker.label())), at(0), LIMIT);
        assert!(matches!(&verdict, Lock::Abandoned { evidence } if evidence.contains("run abc")), "{verdict:?}");
        let maker = Maker { uninstalls: true, ..maker };
        let verdict = lock(&release(ReleaseStatus::Uninstalling, Some(&maker.label())), at(0), LIMIT);
        assert!(matches!(verdict, Lock::Abandoned { .. }), "{verdict:?}");
    }

    #[test]
    fn a_run_whose_helm_may_have_outlived_it_is_waited_for_like_a_stranger() {
        for uninstalls in [false, true] {
            let maker = Maker { run: "abc".into(), revision: 3, uninstalls, is_loose: true };
            assert_eq!(Maker::read(&maker.label()), Some(maker.clone()));
            assert!(maker.label().len() + 32 <= 63);
            let status = if uninstalls { ReleaseStatus::Uninstalling } else { ReleaseStatus::PendingUpgrade };
            let verdict = lock(&release(status, Some(&maker.label())), at(0), LIMIT);
            assert!(matches!(verdict, Lock::Held { .. }), "{verdict:?}");
        }
    }

    #[test]
    fn a_stranger_is_believed_to_be_at_work_until_it_was_silent_for_long() {
        let verdict = lock(&release(ReleaseStatus::PendingInstall, None), at(599), LIMIT);
        assert_eq!(verdict, Lock::Held { by: "helm".into(), silent: Duration::from_secs(599) });
        let verdict = lock(&release(ReleaseStatus::PendingInstall, None), at(600), LIMIT);
        assert!(matches!(&verdict, Lock::Abandoned { evidence } if evidence.contains("600 s")), "{verdict:?}");
    }

    #[test]
    fn a_label_that_helm_copied_from_an_earlier_revision_proves_nothing() {
        for label in ["abc.2", "abc.3.uninstall", "abc", "", "abc.x"] {
            let verdict = lock(&release(ReleaseStatus::PendingUpgrade, Some(label)), at(1), LIMIT);
            assert!(matches!(verdict, Lock::Held { .. }), "{label}: {verdict:?}");
        }
        let verdict = lock(&release(ReleaseStatus::Uninstalling, Some("abc.3")), at(1), LIMIT);
        assert!(matches!(verdict, Lock::Held { .. }), "helm uninstall by a stranger: {verdict:?}");
    }

    #[test]
    fn a_server_clock_that_went_back_makes_nobody_gone() {
        assert!(matches!(lock(&release(ReleaseStatus::PendingUpgrade, None), at(-5000), LIMIT), Lock::Held { .. }));
    }
}
