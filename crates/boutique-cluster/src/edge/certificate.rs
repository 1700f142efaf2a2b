//! The certificate of an ingress that signs its own: an authority and what it issues, made by us and kept in Secrets.
//!
//! The authority's Secret is never named by an Ingress. A certificate that has to be made anew, because it ends soon or
//! hosts changed, is signed by the same authority with the same key, so that whoever trusts the authority goes on trusting.
//! Nothing of a key leaves the cluster but in memory; only the authority's certificate is an answer.

use std::{collections::BTreeMap, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use boutique_core::{
    contract::{CONTRACT, CONTRACT_VERSION, FIELD_MANAGER, SetId},
    object::{Kind, Manifest},
};
use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use serde_json::{Value, json};

use super::x509;
use crate::{
    connect::Cluster,
    request::{ApiError, Propagation},
};

/// How long an authority counts.
const AUTHORITY_DAYS: i64 = 3650;
/// How long a certificate counts; browsers believe no longer one.
const DAYS: i64 = 397;
/// A certificate that ends within this time is made anew by the next apply.
const RENEW_DAYS: i64 = 30;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// A request failed.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Somebody else has a Secret of that name.
    #[error(
        "Secret {namespace}/{name} exists and was not made by this resource: the self-signed certificate would overwrite it; \
         delete it (kubectl delete secret {name} -n {namespace}), or use it (tls = {{ secret = {name:?} }})"
    )]
    Foreign {
        /// Namespace of the Secret.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// The certificate could not be made.
    #[error("the certificate for {hosts} could not be made: {source}")]
    Made {
        /// Hosts that it was to stand for.
        hosts: String,
        /// What the library said.
        source: rcgen::Error,
    },
}

/// Secrets to hold certificates, each with the hosts that it stands for.
pub(crate) type Wanted = BTreeMap<String, Vec<String>>;

/// Name of the Secret of the authority.
fn authority_name(id: &SetId) -> String {
    format!("{}-ca", id.parent_name())
}

/// The certificates as they are in the cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct Standing {
    /// Certificate of the authority, PEM; none if there is none that could sign.
    pub(crate) authority: Option<String>,
    /// What an apply would put right, as sentences.
    pub(crate) pending: Vec<String>,
}

/// Looks at the certificates.
pub(crate) async fn read(cluster: &Cluster, id: &SetId, wanted: &Wanted) -> Result<Standing, ApiError> {
    let found = find(cluster, id, wanted).await?;
    let now = Timestamp::now();
    let mut standing = Standing { authority: None, pending: Vec::new() };
    match usable_authority(found.get(&authority_name(id)), now) {
        Ok(authority) => standing.authority = Some(authority.certificate),
        Err(why) => {
            let name = authority_name(id);
            standing
                .pending
                .push(format!("Secret {}/{name}: the authority {why}; the next apply makes one", id.namespace));
        }
    }
    for (name, hosts) in wanted {
        if let Some(why) = unfit(found.get(name), standing.authority.as_deref(), hosts, now) {
            standing
                .pending
                .push(format!("Secret {}/{name}: the certificate {why}; the next apply makes one", id.namespace));
        }
    }
    Ok(standing)
}

/// Makes what is not there or not fit any more, and answers the authority's certificate.
pub(crate) async fn ensure(cluster: &Cluster, id: &SetId, wanted: &Wanted) -> Result<String, CertificateError> {
    let found = find(cluster, id, wanted).await?;
    for (name, secret) in &found {
        if !id.owns(secret) {
            return Err(CertificateError::Foreign { namespace: id.namespace.clone(), name: name.clone() });
        }
    }
    let now = Timestamp::now();
    let authority = match usable_authority(found.get(&authority_name(id)), now) {
        Ok(authority) => authority,
        Err(why) => {
            tracing::info!("a new authority is made for {}: the old one {why}", id.described());
            let authority = Pair::authority(id, now)?;
            store(cluster, id, &authority_name(id), &authority, None).await?;
            authority
        }
    };
    for (name, hosts) in wanted {
        let secret = found.get(name);
        if let Some(why) = unfit(secret, Some(&authority.certificate), hosts, now) {
            tracing::info!("a new certificate is made for {}: the old one {why}", hosts.join(", "));
            let leaf = Pair::leaf(id, &authority, hosts, secret.and_then(|secret| part(secret, "tls.key")), now)?;
            store(cluster, id, name, &leaf, Some(&authority.certificate)).await?;
        }
    }
    Ok(authority.certificate)
}

/// Deletes all Secrets of the ingress.
pub(crate) async fn remove(cluster: &Cluster, id: &SetId) -> Result<(), ApiError> {
    let ours = cluster.list(Kind::SECRET, Some(&id.namespace), &id.selector()).await?;
    for secret in ours.items.iter().filter(|secret| id.owns(secret)) {
        cluster.delete_live(secret, Propagation::Background).await?;
    }
    Ok(())
}

