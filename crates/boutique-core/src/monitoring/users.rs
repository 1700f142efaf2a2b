//! What decides which operator a Helm release is, so that several shops may share it.

use serde::{Deserialize, Serialize};

use super::chart::chart;
use super::spec::{Chart, Grafana, MonitoringSpec, Platform, Slo, Windows};
use super::values::values;
use crate::shared::{self, values_digest};

/// Everything that decides what the release is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// The chart, as people read it.
    pub chart: String,
    /// The chart's values, as a digest.
    pub values: String,
}

/// An operator with its users.
pub type OperatorRecord = shared::UsersRecord<Shape>;
/// An operator as one monitoring wants it.
pub type Wanted = shared::Wanted<Shape>;

impl shared::Shape for Shape {
    const THING: &'static str = "operator";
    const SETTINGS: &'static str = "chart.values, retention, storage, platform or grafana";
    const FOREIGN: &'static str = "use it as it is (chart = { existing = true }), take it over (adopt = \"always\"), or name \
                                   another one (chart.release)";

    fn title(&self) -> String {
        "of Prometheus".to_owned()
    }

    fn identity(&self) -> Vec<(&'static str, &str)> {
        vec![("chart", &self.chart)]
    }

    fn values(&self) -> &str {
        &self.values
    }

    fn way_out(&self, _: &Self) -> &'static str {
        "Set chart as the others do, or set chart.existing = true to use it as it is"
    }
}

/// The operator that a monitoring wants installed; none if it wants none.
#[must_use]
pub fn wanted(spec: &MonitoringSpec) -> Option<Wanted> {
    // What follows from the objective and the pace is nobody's wish for a Prometheus of another kind.
    let neutral = MonitoringSpec { slo: Slo::default(), windows: Windows::default(), ..spec.clone() };
    let plain = MonitoringSpec {
        chart: Chart { values: serde_json::Map::new(), ..spec.chart.clone() },
        platform: Platform::default(),
        retention: None,
        storage: None,
        grafana: Grafana::default(),
        ..neutral.clone()
    };
    let own = values(&neutral);
    Some(Wanted {
        id: spec.id(),
        release: spec.release().to_owned(),
        namespace: spec.namespace.clone(),
        shape: Shape { chart: chart(spec)?.to_string(), values: values_digest(&own) },
        has_settings: own != values(&plain),
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::contract::SetId;
    use crate::shared::{Joining, joining};

    fn mk_spec(name: &str) -> MonitoringSpec {
        MonitoringSpec::new("monitoring", name, &SetId::stack(name, name))
    }

    fn mk_record() -> OperatorRecord {
        let wanted = wanted(&mk_spec("one")).expect("installs");
        let mut record = OperatorRecord::new(&wanted);
        record.add(&wanted.id, true, Timestamp::UNIX_EPOCH);
        record
    }

    #[test]
    fn a_second_shop_joins_whatever_its_objective_and_pace_are() {
        let mut spec = MonitoringSpec { windows: Windows::Lab, ..mk_spec("two") };
        spec.slo.period_days = 7;
        let second = wanted(&spec).expect("installs");
        assert!(!second.has_settings);
        assert_eq!(joining(Some(&mk_record()), &second), Joining::Join);
        // The same settings are no reason to refuse either.
        let with_settings = |name: &str, days: i64| {
            let mut spec = MonitoringSpec { platform: Platform::Kind, ..mk_spec(name) };
            spec.slo.period_days = days;
            wanted(&spec).expect("installs")
        };
        let first = with_settings("one", 30);
        let mut record = OperatorRecord::new(&first);
        record.add(&first.id, true, Timestamp::UNIX_EPOCH);
        assert_eq!(joining(Some(&record), &with_settings("two", 7)), Joining::Join);
    }

    #[test]
    fn a_second_shop_with_settings_of_its_own_is_refused_and_told_why() {
        let spec = MonitoringSpec { retention: Some("90d".to_owned()), ..mk_spec("two") };
        let Joining::Refuse(why) = joining(Some(&mk_record()), &wanted(&spec).expect("installs")) else {
            panic!("is refused")
        };
        insta::assert_snapshot!(why, @"the operator of Prometheus (release monitoring/kube-prometheus-stack) is shared with monitoring/one and differs from what is wanted here: its chart.values, retention, storage, platform or grafana are others. Leave chart.values, retention, storage, platform or grafana out to use it as it is, or set them alike in every resource that installs it");
        let record = mk_record().to_manifest().expect("is JSON");
        assert_eq!(record.name(), "boutique-operator-kube-prometheus-stack");
    }

    #[test]
    fn who_uses_what_is_there_wants_nothing_installed() {
        let mut spec = mk_spec("one");
        spec.chart.existing = true;
        assert_eq!(wanted(&spec), None);
    }
}
