//! A server that answers from a script, one answer per connection, and then says 500 to everything.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use boutique_cluster::connect::{Cluster, ConnectSpec};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// A status line with headers, and a body.
    Say(&'static str, String),
    /// These lines in a stream that is then broken off.
    Stream(Vec<String>),
    /// Close the connection without an answer.
    HangUp,
    /// Never answer.
    Silence,
}

pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) async fn start(script: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn({
            let asked = Arc::clone(&asked);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&script), Arc::clone(&asked)));
                }
            }
        });
        Self { url, asked }
    }

    /// Method and path of every request so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no test panics with it").clone()
    }

    pub(crate) async fn connect(&self) -> Cluster {
        let spec = ConnectSpec {
            host: Some(self.url.clone()),
            request_timeout: Some(std::time::Duration::from_millis(700)),
            ..ConnectSpec::default()
        };
        Cluster::connect(&spec).await.expect("the settings are good")
    }
}

async fn serve(mut stream: TcpStream, script: Arc<Mutex<VecDeque<Answer>>>, asked: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let Ok(count) = stream.read(&mut buffer).await else { return };
        if count == 0 {
            return;
        }
        request.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&request);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0_usize) {
            let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
            asked.lock().expect("no test panics with it").push(line);
            break;
        }
    }
    let answer = script.lock().expect("no test panics with it").pop_front();
    let reply = match answer {
        Some(Answer::Say(status, body)) => {
            format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        }
        Some(Answer::Stream(lines)) => {
            let chunks: String = lines.iter().map(|line| format!("{:x}\r\n{line}\n\r\n", line.len() + 1)).collect();
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{chunks}")
        }
        Some(Answer::HangUp) => return,
        Some(Answer::Silence) => return std::future::pending().await,
        None => "HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned(),
    };
    // A client that has gone away is no trouble of the server's.
    drop(stream.write_all(reply.as_bytes()).await);
}
