//! A way to the lab's API server that can be made to misbehave: plain HTTP, forwarded to `kubectl proxy`.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

use boutique_acceptance::{lab, project};

/// What is done with a request in place of forwarding it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// 401, as to a token that was revoked.
    Refuses,
    /// 500.
    Fails,
    /// 200, and it is something else that answers.
    Strange,
    /// No answer, ever.
    Hangs,
}

#[derive(Default)]
struct Script {
    fault: Option<Fault>,
    /// Requests that are forwarded before the fault begins.
    healthy: usize,
    /// Requests so far.
    asked: usize,
}

/// The way.
pub(crate) struct Server {
    /// Its URL.
    pub(crate) url: String,
    script: Arc<Mutex<Script>>,
    backend: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is ours, and nothing of it is to be saved.
        let _ = self.backend.kill();
        let _ = self.backend.wait();
    }
}

impl Server {
    /// Starts it; it forwards everything.
    pub(crate) fn start() -> Self {
        let mut backend = Command::new(project::kubectl());
        backend.arg("--kubeconfig").arg(lab::sim()).args(["proxy", "--port=0"]).env_remove("KUBECONFIG");
        let mut backend = backend.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("kubectl starts");
        let mut said = String::new();
        let stdout = backend.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut said).expect("kubectl says where it listens");
        let address = said.trim().rsplit_once(' ').expect("an address at the end").1.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let script = Arc::new(Mutex::new(Script::default()));
        let shared = Arc::clone(&script);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (script, address) = (Arc::clone(&shared), address.clone());
                // A client that has gone away is no trouble of the server's.
                std::thread::spawn(move || drop(serve(client, &script, &address)));
            }
        });
        Self { url, script, backend }
    }

    /// From now on `healthy` requests are forwarded, and everything after them meets the fault.
    pub(crate) fn fail(&self, fault: Option<Fault>, healthy: usize) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = Script { fault, healthy, asked: 0 };
    }

    /// Requests since the last change.
    pub(crate) fn asked(&self) -> usize {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).asked
    }
}

/// One request of one connection.
fn serve(mut client: TcpStream, script: &Mutex<Script>, backend: &str) -> io::Result<()> {
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    // What a refresh sends has no body.
    while !request.ends_with(b"\r\n\r\n") {
        match client.read(&mut buffer)? {
            0 => return Ok(()),
            count => request.extend_from_slice(&buffer[..count]),
        }
    }
    let fault = {
        let mut script = script.lock().unwrap_or_else(PoisonError::into_inner);
        script.asked += 1;
        script.fault.filter(|_| script.asked > script.healthy)
    };
    let status = |code: u16, line: &str, reason: &str, message: &str| {
        let body = format!(
            r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","code":{code},"reason":"{reason}","message":"{message}"}}"#
        );
        let length = body.len();
        format!(
            "HTTP/1.1 {code} {line}\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    };
    match fault {
        Some(Fault::Refuses) => {
            client.write_all(status(401, "Unauthorized", "Unauthorized", "Unauthorized").as_bytes())
        }
        Some(Fault::Fails) => {
            let answer = status(500, "Internal Server Error", "InternalError", "etcdserver: leader changed");
            client.write_all(answer.as_bytes())
        }
        Some(Fault::Strange) => {
            let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 15\r\n\r\n{\"status\":\"ok\"}";
            client.write_all(answer.as_bytes())
        }
        Some(Fault::Hangs) => {
            while client.read(&mut buffer)? > 0 {}
            Ok(())
        }
        None => {
            let line = request.windows(2).position(|two| two == b"\r\n").unwrap_or_default();
            let mut backend = TcpStream::connect(backend)?;
            backend.write_all(&request[..line])?;
            backend.write_all(b"\r\nconnection: close")?;
            backend.write_all(&request[line..])?;
            io::copy(&mut backend, &mut client).map(|_| ())
        }
    }
}
