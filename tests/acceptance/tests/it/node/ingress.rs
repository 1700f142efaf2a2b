//! The way in, on a real node: Traefik by the resource's own Helm release, requests as a browser sends them, and the
//! findings of an edge that does not lead to the shop.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use boutique_acceptance::kubectl::Namespace;
use boutique_acceptance::room::{SMALL_SHOP, room};
use boutique_acceptance::terraform::{Module, Said, provider_with_helm};
use boutique_acceptance::{lab, project};
use boutique_lab::{Cache, Progress, image};
use serde_json::Value;

const FIRST: &str = "boutique_ingress.first";
const SECOND: &str = "boutique_ingress.second";
/// Namespace of the controller: not the default one, so that nothing else of this lab is in the way.
const CONTROLLER: &str = "edge-test";

/// The lab with a real node and the images of shop and controller.
fn node() -> &'static Path {
    static IMAGE: OnceLock<()> = OnceLock::new();
    let running = lab::real();
    IMAGE.get_or_init(|| {
        let progress = Progress::stderr();
        let made = Cache::of_user()
            .and_then(|cache| image::traefik(&cache, vec![image::TRAEFIK.to_owned()], &progress))
            .and_then(|image| running.load_images(&[image]));
        made.unwrap_or_else(|error| panic!("image of the controller: {error:#}"));
    });
    &running.kubeconfig
}

/// A shop that is quick to start: what the home page does not need is left out.
fn shop(name: &str, namespace: &str) -> String {
    let off =
        ["emailservice", "paymentservice", "shippingservice", "checkoutservice", "recommendationservice", "adservice"];
    let off: Vec<String> = off.iter().map(|service| format!("{service} = {{ enabled = false }}")).collect();
    format!(
        "resource \"boutique_stack\" \"{name}\" {{\n  name = \"shop\"\n  namespace = \"{namespace}\"\n  profile = \"small\"\n  \
         load_generator = {{ enabled = false }}\n  services = {{\n    {}\n    frontend = {{ env = {{ FRONTEND_MESSAGE = \
         \"the {name} shop\" }} }}\n  }}\n}}\n",
        off.join("\n    ")
    )
}

/// An edge of that shop. `controller` replaces the installed Traefik.
fn edge(name: &str, host: &str, controller: Option<&str>, settings: &str) -> String {
    let chart = project::root().join("tests/acceptance/charts/traefik");
    let installed = format!(
        "kind = \"traefik\", install = true, namespace = \"{CONTROLLER}\", release = \"edge\", class = \"{CONTROLLER}\", \
         service_type = \"NodePort\", chart = {{ name = {chart:?} }}"
    );
    format!(
        "resource \"boutique_ingress\" \"{name}\" {{\n  name = \"edge\"\n  namespace = boutique_stack.{name}.namespace\n  \
         host = \"{host}\"\n  controller = {{ {} }}\n  {settings}\n}}\n",
        controller.unwrap_or(&installed)
    )
}

