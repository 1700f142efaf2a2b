//! A fault before it is injected: what is done, what customers will notice, who is told, and how it is undone.

use std::time::Duration;

use boutique_core::fault::{Act, FaultType, Injection, Undo};
use boutique_core::monitoring::Windows;
use boutique_core::predict::Fires;
use boutique_core::service::Service;

use super::verdict::prediction;
use super::wrap::field;
use crate::style::{Look, STRONG};

/// Columns of the words on the left.
const LABEL: usize = 10;

/// Acts that are named; beyond that they are counted.
const NAMED: usize = 4;

/// What there is to say.
pub(crate) struct Before<'a> {
    pub(crate) service: Service,
    pub(crate) namespace: &'a str,
    pub(crate) kind: &'static dyn FaultType,
    /// Why this kind, where nobody has named one.
    pub(crate) chosen: Option<&'a str>,
    pub(crate) injection: &'a Injection,
    pub(crate) bound: Duration,
    /// How fast the shop's monitoring runs.
    pub(crate) windows: Windows,
}

/// All of it.
pub(crate) fn before(plan: &Before<'_>, look: Look) -> String {
    let Before { service, namespace, kind, chosen, injection, bound, .. } = plan;
    let mut out = format!("{}\n\n", look.paint(STRONG, &format!("Breaking {service} in namespace {namespace}")));
    out.push_str(&field("Fault", &format!("{}: {}", kind.name(), kind.about()), LABEL, look));
    if let Some(reason) = chosen {
        out.push_str(&field("", &format!("chosen because {reason} (--list shows others)"), LABEL, look));
    }
    for (index, deed) in deeds(&injection.acts).iter().enumerate() {
        out.push_str(&field(if index == 0 { "Does" } else { "" }, deed, LABEL, look));
    }
    let lasts = match injection.heals_itself {
        true => format!("until the shop has healed itself; measured for {} at most", whole(*bound)),
        false => format!("{}, then it is undone", whole(*bound)),
    };
    out.push_str(&field("Lasts", &lasts, LABEL, look));
    out.push_str(&undo(kind.undo(), injection, look));
    out.push_str(&format!("\n{}\n", look.paint(STRONG, "What customers will notice")));
    out.push_str(&prediction(&injection.prediction, look));
    out.push('\n');
    out.push_str(&told(plan, look));
    for (index, sentence) in injection.company.iter().enumerate() {
        out.push_str(&field(if index == 0 { "Others" } else { "" }, sentence, LABEL, look));
    }
    out
}

/// How it is undone, in words for somebody who has read nothing else; and for what would stay, a line for the shell.
fn undo(undo: Undo, injection: &Injection, look: Look) -> String {
    let words = match undo {
        Undo::Live => "by itself: Kubernetes replaces the pods, whatever becomes of this program",
        Undo::Added => "by itself: Kubernetes deletes what was added, whatever becomes of this program",
        Undo::Changed => {
            "by this program. Should it die, the change stays until somebody heals it: kubectl boutique heal, the next break, or terraform apply"
        }
    };
    let mut out = field("Undo", words, LABEL, look);
    for line in injection.by_hand.iter().filter(|_| undo == Undo::Changed) {
        // Not wrapped: it is to be copied.
        out.push_str(&format!("{:<LABEL$}{line}\n", "By hand"));
    }
    out
}

/// What is done, one sentence for each act.
fn deeds(acts: &[Act]) -> Vec<String> {
    let mut deeds: Vec<String> = acts.iter().take(NAMED).map(deed).collect();
    deeds.dedup();
    if acts.len() > NAMED {
        deeds.push(format!("and {} more (--dry-run shows all)", acts.len() - NAMED));
    }
    deeds
}

/// Seconds or minutes without fractions: what is predicted is not that exact.
fn whole(duration: Duration) -> String {
    match duration.as_secs_f64().round() as u64 {
        seconds @ ..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

/// One act in words.
pub(crate) fn deed(act: &Act) -> String {
    match act {
        Act::Delete { pod, .. } => format!("deletes pod {pod}"),
        Act::Evict { pod } => format!("evicts pod {pod}"),
        Act::PatchPod { pod, .. } => format!("changes running pod {pod}"),
        Act::Resize { pod, container, .. } => format!("resizes container {container} of running pod {pod}"),
        Act::Add(manifest) => format!("adds {}", manifest.reference()),
        Act::Change(change) => format!("changes {change}"),
    }
}

/// Who is going to be told, as far as that is known beforehand.
fn told(plan: &Before<'_>, look: Look) -> String {
    let prediction = &plan.injection.prediction;
    let (windows, mut out) = (plan.windows, String::new());
    let told = prediction.told(windows);
    for (index, alert) in told.iter().enumerate() {
        let label = if index == 0 { "Alerts" } else { "" };
        let word = if alert.fires(windows) == Fires::Surely { "fires" } else { "may fire" };
        let after = whole(alert.after_at(windows));
        out.push_str(&field(
            label,
            &format!("{} {word}, {after} after the beginning: {}", alert.name, alert.reason),
            LABEL,
            look,
        ));
    }
    if told.is_empty() {
        let nobody = match prediction.alerts.iter().min_by_key(|alert| alert.after_at(windows)) {
            None => "none looks at this, so nobody will be told".to_owned(),
            Some(first) => {
                let after = whole(first.after_at(windows));
                format!("none, so nobody will be told: it is over before {} fires (after {after})", first.name)
            }
        };
        out.push_str(&field("Alerts", &nobody, LABEL, look));
    }
    for note in &prediction.notes {
        out.push_str(&field("Note", note, LABEL, look));
    }
    out
}
