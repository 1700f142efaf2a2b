//! Filling Redis with keys that expire by themselves: a leak that ends even if nobody is left to end it.

use std::time::Duration;

use boutique_core::fault::PodRef;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::{ActivityError, Work};
use crate::port_forward::{NoTunnel, tunnel};

const PORT: u16 = 6379;

/// How long an answer may take: a full Redis is slow before it is killed.
const ANSWER: Duration = Duration::from_secs(10);

/// Bytes of one value: not so small that there are thousands, not so big that Redis stops for it.
const SMALLEST: u64 = 64 * 1024;
const BIGGEST: u64 = 1024 * 1024;

/// How many keys a filling is made of, as far as their size allows.
const KEYS: u64 = 400;

/// How much, how fast, and for how long.
pub(super) struct Filling<'a> {
    pub(super) pod: &'a PodRef,
    pub(super) bytes: u64,
    pub(super) over: Duration,
    pub(super) expire: Duration,
}

/// Why a command has no answer.
enum Trouble {
    /// Redis said no.
    Refused(String),
    /// The connection broke: mostly Redis was killed.
    Broke(String),
}

pub(super) async fn fill(work: &Work, filling: &Filling<'_>) -> Result<Vec<String>, ActivityError> {
    let value = (filling.bytes / KEYS).clamp(SMALLEST, BIGGEST);
    let count = filling.bytes.div_ceil(value).max(1);
    let mut connection = dial(work, filling.pod).await?;
    work.say(format!(
        "filling Redis in pod {} with {} MiB in {} s",
        filling.pod,
        filling.bytes >> 20,
        filling.over.as_secs()
    ));
    let mut tick = interval((filling.over / u32::try_from(count).unwrap_or(u32::MAX)).max(Duration::from_millis(1)));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (began, mut written, mut end) = (Instant::now(), 0, None);
    let mut told = began;
    while written < count {
        tokio::select! {
            () = work.cancel.cancelled() => break,
            _ = tick.tick() => {}
        }
        // All of them expire at the same time, counted from the beginning.
        let expire = filling.expire.saturating_sub(began.elapsed());
        match connection.set(&key(work, written), value, expire).await {
            Ok(()) => written += 1,
            Err(trouble) => {
                end = Some(trouble);
                break;
            }
        }
        if told.elapsed() >= Duration::from_secs(5) {
            told = Instant::now();
            work.say(format!("{} MiB of Redis filled", (written * value) >> 20));
        }
    }
    let filled = format!("{} MiB written to Redis in {:.0} s", (written * value) >> 20, began.elapsed().as_secs_f64());
    let mut done = vec![match end {
        Some(Trouble::Refused(said)) => format!("{filled}, then it refused: {said}"),
        Some(Trouble::Broke(said)) => {
            format!("{filled}, then the connection broke ({said}): Redis was killed or stopped")
        }
        None => filled,
    }];
    work.say(done[0].clone());
    work.cancel.cancelled().await;
    done.push(match empty(work, connection, filling.pod, written).await {
        Ok(removed) => format!("{removed} keys removed from Redis"),
        Err(why) => {
            format!("the keys in Redis were not removed ({why}); they expire within {} s", filling.expire.as_secs())
        }
    });
    Ok(done)
}

fn key(work: &Work, n: u64) -> String {
    format!("boutique-leak:{}:{n}", work.fault.id)
}

/// Removes what was written, over a new connection where the old one broke.
async fn empty(work: &Work, mut connection: Connection, pod: &PodRef, written: u64) -> Result<u64, String> {
    let keys: Vec<String> = (0..written).map(|n| key(work, n)).collect();
    match connection.remove(&keys).await {
        Ok(removed) => Ok(removed),
        Err(Trouble::Refused(said)) => Err(said),
        Err(Trouble::Broke(_)) => {
            let mut connection = dial(work, pod).await.map_err(|error| error.to_string())?;
            connection.remove(&keys).await.map_err(|trouble| match trouble {
                Trouble::Refused(said) | Trouble::Broke(said) => said,
            })
        }
    }
}

