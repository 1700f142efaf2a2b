//! IngressClasses: is there one, whose is it, and does one controller serve it.

use serde_json::Value;

use super::route::{Edge, Route};
use super::{error, full_name, warning};
use crate::edge::controller::{CONTROLLERS, Controller, ControllerKind, by_class_controller, release_of};
use crate::edge::spec::IngressSpec;
use crate::edge::{items, name, string};
use crate::finding::{Code, Finding};
use crate::object::{Kind, ObjectRef};

pub(super) fn judge(edge: &Edge<'_>) -> Vec<Finding> {
    taken(edge).into_iter().chain(claimed_twice(edge)).chain(retired(edge)).collect()
}

fn class_reference(class: &str) -> Option<ObjectRef> {
    Some(ObjectRef::new(Kind::INGRESS_CLASS, "", class))
}

/// The controller of a class in words: its title, and the string by which it is recognised.
fn described(class: &Value) -> String {
    let controller = string(class, "/spec/controller").unwrap_or("nobody");
    match by_class_controller(controller) {
        Some(known) => format!("{} ({controller})", known.title),
        None => controller.to_owned(),
    }
}

/// No class, or one that does not exist.
pub(super) fn missing(edge: &Edge<'_>, route: &Route<'_>) -> Option<Finding> {
    let classes = edge.seen.classes.as_ref()?;
    let wanted = edge.class_name(route.value());
    if wanted.is_some_and(|wanted| edge.class(wanted).is_some()) {
        return None;
    }
    let mut finding = match wanted {
        Some(wanted) => error(Code::CLASS_MISSING, format!("the IngressClass {wanted} does not exist")),
        None => error(
            Code::CLASS_MISSING,
            format!("the Ingress {} names no IngressClass, and none is the default", route.name()),
        ),
    };
    finding.object = route.reference();
    finding.cause.push("no controller takes an Ingress whose class it does not serve".to_owned());
    let there: Vec<String> = classes.iter().map(|class| format!("{}: {}", name(class), described(class))).collect();
    finding.evidence = match there.is_empty() {
        true => vec!["the cluster has no IngressClass at all".to_owned()],
        false => there,
    };
    let first = classes.first().map_or("CLASS", name);
    let patch = format!(
        "kubectl -n {} patch ingress {} --type=merge -p '{{\"spec\":{{\"ingressClassName\":\"{first}\"}}}}'",
        route.namespace(),
        route.name()
    );
    finding.fix = match edge.spec() {
        Some(spec) if spec.controller.install => format!(
            "the chart of {} makes the class: see its release, helm -n {} status {}, and apply again",
            spec.controller.kind,
            spec.controller_namespace(),
            spec.release()
        ),
        Some(_) if classes.is_empty() => {
            "set controller.install = true, or install an ingress controller first".to_owned()
        }
        Some(_) => "set controller.class to one of those that are there, or controller.install = true".to_owned(),
        None if classes.is_empty() => "install an ingress controller first".to_owned(),
        None => format!("name one that is there: {patch}"),
    };
    Some(finding)
}

/// The wanted class belongs to another kind of controller.
fn taken(edge: &Edge<'_>) -> Option<Finding> {
    let spec = edge.spec()?;
    let known = spec.known()?;
    let class = edge.class(spec.class())?;
    let controller = string(class, "/spec/controller").unwrap_or_default();
    if controller == known.class_controller {
        return None;
    }
    let mut finding = error(
        Code::CLASS_TAKEN,
        format!("the IngressClass {} belongs to {}, not to {}", spec.class(), described(class), known.title),
    );
    finding.object = class_reference(spec.class());
    finding
        .evidence
        .push(format!("spec.controller is {controller:?}, that of {} is {:?}", known.kind, known.class_controller));
    if let Some((release, namespace)) = release_of(class) {
        finding.evidence.push(format!("Helm release {namespace}/{release} has made it"));
    }
    if by_class_controller(controller).is_some_and(|other| other.class == known.class) {
        finding.cause.push(format!("the charts of both controllers call their class {:?}", known.class));
    }
    if known.kind == ControllerKind::F5Nginx && spec.controller.install {
        finding.cause.push(format!("{} does not start as long as its class is another's", known.title));
    }
    let own = format!("set controller.class to a name of its own, such as \"{}\"", known.kind);
    finding.fix = match by_class_controller(controller) {
        Some(other) => format!(
            "{own}, or use the controller that is there: controller = {{ kind = \"{}\", install = false }}",
            other.kind
        ),
        None => format!(
            "{own}, or use the controller that is there: controller = {{ kind = \"existing\", class = \"{}\" }}",
            spec.class()
        ),
    };
    Some(finding)
}

