//! Kubeconfigs of a lab: files of their own, never `~/.kube/config`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::pki::Pair;

/// What a kubeconfig says.
pub(crate) struct Kubeconfig<'a> {
    /// Name of cluster and context, e.g. `boutique-demo`.
    pub(crate) context: &'a str,
    /// Name of the user entry.
    pub(crate) user: &'a str,
    /// URL of the API server.
    pub(crate) server: &'a str,
    /// Certificate of the authority, PEM.
    pub(crate) authority: &'a str,
    /// The client.
    pub(crate) client: &'a Pair,
}

impl Kubeconfig<'_> {
    /// The file's text.
    pub(crate) fn render(&self) -> String {
        let Self { context, user, server, .. } = self;
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: {context}\nclusters:\n- name: {context}\n  cluster:\n    server: {server}\n    \
             certificate-authority-data: {authority}\ncontexts:\n- name: {context}\n  context:\n    cluster: {context}\n    user: {user}\n\
             users:\n- name: {user}\n  user:\n    client-certificate-data: {certificate}\n    client-key-data: {key}\n",
            authority = STANDARD.encode(self.authority),
            certificate = STANDARD.encode(&self.client.certificate),
            key = STANDARD.encode(&self.client.key),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubeconfig_names_one_context_and_carries_everything_inline() {
        let client = Pair { certificate: "C".to_owned(), key: "K".to_owned() };
        let text = Kubeconfig {
            context: "boutique-demo",
            user: "admin",
            server: "https://127.0.0.1:6443",
            authority: "A",
            client: &client,
        }
        .render();
        let expected = "\
apiVersion: v1
kind: Config
current-context: boutique-demo
clusters:
- name: boutique-demo
  cluster:
    server: https://127.0.0.1:6443
    certificate-authority-data: QQ==
contexts:
- name: boutique-demo
  context:
    cluster: boutique-demo
    user: admin
users:
- name: admin
  user:
    client-certificate-data: Qw==
    client-key-data: Sw==
";
        assert_eq!(text, expected);
    }
}
