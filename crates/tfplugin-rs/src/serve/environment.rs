use std::ffi::OsString;
use std::path::PathBuf;

/// What Terraform puts into the environment to recognise its plugins. It is a courtesy, no protection.
const COOKIE_NAME: &str = "TF_PLUGIN_MAGIC_COOKIE";
const COOKIE: &str = "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2";

/// Who started the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Terraform.
    Plugin,
    /// A developer, who will make Terraform use this process.
    Debug,
}

/// What the environment says.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    cookie: Option<String>,
    /// The host's certificate; with it TLS is compulsory.
    pub(super) client_certificate: Option<String>,
    /// Where to put the socket.
    pub(super) socket_directory: Option<PathBuf>,
    /// Who else may use the socket: a group's name or number.
    pub(super) socket_group: Option<String>,
    /// The range of TCP ports, where there are no Unix sockets.
    #[cfg_attr(unix, expect(dead_code, reason = "only systems without Unix sockets listen on ports"))]
    pub(super) ports: Option<(u16, u16)>,
    /// Whether the host wants to hear that connections are not multiplexed.
    pub(super) multiplex: bool,
}

impl Environment {
    pub(super) fn read(variable: impl Fn(&str) -> Option<String>) -> Self {
        let text = |name: &str| variable(name).filter(|value| !value.is_empty());
        let port = |name: &str| text(name).and_then(|value| value.parse().ok());
        Self {
            cookie: variable(COOKIE_NAME),
            client_certificate: text("PLUGIN_CLIENT_CERT"),
            socket_directory: text("PLUGIN_UNIX_SOCKET_DIR").map(PathBuf::from),
            socket_group: text("PLUGIN_UNIX_SOCKET_GROUP"),
            ports: port("PLUGIN_MIN_PORT").zip(port("PLUGIN_MAX_PORT")),
            multiplex: variable("PLUGIN_MULTIPLEX_GRPC").is_some(),
        }
    }

    /// Who started the program, or what to tell a person who did.
    pub(super) fn mode(&self, arguments: impl Iterator<Item = OsString>, address: &str) -> Result<Mode, String> {
        let arguments: Vec<OsString> = arguments.collect();
        if arguments.iter().any(|argument| argument == "--debug" || argument == "-debug") {
            return Ok(Mode::Debug);
        }
        if self.cookie.as_deref() == Some(COOKIE) {
            return Ok(Mode::Plugin);
        }
        Err(format!(
            "This program is the Terraform provider {address}. Terraform starts it; run `terraform init` with a \
             configuration that requires it. To debug it, start it with --debug."
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(cookie: Option<&str>, arguments: &[&str]) -> Result<Mode, String> {
        let environment = Environment::read(|name| (name == COOKIE_NAME).then(|| cookie.map(str::to_owned)).flatten());
        environment.mode(arguments.iter().map(OsString::from), "registry.terraform.io/example/tiny")
    }

    #[test]
    fn the_cookie_makes_a_plugin_and_the_argument_a_debugged_one() {
        assert_eq!(mode(Some(COOKIE), &[]), Ok(Mode::Plugin));
        assert_eq!(mode(None, &["--debug"]), Ok(Mode::Debug));
    }

    #[test]
    fn a_person_is_told_what_the_program_is() {
        for cookie in [None, Some(""), Some("wrong")] {
            assert!(mode(cookie, &[]).unwrap_err().contains("Terraform provider registry.terraform.io/example/tiny"));
        }
    }
}
