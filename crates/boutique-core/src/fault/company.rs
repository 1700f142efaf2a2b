//! Controllers that also have a say in a Deployment, and may therefore blur or undo what a fault shows.

use serde_json::Value;

/// Labels and annotations by which deployers mark what they manage.
const MARKS: &[(&str, &str)] = &[
    ("argocd.argoproj.io/tracking-id", "Argo CD"),
    ("argocd.argoproj.io/instance", "Argo CD"),
    ("kustomize.toolkit.fluxcd.io/name", "Flux"),
    ("helm.toolkit.fluxcd.io/name", "Flux"),
    ("meta.helm.sh/release-name", "Helm"),
];

/// One sentence for each controller that acts on `deployment`, given the namespace's HorizontalPodAutoscalers.
pub fn company(deployment: &Value, autoscalers: &[Value]) -> Vec<String> {
    let name = deployment.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let mut sentences = Vec::new();
    for autoscaler in autoscalers {
        let target = |field| autoscaler.pointer(&format!("/spec/scaleTargetRef/{field}")).and_then(Value::as_str);
        if target("kind") == Some("Deployment") && target("name") == Some(name) {
            let scaler = autoscaler.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            sentences.push(format!("HorizontalPodAutoscaler {scaler} may change the number of pods meanwhile"));
        }
    }
    let marked = |key: &str| {
        ["labels", "annotations"]
            .iter()
            .any(|place| deployment.pointer(&format!("/metadata/{place}")).is_some_and(|map| map.get(key).is_some()))
    };
    let mut deployers: Vec<&str> = MARKS.iter().filter(|(key, _)| marked(key)).map(|(_, tool)| *tool).collect();
    deployers.dedup();
    for tool in deployers {
        sentences.push(format!("{tool} manages Deployment {name}; it does not mind killed pods"));
    }
    sentences
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_autoscaler_counts_only_for_its_target() {
        let deployment = json!({"metadata": {"name": "frontend"}});
        let scaler = |target| json!({"metadata": {"name": "web"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": target}}});
        assert_eq!(company(&deployment, &[scaler("frontend"), scaler("adservice")]).len(), 1);
    }

    #[test]
    fn a_deployer_is_named_once() {
        let deployment = json!({"metadata": {"name": "frontend",
            "labels": {"argocd.argoproj.io/instance": "shop"}, "annotations": {"argocd.argoproj.io/tracking-id": "x"}}});
        assert_eq!(company(&deployment, &[]), ["Argo CD manages Deployment frontend; it does not mind killed pods"]);
    }
}
