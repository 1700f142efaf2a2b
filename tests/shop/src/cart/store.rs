//! Where carts are kept.

use super::redis::{Redis, Settings};
use crate::{
    env::{Env, StartError},
    log::Log,
};
use hipstershop_proto::hipstershop::Cart;
use prost::Message;
use std::collections::HashMap;
use tokio::sync::Mutex;
use tonic::Status;

/// The field of the hash that holds the cart. The other two are those that upstream's cache library writes.
const DATA: &str = "data";
const NO_EXPIRY: [(&str, &[u8]); 2] = [("absexp", b"-1"), ("sldexp", b"-1")];

#[derive(Debug)]
pub(super) enum Store {
    Redis(Redis),
    Memory(Mutex<HashMap<String, Cart>>),
}

impl Store {
    /// The store that the environment asks for: Redis if it is named, else memory.
    pub(super) fn of(env: &Env, log: &Log) -> Result<Self, StartError> {
        if let Some(configuration) = env.get("REDIS_ADDR") {
            let settings = Settings::parse(configuration).map_err(|problem| StartError::BadVariable {
                name: "REDIS_ADDR",
                value: Settings::masked(configuration),
                problem,
            })?;
            return Ok(Store::Redis(Redis::new(settings)));
        }
        for name in ["SPANNER_PROJECT", "SPANNER_CONNECTION_STRING", "ALLOYDB_PRIMARY_IP"] {
            if let Some(value) = env.get(name) {
                let problem = "boutique-lite keeps carts in redis (REDIS_ADDR) or in memory only".to_owned();
                return Err(StartError::BadVariable { name, value: value.to_owned(), problem });
            }
        }
        log.info("Redis cache host(hostname+port) was not specified. Starting a cart service using in memory store");
        Ok(Store::Memory(Mutex::default()))
    }

    /// The user's cart, if there ever was one.
    pub(super) async fn cart(&self, user: &str) -> Result<Option<Cart>, Status> {
        let bytes = match self {
            Store::Memory(carts) => return Ok(carts.lock().await.get(user).cloned()),
            Store::Redis(redis) => redis.field(user, DATA).await.map_err(inaccessible)?,
        };
        bytes.map(|bytes| Cart::decode(bytes.as_slice()).map_err(inaccessible)).transpose()
    }

    /// Replaces the user's cart.
    pub(super) async fn put(&self, user: &str, cart: Cart) -> Result<(), Status> {
        match self {
            Store::Memory(carts) => {
                carts.lock().await.insert(user.to_owned(), cart);
                Ok(())
            }
            Store::Redis(redis) => {
                let data = cart.encode_to_vec();
                let fields = [NO_EXPIRY[0], NO_EXPIRY[1], (DATA, data.as_slice())];
                redis.set_fields(user, &fields).await.map_err(inaccessible)
            }
        }
    }
}

fn inaccessible(error: impl std::fmt::Display) -> Status {
    Status::failed_precondition(format!("Can't access cart storage. {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Format;

    fn log() -> Log {
        Log::new(Format::Plain, "test")
    }

    #[tokio::test]
    async fn a_store_that_is_gone_is_a_failed_precondition() {
        let port = crate::ports::free_port();
        let store = Store::of(&Env::from([("REDIS_ADDR", &*format!("127.0.0.1:{port}"))]), &log()).unwrap();
        let status = store.cart("ann").await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::FailedPrecondition);
        assert!(status.message().starts_with("Can't access cart storage. "), "{status}");
    }

    #[test]
    fn a_store_that_is_not_there_is_refused_at_the_start() {
        let error = Store::of(&Env::from([("ALLOYDB_PRIMARY_IP", "10.0.0.1")]), &log()).unwrap_err();
        assert!(error.to_string().contains("ALLOYDB_PRIMARY_IP"), "{error}");
    }

    #[test]
    fn a_password_is_not_shown() {
        let env = Env::from([("REDIS_ADDR", "redis:6379,password=hunter2,ssl=true")]);
        let error = Store::of(&env, &log()).unwrap_err().to_string();
        assert!(error.contains("ssl") && !error.contains("hunter2"), "{error}");
    }
}