async fn dial(work: &Work, pod: &PodRef) -> Result<Connection, ActivityError> {
    match tunnel(&work.cluster, &work.fault.namespace, &pod.name, PORT).await {
        Ok((stream, forward)) => Ok(Connection { stream: BufReader::new(Box::new(stream)), _forward: forward }),
        Err(NoTunnel::Gone) => Err(ActivityError::Other(format!("pod {pod} is gone, and with it Redis"))),
        Err(NoTunnel::Failed(why)) => Err(ActivityError::Other(why)),
    }
}

/// A connection that speaks as much of Redis' protocol (RESP 2) as is needed here.
struct Connection {
    stream: BufReader<Box<dyn Duplex>>,
    /// The stream lives as long as this.
    _forward: kube::api::Portforwarder,
}

/// A stream in both directions.
trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

impl Connection {
    async fn set(&mut self, key: &str, size: u64, expire: Duration) -> Result<(), Trouble> {
        // Redis itself makes the value long and writes all of it: through the API server, megabytes take their time.
        let (seconds, last) = (expire.as_secs().max(1).to_string(), size.saturating_sub(1).to_string());
        let made = command(&[b"SET", key.as_bytes(), b"x", b"EX", seconds.as_bytes()]);
        exchange(&mut self.stream, &made).await?;
        let filled = command(&[b"SETRANGE", key.as_bytes(), last.as_bytes(), b"x"]);
        exchange(&mut self.stream, &filled).await.map(drop)
    }

    async fn remove(&mut self, keys: &[String]) -> Result<u64, Trouble> {
        let mut removed = 0;
        for some in keys.chunks(100) {
            let mut parts: Vec<&[u8]> = vec![b"DEL"];
            parts.extend(some.iter().map(String::as_bytes));
            let answer = exchange(&mut self.stream, &command(&parts)).await?;
            removed += answer.trim_start_matches(':').parse().unwrap_or(0);
        }
        Ok(removed)
    }
}

/// A command as an array of bulk strings.
fn command(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", parts.len()).into_bytes();
    for part in parts {
        bytes.extend(format!("${}\r\n", part.len()).into_bytes());
        bytes.extend_from_slice(part);
        bytes.extend(b"\r\n");
    }
    bytes
}

/// Sends a command whose answer is one line, and returns that line.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    command: &[u8],
) -> Result<String, Trouble> {
    let asked = async {
        stream.get_mut().write_all(command).await?;
        stream.get_mut().flush().await?;
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        Ok::<_, std::io::Error>(line)
    };
    match timeout(ANSWER, asked).await {
        Ok(Ok(line)) if line.starts_with('-') => Err(Trouble::Refused(line.trim_start_matches('-').trim().to_owned())),
        Ok(Ok(line)) if line.is_empty() => Err(Trouble::Broke("it was closed".to_owned())),
        Ok(Ok(line)) => Ok(line.trim_end().to_owned()),
        Ok(Err(error)) => Err(Trouble::Broke(error.to_string())),
        Err(_) => Err(Trouble::Broke(format!("no answer within {} s", ANSWER.as_secs()))),
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, duplex};

    use super::*;

    #[test]
    fn a_command_is_an_array_of_bulk_strings() {
        assert_eq!(command(&[b"SET", b"k", b"a\r\nb"]), b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\na\r\nb\r\n");
    }

    #[tokio::test]
    async fn redis_that_says_no_is_told_from_redis_that_is_gone() {
        for (answer, expected) in [("+OK\r\n", "+OK"), ("-OOM command not allowed\r\n", "refused"), ("", "broke")] {
            let (ours, mut theirs) = duplex(1024);
            let served = tokio::spawn(async move {
                let mut seen = [0; 14];
                theirs.read_exact(&mut seen).await.unwrap();
                theirs.write_all(answer.as_bytes()).await.unwrap();
            });
            let got = match exchange(&mut BufReader::new(ours), &command(&[b"PING"])).await {
                Ok(line) => line,
                Err(Trouble::Refused(said)) => {
                    assert_eq!(said, "OOM command not allowed");
                    "refused".to_owned()
                }
                Err(Trouble::Broke(_)) => "broke".to_owned(),
            };
            assert_eq!(got, expected);
            served.await.unwrap();
        }
    }
}
