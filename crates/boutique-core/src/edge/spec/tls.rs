//! Where the certificate comes from.

use serde::{Deserialize, Serialize};

/// Where the certificate comes from; exactly one of the first three.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsSpec {
    /// Name of a Secret of type `kubernetes.io/tls` in the ingress' namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// An issuer of cert-manager that is to make it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_manager: Option<Issuer>,
    /// Made once, with a certificate authority of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub self_signed: bool,
    /// Whether plain HTTP is sent on to HTTPS; where nothing is said, it is if the controller's kind is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect: Option<bool>,
}

/// The one source of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsSource<'a> {
    /// A Secret that others keep.
    Secret(&'a str),
    /// An issuer of cert-manager.
    CertManager(&'a Issuer),
    /// Our own certificate authority.
    SelfSigned,
}

impl TlsSpec {
    /// The source, if exactly one is named.
    #[must_use]
    pub fn source(&self) -> Option<TlsSource<'_>> {
        match (&self.secret, &self.cert_manager, self.self_signed) {
            (Some(secret), None, false) => Some(TlsSource::Secret(secret)),
            (None, Some(issuer), false) => Some(TlsSource::CertManager(issuer)),
            (None, None, true) => Some(TlsSource::SelfSigned),
            _ => None,
        }
    }
}

/// An issuer of cert-manager.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issuer {
    /// Whether it serves one namespace or all.
    #[serde(default)]
    pub kind: IssuerKind,
    /// Its name.
    pub name: String,
}

impl Issuer {
    /// Annotation of an Ingress by which cert-manager learns of the issuer; its value is the name.
    #[must_use]
    pub const fn annotation(&self) -> &'static str {
        match self.kind {
            IssuerKind::Issuer => "cert-manager.io/issuer",
            IssuerKind::ClusterIssuer => "cert-manager.io/cluster-issuer",
        }
    }
}

/// The two kinds of issuers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum IssuerKind {
    /// Of the ingress' namespace.
    Issuer,
    /// Of the whole cluster.
    #[default]
    ClusterIssuer,
}

impl IssuerKind {
    /// As in manifests.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issuer => "Issuer",
            Self::ClusterIssuer => "ClusterIssuer",
        }
    }
}
