//! Complaints about the chart: its templates, its values, where it comes from.

use super::{
    Complaint, Trouble,
    parse::{after, between, start},
};

/// Values against the schema: one complaint each.
pub(super) fn values(said: &str) -> Vec<Complaint> {
    if let Some(url) = between(said, "failing loading \"", "\"") {
        return vec![Complaint::new(
            Trouble::RemoteSchema,
            Some(url.to_owned()),
            "the chart's values schema refers to this one, which could not be loaded",
            "set skip_schema_validation = true, or give this machine access to that URL",
        )];
    }
    let Some((_, rest)) = said.split_once("values don't meet the specifications of the schema(s)") else {
        return Vec::new();
    };
    let mut chart = "";
    let mut found = Vec::new();
    for line in rest.lines().skip(1) {
        let line = line.trim();
        if let Some(problem) = line.strip_prefix("- ") {
            // What it means stands in the lines below it.
            if !problem.ends_with(": validation failed") {
                found.push(value(chart, problem));
            }
        } else if let Some(name) = line.strip_suffix(':') {
            chart = name;
        }
    }
    found
}

/// `at '/a/b': got string, want integer` (helm 3.18 and newer), `a.b: Invalid type. Expected: …` (older).
fn value(chart: &str, problem: &str) -> Complaint {
    let (place, what) = match problem.strip_prefix("at '").and_then(|rest| rest.split_once("': ")) {
        Some((pointer, what)) => (pointer.trim_start_matches('/').replace('/', "."), what),
        None => match problem.split_once(": ") {
            Some((place, what)) => (place.replace("(root)", ""), what),
            None => (String::new(), problem),
        },
    };
    let object = if place.is_empty() { "values".to_owned() } else { format!("values.{place}") };
    let fix = if what.contains("dditional propert") {
        format!("chart {chart} knows no such value: correct its name, or leave it out")
    } else if what.contains("missing propert") || what.contains("is required") {
        format!("chart {chart} needs it: set it")
    } else {
        format!("set it as the schema of chart {chart} says")
    };
    Complaint::new(Trouble::Values, Some(object), what, fix)
}

/// Everything else about the chart.
pub(super) fn read(said: &str) -> Vec<Complaint> {
    let found = template(said).or_else(|| missing(said)).or_else(|| source(said)).or_else(|| parts(said));
    found.into_iter().collect()
}

const TEMPLATE_FIX: &str = "check the values that this template reads; `helm template` with the same values shows it";

fn template(said: &str) -> Option<Complaint> {
    // What `fail` and `required` of a template say is meant for people.
    if let Some(rest) = said.split_once("execution error at (").map(|(_, rest)| rest) {
        let (place, message) = rest.split_once("): ")?;
        return Some(Complaint::new(Trouble::Template, Some(at(place)), message, "set the values that it asks for"));
    }
    if let Some(rest) = said.split_once("parse error at (").map(|(_, rest)| rest) {
        let (place, message) = rest.split_once("): ")?;
        let fix = "the chart is broken: use another version, or mend the template";
        return Some(Complaint::new(Trouble::Template, Some(at(place)), start(message, 400), fix));
    }
    if let Some(rest) = said.split_once("YAML parse error on ").map(|(_, rest)| rest) {
        let (file, message) = rest.split_once(": ")?;
        let message = format!("what it renders to is no YAML: {}", start(message, 400));
        return Some(Complaint::new(Trouble::Template, Some(file.to_owned()), message, TEMPLATE_FIX));
    }
    // helm 3: `template: web/templates/a.yaml:3:5: executing "…" at <.Values.a.b>: nil pointer evaluating …`
    // helm 4: `web/templates/a.yaml:3:5\n  executing "…" at <.Values.a.b>:\n    nil pointer evaluating …`
    let (before, rest) = said.split_once("executing \"")?;
    let place = before.trim().trim_end_matches(':').rsplit([' ', '\n']).next().unwrap_or_default();
    let expression = between(rest, "at <", ">:");
    let message = rest.rsplit_once(">:").map_or(rest, |(_, message)| message).trim();
    let message = match expression {
        Some(expression) => format!("<{expression}> fails: {}", start(message, 400)),
        None => start(message, 400),
    };
    Some(Complaint::new(Trouble::Template, Some(at(place)), message, TEMPLATE_FIX))
}

