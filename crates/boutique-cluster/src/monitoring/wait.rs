//! Waiting until the shop is watched: the blackbox exporter and Prometheus are up, then Prometheus has our rules and scrapes
//! our targets, by its own word.

use std::{fmt, time::Duration};

use boutique_core::{
    finding::{Code, Finding, Severity},
    monitoring::{
        Inputs, MonitoringObservation, MonitoringSpec,
        judge::{judge, prometheus::is_ready, selection::chosen},
        render,
    },
};
use tokio::time::Instant;

use super::{
    apply::MonitoringApplied,
    ask::{self, NoAnswer},
    look::look,
    observe::observe,
    release,
};
use crate::{
    applyset::{self, Applied, WaitError, WaitRequest},
    bounds::{Bounds, Interrupted},
    connect::Cluster,
    event::Events,
    request::ApiError,
};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(2);
/// Findings that waiting does not end are believed after this time.
const SETTLED: Duration = Duration::from_secs(15);

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Exporter, operator and Prometheus are up.
    Ready,
    /// Prometheus has our rules and scrapes our targets.
    Scraping,
}

/// A shop that is watched.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// What should be known all the same, as whole texts.
    pub warnings: Vec<String>,
}

/// A shop that is not.
#[derive(Debug)]
pub enum Unwatched {
    /// The blackbox exporter does not come up.
    Exporter(Box<WaitError>),
    /// Waiting longer would not help.
    Failed(Vec<Finding>),
    /// Its time was over, or it was called off.
    Ended {
        /// Which of both.
        by: Interrupted,
        /// Why, as far as it can be seen; empty when it was called off.
        findings: Vec<Finding>,
        /// What was tried last, if that says more.
        last: Option<String>,
    },
    /// A request failed.
    Api(ApiError),
}

impl From<ApiError> for Unwatched {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl fmt::Display for Unwatched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (findings, last) = match self {
            Self::Exporter(error) => return write!(f, "the blackbox exporter does not come up: {error}"),
            Self::Api(error) => return write!(f, "{error}"),
            Self::Failed(findings) => {
                write!(f, "the shop is not watched")?;
                (findings, &None)
            }
            Self::Ended { by, findings, last } => {
                write!(f, "the shop is not watched yet: {by}")?;
                (findings, last)
            }
        };
        last.iter().try_for_each(|last| write!(f, "\n{last}"))?;
        findings.iter().try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

impl std::error::Error for Unwatched {}

impl Unwatched {
    /// Whether somebody called it off.
    #[must_use]
    pub fn was_called_off(&self) -> bool {
        match self {
            Self::Ended { by, .. } => *by == Interrupted::Cancelled,
            Self::Exporter(error) => matches!(**error, WaitError::Ended { by: Interrupted::Cancelled, .. }),
            Self::Failed(_) | Self::Api(_) => false,
        }
    }
}

/// Waits until the shop is watched. On success the monitoring has nothing pending any more.
///
/// # Errors
/// With findings where there are any.
pub async fn wait(
    cluster: &Cluster,
    spec: &MonitoringSpec,
    applied: &MonitoringApplied,
    until: Until,
    tool_version: &str,
    bounds: &Bounds,
    events: &Events,
) -> Result<Watched, Box<Unwatched>> {
    exporter(cluster, spec, &applied.set, tool_version, bounds, events).await?;
    let mut waiting = Waiting { cluster, spec, inputs: &applied.inputs, until, began: Instant::now(), last: None };
    loop {
        match bounds.run(Box::pin(waiting.look())).await {
            Err(by) => return Err(Box::new(waiting.ended(by).await)),
            Ok(Err(failed)) => return Err(failed),
            Ok(Ok(Some(watched))) => {
                return finish(cluster, spec, tool_version, bounds).await.map(|()| watched);
            }
            Ok(Ok(None)) => {}
        }
        if let Err(by) = bounds.run(tokio::time::sleep(PAUSE)).await {
            return Err(Box::new(waiting.ended(by).await));
        }
    }
}

/// Records that nothing is waited for any more, and that only what is wanted is in use.
///
/// # Errors
/// When that cannot be recorded.
pub async fn finish(
    cluster: &Cluster,
    spec: &MonitoringSpec,
    tool_version: &str,
    bounds: &Bounds,
) -> Result<(), Box<Unwatched>> {
    let releases = release::id(spec).into_iter().collect();
    match bounds.run(applyset::finish(cluster, &spec.id(), tool_version, Some(releases))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Box::new(error.into())),
        Err(by) => Err(Box::new(Unwatched::Ended { by, findings: Vec::new(), last: None })),
    }
}

