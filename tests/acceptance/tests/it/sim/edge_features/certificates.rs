//! Certificates that others make, that are missing or no good, and one of our own that ends soon.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{CertificateParams, Issuer, KeyPair};

use super::authority;
use super::place::{ADDRESS, Place};
use super::server::Pair;

/// A certificate for these hosts that began ten days ago and ends in so many days; a negative number lies in the past.
fn leaf(hosts: &[&str], days: i64, authority: Option<(&str, &Pair)>) -> Pair {
    let mut params =
        CertificateParams::new(hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>()).expect("names");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs();
    let at = |days: i64| {
        let seconds = now.saturating_add_signed(days * 86_400);
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(seconds)
    };
    (params.not_before, params.not_after) = (at(days.min(0) - 10), at(days));
    let key = KeyPair::generate().expect("a key");
    let certificate = match authority {
        None => params.self_signed(&key),
        Some((name, signer)) => {
            let signer = Issuer::new(authority::params(name), KeyPair::from_pem(&signer.key).expect("a key"));
            params.signed_by(&key, &signer)
        }
    };
    Pair { certificate: certificate.expect("a certificate").pem(), key: key.serialize_pem() }
}

impl Place {
    /// Makes a Secret with a certificate, as a person does.
    fn make_secret(&self, name: &str, pair: &Pair) {
        let (certificate, key) = (self.module.folder().join("tls.crt"), self.module.folder().join("tls.key"));
        std::fs::write(&certificate, &pair.certificate).expect("a file can be written");
        std::fs::write(&key, &pair.key).expect("a file can be written");
        let [certificate, key] =
            [("--cert", certificate), ("--key", key)].map(|(flag, path)| format!("{flag}={}", path.display()));
        self.namespace.kubectl(&["create", "secret", "tls", name, &certificate, &key]).expect_success("kubectl create");
    }
}

#[test]
fn our_own_certificate_that_ends_soon_is_in_the_plan_and_made_anew_under_the_same_authority() {
    let place = Place::reachable("renew");
    let name = &place.namespace.name;
    place.apply(&place.resource("tls = { self_signed = true, redirect = false }")).expect_success("terraform apply");
    place.expect_empty_plan("after an apply");
    let trusted = place.module.state(ADDRESS)["ca_certificate"].clone();

    // As it is almost a year later.
    let authority = place.secret("boutique-ingress-edge-ca").read().expect("there is an authority");
    let signer = format!("boutique ingress {name}/edge authority");
    let signer: String = signer.chars().take(64).collect();
    let old = leaf(&[&format!("{name}.local")], 10, Some((&signer, &authority)));
    let patch = serde_json::json!({"stringData": {"tls.crt": old.certificate, "tls.key": old.key}}).to_string();
    let args = ["patch", "secret", "edge-tls", "--type=merge", "--patch", &patch];
    place.namespace.kubectl(&args).expect_success("kubectl patch");
    let plan = place.module.plan();
    assert_eq!(plan.actions(ADDRESS), ["update"], "{}", plan.said.text());
    let pending = plan.pending(ADDRESS).join("\n");
    let words = format!("Secret {name}/edge-tls: the certificate ends at ");
    assert!(pending.contains(&words) && pending.contains("the next apply makes one"), "{pending}");

    // The wait of the apply asks with the authority's certificate, so that what is served then is good.
    place.module.apply().expect_success("terraform apply");
    let new = place.secret("edge-tls").read().expect("is there");
    assert!(new.certificate != old.certificate && new.key == old.key, "a new certificate for the same key");
    assert_eq!(place.module.state(ADDRESS)["ca_certificate"], trusted, "who trusted goes on trusting");
    place.expect_empty_plan("after the renewal");
}

#[test]
fn a_certificate_of_a_person_is_judged_and_taken_when_it_is_good() {
    let place = Place::reachable("secret");
    let host = format!("{}.local", place.namespace.name);
    let resource = place.resource("tls = { secret = \"edge-tls\", redirect = false }");
    place.make_secret("edge-tls", &leaf(&["other.local"], -2, None));
    let said = place.apply(&resource).expect_failure("terraform apply");
    let [expired, other] = ["expired on", "is for another host"].map(|what| format!("{host}: the certificate {what}"));
    said.assert_says(&[
        "BTQ-2010",
        &expired,
        "BTQ-2012",
        &other,
        "its names are other.local",
        "create secret tls edge-tls",
    ]);
    assert!(!place.module.state(ADDRESS).is_null(), "what exists is in the state");

    place.namespace.kubectl(&["delete", "secret", "edge-tls"]).expect_success("kubectl delete");
    place.make_secret("edge-tls", &leaf(&[&host], 5, None));
    place.module.run(&["untaint", ADDRESS]).expect_success("terraform untaint");
    let said = place.module.apply().expect_success("terraform apply");
    said.assert_says(&["BTQ-2011", "the certificate expires in"]);
    place.expect_empty_plan("after an apply");
}

