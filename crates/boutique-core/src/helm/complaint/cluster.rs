//! Complaints about what the cluster made of the release.

use super::{
    Complaint, Trouble,
    parse::{after, between, named, start, word_before},
};

/// At most one: helm stops at the first.
pub(super) fn read(said: &str) -> Vec<Complaint> {
    let readers = [
        too_large,
        locked,
        conflict,
        ownership,
        hook,
        webhook,
        kind_missing,
        forbidden,
        undeclared,
        invalid,
        namespace,
        other,
    ];
    readers.iter().find_map(|read| read(said)).into_iter().collect()
}

fn too_large(said: &str) -> Option<Complaint> {
    let record = said.contains("sh.helm.release.v1");
    let long = said.contains("Too long")
        || said.contains("request is too large")
        || said.to_ascii_lowercase().contains("entity too large");
    if !long {
        return None;
    }
    if said.contains("metadata.annotations") {
        let object = invalid_object(said);
        let fix =
            "the object is too large to be applied by the client: use helm 4, whose new releases the server applies";
        return Some(Complaint::new(
            Trouble::TooLarge,
            object,
            "its last-applied annotation would exceed 256 KiB",
            fix,
        ));
    }
    let (what, fix) = if record || said.contains("request is too large") || said.contains("create: failed to create") {
        (
            "chart and values together do not fit into the Secret in which Helm keeps a release (1 MiB, compressed)",
            "put large parts, such as dashboards, into objects of your own instead of values, or use a smaller chart",
        )
    } else {
        ("an object is larger than the API server takes", "make it smaller")
    };
    Some(Complaint::new(Trouble::TooLarge, None, what, fix))
}

fn locked(said: &str) -> Option<Complaint> {
    said.contains("another operation (install/upgrade/rollback) is in progress").then(|| {
        let fix = "wait until it is done, then apply again";
        Complaint::new(Trouble::Locked, None, "somebody else began an operation on the release meanwhile", fix)
    })
}

/// `… conflict occurred while applying object shop/web apps/v1, Kind=Deployment: Apply failed with 1 conflict: conflict
/// with "kubectl-edit" using apps/v1: .spec.replicas`
fn conflict(said: &str) -> Option<Complaint> {
    let (_, rest) = said.split_once("conflict occurred while applying object ")?;
    let object = applied_object(rest);
    let mut owners = Vec::new();
    let (_, mut list) = rest.split_once("Apply failed with ")?;
    // One manager: `conflict with "m": .path` or `conflicts with "m" using v1:\n- .a\n- .b`; several: repeated.
    while let Some((_, after)) = list.split_once("with \"") {
        let (manager, after) = after.split_once('"')?;
        let (paths, next) = match after.find("conflict") {
            Some(next) => after.split_at(next),
            None => (after, ""),
        };
        let paths: Vec<&str> = paths
            .split(['\n', ' ', ','])
            .map(|word| word.trim_start_matches('-').trim())
            .filter(|word| word.starts_with('.'))
            .collect();
        owners.push(format!("{} by {manager:?}", paths.join(", ")));
        list = next;
    }
    let what = format!("other values of these fields are owned: {}", owners.join("; "));
    let fix = "set force_conflicts = true to take them over, or leave them to their owner by the chart's values";
    Some(Complaint::new(Trouble::Conflict, object, what, fix))
}

/// `… ConfigMap "x" in namespace "shop" exists and cannot be imported into the current release: invalid ownership
/// metadata; …`
fn ownership(said: &str) -> Option<Complaint> {
    let (before, rest) = said.split_once(" exists and cannot be imported into the current release")?;
    let object = before.rsplit_once(": ").map_or(before, |(_, object)| object);
    let mut quoted = object.split('"');
    let kind = quoted.next().unwrap_or_default().trim();
    let name = quoted.next().unwrap_or_default();
    let namespace = between(object, "in namespace \"", "\"");
    let owner = rest.split(';').find(|part| part.contains("meta.helm.sh/release-name\" must equal"));
    let owner = owner.and_then(|part| between(part, "current value is \"", "\""));
    let what = match owner {
        Some(owner) => format!("it exists and belongs to Helm release {owner:?}"),
        None => "it exists and belongs to no Helm release".to_owned(),
    };
    let fix = "remove it, rename ours by the chart's values, or set adopt = \"always\" to take it over";
    Some(Complaint::new(Trouble::Ownership, Some(named(kind, name, namespace)), what, fix))
}

