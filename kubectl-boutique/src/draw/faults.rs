//! Faults of a namespace: those that stand, those that nobody has undone, what is left of others, and the history.

use boutique_cluster::fault::Found;
use boutique_core::fault::{Fault, Stage};
use boutique_core::object::ObjectRef;
use jiff::Timestamp;

use super::age::age;
use super::table::{Cell, Column, Give, Table};
use crate::style::{BAD, FAINT, Look, PLAIN, WAITING};

/// All of it as a table.
pub(crate) fn faults(found: &[Found], now: Timestamp, headers: bool, look: Look) -> String {
    let mut table = Table::new(vec![
        Column::left("ID", Give::Never),
        Column::left("STATE", Give::Never),
        Column::left("FAULT", Give::Never),
        Column::left("BY", Give::Middle(8)),
        Column::right("AGE"),
        Column::left("PREDICTION", Give::End(10)),
    ])
    .without_titles(!headers);
    for found in found {
        let (fault, style) = match found {
            Found::Active(fault) => (fault, WAITING),
            Found::Expired(fault) => (fault, BAD),
            Found::Ended(fault) => (fault, PLAIN),
            Found::Unreadable(_) | Found::FailedPod { .. } | Found::Residue { .. } => continue,
        };
        table.row(vec![
            Cell::new(fault.id.clone()),
            Cell::styled(state(found), style),
            Cell::new(what(fault)),
            Cell::styled(fault.who.clone(), FAINT),
            Cell::new(age(now.duration_since(fault.since).as_secs())),
            Cell::new(result(found, now)),
        ]);
    }
    table.draw(look)
}

/// What remains of faults beside their records, one line each.
pub(crate) fn left(found: &[Found]) -> Vec<String> {
    let line = |found: &Found| match found {
        Found::FailedPod { pod, fault } => {
            Some(format!("pod {pod}: Failed, its deadline has ended it (fault {fault})"))
        }
        Found::Residue { object, fault } => Some(format!("{object}: left of fault {fault}")),
        Found::Unreadable(error) => Some(error.to_string()),
        Found::Active(_) | Found::Expired(_) | Found::Ended(_) => None,
    };
    found.iter().filter_map(line).collect()
}

/// The state in a word.
pub(crate) fn state(found: &Found) -> &'static str {
    match found {
        Found::Active(_) => "active",
        Found::Expired(_) => "expired",
        Found::Ended(fault) => match fault.stage {
            Stage::Active | Stage::Finished => "finished",
            Stage::Interrupted => "interrupted",
            Stage::Healed => "healed",
        },
        Found::Unreadable(_) => "unreadable",
        Found::FailedPod { .. } => "failed-pod",
        Found::Residue { .. } => "residue",
    }
}

/// Kind, service and the other end.
pub(crate) fn what(fault: &Fault) -> String {
    let peer = fault.peer.map(|peer| format!(", {peer}")).unwrap_or_default();
    format!("{} of {}{peer}", fault.kind, fault.service)
}

fn result(found: &Found, now: Timestamp) -> String {
    match found {
        Found::Active(fault) => format!("{} left", age(fault.until.duration_since(now).as_secs().max(0))),
        Found::Expired(_) => "not undone".to_owned(),
        Found::Ended(fault) => {
            let verdict = fault.result.as_ref().and_then(|result| result.get("verdict")?.as_str());
            verdict.unwrap_or("not measured").to_owned()
        }
        Found::Unreadable(_) | Found::FailedPod { .. } | Found::Residue { .. } => String::new(),
    }
}

/// The name as kubectl takes it.
pub(crate) fn name(found: &Found) -> Option<String> {
    let object = |object: &ObjectRef| format!("{}/{}", object.kind.to_lowercase(), object.name);
    match found {
        Found::Active(fault) | Found::Expired(fault) | Found::Ended(fault) => {
            Some(format!("configmap/{}", fault.record_name()))
        }
        Found::FailedPod { pod, .. } => Some(format!("pod/{pod}")),
        Found::Residue { object: left, .. } => Some(object(left)),
        Found::Unreadable(error) => Some(format!("configmap/{}", error.name)),
    }
}

#[cfg(test)]
mod tests {
    use boutique_core::fault::{PodRef, Undo};
    use boutique_core::service::Service;
    use serde_json::json;

    use super::*;

    fn mk_fault(id: &str, since: i64, stage: Stage, verdict: Option<&str>) -> Fault {
        Fault {
            id: id.into(),
            kind: "bad-address".into(),
            service: Service::Frontend,
            peer: Some(Service::Cartservice),
            namespace: "shop".into(),
            stack: None,
            who: "alice@example.com".into(),
            since: Timestamp::from_second(since).unwrap(),
            until: Timestamp::from_second(since + 60).unwrap(),
            stage,
            undo: Undo::Changed,
            changes: Vec::new(),
            pods: Vec::new(),
            added: Vec::new(),
            fuse: None,
            prediction: json!({}),
            result: verdict.map(|verdict| json!({"verdict": verdict})),
        }
    }

    #[test]
    fn what_stands_comes_with_its_time_and_what_is_over_with_its_verdict() {
        let found = [
            Found::Active(mk_fault("a1b2c3d4", 970, Stage::Active, None)),
            Found::Expired(mk_fault("b1b2c3d4", 100, Stage::Active, None)),
            Found::Ended(mk_fault("c1b2c3d4", 50, Stage::Finished, Some("refuted"))),
            Found::Ended(mk_fault("d1b2c3d4", 10, Stage::Healed, None)),
            Found::FailedPod { pod: PodRef { name: "cart-x".into(), uid: "u".into() }, fault: "c1b2c3d4".into() },
        ];
        let look = Look { color: false, unicode: true, width: Some(80) };
        let now = Timestamp::from_second(1000).unwrap();
        insta::assert_snapshot!(format!("{}\n{}", faults(&found, now, true, look), left(&found).join("\n")));
    }
}
