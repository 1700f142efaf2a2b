//! Ten services as child processes.

use super::{binary, browser::Browser, ports::free_port};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

/// The servers, peers first.
pub(crate) const SERVICES: [&str; 10] = [
    "cartservice",
    "productcatalogservice",
    "currencyservice",
    "paymentservice",
    "shippingservice",
    "emailservice",
    "adservice",
    "recommendationservice",
    "checkoutservice",
    "frontend",
];

const ADDRESSES: [(&str, &str); 9] = [
    ("CART_SERVICE_ADDR", "cartservice"),
    ("PRODUCT_CATALOG_SERVICE_ADDR", "productcatalogservice"),
    ("CURRENCY_SERVICE_ADDR", "currencyservice"),
    ("PAYMENT_SERVICE_ADDR", "paymentservice"),
    ("SHIPPING_SERVICE_ADDR", "shippingservice"),
    ("EMAIL_SERVICE_ADDR", "emailservice"),
    ("AD_SERVICE_ADDR", "adservice"),
    ("RECOMMENDATION_SERVICE_ADDR", "recommendationservice"),
    ("CHECKOUT_SERVICE_ADDR", "checkoutservice"),
];

/// A running shop. Ends with the value.
pub(crate) struct Shop {
    folder: PathBuf,
    ports: BTreeMap<&'static str, u16>,
    extra: BTreeMap<&'static str, Vec<(String, String)>>,
    children: BTreeMap<&'static str, Child>,
}

/// Asks again and again until the answer is there; fails when it takes unreasonably long.
pub(crate) fn until<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A folder of this test's own.
pub(crate) fn folder() -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("shop-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

impl Shop {
    /// All services with the cart in memory.
    pub(crate) fn open() -> Self {
        Self::open_with(&[])
    }

    /// All services, some with variables of their own.
    pub(crate) fn open_with(extra: &[(&'static str, &str, &str)]) -> Self {
        let ports = SERVICES.into_iter().map(|service| (service, free_port())).collect();
        let mut shop = Self { folder: folder(), ports, extra: BTreeMap::new(), children: BTreeMap::new() };
        for (service, name, value) in extra {
            shop.extra.entry(service).or_default().push(((*name).to_owned(), (*value).to_owned()));
        }
        for service in SERVICES {
            shop.start(service);
        }
        for service in SERVICES {
            shop.wait_for(service);
        }
        shop
    }

    pub(crate) fn port(&self, service: &str) -> u16 {
        self.ports[service]
    }

    /// Starts a service on its port; does not wait.
    pub(crate) fn start(&mut self, service: &'static str) {
        let port = self.ports[service].to_string();
        let log = File::options().append(true).create(true).open(self.log_path(service)).unwrap();
        let mut command = Command::new(binary());
        command.arg(service).env_clear().stdout(log.try_clone().unwrap()).stderr(log);
        command.env("PORT", &port).env("ASPNETCORE_HTTP_PORTS", &port);
        if service != "cartservice" {
            command.envs(ADDRESSES.map(|(name, peer)| (name, format!("127.0.0.1:{}", self.ports[peer]))));
            command.env("SHOPPING_ASSISTANT_SERVICE_ADDR", "127.0.0.1:1");
        }
        command.envs(self.extra.get(service).into_iter().flatten().cloned());
        self.children.insert(service, command.stdin(Stdio::null()).spawn().unwrap());
    }

    /// Waits until a service accepts connections.
    pub(crate) fn wait_for(&mut self, service: &'static str) {
        let port = self.ports[service];
        until(&format!("{service} accepts"), || TcpStream::connect(("127.0.0.1", port)).ok());
    }

    /// Ends a service the hard way; afterwards its port refuses connections.
    pub(crate) fn kill(&mut self, service: &str) {
        let mut child = self.children.remove(service).expect("the service runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// A frontend without a past: no connections, no back-off.
    pub(crate) fn renew_frontend(&mut self) {
        self.kill("frontend");
        self.start("frontend");
        self.wait_for("frontend");
    }

    pub(crate) fn pid(&self, service: &str) -> u32 {
        self.children[service].id()
    }

    pub(crate) fn visitor(&self, session: &str) -> Browser {
        Browser::new(self.ports["frontend"], session)
    }

    /// All that a service has said.
    pub(crate) fn log(&self, service: &str) -> String {
        fs::read_to_string(self.log_path(service)).unwrap()
    }

    fn log_path(&self, service: &str) -> PathBuf {
        self.folder.join(format!("{service}.log"))
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        for child in self.children.values_mut() {
            child.kill().ok();
            child.wait().ok();
        }
        fs::remove_dir_all(&self.folder).ok();
    }
}
