//! What decides which controller a Helm release is, so that several ingresses may share it.

use serde::{Deserialize, Serialize};

use super::controller::ControllerKind;
use super::spec::IngressSpec;
use super::{chart, values};
use crate::shared::{self, values_digest};

/// Everything that decides what a controller's release is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// The kind of controller.
    pub kind: ControllerKind,
    /// Name of its IngressClass.
    pub class: String,
    /// The chart, as people read it.
    pub chart: String,
    /// The chart's values, as a digest.
    pub values: String,
}

/// A controller with its users.
pub type ControllerRecord = shared::UsersRecord<Shape>;
/// A controller as one ingress wants it.
pub type Wanted = shared::Wanted<Shape>;

impl shared::Shape for Shape {
    const THING: &'static str = "controller";
    const SETTINGS: &'static str = "values, replicas or service_type";
    const FOREIGN: &'static str = "use it as it is (controller.install = false), take it over (adopt = \"always\"), or \
                                   name another one (controller.release)";

    fn title(&self) -> String {
        self.kind.to_string()
    }

    fn identity(&self) -> Vec<(&'static str, &str)> {
        vec![("kind", self.kind.name()), ("class", &self.class), ("chart", &self.chart)]
    }

    fn values(&self) -> &str {
        &self.values
    }

    fn way_out(&self, wanted: &Self) -> &'static str {
        if self.kind == wanted.kind && self.class == wanted.class {
            "Set controller.chart as the others do, or set install = false to use it as it is"
        } else {
            "Name a release and a class of your own (controller.release, controller.namespace, controller.class)"
        }
    }
}

/// The controller that an ingress wants installed; none if it wants none.
#[must_use]
pub fn wanted(spec: &IngressSpec) -> Option<Wanted> {
    let controller = &spec.controller;
    if !controller.install {
        return None;
    }
    Some(Wanted {
        id: spec.id(),
        release: spec.release().to_owned(),
        namespace: spec.controller_namespace().to_owned(),
        shape: Shape {
            kind: controller.kind,
            class: spec.class().to_owned(),
            chart: chart(spec)?.to_string(),
            values: values_digest(&values(spec)),
        },
        has_settings: controller.replicas.is_some()
            || controller.service_type.is_some()
            || !controller.values.is_empty(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contract::{self, SetId};
    use crate::shared::{BadRecord, Joining, joining};
    use jiff::Timestamp;

    fn mk_spec(namespace: &str) -> IngressSpec {
        let mut spec = IngressSpec::new(namespace, "shop", "shop.local", ControllerKind::Traefik);
        spec.controller.install = true;
        spec
    }

    fn mk_record(users: &[&str]) -> ControllerRecord {
        let mut record = ControllerRecord::new(&wanted(&mk_spec("one")).expect("installs"));
        for user in users {
            record.add(&SetId::ingress(*user, "shop"), true, Timestamp::UNIX_EPOCH);
        }
        record
    }

    fn refusal(spec: &IngressSpec) -> String {
        match joining(Some(&mk_record(&["one"])), &wanted(spec).expect("installs")) {
            Joining::Refuse(why) => why.to_string(),
            other => panic!("{other:?} is no refusal"),
        }
    }

    #[test]
    fn the_first_installs_the_only_one_manages_and_the_second_joins() {
        let second = wanted(&mk_spec("two")).expect("installs");
        assert_eq!(joining(None, &second), Joining::Install);
        assert_eq!(joining(Some(&mk_record(&[])), &second), Joining::Install);
        assert_eq!(joining(Some(&mk_record(&["two"])), &second), Joining::Manage);
        assert_eq!(joining(Some(&mk_record(&["one"])), &second), Joining::Join);
        let mut spec = mk_spec("two");
        spec.controller.install = false;
        assert_eq!(wanted(&spec), None);
    }

    #[test]
    fn alone_it_may_change_everything() {
        let mut spec = mk_spec("one");
        spec.controller.chart.version = Some("42.0.0".to_owned());
        assert_eq!(joining(Some(&mk_record(&["one"])), &wanted(&spec).expect("installs")), Joining::Manage);
    }

    #[test]
    fn who_only_uses_it_has_no_say_and_keeps_it_all_the_same() {
        let mut record = mk_record(&["one"]);
        record.add(&SetId::ingress("two", "shop"), false, Timestamp::UNIX_EPOCH);
        let mut spec = mk_spec("one");
        spec.controller.replicas = Some(3);
        assert_eq!(joining(Some(&record), &wanted(&spec).expect("installs")), Joining::Manage);
        assert!(record.can_uninstall(&spec.id()).is_err());
    }

    #[test]
    fn another_chart_is_refused_with_both_versions_and_a_way_out() {
        let mut spec = mk_spec("two");
        spec.controller.chart.version = Some("42.0.0".to_owned());
        insta::assert_snapshot!(refusal(&spec), @"the controller traefik (release traefik/traefik) is shared with one/shop and differs from what is wanted here: chart is oci://ghcr.io/traefik/helm/traefik 41.3.0, wanted is oci://ghcr.io/traefik/helm/traefik 42.0.0. Set controller.chart as the others do, or set install = false to use it as it is");
    }

    #[test]
    fn settings_of_ones_own_must_be_those_that_are_there() {
        let mut spec = mk_spec("two");
        spec.controller.replicas = Some(3);
        assert!(refusal(&spec).contains("Leave values, replicas or service_type out"));
        let mut record = mk_record(&["one"]);
        let same = wanted(&spec).expect("installs");
        record.shape = same.shape.clone();
        assert_eq!(joining(Some(&record), &same), Joining::Join);
        // Who says nothing takes what is there.
        assert_eq!(joining(Some(&record), &wanted(&mk_spec("two")).expect("installs")), Joining::Join);
    }

    #[test]
    fn another_class_needs_a_release_of_its_own() {
        let mut spec = mk_spec("two");
        spec.controller.class = Some("edge".to_owned());
        assert!(refusal(&spec).contains("controller.release"), "{}", refusal(&spec));
    }

    #[test]
    fn the_last_one_turns_off_the_light() {
        let mut record = mk_record(&["one", "two", "three"]);
        let (one, two, three) =
            (SetId::ingress("one", "shop"), SetId::ingress("two", "shop"), SetId::ingress("three", "shop"));
        assert_eq!(
            record.can_uninstall(&one).expect_err("is in use").to_string(),
            "the controller traefik (release traefik/traefik) stays: three/shop, two/shop still use it"
        );
        assert!(record.remove(&one) && record.remove(&two) && !record.remove(&two));
        assert_eq!(record.can_uninstall(&three), Ok(()));
        assert!(record.can_uninstall(&one).expect_err("is in use").to_string().ends_with("three/shop still uses it"));
    }

    #[test]
    fn a_record_reads_back_and_a_newer_one_is_refused() {
        let record = mk_record(&["one"]);
        let mut live = record.to_manifest().expect("is JSON").into_value();
        assert_eq!(ControllerRecord::from_config_map(&live).expect("reads back"), record);
        live["metadata"]["labels"][contract::CONTRACT] = json!("2");
        assert!(matches!(ControllerRecord::from_config_map(&live), Err(BadRecord::Newer(_))));
        let damaged = json!({"metadata": {"namespace": "traefik", "name": "boutique-controller-traefik"}, "data": {}});
        let error = ControllerRecord::from_config_map(&damaged).expect_err("is damaged").to_string();
        assert!(error.contains("traefik/boutique-controller-traefik"), "{error}");
    }
}
