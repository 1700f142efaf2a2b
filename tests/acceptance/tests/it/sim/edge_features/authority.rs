//! An authority that no system knows.

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, Issuer, KeyPair};

use super::server::Pair;

/// Parameters of an authority of this name.
pub(crate) fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A new authority, PEM, and what it has signed for this machine.
pub(crate) fn signed() -> (String, Pair) {
    let authority = params("somebody's own authority");
    let key = KeyPair::generate().expect("a key");
    let trusted = authority.self_signed(&key).expect("a certificate").pem();
    let signer = Issuer::new(authority, key);
    let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    let key = KeyPair::generate().expect("a key");
    let certificate = leaf.signed_by(&key, &signer).expect("a certificate").pem();
    (trusted, Pair { certificate, key: key.serialize_pem() })
}