/// The controller that a workload runs, if its flags make it look after a class. `class_controller` is what the class says
/// in `spec.controller`.
pub(super) fn claims(workload: &Value, class: &str, class_controller: Option<&str>) -> Option<&'static Controller> {
    let label = |key: &str| {
        let labels = &workload["metadata"]["labels"];
        labels[key].as_str().or_else(|| workload["spec"]["template"]["metadata"]["labels"][key].as_str())
    };
    let chart = label("app.kubernetes.io/name")?;
    let known = CONTROLLERS.iter().find(|known| known.chart.name == chart)?;
    let flag = |name: &str| {
        items(workload, "/spec/template/spec/containers")
            .flat_map(|container| items(container, "/args"))
            .filter_map(Value::as_str)
            .filter_map(|argument| argument.trim_start_matches('-').split_once('='))
            .find_map(|(flag, value)| flag.eq_ignore_ascii_case(name).then(|| value.trim_matches('"')))
    };
    let is_its_own = |wanted: &str| class_controller == Some(wanted);
    let claims = match known.kind {
        // It goes by the name alone, and does not start if the class of that name is another's.
        ControllerKind::F5Nginx => flag("ingress-class").unwrap_or(known.class) == class,
        // It goes by the controller of the class; by its name only for the annotation of old.
        ControllerKind::IngressNginx => {
            is_its_own(flag("controller-class").unwrap_or(known.class_controller))
                || flag("ingress-class").unwrap_or(known.class) == class
        }
        // It goes by the controller of the class, and by the name if it is given one.
        ControllerKind::Traefik => match flag("providers.kubernetesingress.ingressclass") {
            Some(name) => name == class,
            None => is_its_own(known.class_controller),
        },
        ControllerKind::Existing => false,
    };
    claims.then_some(known)
}

fn claimed_twice(edge: &Edge<'_>) -> Option<Finding> {
    let route = edge.routes.first()?;
    let class = edge.class_name(route.value())?;
    let class_controller = edge.class(class).and_then(|class| string(class, "/spec/controller"));
    let claims: Vec<(&Value, &'static Controller)> = edge
        .seen
        .controllers
        .iter()
        .flatten()
        .filter(|workload| workload["spec"]["replicas"] != 0)
        .filter_map(|workload| Some((workload, claims(workload, class, class_controller)?)))
        .collect();
    let [(one, one_known), (two, two_known), ..] = claims.as_slice() else { return None };
    let summary = format!(
        "{} controllers claim the IngressClass {class}: {} and {}",
        claims.len(),
        full_name(one),
        full_name(two)
    );
    // Somebody does serve it: whether that goes well, the requests tell.
    let mut finding = warning(Code::CLASS_CLAIMED_TWICE, summary);
    finding.settled = false;
    finding.object = class_reference(class);
    finding.evidence = claims
        .iter()
        .map(|(workload, known)| {
            format!("{} {}: {}", workload["kind"].as_str().unwrap_or("Deployment"), full_name(workload), known.title)
        })
        .collect();
    if one_known.kind == two_known.kind {
        finding.cause.push(
            "the same controller is installed twice for one class: both answer, and both write the address".to_owned(),
        );
    } else {
        finding
            .cause
            .push(format!("the charts of different controllers call their class {class:?} unless told otherwise"));
        let owner = class_controller.unwrap_or("nobody");
        finding.evidence.push(format!("the class itself names {owner}"));
    }
    // The one that is ours, or that has made the class, is not the one to remove.
    let installed = edge.spec().filter(|spec| spec.controller.install);
    let ours =
        installed.map(|spec| (spec.release(), spec.controller_namespace())).or_else(|| release_of(edge.class(class)?));
    let other = claims.iter().map(|(workload, _)| *workload).find(|workload| release_of(workload) != ours);
    let other = other.unwrap_or(two);
    let uninstall = match release_of(other) {
        Some((release, namespace)) => format!("helm -n {namespace} uninstall {release}"),
        None => format!("kubectl -n {} scale deployment/{} --replicas=0", crate::edge::namespace(other), name(other)),
    };
    finding.fix = match edge.spec() {
        Some(spec) => format!(
            "set controller.class to a name of its own, such as \"{}\", or remove the other one: {uninstall}",
            spec.controller.kind
        ),
        None => format!("give one of them a class of its own, or remove it: {uninstall}"),
    };
    Some(finding)
}

fn retired(edge: &Edge<'_>) -> Option<Finding> {
    let route = edge.routes.first()?;
    // Whose class it is by mistake is no choice of the person's.
    let known = edge.spec().and_then(IngressSpec::known).or_else(|| edge.known(route))?;
    let retired = known.retired?;
    let mut finding = warning(Code::CONTROLLER_RETIRED, retired.what.to_owned());
    finding.object = edge.class_name(route.value()).and_then(class_reference);
    finding.fix = if edge.spec().is_some() { retired.attribute } else { retired.instead }.to_owned();
    // It is no trouble that a wait could end on.
    finding.settled = false;
    Some(finding)
}
