//! Containers that do not start, do not stay, or do not get ready.

use serde_json::Value;

use super::{LogsWanted, Observation, app, is_gone, items, known, logs, namespace, ownership, pull, reference, string};
use crate::catalogue::{Language, workload};
use crate::finding::{Code, Finding, Severity};
use crate::quantity::Quantity;
use crate::render::COLLECTOR;

/// Restarts after which a crash is no accident.
const CRASHES_BELIEVED: i64 = 3;
/// Restarts after which running out of memory is no accident.
const OOM_KILLS_BELIEVED: i64 = 2;
/// Pulls after which even a failure of the network is no accident.
const PULLS_BELIEVED: i64 = 3;
/// Seconds in which something else may still create what a container waits for.
const CONFIG_PATIENCE: i64 = 30;

/// Seconds in which a network plugin or a volume may still come.
const SET_UP_PATIENCE: i64 = 60;
/// Below this memory limit a container runtime has no room for the sandbox of a pod.
const SANDBOX_MEMORY: &str = "6Mi";

/// One container's status beside its pod.
struct Container<'a> {
    observation: &'a Observation,
    pod: &'a Value,
    status: &'a Value,
    name: &'a str,
    app: &'a str,
}

/// Everything wrong with a pod's containers.
pub(super) fn judge<'a>(observation: &'a Observation, pod: &'a Value) -> Vec<Finding> {
    if is_gone(pod) {
        return Vec::new();
    }
    let current = ownership::is_current(observation, pod);
    statuses(pod)
        .filter_map(|status| {
            let name = status["name"].as_str()?;
            let container = Container { observation, pod, status, name, app: app(pod) };
            let mut finding = container.judge()?;
            finding.settled &= current;
            Some(finding)
        })
        .collect()
}

fn statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    items(pod, "/status/initContainerStatuses").chain(items(pod, "/status/containerStatuses"))
}

/// Containers of a pod whose last lines would say more.
pub(super) fn logs_wanted(pod: &Value) -> Vec<LogsWanted> {
    let troubled = |status: &&Value| {
        let crashed = status.pointer("/lastState/terminated").is_some() && status["ready"] != true;
        let ended_badly = status.pointer("/state/terminated/exitCode").is_some_and(|code| *code != 0);
        let running_unready = status.pointer("/state/running").is_some() && status["ready"] != true;
        crashed || ended_badly || running_unready
    };
    if is_gone(pod) {
        return Vec::new();
    }
    statuses(pod)
        .filter(troubled)
        .filter_map(|status| {
            Some(LogsWanted {
                pod: string(pod, "/metadata/name")?.to_owned(),
                container: status["name"].as_str()?.to_owned(),
                previous: status.pointer("/state/waiting").is_some()
                    && status.pointer("/lastState/terminated").is_some(),
            })
        })
        .collect()
}

