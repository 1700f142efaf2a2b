//! The shop by its URL.

use std::sync::Arc;

use boutique_cluster::outside::{Trust, Unaskable};
use boutique_cluster::purchase::{Problem, buy};
use boutique_cluster::storefront::{Reply, Storefront};
use boutique_core::catalogue::Page;
use rustls_pki_types::PrivatePkcs8KeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, crypto::aws_lc_rs};

use super::LIMIT;
use super::server::Server;

fn mk_storefront(url: &str, port: u16, trust: &Trust) -> Result<Storefront, Unaskable> {
    let resolve = format!("shop.local:{port}:127.0.0.1").parse().expect("is HOST:PORT:ADDRESS");
    Storefront::at(url.parse().expect("is a URL"), Some(&resolve), trust)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_by_url_goes_to_the_address_and_asks_for_the_host() {
    let server = Server::start("/online-boutique").await;
    let port = server.port();
    let url = format!("http://shop.local:{port}/online-boutique");
    let storefront = mk_storefront(&url, port, &Trust::Machine).expect("can be asked");
    assert_eq!(storefront.to_string(), format!("{url}/ (127.0.0.1:{port})"));
    let purchase = buy(&storefront, "boutique-buy-test", LIMIT, |_| {}).await;
    assert_eq!((purchase.problem(), purchase.way), (None, "url"));
    let seen = server.seen();
    assert_eq!((seen.len(), seen[0].path.as_str()), (5, "/online-boutique/"));
    assert!(seen.iter().all(|seen| seen.host == format!("shop.local:{port}")), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_listens_the_answer_names_the_address() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    drop(listener);
    let storefront = mk_storefront(&format!("http://shop.local:{port}"), port, &Trust::Machine).expect("can be asked");
    let purchase = buy(&storefront, "boutique-buy-test", LIMIT, |_| {}).await;
    let Some(Problem::Nobody { reason }) = purchase.problem() else { panic!("{purchase:?}") };
    assert!(reason.starts_with(&format!("127.0.0.1:{port}: ")), "{reason}");
}

/// Asks for the home page of a server that shows a certificate of its own making.
async fn ask_over_tls(trust: impl Fn(String) -> Trust) -> Reply {
    let made = rcgen::generate_simple_self_signed(["shop.local".to_owned()]).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("key and certificate belong together");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let port = listener.local_addr().expect("it has an address").port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("somebody comes");
        // Who does not trust the certificate hangs up.
        let Ok(mut stream) = TlsAcceptor::from(Arc::new(config)).accept(stream).await else { return };
        let _ = stream.read(&mut [0; 4096]).await;
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nHot Products";
        stream.write_all(answer).await.expect("the answer is taken");
        let _ = stream.shutdown().await;
    });
    let url = format!("https://shop.local:{port}");
    let storefront = mk_storefront(&url, port, &trust(made.cert.pem())).expect("can be asked");
    let shopper = storefront.shopper("boutique-buy-test");
    storefront.send(&shopper, &shopper.step(Page::Home), LIMIT).await.0
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_counts_if_the_given_authority_signed_it() {
    let reply = ask_over_tls(Trust::Authorities).await;
    let Reply::Shop(answer) = reply else { panic!("{reply:?}") };
    assert_eq!((answer.status, answer.body.as_str()), (200, "Hot Products"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_of_somebody_else_is_refused() {
    let other = rcgen::generate_simple_self_signed(["shop.local".to_owned()]).expect("a certificate").cert.pem();
    let reply = ask_over_tls(|_| Trust::Authorities(other.clone())).await;
    let Reply::Nobody(why) = reply else { panic!("{reply:?}") };
    assert!(why.contains("certificate"), "{why}");
}

#[test]
fn a_file_without_certificates_is_no_authority() {
    let error = mk_storefront("https://shop.local:1", 1, &Trust::Authorities("nothing".to_owned())).err();
    assert_eq!(
        error.map(|error| error.to_string()).as_deref(),
        Some("no certificate of an authority was found in the file")
    );
}
