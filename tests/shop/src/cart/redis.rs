//! One connection to Redis, made when it is needed and made again when it broke.

use super::resp::{self, Reply};
use crate::backend::dial;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Mutex,
};

/// How long a command may take, connecting included: the default of upstream's client library.
const LIMIT: Duration = Duration::from_secs(5);

/// Why Redis did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum RedisError {
    #[error("It was not possible to connect to the redis server {address}: {reason}")]
    Connect { address: String, reason: String },
    #[error("Timeout performing {command} at {address} ({millis}ms)")]
    Timeout { command: String, address: String, millis: u128 },
    #[error("the connection to redis at {address} broke during {command}: {reason}")]
    Broken { command: String, address: String, reason: String },
    #[error("redis at {address} answered {command} with: {reply}")]
    Refused { command: String, address: String, reply: String },
}

/// What a configuration string in the syntax of StackExchange.Redis asks for, as far as it is understood here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    address: String,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
}

impl Settings {
    /// Reads `host:port,option=value,…`. Options that change nothing here are passed over, as the library does.
    pub(super) fn parse(configuration: &str) -> Result<Self, String> {
        let mut settings = Settings::default();
        for part in configuration.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match part.split_once('=').map(|(name, value)| (name.trim().to_lowercase(), value.trim())) {
                None if settings.address.is_empty() => {
                    settings.address = if part.contains(':') { part.to_owned() } else { format!("{part}:6379") };
                }
                None => return Err("boutique-lite speaks to one redis server, not to several".to_owned()),
                Some((name, value)) => match name.as_str() {
                    "user" => settings.user = Some(value.to_owned()),
                    "password" => settings.password = Some(value.to_owned()),
                    "defaultdatabase" => settings.database = Some(value.to_owned()),
                    "ssl" | "tls" if value.eq_ignore_ascii_case("true") => {
                        return Err("boutique-lite does not speak TLS to redis; leave out ssl=true".to_owned());
                    }
                    _ => {}
                },
            }
        }
        if settings.address.is_empty() { Err("no host:port in it".to_owned()) } else { Ok(settings) }
    }

    /// The configuration as it may be shown.
    pub(super) fn masked(configuration: &str) -> String {
        let mask = |part: &str| match part.split_once('=') {
            Some((name, _)) if name.trim().eq_ignore_ascii_case("password") => format!("{name}=***"),
            _ => part.to_owned(),
        };
        configuration.split(',').map(mask).collect::<Vec<_>>().join(",")
    }
}

/// A client for the few commands that carts need.
#[derive(Debug)]
pub(super) struct Redis {
    settings: Settings,
    limit: Duration,
    connection: Mutex<Option<Connection>>,
}

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    unread: Vec<u8>,
}

impl Redis {
    /// Does not connect.
    pub(super) fn new(settings: Settings) -> Self {
        Self { settings, limit: LIMIT, connection: Mutex::new(None) }
    }

    /// A field of a hash, if both exist.
    pub(super) async fn field(&self, key: &str, field: &str) -> Result<Option<Vec<u8>>, RedisError> {
        match self.command(&[b"HGET", key.as_bytes(), field.as_bytes()]).await? {
            Reply::Bulk(value) => Ok(value),
            other => Err(self.refused("HGET", &other)),
        }
    }

    /// Sets fields of a hash.
    pub(super) async fn set_fields(&self, key: &str, fields: &[(&str, &[u8])]) -> Result<(), RedisError> {
        let mut words: Vec<&[u8]> = vec![b"HSET", key.as_bytes()];
        for (field, value) in fields {
            words.extend([field.as_bytes(), value]);
        }
        match self.command(&words).await? {
            Reply::Integer(_) => Ok(()),
            other => Err(self.refused("HSET", &other)),
        }
    }

    /// Sends a command within the limit, waiting for other commands included.
    async fn command(&self, words: &[&[u8]]) -> Result<Reply, RedisError> {
        match tokio::time::timeout(self.limit, self.attempt(words)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(RedisError::Timeout {
                command: name(words),
                address: self.settings.address.clone(),
                millis: self.limit.as_millis(),
            }),
        }
    }

