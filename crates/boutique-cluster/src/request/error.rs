//! What an API server did not do, and why.

use std::{fmt, time::Duration};

use boutique_core::object::{Kind, ObjectRef};
use serde_json::Value;

/// A request that failed. Its `Display` is a whole sentence: what was tried on which object, what was said, what to do.
#[derive(Debug, Clone)]
pub struct ApiError {
    /// What was tried.
    pub operation: Box<Operation>,
    /// What came of it.
    pub failure: Failure,
    /// What to do next, if we know.
    pub hint: Option<String>,
}

/// What was tried on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// Verb as RBAC names it: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`.
    pub verb: &'static str,
    /// Kind; none for a raw path.
    pub kind: Option<Kind>,
    /// Subresource, such as `scale`.
    pub subresource: Option<&'static str>,
    /// Namespace.
    pub namespace: Option<String>,
    /// Name; none for a collection. For a raw request, its path.
    pub name: Option<String>,
}

impl Operation {
    pub(crate) fn on(verb: &'static str, kind: Kind, namespace: Option<&str>, name: Option<&str>) -> Self {
        Self {
            verb,
            kind: Some(kind),
            subresource: None,
            namespace: namespace.map(str::to_owned),
            name: name.map(str::to_owned),
        }
    }

    /// The object, if it was one.
    pub fn object(&self) -> Option<ObjectRef> {
        Some(ObjectRef::new(self.kind?, self.namespace.as_deref().unwrap_or_default(), self.name.clone()?))
    }

    /// Resource as RBAC names it: `deployments.apps`.
    pub fn resource(&self) -> String {
        let Some(kind) = self.kind else { return String::new() };
        let plural = match self.subresource {
            Some(subresource) => format!("{}/{subresource}", kind.plural),
            None => kind.plural.to_owned(),
        };
        if kind.group.is_empty() { plural } else { format!("{plural}.{}", kind.group) }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.verb)?;
        match (self.kind, self.object(), &self.namespace) {
            (Some(_), Some(object), _) => write!(f, "{object}")?,
            (Some(kind), None, Some(namespace)) => write!(f, "{} in namespace {namespace}", kind.plural)?,
            (Some(kind), None, None) => write!(f, "{}", kind.plural)?,
            (None, ..) => f.write_str(self.name.as_deref().unwrap_or("/"))?,
        }
        self.subresource.map_or(Ok(()), |subresource| write!(f, " ({subresource})"))
    }
}

/// What came of a request that failed.
#[derive(Debug, Clone)]
pub enum Failure {
    /// The API server answered no.
    Refused(Box<Refusal>),
    /// No answer: no connection, TLS, or a connection that broke.
    Unreachable {
        /// URL of the server.
        server: String,
        /// What the transport said.
        said: String,
    },
    /// No answer in time.
    Timeout {
        /// URL of the server.
        server: String,
        /// How long we waited.
        after: Duration,
    },
    /// An answer that is none of the API's.
    Unreadable {
        /// What is wrong with it.
        said: String,
    },
}

/// The API server's no: its `Status` object.
#[derive(Debug, Clone, Default)]
pub struct Refusal {
    /// HTTP status code.
    pub code: u16,
    /// Reason, one word: `Forbidden`, `Conflict`, `AlreadyExists`, …
    pub reason: String,
    /// Message for people.
    pub message: String,
    /// Causes.
    pub causes: Vec<Cause>,
    /// When to ask again, if it says so.
    pub retry_after: Option<Duration>,
}

/// One cause within a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    /// Reason, such as `FieldManagerConflict`.
    pub reason: String,
    /// Message.
    pub message: String,
    /// Field, such as `.spec.replicas`.
    pub field: String,
}

impl Refusal {
    pub(crate) fn read(code: u16, body: &str, retry_after: Option<Duration>) -> Self {
        let status: Value = serde_json::from_str(body).unwrap_or_default();
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let message = match text(&status, "message") {
            // Proxies between us and the server answer in HTML or plain text.
            message if message.is_empty() => body.trim().chars().take(300).collect(),
            message => message,
        };
        let causes = status.pointer("/details/causes").and_then(Value::as_array).into_iter().flatten();
        let causes = causes
            .map(|cause| Cause {
                reason: text(cause, "reason"),
                message: text(cause, "message"),
                field: text(cause, "field"),
            })
            .collect();
        let seconds = status.pointer("/details/retryAfterSeconds").and_then(Value::as_u64).map(Duration::from_secs);
        Self { code, reason: text(&status, "reason"), message, causes, retry_after: retry_after.or(seconds) }
    }

