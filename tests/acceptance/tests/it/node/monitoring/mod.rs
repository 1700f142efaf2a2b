//! Monitoring of a real shop: every expression is executed by a real Prometheus on signals of real requests, and each
//! trouble is brought about for real.

mod expressions;
mod memory;
mod outages;

use std::path::Path;
use std::sync::OnceLock;

use boutique_acceptance::kubectl::Namespace;
use boutique_acceptance::prometheus::Prometheus;
use boutique_acceptance::room::{MEASURED_SHOP, room};
use boutique_acceptance::terraform::{Module, provider_with_helm};
use boutique_acceptance::{lab, project};
use boutique_core::contract::SetId;
use boutique_core::monitoring::{MonitoringSpec, Windows};
use boutique_core::service::Service;
use boutique_lab::{Cache, Progress, image};

const ADDRESS: &str = "boutique_monitoring.shop";
/// What the pods of operator, Prometheus and their company ask for, the controller's included.
const COMPANY: u32 = 400;

/// The lab with a real node and the images of shop, controller and monitoring.
fn node() -> &'static Path {
    static IMAGES: OnceLock<()> = OnceLock::new();
    let running = lab::real();
    IMAGES.get_or_init(|| {
        let progress = Progress::stderr();
        let loaded = Cache::of_user().and_then(|cache| {
            let mut images = image::monitoring(&cache, &progress)?;
            images.push(image::traefik(&cache, vec![image::TRAEFIK.to_owned()], &progress)?);
            running.load_images(&images)
        });
        loaded.unwrap_or_else(|error| panic!("images of monitoring: {error:#}"));
    });
    &running.kubeconfig
}

/// A shop with its way in and what watches it.
struct Watched {
    shop: Namespace,
    company: Namespace,
    module: Module,
    spec: MonitoringSpec,
    prometheus: Prometheus,
}

impl Watched {
    fn applied(kubeconfig: &Path) -> Self {
        let (shop, company) = (Namespace::new(kubeconfig, "watched"), Namespace::new(kubeconfig, "monitoring"));
        let charts = project::root().join("tests/acceptance/charts");
        let body = format!(
            r#"
resource "boutique_stack" "shop" {{
  name           = "shop"
  namespace      = "{shop}"
  profile        = "small"
  tracing        = true
  load_generator = {{ users = 4 }}
  # Without a limit nothing is ever throttled, and nothing says so.
  services = {{ frontend = {{ resources = {{ limits = {{ cpu = "500m" }} }} }} }}
}}

resource "boutique_ingress" "shop" {{
  name           = "edge"
  namespace      = boutique_stack.shop.namespace
  host           = "watched.local"
  load_generator = {{ users = 2 }}
  controller = {{
    kind = "traefik", install = true, namespace = "{company}", release = "door", class = "{company}"
    service_type = "ClusterIP", chart = {{ name = {traefik:?} }}
  }}
}}

resource "boutique_monitoring" "shop" {{
  name      = "shop"
  namespace = "{company}"
  stack     = boutique_stack.shop.id
  ingress   = boutique_ingress.shop.id
  chart = {{
    name    = {monitoring:?}
    release = "{company}"
    # The lab has no images of these.
    values = {{ alertmanager = {{ enabled = false }}, nodeExporter = {{ enabled = false }} }}
  }}
  windows   = "lab"
  grafana   = {{ enabled = false }}
}}
"#,
            shop = shop.name,
            company = company.name,
            traefik = charts.join("traefik"),
            monitoring = charts.join("monitoring"),
        );
        let module = Module::with_provider(&provider_with_helm(kubeconfig), &body);
        module.apply().expect_success("terraform apply");
        let mut spec = MonitoringSpec::new(&company.name, "shop", &SetId::stack(&shop.name, "shop"));
        spec.ingress = Some(format!("{}/edge", shop.name));
        spec.windows = Windows::Lab;
        let prometheus = Prometheus::in_state(&company, &module.state(ADDRESS));
        Self { prometheus, shop, company, module, spec }
    }

    /// Services whose requests leave signals.
    fn with_requests() -> impl Iterator<Item = Service> {
        Service::ALL.into_iter().filter(|service| !matches!(service, Service::RedisCart | Service::Loadgenerator))
    }

    fn scale(&self, service: Service, replicas: u32) {
        let (target, replicas) = (format!("deployment/{service}"), format!("--replicas={replicas}"));
        self.shop.kubectl(&["scale", &target, &replicas]).expect_success("kubectl scale");
    }

    fn rolled_out(&self, service: Service) {
        let target = format!("deployment/{service}");
        self.shop.kubectl(&["rollout", "status", &target, "--timeout=120s"]).expect_success("kubectl rollout status");
    }
}

#[test]
fn a_real_shop_is_watched_and_each_trouble_shows_where_it_is_and_raises_its_alert() {
    let kubeconfig = node();
    let _room = room(MEASURED_SHOP + COMPANY);
    let watched = Watched::applied(kubeconfig);
    watched.module.expect_empty_plan("after an apply");
    expressions::all_answer(&watched);
    outages::show_where_they_are(&watched);
    memory::oom_and_leak_are_seen(&watched);
    watched.module.destroy().expect_success("terraform destroy");
    let (shop, company) = (&watched.shop.name, &watched.company.name);
    let left = watched.shop.cluster(&["get", "namespaces", shop, company, "--ignore-not-found", "--output=name"]);
    assert_eq!(left.stdout, "", "everything is gone");
}
