//! A fault before it is injected: what is done, what customers will notice, who is told, and how it is undone.

use std::time::Duration;

use boutique_core::fault::{Act, Activity, FaultType, Injection, Undo};
use boutique_core::monitoring::Windows;
use boutique_core::predict::Fires;
use boutique_core::service::Service;
use serde_json::Value;

use super::age::span;
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
    /// How fast the shop's monitoring runs; none where nobody watches it.
    pub(crate) windows: Option<Windows>,
}

/// All of it.
pub(crate) fn before(plan: &Before<'_>, look: Look) -> String {
    let Before { service, namespace, kind, chosen, injection, bound, .. } = plan;
    let mut out = format!("{}\n\n", look.paint(STRONG, &format!("Breaking {service} in namespace {namespace}")));
    out.push_str(&field("Fault", &format!("{}: {}", kind.name(), kind.about()), LABEL, look));
    if let Some(reason) = chosen {
        out.push_str(&field("", &format!("chosen because {reason} (--list shows others)"), LABEL, look));
    }
    for (index, deed) in deeds(injection).iter().enumerate() {
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

/// What is done, a sentence each: the proof that comes first, the acts, and what goes on while the fault lasts.
fn deeds(injection: &Injection) -> Vec<String> {
    let mut deeds = Vec::new();
    if injection.canary {
        deeds.push("proves first, with pods of its own, that this network enforces policies".to_owned());
    }
    deeds.extend(injection.acts.iter().take(NAMED).map(deed));
    if injection.acts.len() > NAMED {
        deeds.push(format!("and {} more (--dry-run shows all)", injection.acts.len() - NAMED));
    }
    deeds.extend(injection.activity.as_ref().map(work));
    deeds
}

/// What goes on while a fault lasts.
fn work(activity: &Activity) -> String {
    match activity {
        Activity::Load { in_flight } => format!("keeps {in_flight} more requests for pages on their way"),
        Activity::Squeeze { pod, container, in_flight, .. } => format!(
            "lowers the memory limit of container {container} of pod {pod} until the node refuses, then keeps {in_flight} requests on their way"
        ),
        Activity::FillRedis { pod, bytes, over, .. } => {
            let mebibytes = bytes >> 20;
            format!("writes {mebibytes} MiB of keys into {pod} within {}; they expire by themselves", whole(*over))
        }
        Activity::Delay { service, by, .. } => format!("holds each call of {service} up by {}", span(*by)),
    }
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
        Act::PatchPod { pod, patch } => match patch.iter().find_map(image) {
            Some(image) => format!("gives running pod {pod} the image {image}"),
            None => format!("marks running pod {pod}, which is replaced at the end"),
        },
        Act::Resize { pod, container, resources } => {
            format!("limits container {container} of running pod {pod} to {}", limits(resources))
        }
        Act::Add(manifest) => format!("adds {}", manifest.reference()),
        Act::Change(change) => format!("changes {change}"),
    }
}

/// Limits as people write them: `cpu 10m`.
fn limits(resources: &Value) -> String {
    let limits = resources.get("limits").and_then(Value::as_object);
    let one = |(name, amount): (&String, &Value)| format!("{name} {}", amount.as_str().unwrap_or_default());
    limits.map(|limits| limits.iter().map(one).collect::<Vec<_>>().join(", ")).unwrap_or_default()
}

/// The image that a JSON Patch operation puts into a pod.
fn image(operation: &Value) -> Option<&str> {
    let is_image = operation.get("path")?.as_str()?.ends_with("/image");
    operation.get("value").filter(|_| is_image)?.as_str()
}

/// Who is going to be told, as far as that is known beforehand.
fn told(plan: &Before<'_>, look: Look) -> String {
    let prediction = &plan.injection.prediction;
    let windows = plan.windows.unwrap_or_default();
    let mut told = prediction.told(windows);
    told.sort_by_key(|alert| alert.after_at(windows));
    let mut lines: Vec<String> = told
        .iter()
        .map(|alert| {
            let word = if alert.fires(windows) == Fires::Surely { "fires" } else { "may fire" };
            format!("{} {word} after {}: {}", alert.name, whole(alert.after_at(windows)), alert.reason)
        })
        .collect();
    if lines.is_empty() {
        lines.push(match prediction.alerts.iter().min_by_key(|alert| alert.after_at(windows)) {
            None => "none looks at this, so nobody will be told".to_owned(),
            Some(first) => {
                let after = whole(first.after_at(windows));
                format!("none, so nobody will be told: it is over before {} fires (after {after})", first.name)
            }
        });
    } else if plan.windows.is_none() {
        let names: Vec<String> =
            told.iter().map(|alert| format!("{} (after {})", alert.name, whole(alert.after_at(windows)))).collect();
        lines = vec![format!(
            "none, because no boutique_monitoring watches this shop. It would tell by {}",
            names.join(" and ")
        )];
    }
    let alerts = lines.iter().map(|line| ("Alerts", line));
    let notes = prediction.notes.iter().map(|line| ("Notes", line));
    let others = plan.injection.company.iter().map(|line| ("Others", line));
    let (mut out, mut last) = (String::new(), "");
    for (label, line) in alerts.chain(notes).chain(others) {
        let shown = if label == last { "" } else { label };
        out.push_str(&field(shown, line, LABEL, look));
        last = label;
    }
    out
}

#[cfg(test)]
mod tests {
    use boutique_core::fault::{Change, Field, PodRef, kind};
    use boutique_core::object::{Kind, ObjectRef};
    use boutique_core::predict::{Kill, Loss, Prediction, Readiness, predict};

    use super::*;

    fn mk_injection(acts: Vec<Act>, prediction: Prediction, by_hand: Vec<String>) -> Injection {
        Injection {
            acts,
            activity: None,
            canary: false,
            prediction,
            heals_itself: by_hand.is_empty(),
            comes_back: Duration::ZERO,
            company: vec!["Terraform manages Deployment cartservice; it does not mind what happens to its pods".into()],
            by_hand,
        }
    }

    fn mk_kill(service: Service) -> Prediction {
        let readiness = Readiness { delay: Duration::from_secs(15), period: Duration::from_secs(10), startup: None };
        predict(&Loss::Killed(Kill { service, killed: 1, survivors: 0, grace: Duration::from_secs(5), readiness }))
    }

    fn drawn(kind: &str, chosen: Option<&str>, injection: &Injection, windows: Option<Windows>) -> String {
        let plan = Before {
            service: injection.prediction.service,
            namespace: "shop",
            kind: kind::by_name(kind).unwrap(),
            chosen,
            injection,
            bound: Duration::from_secs(60),
            windows,
        };
        before(&plan, Look { color: false, unicode: true, width: Some(80) })
    }

    #[test]
    fn a_fault_reads_well_in_eighty_columns_before_it_is_done() {
        let pod = PodRef { name: "cartservice-bcf8465cd-grm2s".into(), uid: "u".into() };
        let kill = mk_injection(vec![Act::Delete { pod, grace: None }], mk_kill(Service::Cartservice), Vec::new());
        let text = drawn("kill-pods", Some("its only pod is replaced"), &kill, Some(Windows::Lab));
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn what_needs_a_healer_comes_with_a_line_for_the_shell() {
        let change = Change {
            object: ObjectRef::new(Kind::DEPLOYMENT, "shop", "cartservice"),
            uid: "u".into(),
            field: Field::Replicas,
            before: Some(1.into()),
            after: Some(0.into()),
        };
        let line = "kubectl scale -n shop deployment/cartservice --replicas=1".to_owned();
        let scaled = mk_injection(vec![Act::Change(change)], mk_kill(Service::Cartservice), vec![line]);
        insta::assert_snapshot!(drawn("scale-to-zero", None, &scaled, None));
    }
}
