//! loadgenerator: users that look around, fill carts and buy, for ever.

mod shopper;
mod statistics;

use crate::{
    env::StartError,
    log::{Log, write_line},
    platform,
    service::Start,
};
use shopper::Shopper;
use statistics::Statistics;
use std::{sync::Arc, time::Duration};

const DEFAULT_USERS: u32 = 10;
const DEFAULT_RATE: f64 = 1.0;

/// How often the table is printed.
const EVERY: Duration = Duration::from_secs(10);

/// Sends load until SIGTERM, then prints the table a last time.
pub(crate) async fn run(start: &Start) -> Result<(), StartError> {
    let frontend = start.env.required("FRONTEND_ADDR")?;
    let users = number(start, "USERS", DEFAULT_USERS)?;
    let rate = number(start, "RATE", DEFAULT_RATE)?;
    if !(rate.is_finite() && rate > 0.0) {
        let (value, problem) = (rate.to_string(), "users started per second have to be more than none".to_owned());
        return Err(StartError::BadVariable { name: "RATE", value, problem });
    }
    start.log.info(format!("Ramping to {users} users at a rate of {rate:.2} per second against http://{frontend}"));
    let statistics = Arc::new(Statistics::default());
    for number in 0..users {
        tokio::spawn(shop(frontend.to_owned(), rate, number, statistics.clone()));
    }
    print_until_told(&statistics, &start.log).await;
    Ok(())
}

/// One user, who comes when it is their turn.
async fn shop(frontend: String, rate: f64, number: u32, statistics: Arc<Statistics>) {
    tokio::time::sleep(Duration::from_secs_f64((f64::from(number) / rate).min(1e9))).await;
    let mut shopper = Shopper::new(&frontend, statistics);
    shopper.arrive().await;
    loop {
        tokio::time::sleep(Duration::from_secs_f64(rand::random_range(1.0..=10.0))).await;
        shopper.act().await;
    }
}

async fn print_until_told(statistics: &Statistics, log: &Log) {
    let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + EVERY, EVERY);
    let told = platform::told();
    tokio::pin!(told);
    loop {
        tokio::select! {
            () = &mut told => {
                log.info("Got SIGTERM signal, shutting down");
                write_line(&statistics.table());
                return;
            }
            _ = ticks.tick() => write_line(&statistics.table()),
        }
    }
}

fn number<T: std::str::FromStr>(start: &Start, name: &'static str, default: T) -> Result<T, StartError> {
    match start.env.get(name) {
        None => Ok(default),
        Some(value) => value.trim().parse().map_err(|_| StartError::BadVariable {
            name,
            value: value.to_owned(),
            problem: "not a number".to_owned(),
        }),
    }
}