/// `pre-upgrade hooks failed: 1 error occurred:\n\t* job web-hook failed: BackoffLimitExceeded`, and helm 4's
/// `failed pre-install: resource Job/shop/web-hook not ready. status: Failed, message: …`
fn hook(said: &str) -> Option<Complaint> {
    let stages =
        ["pre-install", "post-install", "pre-upgrade", "post-upgrade", "pre-delete", "post-delete", "pre-rollback"];
    let stage = stages.iter().find(|stage| {
        said.contains(&format!("{stage} hooks failed"))
            || said.contains(&format!("failed {stage}"))
            || said.contains(&format!("Hook {stage} "))
    })?;
    let job = between(said, "job ", " failed").map(|name| named("Job", name, None)).or_else(|| resource(said));
    let job = job.or_else(|| invalid_object(said));
    let lines = said.split("error occurred:").last().unwrap_or(said);
    let why = lines.trim().trim_start_matches('*').trim();
    let what = format!("the {stage} hook failed: {}", start(why, 400));
    let fix = "its pods' logs say why; correct it and apply again";
    Some(Complaint::new(Trouble::Hook, job, what, fix))
}

fn webhook(said: &str) -> Option<Complaint> {
    let (what, name) = match between(said, "failed calling webhook \"", "\"") {
        Some(name) => (format!("webhook {name} does not answer"), name),
        None => {
            let name = between(said, "admission webhook \"", "\"")?;
            let why = after(said, "denied the request: ").unwrap_or_default();
            (format!("webhook {name} refuses it: {}", start(why, 400)), name)
        }
    };
    let fix = if said.contains("denied the request") {
        "correct what it names".to_owned()
    } else {
        format!("bring up the pods behind it, or remove the webhook configuration that names {name}")
    };
    let object = applied_object_of(said).or_else(|| invalid_object(said));
    Some(Complaint::new(Trouble::Webhook, object, what, fix))
}

/// `resource mapping not found for name: "w" namespace: "" from "": no matches for kind "Widget" in version
/// "example.com/v1"`
fn kind_missing(said: &str) -> Option<Complaint> {
    let (_, rest) = said.split_once("no matches for kind \"")?;
    let (kind, rest) = rest.split_once('"')?;
    let version = between(rest, "in version \"", "\"").unwrap_or("?");
    let name = between(said, "not found for name: \"", "\"").unwrap_or_default();
    let object = if name.is_empty() { kind.to_owned() } else { format!("{kind} {name}") };
    let what = format!("the cluster knows no kind {kind} of {version}");
    let fix = "install the CRD that brings it, or switch that object off by the chart's values";
    Some(Complaint::new(Trouble::KindMissing, Some(object), what, fix))
}

fn forbidden(said: &str) -> Option<Complaint> {
    let (before, rest) = said.split_once(" is forbidden: ")?;
    if !rest.contains(" cannot ") {
        return None;
    }
    let what = rest.split_once(" cannot ")?.1;
    let what = what.lines().next().unwrap_or_default();
    let object = before.rsplit(": ").next().unwrap_or(before);
    let fix = "allow it in a Role, or a ClusterRole for what has no namespace";
    Some(Complaint::new(Trouble::Forbidden, Some(object.to_owned()), format!("the credentials cannot {what}"), fix))
}

/// `… server-side apply failed for object shop/s /v1, Kind=Service: failed to create typed patch object (…): .spec.portz:
/// field not declared in schema`
fn undeclared(said: &str) -> Option<Complaint> {
    let field = word_before(said, ": field not declared in schema")?.trim_start_matches('.');
    let what = format!("the API knows no field {field}");
    let fix = "correct the value that the chart puts there, or use a version of the chart for this Kubernetes";
    Some(Complaint::new(Trouble::Invalid, applied_object_of(said), what, fix))
}

