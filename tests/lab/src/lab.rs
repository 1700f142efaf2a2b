//! Labs by name: bring one up, look at it, take it down.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::api::Api;
use crate::build::{build, fetch_ahead, forget_old};
use crate::cache::{Cache, remove_folder};
use crate::control_plane::lab_client;
use crate::part::Part;
use crate::process::{kill_marked, tail};
use crate::progress::Progress;
use crate::record::{Mode, Record};
use crate::running::Running;
use crate::start::Starter;
use crate::{node, sim};

/// A lab by its name, running or not.
#[derive(Clone, Debug)]
pub struct Lab {
    cache: Cache,
    name: String,
}

/// What can be chosen beyond the mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Write an audit log ([`Running::audit_log`]) of the requests of people and their programs, without bodies. Those
    /// of the cluster's own parts are left out.
    pub audit: bool,
    /// Leave out what enforces NetworkPolicies on a real node: a minute and a half less to build.
    pub unenforced_policies: bool,
}

/// How a lab does.
#[derive(Clone, Debug)]
pub enum Status {
    /// There is none of that name.
    Absent,
    /// Everything runs and the API server answers.
    Running(Box<Running>),
    /// Something is left of it, but it does not work; each sentence says what is wrong. `up` starts it anew.
    Broken(Vec<String>),
}

impl Lab {
    /// The lab of that name in the user's cache; nothing is made yet.
    ///
    /// # Errors
    /// When the name is not 1–20 lower-case letters, digits and `-`, beginning with a letter.
    pub fn named(name: &str) -> Result<Self> {
        Self::in_cache(Cache::of_user()?, name)
    }

