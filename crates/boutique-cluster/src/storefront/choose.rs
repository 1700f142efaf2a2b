//! Which way to take, where nobody has named one.

use std::time::Duration;

use boutique_core::catalogue::Page;
use boutique_core::purchase::judge;
use boutique_core::url::{Resolve, ShopUrl};
use boutique_core::view::RouteView;

use super::{Reply, Storefront};
use crate::connect::Cluster;
use crate::edge;
use crate::outside::Trust;
use crate::request::ApiError;

/// How long the home page may take for its way to be taken.
const LIMIT: Duration = Duration::from_secs(3);

/// A way to the shop, and why it is this one.
#[derive(Clone)]
pub struct Chosen {
    /// The way.
    pub storefront: Storefront,
    /// Which and why: a sentence for people, without a full stop.
    pub said: String,
}

/// Finds the best way to the shop of a namespace: the first of its own routes that leads to the home page from here, as
/// customers come; else through the API server. Asks for the home page, and for nothing else.
///
/// # Errors
///
/// When the API server does not answer the questions that this takes.
pub async fn choose(cluster: &Cluster, namespace: &str) -> Result<Chosen, ApiError> {
    // Boxed, because callers keep this future within others.
    let routes = Box::pin(edge::look(cluster, namespace)).await?;
    let mut others = Vec::new();
    for route in &routes {
        match by(route).await {
            Ok(chosen) => return Ok(chosen),
            Err(why) => others.push(format!("{}: {why}", route.url)),
        }
    }
    let storefront = Storefront::open(cluster, namespace).await?;
    let reason = match others.as_slice() {
        [] => "no Ingress leads to the shop".to_owned(),
        others => format!("no route of the shop leads to it from here ({})", others.join("; ")),
    };
    let said = format!("{reason}, so pages are asked for through {storefront}");
    Ok(Chosen { storefront, said })
}

/// The way by a route of which it is known what it answered when the shop's routes were looked at.
async fn by(route: &RouteView) -> Result<Chosen, String> {
    if let Some(why) = &route.unasked {
        return Err(why.clone());
    }
    match &route.front_page {
        Some(page) if !page.good => return Err(format!("answered {}", page.answer)),
        _ => {}
    }
    let Some((url, address)) = route.target() else {
        return Err("nobody has said at which address".to_owned());
    };
    let resolve = Resolve { host: url.host.clone(), port: url.port, address: address.to_owned() };
    let checked = leads_to_shop(&url, &resolve, &Trust::Machine).await;
    match checked {
        Ok(storefront) => Ok(told(storefront, "")),
        // A certificate of the shop's own making is no reason to ask the API server.
        Err(_) if url.secure => {
            let storefront = leads_to_shop(&url, &resolve, &Trust::Anybody).await?;
            Ok(told(storefront, "; who signed its certificate is not checked"))
        }
        Err(why) => Err(why),
    }
}

fn told(storefront: Storefront, more: &str) -> Chosen {
    let said = format!("pages are asked for as customers do, at {storefront}{more}");
    Chosen { storefront, said }
}

async fn leads_to_shop(url: &ShopUrl, resolve: &Resolve, trust: &Trust) -> Result<Storefront, String> {
    let storefront = Storefront::at(url.clone(), Some(resolve), trust).map_err(|error| error.to_string())?;
    let shopper = storefront.shopper("boutique-status");
    let step = shopper.step(Page::Home);
    match storefront.send(&shopper, &step, LIMIT).await.0 {
        Reply::Shop(answer) => judge(&step, &answer).map(|()| storefront).map_err(|complaint| complaint.to_string()),
        Reply::Nobody(why) | Reply::Unknown(why) => Err(why),
        Reply::Timeout => Err(format!("no answer within {} s", LIMIT.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use boutique_core::view::FrontPage;

    use super::*;

    /// A route to a server that answers every page with these.
    async fn mk_route(status: StatusCode, body: &'static str) -> RouteView {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let app = Router::new().fallback(move || async move { (status, body) });
        tokio::spawn(async move { axum::serve(listener, app).await });
        RouteView {
            url: format!("http://shop.local:{port}"),
            ingress: "shop".to_owned(),
            class: None,
            address: Some("127.0.0.1".to_owned()),
            front_page: None,
            unasked: None,
        }
    }

    #[tokio::test]
    async fn a_route_that_leads_to_the_home_page_is_taken() {
        let route = mk_route(StatusCode::OK, "<h3>Hot Products</h3>").await;
        let chosen = by(&route).await.unwrap_or_else(|why| panic!("{why}"));
        assert!(chosen.storefront.is_direct());
        let port = route.parts().map(|url| url.port).unwrap();
        let place = format!("{} (127.0.0.1:{port})", route.url);
        assert_eq!(chosen.said, format!("pages are asked for as customers do, at {place}"));
    }

    #[tokio::test]
    async fn a_route_that_leads_elsewhere_is_not() {
        let route = mk_route(StatusCode::NOT_FOUND, "404 page not found").await;
        let why = by(&route).await.err();
        assert_eq!(why.as_deref(), Some("home answered 404 instead of 200 with \"Hot Products\""));
        let page = FrontPage { good: false, answer: "503".to_owned(), millis: 1, way: "url".to_owned(), blame: None };
        let route = RouteView { front_page: Some(page), ..route };
        assert_eq!(by(&route).await.err().as_deref(), Some("answered 503"));
    }

    #[tokio::test]
    async fn a_route_that_is_not_reached_from_here_or_has_no_address_is_not() {
        let route = mk_route(StatusCode::OK, "<h3>Hot Products</h3>").await;
        let unasked = RouteView { unasked: Some("no route to host".to_owned()), ..route.clone() };
        assert_eq!(by(&unasked).await.err().as_deref(), Some("no route to host"));
        let homeless = RouteView { address: None, ..route };
        assert_eq!(by(&homeless).await.err().as_deref(), Some("nobody has said at which address"));
    }
}
