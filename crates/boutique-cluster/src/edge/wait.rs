//! Waiting until the shop's host leads to the shop: from inside over a controller pod, then from here to the controller's
//! address, if somebody has given it one.

use std::{fmt, time::Duration};

use boutique_core::{
    edge::{
        IngressSpec, Outputs, judge, outputs,
        probe::{Answer, Probe, Via, is_shop},
    },
    finding::{Code, Finding, Severity},
};
use tokio::time::Instant;

use super::{
    locate::locate,
    observe::{objects, observe},
    reach::{Ask, from_inside, from_outside},
    release,
};
use crate::{
    applyset,
    bounds::{Bounds, Interrupted},
    connect::Cluster,
    request::ApiError,
};

/// Pause between two tries.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a controller may take to learn of new routes and of pods that come up.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long somebody may take to give a load balancer an address. Without one the edge is done all the same.
const ADDRESS_PATIENCE: Duration = Duration::from_secs(30);
/// How long the address may take to work when the controller does.
const OUTSIDE_PATIENCE: Duration = Duration::from_secs(45);
/// Findings that waiting does not end are believed after this time: until then the controller may not have looked yet.
const SETTLED: Duration = Duration::from_secs(12);

/// An edge that leads to the shop.
#[derive(Debug, Clone)]
pub struct Reached {
    /// Where.
    pub outputs: Outputs,
    /// What should be known all the same, as whole texts.
    pub warnings: Vec<String>,
}

/// An edge that does not.
#[derive(Debug)]
pub enum Unreached {
    /// Waiting longer would not help, or did not.
    Failed {
        /// Why, with evidence.
        findings: Vec<Finding>,
        /// What was answered last.
        last: Vec<Probe>,
    },
    /// Its time was over, or it was called off.
    Ended {
        /// Which of both.
        by: Interrupted,
        /// Why, as far as it can be seen; empty when it was called off.
        findings: Vec<Finding>,
        /// What was answered last.
        last: Vec<Probe>,
    },
    /// A request failed.
    Api(ApiError),
}