/// cert-manager's kinds as far as we look at them. The group belongs to the whole cluster, so one test alone uses it.
fn kinds() -> String {
    let kind = |kind: &str, plural: &str, scope: &str| {
        format!(
            "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: {plural}.cert-manager.io}}
spec:
  group: cert-manager.io
  scope: {scope}
  names: {{kind: {kind}, plural: {plural}}}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {{openAPIV3Schema: {{type: object, x-kubernetes-preserve-unknown-fields: true}}}}
---
"
        )
    };
    [
        ("Certificate", "certificates", "Namespaced"),
        ("Issuer", "issuers", "Namespaced"),
        ("ClusterIssuer", "clusterissuers", "Cluster"),
    ]
    .map(|(one, plural, scope)| kind(one, plural, scope))
    .concat()
}

struct Kinds<'a>(&'a Place);

impl<'a> Kinds<'a> {
    fn serve(place: &'a Place) -> Self {
        place.namespace.apply(&kinds(), &[]).expect_success("kubectl apply");
        let made = Self(place);
        let wait = [
            "wait",
            "--for=condition=Established",
            "--timeout=60s",
            "crd/certificates.cert-manager.io",
            "crd/issuers.cert-manager.io",
        ];
        place.namespace.cluster(&wait).expect_success("kubectl wait");
        made
    }
}

impl Drop for Kinds<'_> {
    fn drop(&mut self) {
        let names = ["certificates", "issuers", "clusterissuers"].map(|plural| format!("{plural}.cert-manager.io"));
        let [a, b, c] = &names;
        self.0.namespace.cluster(&["delete", "crd", a, b, c, "--ignore-not-found", "--wait=false"]);
    }
}

#[test]
fn a_certificate_of_cert_manager_is_waited_for_and_what_is_in_its_way_is_named() {
    let place = Place::reachable("issued");
    let host = format!("{}.local", place.namespace.name);
    let tls = "tls = { cert_manager = { issuer = \"letsencrypt\", kind = \"Issuer\" }, redirect = false }";
    let resource = place.resource(tls);

    let said = place.apply(&resource).expect_failure("terraform apply");
    let missing = format!("{host}: the Secret edge-tls with its certificate does not exist");
    said.assert_says(&[
        "BTQ-2008",
        &missing,
        "cert-manager is not installed",
        "https://cert-manager.io/docs/installation",
    ]);
    let route = place.namespace.get("ingress", "edge");
    assert_eq!(route["metadata"]["annotations"]["cert-manager.io/issuer"], "letsencrypt");
    place.module.run(&["untaint", ADDRESS]).expect_success("terraform untaint");

    let kinds = Kinds::serve(&place);
    let issuer = "apiVersion: cert-manager.io/v1\nkind: Issuer\nmetadata: {name: letsencrypt}\nstatus: {conditions: [{type: Ready, \
                  status: 'True'}]}\n";
    let certificate = "---\napiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: edge-tls}\nspec: {secretName: \
                       edge-tls}\nstatus: {lastFailureTime: '2026-11-22T00:00:00Z', conditions: [{type: Issuing, status: 'False', \
                       reason: Failed, message: the order is invalid}]}\n";
    place.namespace.apply(&format!("{issuer}{certificate}"), &[]).expect_success("kubectl apply");
    let said = place.module.apply().expect_failure("terraform apply");
    let words = [
        "BTQ-2008",
        "has tried and failed (Issuer letsencrypt)",
        "Failed: the order is invalid",
        "describe certificate edge-tls",
    ];
    said.assert_says(&words);
    drop(kinds);

    // What cert-manager does in the end.
    place.make_secret("edge-tls", &leaf(&[&host], 90, None));
    place.module.apply().expect_success("terraform apply");
    place.expect_empty_plan("with the certificate");
    assert_eq!(place.module.state(ADDRESS)["url"], format!("https://{host}:{}", place.https.port));
    assert!(place.module.state(ADDRESS)["ca_certificate"].is_null(), "the authority is not ours to tell");
}