    /// The lab of that name in another cache.
    ///
    /// # Errors
    /// As [`Lab::named`].
    pub fn in_cache(cache: Cache, name: &str) -> Result<Self> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        if !begins || name.len() > 20 || !name.bytes().all(allowed) {
            bail!("lab name {name:?}: use 1 to 20 lower-case letters, digits and '-', beginning with a letter");
        }
        Ok(Self { cache, name: name.to_owned() })
    }

    /// Every lab of a cache, running or broken.
    ///
    /// # Errors
    /// When the folder of labs cannot be read.
    pub fn all(cache: &Cache) -> Result<Vec<Self>> {
        let folder = cache.labs();
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&folder).with_context(|| format!("folder {}", folder.display()))?;
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut labs: Vec<Self> = names.filter_map(|name| Self::in_cache(cache.clone(), &name).ok()).collect();
        labs.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(labs)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The lab's folder.
    pub fn folder(&self) -> PathBuf {
        self.cache.labs().join(&self.name)
    }

    /// Makes the lab run, building what is missing. One that runs already is used as it is (and gets more simulated
    /// nodes if more are asked for); what is left of a broken one is removed first.
    ///
    /// # Errors
    /// When a part cannot be built, or a component does not start: which, why, its log and the log's last lines. When
    /// the lab runs in another way than is asked for.
    pub fn up(&self, mode: Mode, options: &Options, progress: &Progress) -> Result<Running> {
        if mode == Mode::Node {
            node::check(&self.folder())?;
        }
        let _lock = self.cache.lock(&format!("lab-{}", self.name), || {
            progress.say(&format!("waiting: another process works on lab {}", self.name));
        })?;
        let parts = match mode {
            Mode::Sim { .. } => Part::SIM.to_vec(),
            Mode::Node if options.unenforced_policies => Part::REAL.to_vec(),
            Mode::Node => [Part::REAL, &[Part::NETPOL]].concat(),
        };
        let keys = parts.iter().map(Part::key).collect::<Result<Vec<_>>>()?;
        let folder = self.folder();
        // A record that cannot be read is treated like none: what is left of the lab is found by its mark and removed.
        let earlier = Record::read(&folder).unwrap_or_default();
        if let Some(earlier) = &earlier {
            let wrong = self.judge(earlier);
            if wrong.is_empty() {
                self.agrees(earlier, mode, options)?;
                if earlier.parts == keys {
                    return self.reuse(earlier.clone(), mode);
                }
            }
            let reason = if wrong.is_empty() { "it runs on other parts".to_owned() } else { wrong.join("; ") };
            progress.say(&format!("lab {}: {reason}; starting it anew", self.name));
        }
        fetch_ahead(&self.cache, &parts);
        let bin: Vec<PathBuf> = parts.iter().map(|part| build(&self.cache, part, progress)).collect::<Result<_>>()?;
        if mode == Mode::Node {
            node::tools(&self.cache, progress)?;
        }
        self.clear(earlier.as_ref())?;

        let step = progress.begin(&format!("start lab {} with {mode}", self.name), None);
        let mut attempt = 0;
        loop {
            attempt += 1;
            // Chosen and recorded under a lock, so that two labs do not choose the same.
            let choosing = self.cache.lock("network", || ())?;
            let network = if mode == Mode::Node {
                node::network(&self.cache)?
            } else {
                sim::ports(earlier.as_ref().filter(|_| attempt == 1).map(|record| record.network))?
            };
            let mut record = Record {
                name: self.name.clone(),
                mode,
                audit: options.audit,
                parts: keys.clone(),
                network,
                processes: Vec::new(),
                complete: false,
            };
            fs::create_dir_all(&folder).with_context(|| format!("folder {}", folder.display()))?;
            record.write(&folder)?;
            drop(choosing);
            let Err(error) = self.start(&mut record, &bin) else {
                record.complete = true;
                record.write(&folder)?;
                step.done();
                // What this lab ran on before is needed no more.
                parts.iter().for_each(|part| forget_old(&self.cache, part, progress));
                return Running::of(&folder, &record);
            };
            // What runs is ended; the folder stays, because the message points to its logs. The next `up` clears it.
            stop(&folder, &record)?;
            let busy = record.processes.iter().any(|it| tail(&it.log, 20).contains("address already in use"));
            if !busy || attempt == 3 {
                return Err(error.context(format!("lab {} did not start", self.name)));
            }
            progress.say(&format!("lab {}: somebody took a port that was free; trying others", self.name));
        }
    }

    fn start(&self, record: &mut Record, bin: &[PathBuf]) -> Result<()> {
        let folder = self.folder();
        match (record.mode, bin) {
            (Mode::Sim { nodes }, [etcd, kubernetes, kwok]) => {
                sim::start(&folder, record, &sim::Programs { etcd, kubernetes, kwok }, nodes)
            }
            (Mode::Node, [etcd, kubernetes, node, containerd, runc, cni, coredns, pause, netpol @ ..]) => {
                let netpol = netpol.first().map(PathBuf::as_path);
                let programs = node::Programs { etcd, kubernetes, node, containerd, runc, cni, coredns, pause, netpol };
                node::start(&self.cache, &folder, record, &programs)
            }
            (mode, _) => bail!("a lab with {mode} has other parts"),
        }
    }

    /// Refuses to give a lab that runs in another way than is asked for, or to throw it away unasked.
    fn agrees(&self, record: &Record, mode: Mode, options: &Options) -> Result<()> {
        let first = format!("take it down first (`cargo xtask lab down {}`)", self.name);
        if matches!(record.mode, Mode::Node) != matches!(mode, Mode::Node) {
            bail!("lab {} runs with {}, not with {mode}; {first}", self.name, record.mode);
        }
        if options.audit && !record.audit {
            bail!("lab {} runs without an audit log; {first}", self.name);
        }
        Ok(())
    }

    fn reuse(&self, mut record: Record, mode: Mode) -> Result<Running> {
        let folder = self.folder();
        if let (Mode::Sim { nodes: have }, Mode::Sim { nodes: want }) = (record.mode, mode)
            && want > have
        {
            record.mode = mode;
            record.write(&folder)?;
            let starter = Starter { folder: &folder, record: &mut record, inside: None };
            let api = starter.api()?;
            sim::grow(&api, have, want)?;
            sim::wait(&starter, &api, want)?;
        }
        Running::of(&folder, &record)
    }

    /// Looks at the lab; changes nothing.
    ///
    /// # Errors
    /// When its record cannot be read.
    pub fn status(&self) -> Result<Status> {
        let folder = self.folder();
        if !folder.exists() {
            return Ok(Status::Absent);
        }
        let Some(record) = Record::read(&folder)? else {
            return Ok(Status::Broken(vec![format!("its folder {} holds no record", folder.display())]));
        };
        let wrong = self.judge(&record);
        if wrong.is_empty() {
            Ok(Status::Running(Box::new(Running::of(&folder, &record)?)))
        } else {
            Ok(Status::Broken(wrong))
        }
    }

    /// The lab if it runs.
    ///
    /// # Errors
    /// When it does not, with what is wrong.
    pub fn running(&self) -> Result<Running> {
        match self.status()? {
            Status::Running(running) => Ok(*running),
            Status::Absent => bail!("there is no lab {0}; `cargo xtask lab up {0}` makes it", self.name),
            Status::Broken(wrong) => {
                bail!(
                    "lab {0} does not work: {1}; `cargo xtask lab up {0}` starts it anew",
                    self.name,
                    wrong.join("; ")
                )
            }
        }
    }

    /// What is wrong with a recorded lab; nothing when it works.
    fn judge(&self, record: &Record) -> Vec<String> {
        let mut wrong: Vec<String> = Vec::new();
        for process in &record.processes {
            if !process.is_alive() {
                wrong.push(format!("{} has ended (log {})", process.name, process.log.display()));
            }
        }
        if !record.complete {
            wrong.push("its start was interrupted".to_owned());
        }
        if wrong.is_empty()
            && let Err(error) = self.answers(record)
        {
            wrong.push(format!("the API server does not answer ({error:#})"));
        }
        wrong
    }

    fn answers(&self, record: &Record) -> Result<()> {
        let (authority, client) = lab_client(&self.folder())?;
        let api = Api::new(record.network.api(), &authority, &client)?;
        let mut last = api.get("/readyz");
        for _ in 0..20 {
            match &last {
                Ok((200, _)) => return Ok(()),
                _ => std::thread::sleep(Duration::from_millis(250)),
            }
            last = api.get("/readyz");
        }
        match last? {
            (200, _) => Ok(()),
            (status, body) => {
                bail!("{status} {}", body.lines().filter(|line| line.starts_with("[-]")).collect::<String>())
            }
        }
    }

    /// Ends the lab and removes all of it; does nothing when there is none.
    ///
    /// # Errors
    /// When something cannot be removed; it names what.
    pub fn down(&self, progress: &Progress) -> Result<()> {
        let _lock = self.cache.lock(&format!("lab-{}", self.name), || {
            progress.say(&format!("waiting: another process works on lab {}", self.name));
        })?;
        if !self.folder().exists() {
            return Ok(());
        }
        let step = progress.begin(&format!("take down lab {}", self.name), None);
        // A record that cannot be read must not keep the rest alive.
        let record = Record::read(&self.folder()).unwrap_or_default();
        self.clear(record.as_ref())?;
        step.done();
        Ok(())
    }

    fn clear(&self, record: Option<&Record>) -> Result<()> {
        let folder = self.folder();
        match record {
            Some(record) => stop(&folder, record)?,
            None => kill_marked(&folder)?,
        }
        remove_folder(&folder)
    }
}

