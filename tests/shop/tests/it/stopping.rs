//! How each service takes SIGTERM as process 1 of a container, which is where upstream's runtimes differ.

use crate::{
    binary,
    ports::free_port,
    shop::{folder, until},
};
use std::{
    fs::{self, File},
    net::TcpStream,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Child, Command},
};

/// A service that is process 1 of a process namespace.
struct Init {
    unshare: Child,
    /// The service's process id, seen from outside.
    pid: String,
    port: u16,
    folder: PathBuf,
}

/// Nothing where no namespace can be made.
fn start(service: &str) -> Option<Init> {
    let may = Command::new("unshare").args(["--pid", "--fork", "true"]).output();
    if !may.is_ok_and(|output| output.status.success()) {
        println!("not tested: process namespaces cannot be made here");
        return None;
    }
    let port = free_port();
    let (folder, text) = (folder(), port.to_string());
    let mut command = Command::new("unshare");
    command.args(["--pid", "--fork", "--kill-child"]).arg(binary()).arg(service).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.env("PORT", &text).env("ASPNETCORE_HTTP_PORTS", &text);
    for name in
        ["PRODUCT_CATALOG", "CURRENCY", "CART", "RECOMMENDATION", "CHECKOUT", "SHIPPING", "AD", "PAYMENT", "EMAIL"]
    {
        command.env(format!("{name}_SERVICE_ADDR"), "127.0.0.1:1");
    }
    command.env("SHOPPING_ASSISTANT_SERVICE_ADDR", "127.0.0.1:1").env("FRONTEND_ADDR", "127.0.0.1:1");
    let log = File::create(folder.join("log")).unwrap();
    let unshare = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
    let children = format!("/proc/{0}/task/{0}/children", unshare.id());
    let pid = until("the service is born", || {
        let pid = fs::read_to_string(&children).ok()?.trim().to_owned();
        // Until it has become the service, it is still unshare.
        let becomes = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
        becomes.ends_with("boutique-lite").then_some(pid)
    });
    Some(Init { unshare, pid, port, folder })
}

impl Init {
    fn accepts(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).is_ok()
    }

    fn signal(&self, name: &str) {
        Command::new("kill").args([name, &self.pid]).output().unwrap();
    }

    /// Sends SIGTERM until the service is gone (an init that has not installed its handler yet ignores it), and answers
    /// the code that kubelet would report.
    fn exit_code(&mut self) -> Option<i32> {
        let status = until("the service is gone", || {
            self.signal("-TERM");
            self.unshare.try_wait().unwrap()
        });
        status.code()
    }
}

impl Drop for Init {
    fn drop(&mut self) {
        self.signal("-KILL");
        self.unshare.wait().ok();
        fs::remove_dir_all(&self.folder).ok();
    }
}

#[test]
fn go_services_leave_at_once_with_2() {
    for service in ["frontend", "checkoutservice", "productcatalogservice", "shippingservice"] {
        let Some(mut init) = start(service) else { return };
        assert_eq!(init.exit_code(), Some(2), "{service}");
    }
}

#[test]
fn node_and_python_services_ignore_it_and_have_to_be_killed() {
    for service in ["currencyservice", "paymentservice", "emailservice", "recommendationservice"] {
        let Some(init) = start(service) else { return };
        until("the service accepts", || init.accepts().then_some(()));
        init.signal("-TERM");
        assert!(init.accepts(), "{service} accepts no more");
        // A signal that is not ignored ends its process before anything else of it runs.
        assert!(fs::exists(format!("/proc/{}", init.pid)).unwrap(), "{service} is gone");
    }
}

#[test]
fn the_others_leave_with_the_code_of_their_runtime() {
    for (service, code) in [("adservice", 143), ("cartservice", 0), ("loadgenerator", 0), ("pause", 0)] {
        let Some(mut init) = start(service) else { return };
        assert_eq!(init.exit_code(), Some(code), "{service}");
    }
}

#[test]
fn outside_a_container_a_go_service_dies_of_the_signal() {
    let port = free_port();
    let mut child = Command::new(binary()).arg("shippingservice").env("PORT", port.to_string()).spawn().unwrap();
    until("the service accepts", || TcpStream::connect(("127.0.0.1", port)).ok());
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().signal(), Some(15));
}
