//! The environment variables a service is configured with, and what is wrong with them.

use std::collections::BTreeMap;

/// Why a service does not start. How it is said, and with which exit code, is the platform's matter.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    /// A mandatory variable is absent or empty.
    #[error("environment variable \"{0}\" not set")]
    MissingVariable(String),
    /// A variable has a value that cannot be used.
    #[error("environment variable \"{name}\" = {value:?}: {problem}")]
    BadVariable { name: &'static str, value: String, problem: String },
    /// The port cannot be listened on.
    #[error("cannot listen on {address}: {problem}; is another process using the port?")]
    Listen { address: String, problem: String },
    /// The server stopped by itself.
    #[error("serving failed: {0}")]
    Serve(String),
}

/// A snapshot of the process's environment, so that tests can pass another one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Env(BTreeMap<String, String>);

impl Env {
    /// The environment of this process; variables that are not UTF-8 are left out.
    pub(crate) fn of_process() -> Self {
        Self(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect())
    }

    /// The value of a variable; an empty one counts as absent, as it does in upstream's services.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The value of a variable without which the service cannot start.
    pub(crate) fn required(&self, name: &str) -> Result<&str, StartError> {
        self.get(name).ok_or_else(|| StartError::MissingVariable(name.to_owned()))
    }

    /// True when the variable is exactly `value`.
    pub(crate) fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == Some(value)
    }

    /// `PORT`, or the service's own default; without a default it is mandatory.
    pub(crate) fn port(&self, default: Option<u16>) -> Result<u16, StartError> {
        match (self.get("PORT"), default) {
            (None, Some(port)) => Ok(port),
            _ => port("PORT", self.required("PORT")?),
        }
    }
}

/// Reads a port number.
pub(crate) fn port(name: &'static str, value: &str) -> Result<u16, StartError> {
    value.parse().map_err(|_| StartError::BadVariable {
        name,
        value: value.to_owned(),
        problem: "a port is a number from 0 to 65535".to_owned(),
    })
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Env {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_mandatory_variable_is_missing() {
        let env = Env::from([("CART_SERVICE_ADDR", "")]);
        assert_eq!(
            env.required("CART_SERVICE_ADDR").unwrap_err().to_string(),
            "environment variable \"CART_SERVICE_ADDR\" not set"
        );
    }

    #[test]
    fn a_port_is_mandatory_only_where_there_is_no_default() {
        assert_eq!(Env::default().port(Some(8080)).unwrap(), 8080);
        assert!(matches!(Env::default().port(None), Err(StartError::MissingVariable(name)) if name == "PORT"));
        assert!(Env::from([("PORT", "grpc")]).port(Some(1)).is_err());
    }
}
