//! Certificates that cert-manager is to make.

use boutique_core::edge::judge;
use boutique_core::edge::judge::{CertManager, EdgeObservation};
use serde_json::{Value, json};

use super::{NOW, list, mk_healthy, said};

/// Our own edge, whose certificate cert-manager is to make and has not made.
fn mk_not_issued(cert_manager: CertManager) -> EdgeObservation {
    let mut observation = mk_healthy();
    let spec = observation.spec.as_mut().expect("is ours");
    spec.tls = serde_json::from_value(json!({"cert_manager": {"name": "letsencrypt"}})).expect("is a certificate");
    list(&mut observation.ingresses)[0]["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] =
        json!("letsencrypt");
    observation.secrets = Some(Vec::new());
    observation.at = "2026-08-01T10:00:20Z".parse().ok();
    observation.cert_manager = Some(cert_manager);
    observation
}

fn mk_issuer(name: &str, ready: &str, message: &str) -> Value {
    let ready = json!({"type": "Ready", "status": ready, "reason": "ErrRegisterACMEAccount", "message": message});
    json!({"kind": "ClusterIssuer", "metadata": {"name": name}, "status": {"conditions": [ready]}})
}

#[test]
fn a_cluster_without_cert_manager_cannot_make_a_certificate() {
    insta::assert_snapshot!(said(&mk_not_issued(CertManager::default())));
}

#[test]
fn an_issuer_that_is_not_there_or_not_ready_is_named_with_those_that_are() {
    let issuers = vec![mk_issuer("internal", "True", ""), mk_issuer("staging", "True", "")];
    let served = CertManager { is_served: true, issuers: Some(issuers), certificates: Some(Vec::new()) };
    let missing = said(&mk_not_issued(served.clone()));
    let unready = vec![mk_issuer("letsencrypt", "False", "the account was refused: 403")];
    let unready = said(&mk_not_issued(CertManager { issuers: Some(unready), ..served }));
    insta::assert_snapshot!(format!("{missing}\n{unready}"));
}

#[test]
fn what_cert_manager_says_about_its_certificate_is_told() {
    let certificate = |status: Value| {
        let object = json!({"metadata": {"namespace": "shop", "name": "shop-tls"}, "spec": {"secretName": "shop-tls"}, "status": status});
        let issuers = Some(vec![mk_issuer("letsencrypt", "True", "")]);
        mk_not_issued(CertManager { is_served: true, issuers, certificates: Some(vec![object]) })
    };
    let issuing = certificate(json!({"conditions": [
        {"type": "Ready", "status": "False", "reason": "DoesNotExist", "message": "Issuing certificate as Secret does not exist"},
        {"type": "Issuing", "status": "True", "reason": "DoesNotExist", "message": "Issuing certificate as Secret does not exist"},
    ]}));
    assert!(!judge(&issuing)[0].settled, "it is at work");
    let failed = certificate(json!({"lastFailureTime": NOW, "conditions": [
        {"type": "Issuing", "status": "False", "reason": "Failed", "message": "the order is invalid: shop.local is no public name"},
    ]}));
    let nobody = mk_not_issued(CertManager {
        is_served: true,
        issuers: Some(vec![mk_issuer("letsencrypt", "True", "")]),
        certificates: Some(Vec::new()),
    });
    insta::assert_snapshot!([issuing, failed, nobody].map(|observation| said(&observation)).join("\n"));
}