/// `… Deployment.apps "web" is invalid: spec.selector: Invalid value: …: field is immutable`
fn invalid(said: &str) -> Option<Complaint> {
    let (_, rest) = said.split_once(" is invalid: ")?;
    let object = applied_object_of(said).or_else(|| invalid_object(said));
    let field = rest.split(": ").next().unwrap_or_default();
    let rest = rest.lines().next().unwrap_or_default();
    let immutable = said.contains("field is immutable")
        || rest.contains("Forbidden: updates to ")
        || rest.contains("may not change");
    if immutable {
        let field = rest
            .split(", ")
            .find(|part| part.contains("immutable"))
            .and_then(|part| part.split(": ").next())
            .unwrap_or(field);
        let what = format!("{field} cannot be changed once the object exists");
        let delete = object.as_deref().and_then(delete_command).unwrap_or_else(|| "kubectl delete".to_owned());
        let fix = format!("keep the old value, or remove the object and apply again: {delete}");
        return Some(Complaint::new(Trouble::Immutable, object, what, fix));
    }
    let fix = "correct the value that the chart puts there";
    Some(Complaint::new(Trouble::Invalid, object, start(rest, 400), fix))
}

pub(super) fn delete_command(object: &str) -> Option<String> {
    let (kind, name) = object.split_once(' ')?;
    Some(match name.split_once('/') {
        Some((namespace, name)) => format!("kubectl delete {} {name} -n {namespace}", kind.to_ascii_lowercase()),
        None => format!("kubectl delete {} {name}", kind.to_ascii_lowercase()),
    })
}

fn namespace(said: &str) -> Option<Complaint> {
    if let Some(name) = between(said, "namespaces \"", "\" not found") {
        let fix = "create it, or let it be created";
        return Some(Complaint::new(Trouble::Namespace, Some(format!("Namespace {name}")), "it does not exist", fix));
    }
    let name = between(said, "unable to create new content in namespace ", " because it is being terminated")?;
    let fix = "wait until it is gone, then apply again";
    Some(Complaint::new(Trouble::Namespace, Some(format!("Namespace {name}")), "it is being deleted", fix))
}

fn other(said: &str) -> Option<Complaint> {
    if said.to_ascii_lowercase().contains("kubernetes cluster unreachable") {
        let why = said.split_once(": ").map_or(said, |(_, why)| why);
        let unauthorized =
            why.contains("Unauthorized") || why.contains("the server has asked for the client to provide credentials");
        let (trouble, fix) = if unauthorized {
            (Trouble::Unauthorized, "renew the credentials of the provider's connection")
        } else {
            (Trouble::Unreachable, "check that the API server answers")
        };
        return Some(Complaint::new(trouble, Some("the cluster".into()), start(why, 300), fix));
    }
    let timeout = said.contains("timed out waiting for the condition") || said.contains("context deadline exceeded");
    timeout.then(|| {
        let fix = "raise the timeout if the cluster is slow";
        Complaint::new(Trouble::Timeout, resource(said), start(said, 400), fix)
    })
}

/// `shop/web apps/v1, Kind=Deployment: …`
fn applied_object(rest: &str) -> Option<String> {
    let (object, _) = rest.split_once(": ")?;
    let (name, group) = object.split_once(' ')?;
    let kind = group.rsplit_once("Kind=")?.1;
    let (namespace, name) = name.split_once('/')?;
    Some(named(kind, name, Some(namespace)))
}

fn applied_object_of(said: &str) -> Option<String> {
    applied_object(said.split_once("failed for object ").map(|(_, rest)| rest)?)
}

/// `Deployment.apps "web" is invalid`
fn invalid_object(said: &str) -> Option<String> {
    let (before, _) = said.split_once(" is invalid: ")?;
    let (before, name) = before.trim_end_matches('"').rsplit_once('"')?;
    let kind = before.split_whitespace().next_back()?;
    Some(named(kind, name, None))
}

/// `resource Job/shop/web-hook not ready`
fn resource(said: &str) -> Option<String> {
    let word = word_before(said, " not ready")?;
    let mut parts = word.trim_start_matches("resource ").split('/');
    let (kind, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
    Some(named(kind, name, Some(namespace)))
}
