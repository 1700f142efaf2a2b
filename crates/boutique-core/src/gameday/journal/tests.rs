use super::fixture::mk_journal;
use super::*;

#[test]
fn a_journal_is_read_back_as_it_was_written() {
    let journal = mk_journal();
    assert_eq!(Journal::read(&journal.write().unwrap()), Ok(journal));
}

#[test]
fn the_form_of_a_journal_is_kept() {
    let mut journal = mk_journal();
    // The form matters here, not each second of each step.
    for step in &mut journal.steps {
        step.seconds.retain(|second| [-1, 0, 5].contains(&second.at));
    }
    journal.steps.drain(1..3);
    insta::assert_snapshot!(journal.write().unwrap());
}

#[test]
fn a_later_version_is_refused_by_name() {
    let error = Journal::read(r#"{"kind": "GamedayJournal", "version": 2}"#).unwrap_err().to_string();
    assert!(error.contains("its version is 2, made by a newer build"), "{error}");
}

#[test]
fn another_file_is_refused_with_what_it_is() {
    let error = Journal::read(r#"{"kind": "GamedayReport"}"#).unwrap_err().to_string();
    assert!(error.contains("its kind is GamedayReport") && error.contains("give the journal.json"), "{error}");
    assert!(Journal::read("not json").is_err());
}

#[test]
fn a_journal_without_what_was_added_later_is_read() {
    let mut value: Value = serde_json::to_value(mk_journal()).unwrap();
    let step = value.pointer_mut("/steps/0").and_then(Value::as_object_mut).unwrap();
    step.retain(|key, _| ["number", "title", "fault", "prediction", "ending"].contains(&key.as_str()));
    assert_eq!(Journal::read(&value.to_string()).unwrap().steps[0].answers, Answers::default());
}

#[test]
fn moments_count_from_the_fault() {
    let journal = mk_journal();
    let outage = journal.steps.iter().find(|step| step.fault.service == "redis-cart").unwrap();
    let moments = outage.moments;
    assert_eq!((moments.t2, moments.t3), (Some(17.0), Some(30.0)));
    assert!(moments.t1.unwrap() < 1.0 && (47.0..49.0).contains(&moments.t4.unwrap()), "{moments:?}");
}

/// The journal that other crates' tests and the documentation are made from. `BLESS=1` writes it anew.
#[test]
fn the_recorded_journal_is_what_the_generator_makes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/gameday/journal.json");
    // Not spread over lines: it has one second after the other.
    let text = serde_json::to_string(&mk_journal()).unwrap() + "\n";
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(path).unwrap() == text, "BLESS=1 cargo test -p boutique-core writes it anew");
}
