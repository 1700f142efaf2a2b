//! Which chart a controller is installed from.

use std::fmt;

use super::controller::Chart;
use super::spec::{ChartSpec, IngressSpec};

/// A chart as Helm's tools are told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChartChoice {
    /// A name in `repository`, an `oci://` reference, or the path of a folder or archive.
    pub chart: String,
    /// Address of the repository.
    pub repository: Option<String>,
    /// Version of the chart; none leaves the choice to the source.
    pub version: Option<String>,
}

impl fmt::Display for ChartChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chart)?;
        if let Some(version) = &self.version {
            write!(f, " {version}")?;
        }
        match &self.repository {
            Some(repository) => write!(f, " from {repository}"),
            None => Ok(()),
        }
    }
}

/// The chart of the controller: what the person names, else the one this build knows to work. None for `existing`.
#[must_use]
pub fn chart(spec: &IngressSpec) -> Option<ChartChoice> {
    Some(choose(&spec.known()?.chart, &spec.controller.chart))
}

/// The chart that a person names, else the known one.
pub(crate) fn choose(known: &Chart, own: &ChartSpec) -> ChartChoice {
    // The pinned version belongs to the pinned chart: a chart from elsewhere is asked for as it is.
    let is_elsewhere = own.repository.is_some() || own.chart.as_deref().is_some_and(|chart| chart != known.name);
    let version = own.version.clone().or_else(|| (!is_elsewhere).then(|| known.version.to_owned()));
    if is_elsewhere || own.chart.is_some() {
        let repository = own.repository.clone().or_else(|| (!is_elsewhere).then(|| known.repository.to_owned()));
        let chart = own.chart.clone().unwrap_or_else(|| known.name.to_owned());
        return ChartChoice { chart, repository, version };
    }
    match known.oci {
        Some(reference) => ChartChoice { chart: reference.to_owned(), repository: None, version },
        None => ChartChoice { chart: known.name.to_owned(), repository: Some(known.repository.to_owned()), version },
    }
}

/// Whether Helm must not check the values against the chart's schema, because that would ask the internet.
#[must_use]
pub fn skip_schema_validation(spec: &IngressSpec) -> bool {
    spec.known().is_some_and(|known| known.remote_schema)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::{ChartSpec, ControllerKind};

    fn mk_chart(kind: ControllerKind, own: ChartSpec) -> String {
        let mut spec = IngressSpec::new("shop", "shop", "shop.local", kind);
        spec.controller.chart = own;
        chart(&spec).map(|chart| chart.to_string()).unwrap_or_default()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn the_pinned_chart_is_taken_unless_another_is_named() {
        let none = ChartSpec::default;
        assert_eq!(mk_chart(ControllerKind::F5Nginx, none()), "oci://ghcr.io/nginx/charts/nginx-ingress 2.6.4");
        assert_eq!(
            mk_chart(ControllerKind::IngressNginx, none()),
            "ingress-nginx 4.15.1 from https://kubernetes.github.io/ingress-nginx"
        );
        assert_eq!(mk_chart(ControllerKind::Existing, none()), "");
        let newer = ChartSpec { version: some("42.0.0"), ..none() };
        assert_eq!(mk_chart(ControllerKind::Traefik, newer), "oci://ghcr.io/traefik/helm/traefik 42.0.0");
    }

    #[test]
    fn a_chart_from_elsewhere_is_not_pinned_to_our_version() {
        let path = ChartSpec { chart: some("./charts/traefik"), ..ChartSpec::default() };
        assert_eq!(mk_chart(ControllerKind::Traefik, path), "./charts/traefik");
        let mirror = ChartSpec { repository: some("https://charts.example.com"), ..ChartSpec::default() };
        assert_eq!(mk_chart(ControllerKind::Traefik, mirror), "traefik from https://charts.example.com");
        let classic = ChartSpec { chart: some("traefik"), ..ChartSpec::default() };
        assert_eq!(mk_chart(ControllerKind::Traefik, classic), "traefik 41.3.0 from https://traefik.github.io/charts");
    }
}
