//! What the environment says about traces: who sends them, and how many at a time.

use super::{
    library::Library,
    span::{number, text},
};
use crate::{env::Env, log::hostname, urlencoded};
use hipstershop_proto::otlp::KeyValue;
use std::time::Duration;

/// The queue and its emptying.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Settings {
    /// Spans that may wait.
    pub(super) queue: usize,
    /// Spans in one message.
    pub(super) batch: usize,
    /// The longest that a span waits for others.
    pub(super) delay: Duration,
}

impl Settings {
    /// As the SDKs' own variables say. A value that is none leaves the default, as it does there.
    pub(super) fn of(env: &Env) -> Self {
        let amount = |name: &str, default: usize| {
            env.get(name).and_then(|text| text.parse().ok()).filter(|amount| *amount > 0).unwrap_or(default)
        };
        let queue = amount("OTEL_BSP_MAX_QUEUE_SIZE", 2048);
        let delay = amount("OTEL_BSP_SCHEDULE_DELAY", 5000);
        Self {
            queue,
            batch: amount("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512).min(queue),
            delay: Duration::from_millis(u64::try_from(delay).unwrap_or(5000)),
        }
    }
}

/// What the process says of itself. `service` is the name of upstream's image of it.
pub(super) fn resource(library: Library, service: &str, env: &Env) -> Vec<KeyValue> {
    let mut attributes = Vec::new();
    // A form but for its separator, and for the plus sign, which means itself.
    let listed = env.get("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default().replace('+', "%2B").replace(',', "&");
    for (key, value) in urlencoded::parse(listed.as_bytes()) {
        set(&mut attributes, text(key.trim(), value.trim()));
    }
    let unnamed = attributes.iter().all(|attribute| attribute.key != "service.name");
    match (env.get("OTEL_SERVICE_NAME"), library) {
        (Some(name), _) => set(&mut attributes, text("service.name", name)),
        // Its services bring their names along, and those stand above what the list says.
        (None, Library::Node) => set(&mut attributes, text("service.name", service)),
        (None, Library::Go) if unnamed => {
            let program = if service == "frontend" || service == "productcatalogservice" { "server" } else { service };
            set(&mut attributes, text("service.name", format!("unknown_service:{program}")));
        }
        (None, Library::Python) if unnamed => set(&mut attributes, text("service.name", "unknown_service")),
        (None, _) => {}
    }
    let mut sdk = |language: &str, version: &str| {
        set(&mut attributes, text("telemetry.sdk.language", language));
        set(&mut attributes, text("telemetry.sdk.name", "opentelemetry"));
        set(&mut attributes, text("telemetry.sdk.version", version));
    };
    match library {
        Library::Go => sdk("go", "1.44.0"),
        Library::Python => sdk("python", "1.39.1"),
        // Its SDK does not say what it is and looks around instead, so that every pod and every start of it is a resource
        // of its own.
        Library::Node => {
            set(&mut attributes, text("host.name", hostname()));
            set(&mut attributes, number("process.pid", i64::from(std::process::id())));
            set(&mut attributes, text("process.runtime.name", "nodejs"));
        }
    }
    attributes
}

fn set(attributes: &mut Vec<KeyValue>, attribute: KeyValue) {
    attributes.retain(|known| known.key != attribute.key);
    attributes.push(attribute);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(library: Library, service: &str, env: &Env) -> KeyValue {
        resource(library, service, env).into_iter().find(|attribute| attribute.key == "service.name").unwrap()
    }

    #[test]
    fn a_service_is_called_what_the_environment_says_and_else_as_its_runtime_does() {
        let named = Env::from([("OTEL_SERVICE_NAME", "shop"), ("OTEL_RESOURCE_ATTRIBUTES", "service.name=no")]);
        let listed = Env::from([("OTEL_RESOURCE_ATTRIBUTES", "a=1,service.name=listed%20name")]);
        for (library, service, plain, from_list) in [
            (Library::Go, "frontend", "unknown_service:server", "listed name"),
            (Library::Go, "checkoutservice", "unknown_service:checkoutservice", "listed name"),
            (Library::Node, "paymentservice", "paymentservice", "paymentservice"),
            (Library::Python, "emailservice", "unknown_service", "listed name"),
        ] {
            assert_eq!(name(library, service, &named), text("service.name", "shop"));
            assert_eq!(name(library, service, &Env::default()), text("service.name", plain));
            assert_eq!(name(library, service, &listed), text("service.name", from_list));
        }
    }

    #[test]
    fn sizes_that_are_none_leave_the_defaults() {
        let default = Settings { queue: 2048, batch: 512, delay: Duration::from_secs(5) };
        assert_eq!(Settings::of(&Env::default()), default);
        let wrong = Env::from([("OTEL_BSP_MAX_QUEUE_SIZE", "many"), ("OTEL_BSP_SCHEDULE_DELAY", "-1")]);
        assert_eq!(Settings::of(&wrong), default);
        let small = Env::from([("OTEL_BSP_MAX_QUEUE_SIZE", "8"), ("OTEL_BSP_SCHEDULE_DELAY", "20")]);
        assert_eq!(Settings::of(&small), Settings { queue: 8, batch: 8, delay: Duration::from_millis(20) });
    }
}