async fn find(cluster: &Cluster, id: &SetId, wanted: &Wanted) -> Result<BTreeMap<String, Value>, ApiError> {
    let authority = authority_name(id);
    let names = wanted.keys().chain([&authority]);
    let asked = names.map(|name| async move {
        let secret = cluster.get(Kind::SECRET, Some(&id.namespace), name).await?;
        Ok::<_, ApiError>(secret.map(|secret| (name.clone(), secret)))
    });
    Ok(futures::future::try_join_all(asked).await?.into_iter().flatten().collect())
}

async fn store(
    cluster: &Cluster,
    id: &SetId,
    name: &str,
    pair: &Pair,
    authority: Option<&str>,
) -> Result<(), ApiError> {
    let encode = |text: &str| BASE64_STANDARD.encode(text);
    let mut data = json!({"tls.crt": encode(&pair.certificate), "tls.key": encode(&pair.key)});
    if let Some(authority) = authority {
        data["ca.crt"] = encode(authority).into();
    }
    let body = json!({"type": "kubernetes.io/tls", "data": data});
    let mut secret = Manifest::new(Kind::SECRET, &id.namespace, name, body);
    for (key, value) in id.labels() {
        secret.set_label(key, value);
    }
    secret.set_label(CONTRACT, CONTRACT_VERSION.to_string());
    // Only we write it; a value of somebody else in it would be no pair with ours.
    cluster.server_side_apply(&secret, FIELD_MANAGER, true).await.map(drop)
}

/// A text of a Secret.
fn part(secret: &Value, key: &str) -> Option<String> {
    let encoded = secret.get("data")?.get(key)?.as_str()?;
    String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()
}

/// The authority of a Secret, or why it cannot sign.
fn usable_authority(secret: Option<&Value>, now: Timestamp) -> Result<Pair, String> {
    let secret = secret.ok_or("is missing")?;
    let pair = part(secret, "tls.crt").zip(part(secret, "tls.key"));
    let (certificate, key) = pair.ok_or("has no certificate or no key")?;
    let facts = x509::read_pem(certificate.as_bytes())?;
    // What it signs must not outlive it.
    if facts.not_after < now + days(DAYS) {
        return Err(format!("ends at {}", facts.not_after));
    }
    KeyPair::from_pem(&key).map_err(|error| format!("has no readable key ({error})"))?;
    Ok(Pair { certificate, key })
}

/// Why a certificate has to be made anew; none if it need not.
fn unfit(secret: Option<&Value>, authority: Option<&str>, hosts: &[String], now: Timestamp) -> Option<String> {
    let Some(secret) = secret else { return Some("is missing".to_owned()) };
    let pair = part(secret, "tls.crt").zip(part(secret, "tls.key"));
    let Some((certificate, key)) = pair else { return Some("has no certificate or no key".to_owned()) };
    let facts = match x509::read_pem(certificate.as_bytes()) {
        Ok(facts) => facts,
        Err(why) => return Some(format!("cannot be read: {why}")),
    };
    if let Err(error) = KeyPair::from_pem(&key) {
        return Some(format!("has no readable key ({error})"));
    }
    if authority.is_none() || part(secret, "ca.crt").as_deref() != authority {
        return Some("is not signed by the authority of this resource".to_owned());
    }
    if facts.not_after < now + days(RENEW_DAYS) {
        return Some(format!("ends at {}", facts.not_after));
    }
    let unnamed: Vec<&str> = hosts.iter().filter(|host| !facts.covers(host)).map(String::as_str).collect();
    (!unnamed.is_empty()).then(|| format!("does not stand for {}", unnamed.join(", ")))
}

/// A certificate and its key, PEM.
struct Pair {
    certificate: String,
    key: String,
}

impl Pair {
    fn authority(id: &SetId, now: Timestamp) -> Result<Self, CertificateError> {
        let make = || {
            let key = KeyPair::generate()?;
            let certificate = authority_params(id, now)?.self_signed(&key)?;
            Ok(Self { certificate: certificate.pem(), key: key.serialize_pem() })
        };
        make().map_err(|source| CertificateError::Made { hosts: id.described(), source })
    }

    /// A certificate for hosts, with the key that was used before if there is one.
    fn leaf(
        id: &SetId,
        authority: &Self,
        hosts: &[String],
        key: Option<String>,
        now: Timestamp,
    ) -> Result<Self, CertificateError> {
        let make = || {
            let kept = key.and_then(|pem| KeyPair::from_pem(&pem).ok());
            let key = kept.map_or_else(KeyPair::generate, Ok)?;
            let mut params = CertificateParams::new(hosts.to_vec())?;
            params.distinguished_name = common_name(hosts.first().map_or("boutique", String::as_str));
            limit(&mut params, now, DAYS);
            params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            params.use_authority_key_identifier_extension = true;
            let issuer = Issuer::new(authority_params(id, now)?, KeyPair::from_pem(&authority.key)?);
            let certificate = params.signed_by(&key, &issuer)?;
            Ok(Self { certificate: certificate.pem(), key: key.serialize_pem() })
        };
        make().map_err(|source| CertificateError::Made { hosts: hosts.join(", "), source })
    }
}

