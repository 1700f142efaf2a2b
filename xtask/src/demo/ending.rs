//! What the demo ends with: where the shop is, and what to try next.

use std::path::Path;

use boutique_core::url::ShopUrl;

use super::Target;
use super::terraform::Outputs;
use crate::package::Package;

/// A way to the shop from this machine.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) url: String,
    /// `HOST:PORT:ADDRESS`, as curl and the plugin take it.
    pub(super) resolve: String,
    hosts_entry: Option<String>,
}

impl Way {
    /// None where there is no way in, or nobody has given it an address.
    pub(super) fn of(outputs: &Outputs) -> Option<Self> {
        let (url, address) = (outputs.url.clone()?, outputs.address.clone()?);
        let ShopUrl { host, port, .. } = url.parse().ok()?;
        let address = if address.contains(':') { format!("[{address}]") } else { address };
        Some(Self { url, resolve: format!("{host}:{port}:{address}"), hosts_entry: outputs.hosts_entry.clone() })
    }
}

/// The last words of a demo. `again` is what its verbs take to find the same cluster.
pub(super) fn words(
    way: Option<&Way>,
    prometheus: Option<&str>,
    package: &Package,
    target: &Target,
    again: &str,
) -> String {
    let kubectl = target.kubectl.as_deref().and_then(Path::parent).map(|folder| format!(":{}", folder.display()));
    let context = target.context.as_ref().map(|context| format!(" --context {context}")).unwrap_or_default();
    let commands = [
        (format!("kubectl boutique status -n shop{context}"), "is the shop up, and if not, why"),
        (format!("kubectl boutique break cartservice -n shop{context}"), "predict, kill, measure, grade"),
        (format!("cargo xtask demo{again} --down"), "remove everything"),
    ];
    let width = commands.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    let mut lines = vec![
        String::new(),
        "Try next:".to_owned(),
        format!(
            "  export KUBECONFIG={} PATH={}{}:$PATH",
            target.kubeconfig.display(),
            package.bin.display(),
            kubectl.unwrap_or_default()
        ),
    ];
    lines.extend(commands.iter().map(|(command, what)| format!("  {command:width$}   # {what}")));
    if let Some(Way { url, resolve, hosts_entry }) = way {
        lines.push(format!("\nThe shop is at {url}. Until DNS knows that name:"));
        lines.push(format!("  curl --resolve {resolve} {url}"));
        lines.push(format!("  kubectl boutique buy --resolve {resolve} --url {url}"));
        if let Some(entry) = hosts_entry {
            lines.push(format!("  echo '{entry}' | sudo tee -a /etc/hosts   # then also in a browser on this machine"));
        }
    }
    if let Some((service, namespace, port)) = prometheus.and_then(service) {
        lines.push("\nPrometheus watches it; its signals begin with boutique:, its alerts with Boutique:".to_owned());
        lines.push(format!("  kubectl port-forward -n {namespace} service/{service} {port}{context}"));
    }
    lines.join("\n")
}

/// Name, namespace and port of the Service in a URL within the cluster.
fn service(url: &str) -> Option<(String, String, u16)> {
    let ShopUrl { host, port, .. } = url.parse().ok()?;
    let mut labels = host.split('.');
    Some((labels.next()?.to_owned(), labels.next()?.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn mk_way(url: &str, address: &str) -> Option<Way> {
        Way::of(&Outputs { url: Some(url.to_owned()), address: Some(address.to_owned()), ..Outputs::default() })
    }

    #[test]
    fn the_way_has_the_port_that_the_url_means() {
        let resolve = |url, address| mk_way(url, address).map(|way| way.resolve);
        assert_eq!(resolve("http://shop.local", "192.0.2.1").as_deref(), Some("shop.local:80:192.0.2.1"));
        assert_eq!(resolve("https://shop.local:30443", "192.0.2.1").as_deref(), Some("shop.local:30443:192.0.2.1"));
        assert_eq!(resolve("http://shop.local", "2001:db8::1").as_deref(), Some("shop.local:80:[2001:db8::1]"));
        assert_eq!(Way::of(&Outputs::default()), None);
    }

    #[test]
    fn the_last_words_fit_the_cluster() {
        let package = Package { bin: PathBuf::from("/bin-of-ours"), cli_config: PathBuf::new() };
        let target = Target {
            kubeconfig: PathBuf::from("/config"),
            context: Some("kind-shop".to_owned()),
            kubectl: None,
            node: None,
        };
        let mut way = mk_way("http://shop.local:30080", "192.0.2.1").unwrap();
        way.hosts_entry = Some("192.0.2.1 shop.local".to_owned());
        assert_eq!(
            words(Some(&way), Some("http://prometheus.monitoring.svc:9090"), &package, &target, " --cluster kind"),
            "
Try next:
  export KUBECONFIG=/config PATH=/bin-of-ours:$PATH
  kubectl boutique status -n shop --context kind-shop              # is the shop up, and if not, why
  kubectl boutique break cartservice -n shop --context kind-shop   # predict, kill, measure, grade
  cargo xtask demo --cluster kind --down                           # remove everything

The shop is at http://shop.local:30080. Until DNS knows that name:
  curl --resolve shop.local:30080:192.0.2.1 http://shop.local:30080
  kubectl boutique buy --resolve shop.local:30080:192.0.2.1 --url http://shop.local:30080
  echo '192.0.2.1 shop.local' | sudo tee -a /etc/hosts   # then also in a browser on this machine

Prometheus watches it; its signals begin with boutique:, its alerts with Boutique:
  kubectl port-forward -n monitoring service/prometheus 9090 --context kind-shop"
        );
    }
}
