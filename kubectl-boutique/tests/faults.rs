//! docs/faults.md says of each kind of fault what the code says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use boutique_core::fault::kind::ALL;
use boutique_core::fault::{FaultType, Need, Undo, common_needs, needs};
use boutique_core::service::Service;

/// Two tests write one file.
static WRITING: Mutex<()> = Mutex::new(());

/// The part of a document between two marks is `expected`, or becomes it.
fn is_generated(name: &str, expected: &str) {
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/faults.md");
    let text = fs::read_to_string(&path).expect("can be read");
    let begin = format!("<!-- {name}: BLESS=1 cargo test -p kubectl-boutique --test faults -->\n");
    let end = format!("<!-- end of {name} -->\n");
    let (before, rest) = text.split_once(&begin).expect("the document marks where it begins");
    let (shown, after) = rest.split_once(&end).expect("the document marks where it ends");
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, format!("{before}{begin}{expected}{end}{after}")).expect("can be written");
    } else {
        assert_eq!(
            shown, expected,
            "docs/faults.md says otherwise: BLESS=1 cargo test -p kubectl-boutique --test faults"
        );
    }
}

fn undo(kind: &dyn FaultType) -> String {
    let text = kind.undo().to_string();
    text.split(':').next().unwrap_or(&text).to_owned()
}

fn who_undoes(undo: Undo) -> &'static str {
    match undo {
        Undo::Live => "Kubernetes",
        Undo::Added => "Kubernetes",
        Undo::Changed => "a healer",
    }
}

fn services(kind: &dyn FaultType) -> String {
    let fit: Vec<&str> =
        Service::ALL.iter().filter(|service| kind.unfit(**service).is_none()).map(|service| service.name()).collect();
    let all = Service::ALL.len();
    match fit.len() {
        n if n == all => "all".to_owned(),
        n if n * 2 > all => {
            let unfit = Service::ALL.iter().filter(|service| !fit.contains(&service.name()));
            format!("all but {}", unfit.map(|service| service.name()).collect::<Vec<_>>().join(", "))
        }
        _ => fit.join(", "),
    }
}

#[test]
fn the_kinds_are_those_of_the_code() {
    let mut table = "| kind | what it does | class | undone without this program by | Kubernetes | services |\n|---|---|---|---|---|---|\n".to_owned();
    for kind in ALL {
        let since = kind.since().map_or_else(|| "any".to_owned(), |minor| format!("1.{minor}"));
        table.push_str(&format!(
            "| `{}` | {} | {} | {} | {since} | {} |\n",
            kind.name(),
            kind.about(),
            undo(*kind),
            who_undoes(kind.undo()),
            services(*kind)
        ));
    }
    is_generated("kinds", &table);
}

/// Rights by resource, as `resource (verb, verb)`.
fn rights(needs: &[Need]) -> String {
    let mut by_resource: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for need in needs {
        let group = if need.group.is_empty() { String::new() } else { format!(".{}", need.group) };
        let verb = if need.required { need.verb.to_owned() } else { format!("*{}*", need.verb) };
        by_resource.entry(format!("{}{group}", need.resource)).or_default().push(verb);
    }
    let cells = by_resource.into_iter().map(|(resource, verbs)| format!("`{resource}` {}", verbs.join(" ")));
    cells.collect::<Vec<_>>().join("; ")
}

#[test]
fn the_rights_are_those_of_the_code() {
    let common = common_needs();
    let mut table = format!("| kind | rights |\n|---|---|\n| all | {} |\n", rights(&common));
    for kind in ALL {
        let known = |need: &Need| {
            common.iter().any(|one| {
                (one.verb, one.group, one.resource) == (need.verb, need.group, need.resource)
                    && one.required >= need.required
            })
        };
        let own: Vec<Need> = needs(*kind).into_iter().filter(|need| !known(need)).collect();
        table.push_str(&format!("| `{}` | {} |\n", kind.name(), rights(&own)));
    }
    is_generated("rights", &table);
}
