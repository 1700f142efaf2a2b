//! The catalogue's file.

use crate::{env::StartError, log::Log, money::money};
use hipstershop_proto::hipstershop::Product;
use serde_json::Value;

const FILE: &str = include_str!("products.json");

/// Reads the file, which is slow on purpose only in that it is done again and again when the reload is on.
pub(super) fn parse(log: &Log) -> Result<Vec<Product>, StartError> {
    log.info("loading catalog from local products.json file...");
    let file: Value = serde_json::from_str(FILE).map_err(|error| bad(&error.to_string()))?;
    let products = file["products"].as_array().ok_or_else(|| bad("no list of products"))?;
    let products = products.iter().map(product).collect::<Result<Vec<_>, _>>()?;
    log.info("successfully parsed product catalog json");
    Ok(products)
}

fn product(entry: &Value) -> Result<Product, StartError> {
    let text = |name: &str| entry[name].as_str().map(str::to_owned).ok_or_else(|| bad(&format!("no {name}: {entry}")));
    let number = |name: &str| entry[name].as_i64().ok_or_else(|| bad(&format!("no {name}: {entry}")));
    let categories = entry["categories"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let nanos = i32::try_from(number("nanos")?).map_err(|error| bad(&error.to_string()))?;
    Ok(Product {
        id: text("id")?,
        name: text("name")?,
        description: text("description")?,
        picture: text("picture")?,
        price_usd: Some(money("USD", number("units")?, nanos)),
        categories: categories.map(str::to_owned).collect(),
    })
}

fn bad(problem: &str) -> StartError {
    StartError::Serve(format!("failed to parse the catalog: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{log::Format, money::render};

    #[test]
    fn the_nine_products_have_upstreams_ids_and_prices() {
        let products = parse(&Log::new(Format::Logrus, "test")).unwrap();
        let listed: Vec<String> =
            products.iter().map(|p| format!("{} {} {}", p.id, p.name, render(p.price_usd.as_ref().unwrap()))).collect();
        assert_eq!(
            listed,
            [
                "OLJCESPC7Z Sunglasses $19.99",
                "66VCHSJNUP Tank Top $18.99",
                "1YMWWN1N4O Watch $109.99",
                "L9ECAV7KIM Loafers $89.99",
                "2ZYFJ3GM2N Hairdryer $24.99",
                "0PUK6V6EV0 Candle Holder $18.99",
                "LS4PSXUNUM Salt & Pepper Shakers $18.49",
                "9SIQT8TOJO Bamboo Glass Jar $5.49",
                "6E92ZMYYFZ Mug $8.99",
            ]
        );
    }
}