    /// Sends a command. One that an old connection broke under is sent once more over a new one: all of them may be
    /// repeated. The connection is put back only after a whole reply, so that giving up at any point drops it.
    async fn attempt(&self, words: &[&[u8]]) -> Result<Reply, RedisError> {
        let mut kept = self.connection.lock().await;
        let reused = match kept.take() {
            Some(mut connection) => self.exchange(&mut connection, words).await.ok().map(|reply| (connection, reply)),
            None => None,
        };
        let (connection, reply) = match reused {
            Some(exchanged) => exchanged,
            None => {
                let mut connection = self.connect().await?;
                let reply = self.exchange(&mut connection, words).await?;
                (connection, reply)
            }
        };
        *kept = Some(connection);
        Ok(reply)
    }

    async fn connect(&self) -> Result<Connection, RedisError> {
        let address = &self.settings.address;
        let dialled = dial(address).await;
        let stream = dialled.map_err(|reason| RedisError::Connect { address: address.clone(), reason })?;
        let mut connection = Connection { stream, unread: Vec::new() };
        if let Some(password) = &self.settings.password {
            let user = self.settings.user.as_deref().unwrap_or("default");
            self.greet(&mut connection, &[b"AUTH", user.as_bytes(), password.as_bytes()]).await?;
        }
        if let Some(database) = &self.settings.database {
            self.greet(&mut connection, &[b"SELECT", database.as_bytes()]).await?;
        }
        Ok(connection)
    }

    async fn greet(&self, connection: &mut Connection, words: &[&[u8]]) -> Result<(), RedisError> {
        match self.exchange(connection, words).await? {
            Reply::Error(reply) => {
                Err(RedisError::Refused { command: name(words), address: self.settings.address.clone(), reply })
            }
            _ => Ok(()),
        }
    }

    async fn exchange(&self, connection: &mut Connection, words: &[&[u8]]) -> Result<Reply, RedisError> {
        let broken =
            |reason| RedisError::Broken { command: name(words), address: self.settings.address.clone(), reason };
        connection.exchange(words).await.map_err(broken)
    }

    fn refused(&self, command: &str, reply: &Reply) -> RedisError {
        let (command, address) = (command.to_owned(), self.settings.address.clone());
        RedisError::Refused { command, address, reply: format!("{reply:?}") }
    }
}

impl Connection {
    async fn exchange(&mut self, words: &[&[u8]]) -> Result<Reply, String> {
        self.stream.write_all(&resp::command(words)).await.map_err(|error| error.to_string())?;
        loop {
            if let Some((reply, used)) = resp::reply(&self.unread)? {
                self.unread.drain(..used);
                return Ok(reply);
            }
            match self.stream.read_buf(&mut self.unread).await {
                Ok(0) => return Err("redis closed it".to_owned()),
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}

fn name(words: &[&[u8]]) -> String {
    String::from_utf8_lossy(words.first().copied().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[test]
    fn a_configuration_string_may_carry_a_password() {
        let settings = Settings::parse("redis:6380, user=shop, password=p=q,abortConnect=false").unwrap();
        assert_eq!(settings.address, "redis:6380");
        assert_eq!(settings.user.as_deref(), Some("shop"));
        assert_eq!(settings.password.as_deref(), Some("p=q"));
        assert_eq!(Settings::parse("redis-cart").unwrap().address, "redis-cart:6379");
        assert!(Settings::parse("a:1,b:2").is_err());
        assert!(Settings::parse("password=x").is_err());
    }

    #[tokio::test]
    async fn a_broken_connection_is_replaced_within_the_command() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let redis = Redis::new(Settings::parse(&listener.local_addr().unwrap().to_string()).unwrap());
        // A server that answers one command per connection and then hangs up.
        let server = tokio::spawn(async move {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 256];
                assert_ne!(stream.read(&mut request).await.unwrap(), 0);
                stream.write_all(b"$1\r\nx\r\n").await.unwrap();
            }
        });
        for _ in 0..2 {
            assert_eq!(redis.field("ann", "data").await.unwrap(), Some(b"x".to_vec()));
        }
        server.await.unwrap();
    }

    #[tokio::test]
    async fn a_silent_server_is_given_up_at_the_limit_also_by_those_who_wait_in_line() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let settings = Settings::parse(&listener.local_addr().unwrap().to_string()).unwrap();
        let redis = Redis { limit: Duration::from_millis(500), ..Redis::new(settings) };
        let begun = tokio::time::Instant::now();
        let (first, second) = tokio::join!(redis.field("ann", "data"), redis.field("bob", "data"));
        assert!(matches!(first, Err(RedisError::Timeout { .. })), "{first:?}");
        assert!(matches!(second, Err(RedisError::Timeout { .. })), "{second:?}");
        assert!(begun.elapsed() >= Duration::from_millis(500) && begun.elapsed() < Duration::from_millis(990));
    }
}
