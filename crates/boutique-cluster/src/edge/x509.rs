//! What a certificate says, as far as a browser would mind.

use boutique_core::edge::probe::CertificateFacts;
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _};
use tokio_rustls::rustls::{self, sign::CertifiedKey};
use x509_parser::{certificate::X509Certificate, extensions::GeneralName, prelude::FromDer as _, x509::X509Name};

/// What the first certificate of a PEM text says.
///
/// # Errors
/// What is wrong with the text.
pub(super) fn read_pem(pem: &[u8]) -> Result<CertificateFacts, String> {
    let first = CertificateDer::pem_slice_iter(pem).next().ok_or("it holds no certificate (PEM)")?;
    read(&first.map_err(|error| error.to_string())?)
}

/// What a certificate says.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(der: &[u8]) -> Result<CertificateFacts, String> {
    let (_, certificate) = X509Certificate::from_der(der).map_err(|error| format!("it is no certificate: {error}"))?;
    let time = |seconds: i64| Timestamp::from_second(seconds).map_err(|error| error.to_string());
    let validity = certificate.validity();
    Ok(CertificateFacts {
        not_before: time(validity.not_before.timestamp())?,
        not_after: time(validity.not_after.timestamp())?,
        names: names(&certificate),
        subject: common_name(certificate.subject()),
        issuer: common_name(certificate.issuer()),
    })
}

/// Names for which it stands; the common name counts only where there is no list of them.
fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let listed = certificate.subject_alternative_name().ok().flatten();
    let listed: Vec<String> =
        listed.map(|extension| extension.value.general_names.iter().filter_map(name).collect()).unwrap_or_default();
    if !listed.is_empty() {
        return listed;
    }
    Some(common_name(certificate.subject())).filter(|name| !name.is_empty()).into_iter().collect()
}

/// The common name; where there is none, all of the name.
fn common_name(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().find_map(|part| part.as_str().ok());
    common.map_or_else(|| name.to_string(), str::to_owned)
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| std::net::IpAddr::from(bytes).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::IpAddr::from(bytes).to_string()),
        },
        _ => None,
    }
}

/// Why a key is not the one of a certificate, both PEM; none if it is.
pub(super) fn pair_problem(certificate: &[u8], key: &[u8]) -> Option<String> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate).flatten().collect();
    let key = match PrivateKeyDer::from_pem_slice(key) {
        Ok(key) => key,
        Err(error) => return Some(format!("its key cannot be read: {error}")),
    };
    match CertifiedKey::from_der(chain, key, &rustls::crypto::aws_lc_rs::default_provider()) {
        Ok(_) => None,
        Err(error) => Some(format!("certificate and key do not go together: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_certificate_says_so() {
        assert_eq!(read_pem(b"no"), Err("it holds no certificate (PEM)".to_owned()));
        assert!(read(b"no").unwrap_err().starts_with("it is no certificate"));
    }
}
