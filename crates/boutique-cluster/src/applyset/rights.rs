//! Whether the credentials suffice, asked before anything is written.

use boutique_core::object::{Kind, Manifest};
use http::Method;
use serde_json::{Value, json};

use crate::{
    connect::Cluster,
    request::{Operation, body, build},
};

const REVIEW: &str = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews";

/// Verbs that an apply needs and the credentials lack, with the resource. Empty when nothing is lacking, and when the
/// cluster cannot tell (some authorizers list no rules); the writes themselves then tell.
pub(super) async fn missing(cluster: &Cluster, namespace: &str, manifests: &[Manifest]) -> Vec<(String, String)> {
    let question = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": namespace},
    });
    let operation = Operation {
        verb: "create",
        kind: None,
        subresource: None,
        namespace: None,
        name: Some("selfsubjectrulesreviews".into()),
    };
    let request = build(Method::POST, REVIEW, Some("application/json"), body(&question));
    let answer = match cluster.send(operation, request).await {
        Ok(answer) => answer.object().unwrap_or_default(),
        Err(error) => {
            tracing::debug!(%error, "the rights of the credentials are not known");
            return Vec::new();
        }
    };
    lacking(&answer, manifests)
}

fn lacking(review: &Value, manifests: &[Manifest]) -> Vec<(String, String)> {
    let Some(rules) = review.pointer("/status/resourceRules").and_then(Value::as_array) else { return Vec::new() };
    if review.pointer("/status/incomplete").and_then(Value::as_bool) == Some(true) {
        return Vec::new();
    }
    let mut lacking = Vec::new();
    for (kind, verbs) in needs(manifests) {
        for verb in verbs {
            if !rules.iter().any(|rule| grants(rule, verb, kind)) {
                let group = if kind.group.is_empty() { String::new() } else { format!(".{}", kind.group) };
                lacking.push(((*verb).to_owned(), format!("{}{group}", kind.plural)));
            }
        }
    }
    lacking
}

fn needs(manifests: &[Manifest]) -> Vec<(Kind, &'static [&'static str])> {
    let mut kinds: Vec<Kind> = manifests.iter().map(Manifest::kind).collect();
    kinds.push(Kind::CONFIG_MAP);
    kinds.sort_unstable();
    kinds.dedup();
    let mut needs: Vec<(Kind, &'static [&'static str])> =
        kinds.into_iter().map(|kind| (kind, ["list", "create", "patch", "delete"].as_slice())).collect();
    needs.push((Kind::LEASE, &["get", "create", "update", "patch"]));
    needs
}

/// Whether a rule grants a verb on every object of a kind. A rule for single names grants too little for a collection
/// and may grant enough for an object; it counts, and the write itself then tells.
fn grants(rule: &Value, verb: &str, kind: Kind) -> bool {
    let has = |key: &str, wanted: &str| {
        let list = rule.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        list.into_iter().any(|entry| entry == "*" || entry == wanted)
    };
    has("verbs", verb) && has("apiGroups", kind.group) && has("resources", kind.plural)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(rules: &Value, incomplete: bool) -> Value {
        json!({"status": {"resourceRules": rules, "incomplete": incomplete}})
    }

    fn manifests() -> Vec<Manifest> {
        vec![Manifest::new(Kind::DEPLOYMENT, "shop", "frontend", json!({}))]
    }

    const ALMOST: &str = r#"[
        {"verbs": ["*"], "apiGroups": ["", "coordination.k8s.io"], "resources": ["*"]},
        {"verbs": ["get", "list", "patch", "delete"], "apiGroups": ["apps"], "resources": ["deployments"]}
    ]"#;

    #[test]
    fn a_lacking_verb_is_named_with_its_resource() {
        let rules = serde_json::from_str(ALMOST).unwrap();
        let expected = [("create".to_owned(), "deployments.apps".to_owned())];
        assert_eq!(lacking(&review(&rules, false), &manifests()), expected);
    }

    #[test]
    fn an_administrator_lacks_nothing() {
        let rules = json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]);
        assert_eq!(lacking(&review(&rules, false), &manifests()), []);
    }

    #[test]
    fn an_incomplete_answer_proves_nothing() {
        assert_eq!(lacking(&review(&json!([]), true), &manifests()), []);
        assert_eq!(lacking(&json!({}), &manifests()), []);
    }
}