/// Ends everything of a lab but its folder.
fn stop(folder: &Path, record: &Record) -> Result<()> {
    if record.mode == Mode::Node {
        node::stop(record)?;
    }
    for process in record.processes.iter().rev() {
        process.kill()?;
    }
    kill_marked(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_would_not_fit_a_path_or_an_interface_are_refused() {
        for name in ["", "Demo", "1st", "a/b", "..", "a-name-that-is-far-too-long"] {
            assert!(Lab::in_cache(Cache::at("/tmp"), name).is_err(), "{name}");
        }
        assert!(Lab::in_cache(Cache::at("/tmp"), "sim-2").is_ok());
    }

    #[test]
    fn an_unknown_lab_is_absent_and_taking_it_down_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let lab = Lab::in_cache(Cache::at(folder.path()), "nobody").unwrap();
        assert!(matches!(lab.status().unwrap(), Status::Absent));
        lab.down(&Progress::silent()).unwrap();
        let error = lab.running().unwrap_err().to_string();
        assert!(error.contains("lab up nobody"), "{error}");
    }

    #[test]
    fn a_folder_without_a_record_is_broken_and_is_removed_by_down() {
        let folder = tempfile::tempdir().unwrap();
        let lab = Lab::in_cache(Cache::at(folder.path()), "half").unwrap();
        fs::create_dir_all(lab.folder().join("pki")).unwrap();
        assert!(matches!(lab.status().unwrap(), Status::Broken(_)));
        lab.down(&Progress::silent()).unwrap();
        assert!(!lab.folder().exists());
    }
}