/// `curl --resolve`: status and body of a page, through the address in the state, with a verified certificate.
fn curl(state: &Value, host: &str, authority: Option<&Path>) -> (String, String) {
    let url = state["url"].as_str().expect("has a URL");
    let (scheme, authority_part) = url.split_once("://").expect("is a URL");
    let port = authority_part.rsplit_once(':').map_or(if scheme == "https" { "443" } else { "80" }, |(_, port)| port);
    let address = state["address"].as_str().expect("has an address");
    let mut command = Command::new("curl");
    command.args(["--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code}"]);
    command.args(["--resolve", &format!("{host}:{port}:{address}"), &format!("{scheme}://{host}:{port}/")]);
    match authority {
        Some(file) => command.arg("--cacert").arg(file),
        None => command.arg("--insecure"),
    };
    let output = command.stdin(Stdio::null()).output().expect("curl starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (body, code) = text.rsplit_once('\n').unwrap_or(("", &text));
    let said = String::from_utf8_lossy(&output.stderr);
    (code.to_owned(), format!("{body}{said}"))
}

/// Where plain HTTP through this port of the nodes is sent on to.
fn redirected(state: &Value, host: &str, port: &str) -> String {
    let address = state["address"].as_str().expect("has an address");
    let resolve = format!("{host}:{port}:{address}");
    let args = ["--silent", "--max-time", "20", "--output", "/dev/null", "--write-out", "%{redirect_url}", "--resolve"];
    let page = format!("http://{host}:{port}/cart");
    let output = Command::new("curl").args(args).args([&resolve, &page]).stdin(Stdio::null()).output();
    String::from_utf8_lossy(&output.expect("curl starts").stdout).into_owned()
}

fn assert_shop(state: &Value, host: &str, authority: Option<&Path>, message: &str) {
    let (code, body) = curl(state, host, authority);
    assert_eq!(code, "200", "{host}: {body}");
    assert!(body.contains(message), "{host} is not {message:?}:\n{body}");
}

/// What the plugin makes of the way in: `status` finds it, `buy` goes it. The shop has no checkout, so nothing is bought.
fn assert_plugin(namespace: &Namespace, state: &Value, authority: Option<&Path>) {
    let url = state["url"].as_str().expect("has a URL");
    let read = |said: Said| serde_json::from_str::<Value>(&said.stdout).unwrap_or_else(|_| panic!("{}", said.text()));
    let status = read(namespace.boutique(&["status", "--output=json"]));
    let route = &status["edge"]["routes"][0];
    assert_eq!((&route["url"], &route["frontPage"]["good"]), (&url.into(), &true.into()), "{route}");

    let (host, address) =
        (url.split_once("://").expect("is a URL").1, state["address"].as_str().expect("has an address"));
    let resolve = format!("--resolve={host}:{address}");
    let mut args = vec!["buy", "--output=json", "--url", url, &resolve];
    let authority = authority.map(|file| format!("--cacert={}", file.display()));
    args.extend(authority.as_deref());
    let purchase = read(namespace.boutique(&args));
    assert_eq!((&purchase["way"], &purchase["hops"][0]["status"]), (&"url".into(), &200.into()), "{purchase}");
}

fn release_secrets(namespace: &Namespace) -> Said {
    namespace.cluster(&["get", "secrets", "--namespace", CONTROLLER, "--selector", "owner=helm", "--output=name"])
}

fn assert_code(said: &Said, code: &str, words: &[&str]) {
    let text = said.unwrapped();
    for word in [&[code][..], words].concat() {
        assert!(text.contains(word), "the answer does not say {word:?}:\n{}", said.text());
    }
}

#[test]
fn two_shops_share_a_controller_that_goes_with_the_last_of_them_and_each_trouble_has_its_finding() {
    let kubeconfig = node();
    // Two shops of which each leaves half out, and their controller.
    let _room = room(SMALL_SHOP + 100);
    let (first, second) = (Namespace::new(kubeconfig, "first"), Namespace::new(kubeconfig, "second"));
    let tls = "tls = { self_signed = true }";
    let first_part = format!("{}{}", shop("first", &first.name), edge("first", "shop.local", None, tls));
    let second_part = format!("{}{}", shop("second", &second.name), edge("second", "shop2.local", None, ""));
    let both = format!("{first_part}{second_part}");
    let module = Module::with_provider(&provider_with_helm(kubeconfig), &both);
    let rewrite = |body: &str| module.rewrite_provider(&provider_with_helm(kubeconfig), body);

    // One apply from nothing.
    module.apply().expect_success("terraform apply");
    module.expect_empty_plan("after an apply");
    let (state, other) = (module.state(FIRST), module.state(SECOND));
    let authority = module.folder().join("authority.pem");
    std::fs::write(&authority, state["ca_certificate"].as_str().expect("has an authority")).expect("can be written");
    assert_shop(&state, "shop.local", Some(&authority), "the first shop");
    assert_shop(&other, "shop2.local", None, "the second shop");
    assert_eq!(curl(&other, "nobody.local", None).0, "404", "a host that nobody has");
    let (code, said) = curl(&state, "shop2.local", Some(&authority));
    assert_eq!(code, "000", "no certificate of the first stands for the second: {said}");
    assert!(state["hosts_entry"].as_str().is_some_and(|entry| entry.ends_with(" shop.local")), "{state}");
    let web = "--output=jsonpath={.spec.ports[?(@.name==\"web\")].nodePort}";
    let web = first.cluster(&["get", "service", "edge-traefik", "--namespace", CONTROLLER, web]).stdout;
    let leads = format!("{}/cart", state["url"].as_str().expect("has a URL"));
    assert_eq!(redirected(&state, "shop.local", &web), leads, "from one node port to the other");
    assert_plugin(&first, &state, Some(&authority));
    assert_plugin(&second, &other, None);

    // Somebody takes the controller away: the plan says so, and apply brings it back.
    let scale = ["scale", "deployment", "--all", "--replicas=0", "--namespace", CONTROLLER];
    first.cluster(&scale).expect_success("kubectl scale");
    let pending = module.plan().pending(FIRST).join("\n");
    assert!(pending.contains("replicas"), "pending does not say it:\n{pending}");
    findings(&module, &rewrite, [&first, &second]);
    rewrite(&both);
    module.apply().expect_success("terraform apply");
    assert_shop(&module.state(FIRST), "shop.local", Some(&authority), "the first shop");

    // The first leaves, the controller stays; the last takes it along.
    rewrite(&second_part);
    module.apply().expect_success("terraform apply");
    assert_shop(&module.state(SECOND), "shop2.local", None, "the second shop");
    assert_ne!(release_secrets(&second).stdout, "", "the controller stays for the second");
    module.destroy().expect_success("terraform destroy");
    let left = second.cluster(&["get", "namespaces", &first.name, &second.name, CONTROLLER, "--ignore-not-found"]);
    assert_eq!(left.stdout, "", "everything is gone");
    let class = second.cluster(&["get", "ingressclass", CONTROLLER, "--ignore-not-found"]);
    assert_eq!(class.stdout, "", "the class goes with its controller");
}

/// Each trouble, provoked on the cluster. The first ingress uses the controller as it is, the second keeps it installed.
fn findings(module: &Module, rewrite: &dyn Fn(&str), [first, second]: [&Namespace; 2]) {
    let used =
        format!("kind = \"traefik\", class = \"{CONTROLLER}\", namespace = \"{CONTROLLER}\", release = \"edge\"");
    let applied = |host: &str, controller: &str, settings: &str, options: &[&str]| {
        let settings = format!("{settings}\n  timeouts = {{ create = \"3m\", update = \"3m\" }}");
        rewrite(&format!("{}{}", shop("first", &first.name), edge("first", host, Some(controller), &settings)));
        let target = format!("-target={FIRST}");
        module.run(&[&["apply", "-auto-approve", "-no-color", "-input=false", &target], options].concat())
    };
    let scale = |replicas: &str| {
        let replicas = format!("--replicas={replicas}");
        let scale = ["scale", "deployment", "--all", &replicas, "--namespace", CONTROLLER];
        first.cluster(&scale).expect_success("kubectl scale");
    };

    // No pod of the controller, and this ingress may not bring one back.
    scale("0");
    let said = applied("shop.local", &used, "", &[]).expect_failure("terraform apply");
    assert_code(&said, "BTQ-2001", &["is scaled to zero", "--replicas=1"]);
    scale("1");
    let ready = ["rollout", "status", "deployment", "--namespace", CONTROLLER, "--timeout=120s"];
    first.cluster(&ready).expect_success("kubectl rollout status");

    // A Secret that nobody has made.
    let said = applied("shop.local", &used, "tls = { secret = \"nobody-made-this\" }", &[]);
    assert_code(&said.expect_failure("terraform apply"), "BTQ-2008", &["nobody-made-this", "create secret tls"]);

    // A Service without pods. Terraform is kept from noticing, or it would bring them back.
    first.kubectl(&["scale", "deployment", "frontend", "--replicas=0"]).expect_success("kubectl scale");
    let said = applied("shop.local", &used, "", &["-refresh=false"]).expect_failure("terraform apply");
    assert_code(&said, "BTQ-2006", &["no ready pod stands behind the Service frontend", "--replicas=1"]);
    first.kubectl(&["scale", "deployment", "frontend", "--replicas=1"]).expect_success("kubectl scale");
    first.kubectl(&["rollout", "status", "deployment", "frontend", "--timeout=120s"]).expect_success("kubectl rollout");

    // A host that somebody else has: with Traefik chance decides, so it is said and no more.
    let theirs = format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: theirs}}\nspec:\n  ingressClassName: {CONTROLLER}\n  \
         rules: [{{host: taken.local, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: frontend, \
         port: {{number: 80}}}}}}}}]}}}}]\n"
    );
    second.apply(&theirs, &[]).expect_success("kubectl apply");
    let said = applied("taken.local", &used, "", &[]).expect_success("terraform apply");
    assert_code(&said, "BTQ-2013", &["taken.local is claimed by another Ingress", "theirs"]);
    second.kubectl(&["delete", "ingress", "theirs"]).expect_success("kubectl delete");

    // A class that leads to another controller is refused before anything is written.
    let class = "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: taken-class}\nspec: {controller: \
                 example.com/other}\n";
    first.apply(class, &[]).expect_success("kubectl apply");
    let other = used.replace(&format!("class = \"{CONTROLLER}\""), "class = \"taken-class\"");
    let said = applied("taken.local", &other, "", &[]);
    first.cluster(&["delete", "ingressclass", "taken-class"]).expect_success("kubectl delete");
    assert_code(&said.expect_failure("terraform apply"), "BTQ-2003", &["example.com/other", "fix"]);
    let route = first.get("ingress", "edge");
    assert_eq!(route["spec"]["ingressClassName"], CONTROLLER, "nothing was written: {route}");
}
