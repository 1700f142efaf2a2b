//! What reaches the API server of a lab, read from its audit log while it happens.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use boutique_lab::Running;

/// The requests of programs other than kubectl that name one namespace, from the moment this is made.
pub struct Audit {
    log: File,
    /// Bytes after the last whole line.
    rest: String,
    marks: [String; 2],
    seen: Vec<String>,
}

impl Audit {
    /// Begins to look at a namespace of a lab.
    pub fn from_now(lab: &Running, namespace: &str) -> Self {
        let path = lab.audit_log.as_ref().expect("the labs of these tests write an audit log");
        let mut log = File::open(path).expect("the audit log can be read");
        log.seek(SeekFrom::End(0)).expect("the audit log has an end");
        let marks = ["\"stage\":\"ResponseComplete\"".to_owned(), format!("\"namespace\":\"{namespace}\"")];
        Self { log, rest: String::new(), marks, seen: Vec::new() }
    }

    /// Every request that was answered since, each as the JSON of its audit event.
    pub fn seen(&mut self) -> &[String] {
        // The server writes whole lines, but a read may end in the middle of one.
        let mut bytes = Vec::new();
        self.log.read_to_end(&mut bytes).expect("the audit log can be read");
        self.rest.push_str(&String::from_utf8_lossy(&bytes));
        while let Some((line, rest)) = self.rest.split_once('\n') {
            if self.marks.iter().all(|mark| line.contains(mark)) && !line.contains("\"userAgent\":\"kubectl/") {
                self.seen.push(line.to_owned());
            }
            self.rest = rest.to_owned();
        }
        &self.seen
    }
}