async fn exporter(
    cluster: &Cluster,
    spec: &MonitoringSpec,
    applied: &Applied,
    tool_version: &str,
    bounds: &Bounds,
    events: &Events,
) -> Result<(), Box<Unwatched>> {
    let request = WaitRequest { id: spec.id(), targets: applied.targets(), tool_version: tool_version.to_owned() };
    let waited = applyset::until_current(cluster, &request, bounds, events).await;
    waited.map(drop).map_err(|error| Box::new(Unwatched::Exporter(error)))
}

struct Waiting<'a> {
    cluster: &'a Cluster,
    spec: &'a MonitoringSpec,
    inputs: &'a Inputs,
    until: Until,
    began: Instant,
    last: Option<String>,
}

impl Waiting<'_> {
    /// One look: none while it is worth waiting.
    async fn look(&mut self) -> Result<Option<Watched>, Box<Unwatched>> {
        let (mut seen, forbidden) = self.observe().await?;
        let findings = judge(&seen);
        let waited = self.began.elapsed();
        let (errors, warnings): (Vec<Finding>, Vec<Finding>) =
            findings.into_iter().partition(|finding| finding.severity == Severity::Error);
        let settled: Vec<Finding> = errors.iter().filter(|finding| finding.settled).cloned().collect();
        if !settled.is_empty() && waited >= SETTLED {
            return Err(Box::new(Unwatched::Failed(settled)));
        }
        let prometheuses = seen.prometheuses.take().unwrap_or_default();
        let prometheus = chosen(self.spec, &prometheuses, &seen.namespaces);
        // Older operators say nothing about a Prometheus; it then answers or it does not.
        let is_up = prometheus.is_some_and(|live| is_ready(live) != Some(false));
        if !errors.is_empty() || !is_up {
            return Ok(None);
        }
        let asked = seen.loaded.is_some() && seen.targets.is_some();
        if self.until == Until::Scraping && !asked && forbidden.is_none() {
            return Ok(None);
        }
        let mut watched =
            Watched { warnings: warnings.iter().filter(|one| !is_told(one.code)).map(ToString::to_string).collect() };
        if let Some(why) = forbidden {
            watched.warnings.push(format!(
                "whether Prometheus has the rules and scrapes the targets was not checked, because this user may not ask it \
                 through the API server: {why}"
            ));
        }
        Ok(Some(watched))
    }

    async fn observe(&mut self) -> Result<(MonitoringObservation, Option<String>), Box<Unwatched>> {
        let (cluster, spec) = (self.cluster, self.spec);
        let seen = look(cluster, spec).await.map_err(Unwatched::from)?;
        let mut seen = observe(cluster, spec, seen).await.map_err(Unwatched::from)?;
        // Rules and targets are those that were applied, whatever the shop is like now.
        seen.manifests = render(spec, self.inputs).unwrap_or_default();
        if self.until == Until::Ready {
            return Ok((seen, None));
        }
        let prometheus = chosen(spec, seen.prometheuses.as_deref().unwrap_or_default(), &seen.namespaces);
        let Some(place) = ask::place(spec, prometheus) else { return Ok((seen, None)) };
        let (rules, targets) = tokio::join!(
            ask::get(cluster, &place, "/api/v1/rules"),
            ask::get(cluster, &place, "/api/v1/targets?state=active"),
        );
        let mut forbidden = None;
        let mut taken = |answer: Result<serde_json::Value, NoAnswer>, last: &mut Option<String>| match answer {
            Ok(answer) => Some(answer),
            Err(NoAnswer::Forbidden(why)) => {
                forbidden = Some(why);
                None
            }
            Err(NoAnswer::NotYet(why)) => {
                *last = Some(why);
                None
            }
        };
        seen.loaded = taken(rules, &mut self.last);
        seen.targets = taken(targets, &mut self.last);
        Ok((seen, forbidden))
    }

    async fn ended(&mut self, by: Interrupted) -> Unwatched {
        // Who calls off wants an answer now; who ran out of time wants to know why.
        let findings = match by {
            Interrupted::Cancelled => Vec::new(),
            Interrupted::Deadline => match self.observe().await {
                Ok((seen, _)) => judge(&seen),
                Err(_) => Vec::new(),
            },
        };
        Unwatched::Ended { by, findings, last: self.last.take() }
    }
}

/// What an apply has said already.
fn is_told(code: Code) -> bool {
    matches!(code, Code::SHOP_NOT_TRACED | Code::EDGE_NOT_SCRAPED)
}
