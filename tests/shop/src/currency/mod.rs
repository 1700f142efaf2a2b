//! currencyservice: conversion between 33 currencies. The shop's busiest service: nine calls for one home page.

mod rates;

use crate::{env::StartError, grpc, health, log::Log, money, service::Start, trace::Tracing};
use hipstershop_proto::hipstershop::{
    CurrencyConversionRequest, Empty, GetSupportedCurrenciesResponse, Money,
    currency_service_server::{CurrencyService, CurrencyServiceServer},
};
use tonic::{Request, Response, Status, service::Routes};

/// Runs the service.
pub(crate) async fn run(start: &Start) -> Result<(), StartError> {
    let tracing = Tracing::of(start)?;
    let port = start.env.port(None)?;
    start.log.info(format!("CurrencyService gRPC server started on port {port}"));
    let routes = Routes::new(server(start.log.clone())).add_service(health::server(start.platform, start.log.clone()));
    grpc::serve_forever(routes, &tracing, port).await
}

/// The service as tonic serves it.
pub(crate) fn server(log: Log) -> CurrencyServiceServer<impl CurrencyService> {
    CurrencyServiceServer::new(Currency { log })
}

#[derive(Debug)]
struct Currency {
    log: Log,
}

#[tonic::async_trait]
impl CurrencyService for Currency {
    async fn get_supported_currencies(
        &self,
        _: Request<Empty>,
    ) -> Result<Response<GetSupportedCurrenciesResponse>, Status> {
        self.log.info("Getting supported currencies...");
        let currency_codes = rates::RATES.iter().map(|(code, _)| (*code).to_owned()).collect();
        Ok(Response::new(GetSupportedCurrenciesResponse { currency_codes }))
    }

    async fn convert(&self, request: Request<CurrencyConversionRequest>) -> Result<Response<Money>, Status> {
        let CurrencyConversionRequest { from, to_code } = request.into_inner();
        match convert(&from.unwrap_or_default(), &to_code) {
            Ok(converted) => {
                self.log.info("conversion request successful");
                Ok(Response::new(converted))
            }
            Err(problem) => {
                self.log.error(format!("conversion request failed: {problem}"));
                Err(Status::invalid_argument(problem))
            }
        }
    }
}

/// Converts through the euro, rounding down to a billionth. An unknown currency on either side makes nothing of any amount:
/// upstream reckons on without a rate, and what is no number goes over the wire as zero.
fn convert(from: &Money, to_code: &str) -> Result<Money, String> {
    let (Some(from_rate), Some(to_rate)) = (rates::rate(&from.currency_code), rates::rate(to_code)) else {
        return Ok(money::money(to_code, 0, 0));
    };
    let nanos = money::to_nanos(from).map_err(|error| error.to_string())?;
    money::from_nanos(to_code, (nanos * to_rate).div_euclid(from_rate)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::money;
    use proptest::prelude::*;

    #[test]
    fn the_shops_six_currencies_are_among_the_thirty_three() {
        assert_eq!(rates::RATES.len(), 33);
        for code in ["USD", "EUR", "CAD", "JPY", "GBP", "TRY"] {
            assert!(rates::rate(code).is_some(), "{code}");
        }
    }

    #[test]
    fn converting_to_the_same_currency_changes_nothing() {
        assert_eq!(convert(&money("USD", 19, 990_000_000), "USD").unwrap(), money("USD", 19, 990_000_000));
    }

    #[test]
    fn a_euro_is_worth_its_rate() {
        assert_eq!(convert(&money("EUR", 100, 0), "USD").unwrap(), money("USD", 110, 0));
    }

    #[test]
    fn an_unknown_currency_makes_nothing_of_any_amount() {
        assert_eq!(convert(&money("USD", 1, 0), "XTS").unwrap(), money("XTS", 0, 0));
        assert_eq!(convert(&money("XTS", 1, 0), "USD").unwrap(), money("USD", 0, 0));
    }

    proptest! {
        #[test]
        fn there_and_back_loses_next_to_nothing(units in 0_i64..1_000_000, to in 0_usize..33) {
            let (code, _) = rates::RATES[to];
            let back = convert(&convert(&money("USD", units, 0), code).unwrap(), "USD").unwrap();
            let lost = money::to_nanos(&money("USD", units, 0)).unwrap() - money::to_nanos(&back).unwrap();
            prop_assert!((0..=2).contains(&lost), "{} lost {}", code, lost);
        }
    }
}
