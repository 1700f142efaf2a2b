//! `heal`: undoing faults, whoever began them.

use boutique_cluster::connect::Cluster;
use boutique_cluster::fault::{self, Found, Undone};
use boutique_core::fault::Fault;
use clap::Args;

use crate::ctx::Ctx;
use crate::draw::faults::{left, what};
use crate::error::{Error, Exit};

/// Undo a fault, whoever began it and from wherever
///
/// The record in the cluster says all that it takes: pods that the fault touched are replaced, objects that it added are
/// deleted, fields that it changed are put back, but only where the fault's value still stands. What somebody else has put
/// there since stays, and is named. With neither ID nor flag, everything whose time is over is healed, as every verb that
/// writes does; also Failed pods of past deadlines and objects that no record knows are removed.
#[derive(Debug, Args)]
pub(crate) struct HealArgs {
    /// Id of the fault, as `kubectl boutique faults` shows it
    #[arg(value_name = "ID")]
    fault: Option<String>,

    /// Every fault of the namespace, also one that its author is still watching
    #[arg(long, conflicts_with_all = ["fault", "expired"])]
    all: bool,

    /// Those whose time is over, and what is left of others
    #[arg(long, conflicts_with = "fault")]
    expired: bool,

    /// Only say what would be undone
    #[arg(long)]
    dry_run: bool,
}

pub(crate) async fn run(ctx: &Ctx, args: HealArgs) -> Result<Exit, Error> {
    let cluster = ctx.cluster().await?;
    let namespace = ctx.place(&cluster).await?.namespace;
    let found = fault::list(&cluster, &namespace, ctx.now()).await?;
    let wanted = wanted(&found, &args, &namespace)?;
    let rest = args.fault.is_none();
    if args.dry_run {
        for fault in &wanted {
            ctx.out.result(&format!("would undo fault {} ({})", fault.id, what(fault)))?;
            for line in plan(fault) {
                ctx.out.result(&format!("  {line}"))?;
            }
        }
        for line in left(&found).iter().filter(|_| rest) {
            ctx.out.result(&format!("would remove {line}"))?;
        }
        return Ok(Exit::Ok);
    }
    let mut undone = Vec::new();
    for mut fault in wanted {
        undone.push(fault::heal(&cluster, &mut fault, ctx.now()).await.map_err(|error| Error::NotUndone {
            id: fault.id.clone(),
            namespace: namespace.clone(),
            reason: error.to_string(),
            by_hand: Vec::new(),
        })?);
    }
    if rest {
        undone.extend(fault::heal_expired(&cluster, &namespace, ctx.now()).await?);
    }
    if undone.is_empty() {
        ctx.out.say(&format!("nothing to heal in namespace {namespace}"));
    }
    for undone in &undone {
        ctx.out.result(&told(undone))?;
    }
    Ok(Exit::Ok)
}

/// The faults that are meant; those that are over need nothing.
fn wanted(found: &[Found], args: &HealArgs, namespace: &str) -> Result<Vec<Fault>, Error> {
    let standing = |found: &Found| match found {
        Found::Active(fault) if args.all || args.fault.is_some() => Some(fault.clone()),
        Found::Expired(fault) => Some(fault.clone()),
        _ => None,
    };
    let standing: Vec<Fault> = found.iter().filter_map(standing).collect();
    let Some(id) = &args.fault else { return Ok(standing) };
    let named: Vec<Fault> = standing.into_iter().filter(|fault| fault.id == *id).collect();
    let over = found.iter().any(|found| matches!(found, Found::Ended(fault) if fault.id == *id));
    match (named.is_empty(), over) {
        (true, false) => Err(Error::NoSuchFault { id: id.clone(), namespace: namespace.to_owned() }),
        _ => Ok(named),
    }
}

/// What undoing a fault takes, as far as its record says.
fn plan(fault: &Fault) -> Vec<String> {
    let changes = fault.changes.iter().rev().map(|change| format!("take back {change}"));
    let added = fault.added.iter().map(|object| format!("delete {object}"));
    let pods = fault.pods.iter().map(|pod| format!("replace pod {pod}"));
    let lines: Vec<String> = changes.chain(added).chain(pods).collect();
    if lines.is_empty() { vec!["nothing stands of it; it is only written down".to_owned()] } else { lines }
}

/// What was done, for people.
fn told(undone: &Undone) -> String {
    let mut lines = vec![format!("healed: {}", undone.fault)];
    lines.extend(undone.done.iter().map(|line| format!("  {line}")));
    lines.extend(undone.kept.iter().map(|line| format!("  left as it is: {line}")));
    lines.join("\n")
}

/// Heals what has expired before something else is written, and says so. Whoever may not see or write records cannot heal,
/// and finds that out when the verb itself writes.
pub(crate) async fn expired(ctx: &Ctx, cluster: &Cluster, namespace: &str) -> Result<(), Error> {
    match fault::heal_expired(cluster, namespace, ctx.now()).await {
        Ok(undone) => {
            for undone in &undone {
                ctx.out.warn(&told(undone));
            }
            Ok(())
        }
        Err(error) if error.missing_verb().is_some() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_and_what_was_left_are_told_apart() {
        let undone = Undone {
            id: "a1".into(),
            fault: "fault a1".into(),
            done: vec!["replicas 0 → 1".into()],
            kept: vec!["env X: it is \"mine\" now".into()],
        };
        assert_eq!(told(&undone), "healed: fault a1\n  replicas 0 → 1\n  left as it is: env X: it is \"mine\" now");
    }
}
