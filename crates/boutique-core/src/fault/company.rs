//! Controllers and deployers that also have a say in what a fault breaks, and may blur or undo it.

use serde_json::Value;

use crate::contract::STACK;

/// What of a Deployment a fault touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Touched {
    /// Running pods only.
    Pods,
    /// The number of its pods.
    Replicas,
    /// Its pod template.
    Template,
}

/// Labels and annotations by which deployers mark what they manage, and what each does about a changed field.
const MARKS: &[(&str, &str, &str)] = &[
    ("argocd.argoproj.io/tracking-id", "Argo CD", "puts it back at once where self-heal is on"),
    ("argocd.argoproj.io/instance", "Argo CD", "puts it back at once where self-heal is on"),
    ("kustomize.toolkit.fluxcd.io/name", "Flux", "puts it back at its next reconciliation"),
    ("helm.toolkit.fluxcd.io/name", "Flux", "puts it back at its next release, or at once where drift detection is on"),
    ("meta.helm.sh/release-name", "Helm", "puts it back at its next upgrade only"),
    (STACK, "Terraform", "shows it in plan, and apply ends the fault"),
];

/// One sentence for each that acts on `deployment`, given the namespace's HorizontalPodAutoscalers.
pub fn company(touched: Touched, deployment: &Value, autoscalers: &[Value]) -> Vec<String> {
    let name = deployment.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let mut sentences: Vec<String> = autoscalers
        .iter()
        .filter(|autoscaler| {
            let target = |field: &str| autoscaler.pointer(&format!("/spec/scaleTargetRef/{field}"));
            target("kind").and_then(Value::as_str) == Some("Deployment")
                && target("name").and_then(Value::as_str) == Some(name)
        })
        .map(|autoscaler| scaler(touched, autoscaler))
        .collect();
    let marked = |key: &str| {
        ["labels", "annotations"]
            .iter()
            .any(|place| deployment.pointer(&format!("/metadata/{place}")).is_some_and(|map| map.get(key).is_some()))
    };
    let mut deployers: Vec<(&str, &str)> =
        MARKS.iter().filter(|(key, ..)| marked(key)).map(|(_, tool, does)| (*tool, *does)).collect();
    deployers.dedup_by_key(|(tool, _)| *tool);
    sentences.extend(deployers.into_iter().map(|(tool, does)| match touched {
        Touched::Pods => format!("{tool} manages Deployment {name}; it does not mind what happens to its pods"),
        Touched::Replicas | Touched::Template => format!("{tool} manages Deployment {name}: it {does}"),
    }));
    sentences
}

fn scaler(touched: Touched, autoscaler: &Value) -> String {
    let name = autoscaler.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    match touched {
        // KEDA scales from zero itself, and gives the rest to an autoscaler that it names so.
        Touched::Replicas if name.starts_with("keda-hpa-") => {
            format!("KEDA ({name}) may scale it up again when its trigger asks for it")
        }
        // Kubernetes' autoscaler counts a Deployment of no replicas as switched off.
        Touched::Replicas => {
            format!("HorizontalPodAutoscaler {name} rests while there are no replicas, and goes on afterwards")
        }
        Touched::Pods | Touched::Template => {
            format!("HorizontalPodAutoscaler {name} may change the number of pods meanwhile")
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mk_scaler(name: &str, target: &str) -> Value {
        json!({"metadata": {"name": name}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": target}}})
    }

    #[test]
    fn an_autoscaler_counts_only_for_its_target() {
        let deployment = json!({"metadata": {"name": "frontend"}});
        let scalers = [mk_scaler("web", "frontend"), mk_scaler("ads", "adservice")];
        assert_eq!(company(Touched::Pods, &deployment, &scalers).len(), 1);
    }

    #[test]
    fn an_autoscaler_of_nothing_rests_unless_keda_wakes_it() {
        let deployment = json!({"metadata": {"name": "frontend"}});
        let said = |name| company(Touched::Replicas, &deployment, &[mk_scaler(name, "frontend")]).remove(0);
        assert!(said("web").contains("rests"));
        assert!(said("keda-hpa-web").starts_with("KEDA"));
    }

    #[test]
    fn a_deployer_is_named_once() {
        let deployment = json!({"metadata": {"name": "frontend",
            "labels": {"argocd.argoproj.io/instance": "shop"}, "annotations": {"argocd.argoproj.io/tracking-id": "x"}}});
        let pods = "Argo CD manages Deployment frontend; it does not mind what happens to its pods";
        assert_eq!(company(Touched::Pods, &deployment, &[]), [pods]);
        let template = "Argo CD manages Deployment frontend: it puts it back at once where self-heal is on";
        assert_eq!(company(Touched::Template, &deployment, &[]), [template]);
    }

    #[test]
    fn a_stack_of_ours_is_terraforms() {
        let deployment = json!({"metadata": {"name": "frontend", "labels": {STACK: "main"}}});
        let said = company(Touched::Replicas, &deployment, &[]);
        assert_eq!(said, ["Terraform manages Deployment frontend: it shows it in plan, and apply ends the fault"]);
    }
}
