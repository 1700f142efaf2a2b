//! The lab's certificates: one authority, and what it issues.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::cache::write_atomically;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate and its private key, PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    /// The certificate.
    pub(crate) certificate: String,
    /// Its private key.
    pub(crate) key: String,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pair").field("certificate", &self.certificate).field("key", &"…").finish()
    }
}

impl Pair {
    /// Writes `<name>.crt` and `<name>.key`.
    pub(crate) fn write(&self, folder: &Path, name: &str) -> Result<()> {
        write_atomically(&folder.join(format!("{name}.crt")), self.certificate.as_bytes())?;
        write_atomically(&folder.join(format!("{name}.key")), self.key.as_bytes())
    }
}

/// From when until when a certificate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// From yesterday, for ten years.
    Long,
    /// It ended yesterday.
    Expired,
}

/// Whom a certificate stands for.
#[derive(Clone, Debug)]
pub(crate) enum Subject<'a> {
    /// A client: user name and group. One group is all that rcgen can say.
    Client { user: &'a str, group: Option<&'a str> },
    /// A server that is reached by these names and addresses.
    Server { name: &'a str, reached_as: &'a [String] },
}

/// The certificate authority of a lab, kept in its `pki` folder.
pub(crate) struct Authority {
    name: String,
    pair: Pair,
}

impl Authority {
    /// Makes a new one.
    pub(crate) fn new(name: &str) -> Result<Self> {
        let key = KeyPair::generate()?;
        let certificate = Self::params(name)?.self_signed(&key)?;
        let pair = Pair { certificate: certificate.pem(), key: key.serialize_pem() };
        Ok(Self { name: name.to_owned(), pair })
    }

    /// Reads the one that [`Pair::write`] wrote.
    pub(crate) fn read(folder: &Path, name: &str) -> Result<Self> {
        let text = |extension: &str| {
            let path = folder.join(format!("{name}.{extension}"));
            fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
        };
        Ok(Self { name: name.to_owned(), pair: Pair { certificate: text("crt")?, key: text("key")? } })
    }

    fn params(name: &str) -> Result<CertificateParams> {
        let mut params = params(name, None, Validity::Long)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        Ok(params)
    }

    /// Its own certificate and key.
    pub(crate) fn pair(&self) -> &Pair {
        &self.pair
    }

    /// Issues a certificate.
    pub(crate) fn issue(&self, subject: &Subject<'_>, validity: Validity) -> Result<Pair> {
        let (mut params, usage) = match subject {
            Subject::Client { user, group } => (params(user, *group, validity)?, ExtendedKeyUsagePurpose::ClientAuth),
            Subject::Server { name, reached_as } => {
                let mut params = CertificateParams::new(reached_as.to_vec())?;
                params.distinguished_name = distinguished(name, None);
                limit(&mut params, validity);
                (params, ExtendedKeyUsagePurpose::ServerAuth)
            }
        };
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        let issuer = Issuer::new(Self::params(&self.name)?, KeyPair::from_pem(&self.pair.key)?);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?;
        Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

fn params(user: &str, group: Option<&str>, validity: Validity) -> Result<CertificateParams> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = distinguished(user, group);
    limit(&mut params, validity);
    Ok(params)
}

/// Kubernetes reads a client's user from CN and its group from O.
fn distinguished(user: &str, group: Option<&str>) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, user);
    if let Some(group) = group {
        name.push(DnType::OrganizationName, group);
    }
    name
}

fn limit(params: &mut CertificateParams, validity: Validity) {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let at = |since_epoch: Duration| rcgen::date_time_ymd(1970, 1, 1) + since_epoch;
    (params.not_before, params.not_after) = match validity {
        Validity::Long => (at(now - DAY), at(now + 3650 * DAY)),
        Validity::Expired => (at(now - 30 * DAY), at(now - DAY)),
    };
}

/// Writes the key that signs ServiceAccount tokens, `service-account.key`, and `service-account.pub` that checks them.
pub(crate) fn write_service_account_key(folder: &Path) -> Result<()> {
    let key = KeyPair::generate()?;
    write_atomically(&folder.join("service-account.key"), key.serialize_pem().as_bytes())?;
    write_atomically(&folder.join("service-account.pub"), key.public_key_pem().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_issues_again_after_it_was_written_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("ca").unwrap();
        authority.pair().write(folder.path(), "ca").unwrap();
        let again = Authority::read(folder.path(), "ca").unwrap();
        let subject = Subject::Client { user: "admin", group: Some("system:masters") };
        assert!(again.issue(&subject, Validity::Long).unwrap().certificate.contains("BEGIN CERTIFICATE"));
    }

    #[test]
    fn a_pair_does_not_show_its_key_in_debug_output() {
        let pair = Authority::new("ca").unwrap().pair().clone();
        assert!(!format!("{pair:?}").contains("PRIVATE KEY"));
    }
}