impl Container<'_> {
    fn judge(&self) -> Option<Finding> {
        let waiting = string(self.status, "/state/waiting/reason").unwrap_or_default();
        let message = string(self.status, "/state/waiting/message").unwrap_or_default();
        let ended = self.status.pointer("/state/terminated").or_else(|| self.status.pointer("/lastState/terminated"));
        match (waiting, ended) {
            (
                "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" | "RegistryUnavailable",
                _,
            ) => Some(self.image_pull(waiting, message)),
            ("ContainerCreating" | "PodInitializing", _) => self.not_set_up(),
            ("CreateContainerConfigError", _) => Some(self.missing_config(message)),
            ("CreateContainerError" | "RunContainerError", _) => Some(self.not_started(waiting, message)),
            (_, Some(ended)) if ended["reason"] == "OOMKilled" && self.status["ready"] != true => {
                Some(self.out_of_memory())
            }
            ("CrashLoopBackOff", Some(ended)) => Some(self.crash_loop(ended)),
            ("", Some(ended)) if self.restarts() > 0 && self.status["ready"] != true && ended["exitCode"] != 0 => {
                Some(self.crash_loop(ended))
            }
            ("", _) if self.status.pointer("/state/running").is_some() && self.status["ready"] != true => {
                self.not_ready()
            }
            _ => None,
        }
    }

    fn finding(&self, code: Code, summary: &str) -> Finding {
        Finding {
            code,
            severity: Severity::Error,
            service: Some(self.app.to_owned()),
            object: reference(self.pod),
            summary: format!("{}: {summary}", self.app),
            cause: Vec::new(),
            evidence: Vec::new(),
            fix: String::new(),
            settled: false,
        }
    }

    /// The attribute of the stack that decides something about this container, and kubectl's way for other shops.
    fn fix(&self, attribute: &str, kubectl: &str) -> String {
        let namespace = namespace(self.pod);
        let command = format!("kubectl -n {namespace} {kubectl}");
        match known(self.app) {
            Some(service) => format!("set services.{service}.{attribute} and apply, or: {command}"),
            // No service of the shop, but the stack's all the same.
            None if self.app == COLLECTOR && attribute != "env" => {
                format!("set collector.{attribute} and apply, or: {command}")
            }
            None => command,
        }
    }

    fn restarts(&self) -> i64 {
        self.status["restartCount"].as_i64().unwrap_or_default()
    }

    fn log_tail(&self) -> Vec<String> {
        logs::tail(self.observation, string(self.pod, "/metadata/name").unwrap_or_default(), self.name)
    }

    fn log_text(&self) -> String {
        logs::text(self.observation, string(self.pod, "/metadata/name").unwrap_or_default(), self.name)
    }

    fn since_start(&self, seconds: i64) -> bool {
        let since = string(self.pod, "/status/startTime").or_else(|| string(self.pod, "/metadata/creationTimestamp"));
        self.observation.lasted(since, seconds)
    }

    fn image_pull(&self, reason: &str, message: &str) -> Finding {
        let image = self.status["image"].as_str().filter(|image| !image.is_empty());
        let image = image.map_or_else(|| spec_image(self.pod, self.name), str::to_owned);
        // Backing off, the status only says so; what the registry said stands in the event.
        let failed = self
            .observation
            .events_of(self.pod, "Failed")
            .filter(|event| event["message"].as_str().is_some_and(|message| message.contains("pull")));
        let (mut attempts, mut said) = (0, None);
        for event in failed {
            attempts += event["count"].as_i64().or_else(|| event["series"]["count"].as_i64()).unwrap_or(1);
            said = event["message"].as_str().or(said);
        }
        let said = if reason == "ErrImagePull" || said.is_none() { message } else { said.unwrap_or(message) };
        let (cause, transient) = pull::cause(said);
        let mut finding = self.finding(Code::IMAGE_PULL, &format!("the image {image} cannot be pulled"));
        finding.cause.push(cause.to_owned());
        finding.evidence.push(if said.is_empty() { reason.to_owned() } else { format!("{reason}: {said}") });
        finding.settled = !transient || attempts >= PULLS_BELIEVED;
        let deployment = format!("set image deployment/{} {}=IMAGE", self.app, self.name);
        finding.fix = format!("correct image_registry or version, or {}", self.fix("image", &deployment));
        finding
    }

    fn not_set_up(&self) -> Option<Finding> {
        let reasons = ["FailedCreatePodSandBox", "FailedMount", "FailedAttachVolume"];
        let event = reasons.into_iter().find_map(|reason| self.observation.events_of(self.pod, reason).last())?;
        let reason = event["reason"].as_str().unwrap_or_default();
        let mut finding = self.finding(Code::POD_NOT_SET_UP, "the node cannot set the pod up");
        let limit = limit(self.pod, self.name, "memory");
        let parsed = |text: &str| text.parse::<Quantity>().ok();
        let is_tiny = limit.and_then(parsed).zip(parsed(SANDBOX_MEMORY)).is_some_and(|(limit, least)| limit < least);
        finding.evidence.push(format!("{reason}: {}", event["message"].as_str().unwrap_or_default().trim()));
        finding.fix = if reason == "FailedCreatePodSandBox" && is_tiny {
            finding
                .cause
                .push(format!("a memory limit of {} leaves no room for the sandbox", limit.unwrap_or_default()));
            self.fix(
                "resources.limits.memory",
                &format!("set resources deployment/{} -c {} --limits=memory=AMOUNT", self.app, self.name),
            )
        } else {
            let pod = string(self.pod, "/metadata/name").unwrap_or_default();
            format!("the message names the part: kubectl -n {} describe pod {pod}", namespace(self.pod))
        };
        finding.settled = self.since_start(SET_UP_PATIENCE);
        Some(finding)
    }

    fn missing_config(&self, message: &str) -> Finding {
        let mut finding =
            self.finding(Code::MISSING_CONFIG, &format!("the container {} lacks its configuration", self.name));
        finding.evidence.push(format!("CreateContainerConfigError: {message}"));
        finding.settled = self.since_start(CONFIG_PATIENCE);
        let namespace = namespace(self.pod);
        finding.fix = if message.contains("runAsNonRoot") {
            finding.cause.push("its image wants to run as root, which the pod forbids".to_owned());
            self.fix("image", &format!("set image deployment/{} {}=IMAGE", self.app, self.name))
        } else {
            finding.cause.push("it refers to a ConfigMap, a Secret or a key that does not exist".to_owned());
            format!("create what the message names in the namespace {namespace}, or remove the reference")
        };
        finding
    }

    fn not_started(&self, reason: &str, message: &str) -> Finding {
        let mut finding =
            self.finding(Code::CONTAINER_NOT_STARTED, &format!("the container {} cannot be started", self.name));
        finding.evidence.push(format!("{reason}: {message}"));
        finding.settled = self.since_start(CONFIG_PATIENCE);
        finding.fix = self.fix("image", &format!("set image deployment/{} {}=IMAGE", self.app, self.name));
        finding
    }

    fn out_of_memory(&self) -> Finding {
        let limit = limit(self.pod, self.name, "memory").unwrap_or("its node");
        let mut finding = self.finding(Code::OUT_OF_MEMORY, &format!("the container {} runs out of memory", self.name));
        finding.cause.push(format!("it needs more than {limit}, and the kernel kills it there (OOMKilled)"));
        finding.evidence.push(format!("{} restarts", self.restarts()));
        finding.evidence.extend(self.log_tail());
        finding.settled = self.restarts() >= OOM_KILLS_BELIEVED;
        let kubectl = format!("set resources deployment/{} -c {} --limits=memory=AMOUNT", self.app, self.name);
        finding.fix = self.fix("resources.limits.memory", &kubectl);
        finding
    }

    fn crash_loop(&self, ended: &Value) -> Finding {
        let exit = ended["exitCode"].as_i64().unwrap_or_default();
        let reason = ended["reason"].as_str().unwrap_or("unknown");
        let mut finding = self.finding(
            Code::CRASH_LOOP,
            &format!("the container {} ends right after its start, with exit code {exit} (reason {reason})", self.name),
        );
        let log = self.log_text();
        finding.cause.extend(self.crash_cause(exit, &log));
        let said = ended["message"].as_str().map(str::trim).filter(|said| !said.is_empty());
        finding.evidence.push(format!("{} restarts", self.restarts()));
        finding.evidence.extend(said.map(|said| format!("termination message: {said}")));
        finding.evidence.extend(self.log_tail());
        finding.settled = self.restarts() >= CRASHES_BELIEVED;
        let pod = string(self.pod, "/metadata/name").unwrap_or_default();
        let attribute = if finding.cause.iter().any(|cause| cause.contains("processor")) { "image" } else { "env" };
        let logs = format!("logs {pod} -c {} --previous", self.name);
        finding.fix = match known(self.app) {
            Some(service) => format!(
                "correct services.{service}.{attribute} and apply; the whole log: kubectl -n {} {logs}",
                namespace(self.pod)
            ),
            None => self.fix(attribute, &logs),
        };
        finding
    }

    /// Known reasons, the log's before the exit code's.
    fn crash_cause(&self, exit: i64, log: &str) -> Option<String> {
        if log.contains("exec format error") {
            return Some("the image is built for another processor than its node has".to_owned());
        }
        if let Some(line) = log.lines().find(|line| line.contains("environment variable") && line.contains("not set")) {
            return Some(format!("a mandatory variable is missing: {}", line.trim()));
        }
        if log.contains("EXTRA_LATENCY") {
            return Some("EXTRA_LATENCY is no duration of Go, such as 5.5s".to_owned());
        }
        if let Some(probe) = self.killed_by() {
            return Some(format!("its {probe} probe failed and Kubernetes killed it"));
        }
        let language = known(self.app).map(|service| workload(service).language);
        match (exit, language) {
            (2, Some(Language::Go)) => Some("the Go program panicked, or was told to stop".to_owned()),
            (126 | 127, _) => Some("its command does not exist in the image or may not be executed".to_owned()),
            (132 | 133, _) => Some("the processor does not know an instruction of the program".to_owned()),
            (137, _) => Some("it was killed, and not for its memory (that would say OOMKilled)".to_owned()),
            (139, _) => Some("the program crashed on a memory access".to_owned()),
            _ => None,
        }
    }

    /// The probe for which the container was killed. The kubelet's note of the kill is a normal event, which not every
    /// observer reads; the failures of the probe before it are warnings.
    fn killed_by(&self) -> Option<&'static str> {
        let said = |reason, begins: &str| {
            self.observation
                .events_of(self.pod, reason)
                .filter_map(|event| event["message"].as_str())
                .any(|message| message.to_ascii_lowercase().contains(begins))
        };
        ["liveness", "startup"].into_iter().find(|probe| {
            let failed = format!("{probe} probe failed");
            said("Killing", &format!("failed {probe} probe")) || said("Unhealthy", &failed)
        })
    }

    fn not_ready(&self) -> Option<Finding> {
        let unhealthy = self.observation.events_of(self.pod, "Unhealthy").last()?;
        let message = unhealthy["message"].as_str().unwrap_or_default();
        let mut finding =
            self.finding(Code::NOT_READY, &format!("the container {} runs and does not get ready", self.name));
        finding.cause.push(probe_cause(message).to_owned());
        let count = unhealthy["count"].as_i64().or_else(|| unhealthy["series"]["count"].as_i64()).unwrap_or(1);
        finding.evidence.push(format!("{} ({count}×)", message.trim()));
        finding.evidence.extend(self.log_tail());
        let pod = string(self.pod, "/metadata/name").unwrap_or_default();
        finding.fix = format!(
            "see why it does not answer: kubectl -n {} logs {pod} -c {}; if it is only slow, give it more CPU",
            namespace(self.pod),
            self.name
        );
        Some(finding)
    }
}

fn spec_container<'a>(pod: &'a Value, name: &str) -> Option<&'a Value> {
    items(pod, "/spec/initContainers").chain(items(pod, "/spec/containers")).find(|container| container["name"] == name)
}

fn spec_image(pod: &Value, name: &str) -> String {
    spec_container(pod, name).and_then(|container| container["image"].as_str()).unwrap_or("?").to_owned()
}

fn limit<'a>(pod: &'a Value, name: &str, resource: &str) -> Option<&'a str> {
    spec_container(pod, name)?.pointer(&format!("/resources/limits/{resource}"))?.as_str()
}

fn probe_cause(message: &str) -> &'static str {
    if message.contains("connection refused") {
        "nothing listens on the probed port"
    } else if message.contains("deadline exceeded") || message.contains("timeout") || message.contains("Timeout") {
        "it does not answer in time"
    } else if message.contains("statuscode") {
        "it answers with an error"
    } else {
        "its probe fails"
    }
}