/// The authority's certificate but for its key: the same name whenever it signs.
fn authority_params(id: &SetId, now: Timestamp) -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.distinguished_name = common_name(&format!("boutique {} authority", id.described()));
    limit(&mut params, now, AUTHORITY_DAYS);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    // RFC 5280 allows 64 characters.
    names.push(DnType::CommonName, name.chars().take(64).collect::<String>());
    names
}

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// From yesterday, because clocks differ, until so many days from now.
fn limit(params: &mut CertificateParams, now: Timestamp, valid: i64) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let at = |time: Timestamp| epoch + Duration::from_secs(u64::try_from(time.as_second()).unwrap_or_default());
    (params.not_before, params.not_after) = (at(now - days(1)), at(now + days(valid)));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(pair: &Pair, authority: Option<&Pair>) -> Value {
        let encode = |text: &str| BASE64_STANDARD.encode(text);
        let mut secret = json!({"data": {"tls.crt": encode(&pair.certificate), "tls.key": encode(&pair.key)}});
        if let Some(authority) = authority {
            secret["data"]["ca.crt"] = encode(&authority.certificate).into();
        }
        secret
    }

    fn hosts() -> Vec<String> {
        vec!["shop.local".to_owned(), "grafana.shop.local".to_owned()]
    }

    fn made(now: Timestamp) -> (Pair, Pair) {
        let id = SetId::ingress("shop", "shop");
        let authority = Pair::authority(&id, now).unwrap();
        let leaf = Pair::leaf(&id, &authority, &hosts(), None, now).unwrap();
        (authority, leaf)
    }

    #[test]
    fn a_certificate_stands_for_its_hosts_until_it_ends_soon_or_hosts_change() {
        let now = Timestamp::now();
        let (authority, leaf) = made(now);
        let stored = secret(&leaf, Some(&authority));
        let why = |hosts: &[String], now| unfit(Some(&stored), Some(&authority.certificate), hosts, now);
        assert_eq!(why(&hosts(), now), None);
        assert_eq!(why(&hosts()[..1], now), None, "a host less is no reason to make a new one");
        assert!(why(&["other.local".to_owned()], now).unwrap().contains("does not stand for other.local"));
        assert!(why(&hosts(), now + days(DAYS - RENEW_DAYS + 1)).unwrap().starts_with("ends at"));
        assert!(unfit(Some(&stored), Some("another"), &hosts(), now).unwrap().contains("not signed by"));
        assert_eq!(unfit(None, Some(&authority.certificate), &hosts(), now).as_deref(), Some("is missing"));
    }

    #[test]
    fn an_authority_signs_again_with_the_same_name_and_a_certificate_keeps_its_key() {
        let now = Timestamp::now();
        let (authority, leaf) = made(now);
        let again = usable_authority(Some(&secret(&authority, None)), now).unwrap_or_else(|why| panic!("{why}"));
        assert_eq!(again.certificate, authority.certificate);
        let id = SetId::ingress("shop", "shop");
        let renewed = Pair::leaf(&id, &again, &hosts(), Some(leaf.key.clone()), now).unwrap();
        assert_eq!(renewed.key, leaf.key);
        assert_ne!(renewed.certificate, leaf.certificate);
        let facts = x509::read_pem(renewed.certificate.as_bytes()).unwrap();
        assert_eq!(facts.names, hosts());
        assert_eq!(
            (facts.subject.as_str(), facts.issuer.as_str()),
            ("shop.local", "boutique ingress shop/shop authority")
        );
    }

    #[test]
    fn a_key_of_another_certificate_is_noticed() {
        let now = Timestamp::now();
        let ((_, leaf), (_, other)) = (made(now), made(now));
        assert_eq!(x509::pair_problem(leaf.certificate.as_bytes(), leaf.key.as_bytes()), None);
        assert!(x509::pair_problem(leaf.certificate.as_bytes(), other.key.as_bytes()).is_some());
        assert!(x509::pair_problem(leaf.certificate.as_bytes(), b"no key").unwrap().contains("key cannot be read"));
    }

    #[test]
    fn an_authority_that_would_end_before_what_it_signs_is_not_used() {
        let now = Timestamp::now();
        let (authority, _) = made(now);
        let late = now + days(AUTHORITY_DAYS - DAYS + 1);
        assert!(usable_authority(Some(&secret(&authority, None)), late).is_err_and(|why| why.starts_with("ends at")));
        assert!(usable_authority(None, now).is_err());
        assert!(usable_authority(Some(&json!({"data": {}})), now).is_err());
    }
}