impl From<ApiError> for Unreached {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (findings, last) = match self {
            Self::Api(error) => return write!(f, "{error}"),
            Self::Failed { findings, last } => {
                write!(f, "the shop is not reached through the edge")?;
                (findings, last)
            }
            Self::Ended { by, findings, last } => {
                write!(f, "the shop is not reached through the edge yet: {by}")?;
                (findings, last)
            }
        };
        last.iter().try_for_each(|probe| write!(f, "\n{}", answered(probe)))?;
        findings.iter().try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

impl std::error::Error for Unreached {}

/// Waits until the shop answers under its host name. On success the ingress has nothing pending any more.
///
/// # Errors
/// With findings where there are any.
pub async fn wait(
    cluster: &Cluster,
    spec: &IngressSpec,
    authority: Option<&str>,
    tool_version: &str,
    bounds: &Bounds,
) -> Result<Reached, Box<Unreached>> {
    let mut waiting =
        Waiting { cluster, spec, authority, began: Instant::now(), inside_at: None, blind_at: None, last: Vec::new() };
    loop {
        match bounds.run(Box::pin(waiting.look())).await {
            Err(by) => return Err(Box::new(waiting.ended(by).await)),
            Ok(Err(failed)) => return Err(failed),
            Ok(Ok(Some(reached))) => {
                return finish(cluster, spec, tool_version, bounds).await.map(|()| reached);
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
    spec: &IngressSpec,
    tool_version: &str,
    bounds: &Bounds,
) -> Result<(), Box<Unreached>> {
    let releases = release::id(spec).into_iter().collect();
    let finished = bounds.run(applyset::finish(cluster, &spec.id(), tool_version, Some(releases))).await;
    match finished {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Box::new(error.into())),
        Err(by) => Err(Box::new(Unreached::Ended { by, findings: Vec::new(), last: Vec::new() })),
    }
}

struct Waiting<'a> {
    cluster: &'a Cluster,
    spec: &'a IngressSpec,
    authority: Option<&'a str>,
    began: Instant,
    /// Since when the shop is reached from inside.
    inside_at: Option<Instant>,
    /// Since when nobody could be asked from inside, without a break.
    blind_at: Option<Instant>,
    last: Vec<Probe>,
}

impl Waiting<'_> {
    fn ask(&self) -> Ask {
        let base = self.spec.base_path();
        Ask {
            host: self.spec.host.clone(),
            path: if base.is_empty() { "/".to_owned() } else { format!("{base}/") },
            tls: self.spec.tls.is_some(),
            authority: self.authority.map(str::to_owned),
        }
    }

    /// One try: none while it is worth waiting.
    async fn look(&mut self) -> Result<Option<Reached>, Box<Unreached>> {
        let spec = self.spec;
        let located = locate(self.cluster, spec).await.map_err(|error| Box::new(error.into()))?;
        let objects = objects(self.cluster, spec, &located).await.map_err(|error| Box::new(error.into()))?;
        let outputs = outputs(spec, &objects);
        let (ask, mut warnings) = (self.ask(), Vec::new());
        let mut last = Vec::new();
        let door = located.door(ask.tls);
        let inside = match &door {
            Some(door) => match from_inside(self.cluster, &door.namespace, &door.pod, door.port, &ask).await {
                Ok(probe) => {
                    let reached = leads_to_shop(&probe);
                    last.push(probe);
                    Some(reached)
                }
                Err(why) => {
                    warnings.push(format!("whether the shop is reached from inside was not checked: {why}"));
                    None
                }
            },
            None => None,
        };
        let outside = match &outputs.outside {
            Some((address, port)) if inside != Some(false) => {
                let probe = from_outside(address, *port, &ask).await;
                let reached = leads_to_shop(&probe);
                last.push(probe);
                Some(reached)
            }
            _ => None,
        };
        self.last = last;
        if inside == Some(true) {
            self.inside_at.get_or_insert_with(Instant::now);
        }
        if door.is_some() && inside.is_none() {
            self.blind_at.get_or_insert_with(Instant::now);
        } else {
            self.blind_at = None;
        }
        let waited = self.began.elapsed();
        // Who may not open tunnels and has no address cannot ask, however long it takes.
        if outside.is_none()
            && self.blind_at.is_some_and(|at| at.elapsed() >= SETTLED)
            && (waited >= ADDRESS_PATIENCE || !expects_address(&objects))
            && !self.findings().await?.iter().any(is_error)
        {
            warnings.extend(outputs.note.clone());
            return self.reached(outputs, warnings).await;
        }
        match (inside, outside) {
            (Some(true) | None, Some(true)) => return self.reached(outputs, warnings).await,
            // Nobody gives a bare cluster an address.
            (Some(true), None) if waited >= ADDRESS_PATIENCE || !expects_address(&objects) => {
                if let Some(note) = &outputs.note {
                    warnings.push(note.clone());
                }
                return self.reached(outputs, warnings).await;
            }
            // Nothing is known about the controller but its class.
            (None, None) if door.is_none() && located.known.is_none() && waited >= SETTLED => {
                let class = spec.class();
                warnings.push(format!(
                    "whether the shop is reached was not checked: the controller of class {class} is of no known kind and \
                     has no address"
                ));
                return self.reached(outputs, warnings).await;
            }
            (Some(true), Some(false)) if self.inside_at.is_some_and(|at| at.elapsed() >= OUTSIDE_PATIENCE) => {
                let findings = self.findings().await?;
                let errors: Vec<Finding> = findings.iter().filter(|finding| is_error(finding)).cloned().collect();
                // Somebody answered, and it was not the shop: no firewall does that.
                let answered_wrongly = self.last.iter().any(|probe| {
                    !leads_to_shop(probe) && matches!(probe.answer, Answer::Http { .. } | Answer::TlsFailed(_))
                });
                if !errors.is_empty() || answered_wrongly {
                    let findings = if errors.is_empty() { findings } else { errors };
                    return Err(Box::new(Unreached::Failed { findings, last: self.last.clone() }));
                }
                // A firewall between here and there is none of the edge's business.
                warnings.extend(self.last.iter().filter(|probe| !leads_to_shop(probe)).map(answered));
                return self.reached(outputs, warnings).await;
            }
            _ => {}
        }
        if waited < SETTLED {
            return Ok(None);
        }
        let findings = self.findings().await?;
        let settled = findings.iter().any(|finding| finding.severity == Severity::Error && finding.settled);
        if settled && inside != Some(true) || waited >= PATIENCE {
            return Err(Box::new(Unreached::Failed { findings, last: self.last.clone() }));
        }
        Ok(None)
    }

    /// The shop is reached; what is left is the certificate, which a browser minds and a probe without an authority does
    /// not.
    async fn reached(&self, outputs: Outputs, mut warnings: Vec<String>) -> Result<Option<Reached>, Box<Unreached>> {
        warnings.extend(outputs.caution(self.spec).map(str::to_owned));
        let findings = self.findings().await?;
        let errors: Vec<Finding> = findings.iter().filter(|finding| is_about_certificate(finding)).cloned().collect();
        if !errors.is_empty() {
            // An issuer takes its time, and its controller keeps trying.
            let is_issued = self.spec.tls.as_ref().is_some_and(|tls| tls.cert_manager.is_some());
            let is_open = is_issued && !errors.iter().any(|finding| finding.settled);
            return match self.began.elapsed() >= if is_open { PATIENCE } else { SETTLED } {
                true => Err(Box::new(Unreached::Failed { findings: errors, last: self.last.clone() })),
                false => Ok(None),
            };
        }
        // Where it is reached, `outputs` says better; that the controller is retired, the configuration has been told.
        let is_known = |code: Code| matches!(code, Code::NO_ADDRESS | Code::CONTROLLER_RETIRED);
        let others = findings.iter().filter(|finding| !is_known(finding.code));
        warnings.extend(others.map(ToString::to_string));
        let via: Vec<String> = self.last.iter().filter(|probe| leads_to_shop(probe)).map(answered).collect();
        tracing::info!("the shop is reached: {}", via.join("; "));
        Ok(Some(Reached { outputs, warnings }))
    }

    async fn findings(&self) -> Result<Vec<Finding>, Box<Unreached>> {
        let (_, mut observation) =
            observe(self.cluster, self.spec).await.map_err(|error| Box::new(Unreached::from(error)))?;
        observation.probes = self.last.clone();
        Ok(judge(&observation))
    }

    async fn ended(&self, by: Interrupted) -> Unreached {
        // Who calls off wants an answer now; who ran out of time wants to know why.
        let findings = match by {
            Interrupted::Cancelled => Vec::new(),
            Interrupted::Deadline => self.findings().await.unwrap_or_default(),
        };
        Unreached::Ended { by, findings, last: self.last.clone() }
    }
}

fn is_error(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}

fn is_about_certificate(finding: &Finding) -> bool {
    is_error(finding)
        && matches!(
            finding.code,
            Code::TLS_SECRET_MISSING
                | Code::TLS_SECRET_MALFORMED
                | Code::CERTIFICATE_NOT_VALID
                | Code::CERTIFICATE_OTHER_HOST
                | Code::CERTIFICATE_NOT_SERVED
        )
}

fn leads_to_shop(probe: &Probe) -> bool {
    matches!(&probe.answer, Answer::Http { status, body, .. } if is_shop(*status, body))
}

/// A request and its answer in a line.
fn answered(probe: &Probe) -> String {
    let from = match &probe.via {
        Via::Inside => "from inside, through a pod of the controller".to_owned(),
        Via::Outside(address) => format!("from here, at {address}"),
    };
    let url = format!("{}://{}{}", probe.scheme, probe.host, probe.path);
    let answer = match &probe.answer {
        Answer::Http { status, body, .. } if is_shop(*status, body) => format!("{status}, the shop"),
        Answer::Http { status, location: Some(location), .. } => format!("{status}, sent on to {location}"),
        Answer::Http { status, server, .. } => {
            format!("{status} from {}", server.as_deref().unwrap_or("somebody who is not the shop"))
        }
        Answer::Refused(why) => format!("nobody answers ({why})"),
        Answer::TimedOut(why) => why.clone(),
        Answer::TlsFailed(why) => format!("TLS fails ({why})"),
    };
    format!("{url} {from}: {answer}")
}

/// Whether somebody may still give the controller's Service an address.
fn expects_address(objects: &boutique_core::edge::EdgeObjects) -> bool {
    let service = objects.controller_service.as_ref();
    service.and_then(|service| service.pointer("/spec/type")).and_then(serde_json::Value::as_str)
        == Some("LoadBalancer")
}