/// `web/templates/a.yaml:3:5` → `web/templates/a.yaml line 3`.
fn at(place: &str) -> String {
    let mut parts = place.split(':');
    match (parts.next(), parts.next()) {
        (Some(file), Some(line)) if line.chars().all(|c| c.is_ascii_digit()) => format!("{file} line {line}"),
        _ => place.to_owned(),
    }
}

fn missing(said: &str) -> Option<Complaint> {
    let fix = "check the chart's name and version; `helm search repo` or the repository's page lists what there is";
    let complaint =
        |object: &str, what: &str| Complaint::new(Trouble::ChartMissing, Some(format!("chart {object}")), what, fix);
    // `chart "web" matching 9.9.9 not found in boutique index. (try 'helm repo update'): no chart version found for web-9.9.9`
    if let Some(rest) = said.split_once("chart \"").map(|(_, rest)| rest)
        && let Some((name, rest)) = rest.split_once('"')
        && rest.contains("not found")
    {
        let no_name = rest.contains("no chart name found");
        return Some(match between(rest, "matching ", " not found").filter(|_| !no_name) {
            Some(version) if !version.is_empty() => {
                complaint(name, &format!("the repository has no version {version} of it"))
            }
            _ => complaint(name, "the repository does not have it"),
        });
    }
    if let Some(path) = between(said, "path \"", "\" not found") {
        let fix = "correct the path; a relative one is looked for from the folder that terraform runs in";
        return Some(Complaint::new(
            Trouble::ChartMissing,
            Some(format!("chart {path}")),
            "there is nothing at this path",
            fix,
        ));
    }
    let no_such = said.contains("could not locate a version matching provided version string")
        || said.contains("manifest unknown")
        || said.contains("name unknown")
        || (said.ends_with(": not found") && said.contains("/"));
    no_such.then(|| {
        let fix = "check reference, tag and digest; a private registry also answers so when it wants credentials";
        Complaint::new(
            Trouble::ChartMissing,
            None,
            format!("the registry does not have it ({})", start(said, 300)),
            fix,
        )
    })
}

fn source(said: &str) -> Option<Complaint> {
    let about_source = said.contains("chart repository")
        || said.contains("failed to fetch")
        || said.contains("failed to do request")
        || said.contains("failed to perform")
        || said.contains("Unable to get an update")
        || said.contains("Failed to update the following repositories")
        || said.contains("failed to authorize")
        || said.contains("response status code");
    if !about_source {
        return None;
    }
    let url = between(said, "looks like \"", "\"").or_else(|| between(said, "chart repository (", ")"));
    let url = url.or_else(|| said.split('"').find(|part| part.contains("://") && !part.contains(' ')));
    let object = url.map(str::to_owned);
    let has = |code: &str| said.contains(&format!(" {code}")) || said.contains(&format!("code {code}"));
    if has("401") || has("403") || said.contains("nauthorized") || said.contains("denied") {
        let fix = "set user name and password of the repository";
        return Some(Complaint::new(Trouble::Unauthorized, object, "the repository wants other credentials", fix));
    }
    if has("404") {
        let fix = "check the URL of the repository: its index.yaml lies below it";
        return Some(Complaint::new(Trouble::ChartMissing, object, "there is no chart repository at this URL", fix));
    }
    let why = said.lines().find(|line| line.contains(": ") && !line.ends_with(':')).unwrap_or(said);
    let why = why.rsplit(": ").next().unwrap_or(why);
    let fix = "check the URL and the network; charts that are pinned to a version and were loaded before come from the cache, \
         and a chart can be given as a path";
    Some(Complaint::new(Trouble::Unreachable, object, format!("it cannot be reached: {}", start(why, 300)), fix))
}

fn parts(said: &str) -> Option<Complaint> {
    if let Some(names) = after(said, "missing in charts/ directory: ") {
        let fix = "run `helm dependency build` in the chart's folder";
        let what = format!("its parts {names} are not in its charts folder");
        return Some(Complaint::new(Trouble::Dependency, None, what, fix));
    }
    let rest = after(said, "chart requires kubeVersion: ")?;
    let fix = "use a version of the chart that supports this Kubernetes";
    Some(Complaint::new(Trouble::KubeVersion, None, format!("it requires Kubernetes {rest}"), fix))
}
