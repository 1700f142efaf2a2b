//! adservice: one line of advertising for what a page is about.

use crate::{env::StartError, grpc, health, log::Log, service::Start, trace::Tracing};
use hipstershop_proto::hipstershop::{
    Ad, AdRequest, AdResponse,
    ad_service_server::{AdService, AdServiceServer},
};
use rand::seq::IteratorRandom;
use tonic::{Request, Response, Status, service::Routes};

/// Category, advertised product, text.
const ADS: [(&str, &str, &str); 9] = [
    ("clothing", "66VCHSJNUP", "A tank top for every day of a warm week. Take two, pay for two."),
    ("accessories", "1YMWWN1N4O", "Be on time for once: watches with hands, no updates needed."),
    ("accessories", "OLJCESPC7Z", "The sun is not going away. Sunglasses, from 19.99."),
    ("footwear", "L9ECAV7KIM", "Loafers: no laces, no excuses."),
    ("hair", "2ZYFJ3GM2N", "Dry in four minutes. The hairdryer that hotels envy."),
    ("decor", "0PUK6V6EV0", "Let there be a little light. Candle holders for long evenings."),
    ("kitchen", "9SIQT8TOJO", "Everything looks better in a jar. Bamboo lid included."),
    ("kitchen", "6E92ZMYYFZ", "A mug is a hug for your coffee."),
    ("kitchen", "LS4PSXUNUM", "Shake things up: salt and pepper, finally together."),
];

/// How many ads answer a page without a topic.
const RANDOM: usize = 2;

/// Runs the service.
pub(crate) async fn run(start: &Start) -> Result<(), StartError> {
    let port = start.env.port(Some(9555))?;
    start.log.info(format!("Ad Service started, listening on {port}"));
    let routes = Routes::new(AdServiceServer::new(Ads { log: start.log.clone() }))
        .add_service(health::server(start.platform, start.log.clone()));
    grpc::serve_forever(routes, &Tracing::default(), port).await
}

#[derive(Debug)]
struct Ads {
    log: Log,
}

#[tonic::async_trait]
impl AdService for Ads {
    async fn get_ads(&self, request: Request<AdRequest>) -> Result<Response<AdResponse>, Status> {
        let keys = &request.get_ref().context_keys;
        self.log.info(format!("received ad request (context_words={keys:?})"));
        Ok(Response::new(AdResponse { ads: ads_for(keys) }))
    }
}

/// All ads of the given categories, or some at random when there are none.
fn ads_for(keys: &[String]) -> Vec<Ad> {
    let ad = |(_, product, text): &(&str, &str, &str)| Ad {
        redirect_url: format!("/product/{product}"),
        text: (*text).to_owned(),
    };
    let fitting: Vec<Ad> = ADS.iter().filter(|(category, ..)| keys.iter().any(|key| key == category)).map(ad).collect();
    if fitting.is_empty() { ADS.iter().sample(&mut rand::rng(), RANDOM).into_iter().map(ad).collect() } else { fitting }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ads_fit_the_category() {
        let ads = ads_for(&["footwear".to_owned()]);
        assert_eq!(ads.len(), 1);
        assert_eq!(ads[0].redirect_url, "/product/L9ECAV7KIM");
    }

    #[test]
    fn without_a_fitting_category_two_ads_are_drawn() {
        assert_eq!(ads_for(&[]).len(), 2);
        assert_eq!(ads_for(&["boats".to_owned()]).len(), 2);
    }
}