    fn has_cause(&self, reason: &str) -> bool {
        self.causes.iter().any(|cause| cause.reason == reason)
    }
}

impl ApiError {
    /// The refusal, if the server answered.
    pub fn refusal(&self) -> Option<&Refusal> {
        match &self.failure {
            Failure::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    fn code(&self) -> u16 {
        self.refusal().map_or(0, |refusal| refusal.code)
    }

    /// The object or its namespace is not there.
    pub fn is_not_found(&self) -> bool {
        self.code() == 404
    }

    /// Someone else was quicker, or owns a field.
    pub fn is_conflict(&self) -> bool {
        self.code() == 409
    }

    /// A create met an object that is there.
    pub fn is_already_exists(&self) -> bool {
        self.refusal().is_some_and(|refusal| refusal.reason == "AlreadyExists")
    }

    /// A watch asked for a past that the server has forgotten.
    pub fn is_gone(&self) -> bool {
        self.code() == 410
    }

    /// A JSON Patch whose `test` failed, or an object that the server does not accept.
    pub fn is_invalid(&self) -> bool {
        self.code() == 422
    }

    /// The server could not be reached at all.
    pub fn is_unreachable(&self) -> bool {
        matches!(self.failure, Failure::Unreachable { .. } | Failure::Timeout { .. })
    }

    /// The namespace is being deleted.
    pub fn is_namespace_terminating(&self) -> bool {
        self.refusal().is_some_and(|refusal| {
            refusal.has_cause("NamespaceTerminating") || refusal.message.contains("because it is being terminated")
        })
    }

    /// A resource quota is used up.
    pub fn is_quota(&self) -> bool {
        self.code() == 403 && self.refusal().is_some_and(|refusal| refusal.message.contains("exceeded quota"))
    }

    /// RBAC lacks a verb: returns it. A server-side apply of a new object needs `create` besides `patch`, so the verb is
    /// the one the server names, not the one we sent.
    pub fn missing_verb(&self) -> Option<String> {
        let refusal = self.refusal().filter(|refusal| refusal.code == 403)?;
        if self.is_quota() || self.is_namespace_terminating() {
            return None;
        }
        let (_, rest) = refusal.message.split_once(" cannot ")?;
        Some(rest.split_whitespace().next()?.to_owned())
    }

    pub(crate) fn with_hint(mut self, identity: &crate::connect::Identity) -> Self {
        self.hint = self.hint.take().or_else(|| self.find_hint(identity));
        self
    }

    fn find_hint(&self, identity: &crate::connect::Identity) -> Option<String> {
        let resource = self.operation.resource();
        match &self.failure {
            Failure::Refused(refusal) if refusal.code == 401 => Some(unauthorized(identity)),
            Failure::Refused(_) if self.is_quota() => {
                Some("raise or free the quota (kubectl describe resourcequota), or ask for less".to_owned())
            }
            Failure::Refused(_) if self.is_namespace_terminating() => {
                let namespace = self.operation.namespace.as_deref().unwrap_or_default();
                Some(format!("wait until namespace {namespace} is gone, then try again"))
            }
            Failure::Refused(_) => self.missing_verb().map(|verb| {
                let place = match &self.operation.namespace {
                    Some(namespace) => format!("a Role in namespace {namespace}"),
                    None => "a ClusterRole".to_owned(),
                };
                format!("allow the verb {verb} on {resource} in {place}")
            }),
            Failure::Unreachable { said, .. } => Some(unreachable(said, identity)),
            Failure::Timeout { .. } => {
                Some("check that the server answers, and raise the request timeout if it is slow".into())
            }
            Failure::Unreadable { .. } => None,
        }
    }
}

fn unauthorized(identity: &crate::connect::Identity) -> String {
    let user = crate::connect::of_user(identity.user.as_deref());
    match identity.certificate_until {
        Some(until) if until < jiff::Timestamp::now() => {
            format!("the client certificate{user} expired at {until}: renew it")
        }
        _ => format!("the server does not accept the credentials{user}; they may have expired: log in again"),
    }
}

fn unreachable(said: &str, identity: &crate::connect::Identity) -> String {
    let context = identity.context.as_deref().map(|context| format!(" of context {context:?}")).unwrap_or_default();
    if said.contains("certificate expired") || said.contains("Expired") {
        return format!("the certificate of the server{context} has expired: renew it on the cluster");
    }
    if said.contains("UnknownIssuer") || said.contains("BadSignature") {
        return format!(
            "the server's certificate{context} is signed by an authority we were not told of: check cluster_ca_certificate"
        );
    }
    if said.contains("NotValidForName") || said.contains("not valid for name") {
        return "the server's certificate bears another name: check host, or set tls_server_name".to_owned();
    }
    if let Some(until) = identity.certificate_until
        && until < jiff::Timestamp::now()
    {
        return format!(
            "the client certificate{} expired at {until}: renew it",
            crate::connect::of_user(identity.user.as_deref())
        );
    }
    format!("check that the cluster runs and that this machine reaches the server{context}")
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: ", self.operation)?;
        match &self.failure {
            Failure::Refused(refusal) => {
                let reason = if refusal.reason.is_empty() { "no reason given" } else { &refusal.reason };
                write!(f, "{} {reason}: {}", refusal.code, refusal.message)?;
            }
            Failure::Unreachable { server, said } => write!(f, "{server} is not reachable: {said}")?,
            Failure::Timeout { server, after } => write!(f, "no answer of {server} within {} s", after.as_secs())?,
            Failure::Unreadable { said } => write!(f, "the answer cannot be read: {said}")?,
        }
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::Identity;

    fn refused(code: u16, body: &str) -> ApiError {
        ApiError {
            operation: Box::new(Operation::on("patch", Kind::DEPLOYMENT, Some("shop"), Some("frontend"))),
            failure: Failure::Refused(Box::new(Refusal::read(code, body, None))),
            hint: None,
        }
        .with_hint(&Identity { user: Some("ann".into()), ..Identity::default() })
    }

    #[test]
    fn a_missing_verb_is_named_with_its_resource() {
        let error = refused(
            403,
            r#"{"reason":"Forbidden","message":"deployments.apps \"frontend\" is forbidden: User \"ann\" cannot create resource \"deployments\" in API group \"apps\" in the namespace \"shop\""}"#,
        );
        assert_eq!(error.missing_verb().as_deref(), Some("create"));
        let text = error.to_string();
        assert!(text.starts_with("cannot patch Deployment shop/frontend: 403 Forbidden"), "{text}");
        assert!(text.ends_with("allow the verb create on deployments.apps in a Role in namespace shop"), "{text}");
    }

    #[test]
    fn a_quota_is_no_missing_verb() {
        let error = refused(
            403,
            r#"{"reason":"Forbidden","message":"deployments.apps \"x\" is forbidden: exceeded quota: q, requested: count/deployments.apps=1"}"#,
        );
        assert!(error.is_quota());
        assert_eq!(error.missing_verb(), None);
        assert!(error.to_string().contains("kubectl describe resourcequota"));
    }

    #[test]
    fn a_namespace_on_its_way_out_is_told_as_such() {
        let error = refused(
            403,
            r#"{"reason":"Forbidden","message":"x is forbidden: unable to create new content in namespace shop because it is being terminated","details":{"causes":[{"reason":"NamespaceTerminating","message":"m","field":"metadata.namespace"}]}}"#,
        );
        assert!(error.is_namespace_terminating());
        assert!(error.to_string().contains("wait until namespace shop is gone"));
    }

    #[test]
    fn an_expired_client_certificate_is_told_with_its_date() {
        let identity = Identity { certificate_until: "2024-02-01T00:00:00Z".parse().ok(), ..Identity::default() };
        assert!(unauthorized(&identity).contains("expired at 2024-02-01"));
        assert!(unreachable("received fatal alert: CertificateUnknown", &identity).contains("expired at 2024-02-01"));
    }

    #[test]
    fn an_answer_in_html_is_shown_shortened() {
        let error = refused(502, &format!("<html>{}</html>", "x".repeat(1000)));
        assert!(error.to_string().len() < 600);
    }
}
