//! The lab's own network, mount and PID namespaces, and the wire between them and the host.
//!
//! The first process in the PID namespace holds everything: when it ends, the kernel ends every process in it, and with
//! the last of them go mounts, interfaces and firewall rules. The host sees one interface and one route per lab.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::cgroup;
use crate::cache::Cache;
use crate::process::{Process, Program, all_pids};
use crate::record::{Mode, Network, Record};
use crate::start::enter;

/// Name of the process that holds the namespaces.
const HOLDER: &str = "namespaces";

/// What the first process does: private mounts, then nothing until it is killed. `$1` is the lab's folder.
///
/// kubelet insists on a few kernel settings that belong to the whole machine; it reads and writes copies of them. Names
/// outside the cluster are answered by nobody, so that a missing image fails at once instead of after DNS timeouts.
/// Zombies are reaped by the kernel, because the signal that announces them is ignored.
const INIT: &str = r#"
set -e
mount --make-rshared /
mount -t tmpfs -o mode=755 lab-run /run
mkdir -p /run/lock /run/lab/kernel
mount --bind "$1/node/lib" /var/lib
mount --bind "$1/node/log" /var/log
keep() {
    [ -e "/proc/sys/$1" ] || return 0
    file="/run/lab/kernel/$(echo "$1" | tr / .)"
    echo "$2" > "$file"
    mount --bind "$file" "/proc/sys/$1"
}
keep vm/overcommit_memory 1
keep vm/panic_on_oom 0
keep kernel/panic 10
keep kernel/panic_on_oops 1
keep kernel/keys/root_maxkeys 1000000
keep kernel/keys/root_maxbytes 25000000
: > /run/lab/resolv.conf
if [ -e /etc/resolv.conf ]; then mount --bind /run/lab/resolv.conf /etc/resolv.conf; fi
echo 1 > /proc/sys/net/ipv4/ip_forward
ip link set lo up
trap '' CHLD
touch "$1/node/open"
exec sleep infinity
"#;

/// Whether this machine can hold a real node; says what is missing.
pub(crate) fn check(folder: &Path) -> Result<()> {
    if !cfg!(target_os = "linux") {
        bail!("a real node needs Linux; use simulated nodes (`--mode sim`) or another cluster here");
    }
    if !rustix::process::geteuid().is_root() {
        bail!(
            "a real node needs root (namespaces, mounts, control groups); run as root, or use simulated nodes (`--mode sim`)"
        );
    }
    for hidden in ["/run", "/var/run", "/var/lib", "/var/log"] {
        if folder.starts_with(hidden) {
            bail!(
                "the lab's folder {} lies in {hidden}, which the node covers; set BOUTIQUE_CACHE to another folder",
                folder.display()
            );
        }
    }
    for program in ["unshare", "nsenter", "setsid", "ip", "mount"] {
        if Command::new(program).arg("--version").output().is_err() && Command::new(program).arg("-V").output().is_err()
        {
            bail!("a real node needs the program {program} (Debian packages util-linux, mount, iproute2)");
        }
    }
    Ok(())
}

/// A range of addresses that neither this host nor another lab uses: 10.`n`.0.0/16.
pub(crate) fn network(cache: &Cache) -> Result<Network> {
    let routes = ip(&["-4", "route", "show"])? + &ip(&["-4", "address", "show"])?;
    let mut taken = Vec::new();
    for lab in fs::read_dir(cache.labs()).into_iter().flatten().flatten() {
        // A record that cannot be read is of a lab that does not run; its routes would show if it did.
        taken.extend(Record::read(&lab.path()).ok().flatten().map(|record| record.network));
    }
    free_block(&routes, &taken).context("no free range 10.200–10.249 for the lab's network")
}

fn free_block(routes: &str, taken: &[Network]) -> Option<Network> {
    let free = |network: &Network| {
        let Network::Own { block } = network else { return false };
        !taken.contains(network) && !routes.contains(&format!("10.{block}."))
    };
    (200..250).map(|block| Network::Own { block }).find(free)
}

/// The host's end of the wire.
fn interface(record: &Record) -> Option<String> {
    if let Network::Own { block } = record.network { Some(format!("btq{block}")) } else { None }
}

/// Opens the namespaces; answers the id of their first process.
pub(crate) fn open(folder: &Path, record: &mut Record) -> Result<i32> {
    for part in ["node/lib", "node/log"] {
        fs::create_dir_all(folder.join(part)).with_context(|| format!("folder {part} of the lab"))?;
    }
    cgroup::make(&cgroup::name(record))?;
    let args = [
        "--mount",
        "--net",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "--propagation",
        "private",
        "sh",
        "-c",
        INIT,
        "lab",
    ];
    let mut args: Vec<String> = args.map(str::to_owned).to_vec();
    args.push(folder.display().to_string());
    let program = Program { name: HOLDER.to_owned(), path: "unshare".into(), args, env: Vec::new() };
    let process = Process::start(&program, &folder.join("logs"), folder)?;
    record.processes.push(process.clone());
    record.write(folder)?;
    let begun = Instant::now();
    while !folder.join("node/open").exists() {
        if !process.is_alive() || begun.elapsed() > Duration::from_secs(20) {
            let said = crate::process::tail(&process.log, 5);
            bail!("this machine does not let the lab have namespaces of its own (network, mounts, processes):\n{said}");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let init = init(record)?;
    wire(record, init)?;
    Ok(init)
}

fn wire(record: &Record, init: i32) -> Result<()> {
    let (Some(outer), Some(range)) = (interface(record), record.network.range()) else {
        bail!("lab {} has no network of its own", record.name);
    };
    let (host, node, inside) = (record.network.host(), record.network.node(), init.to_string());
    // A wire of that name can only be what is left of a lab that is gone.
    ip(&["link", "delete", &outer]).ok();
    ip(&["link", "add", &outer, "type", "veth", "peer", "name", "eth0", "netns", &inside])?;
    ip(&["address", "add", &format!("{host}/30"), "dev", &outer])?;
    ip(&["link", "set", &outer, "up"])?;
    run(init, &["ip", "address", "add", &format!("{node}/30"), "dev", "eth0"])?;
    run(init, &["ip", "link", "set", "eth0", "up"])?;
    // ClusterIPs need a route before kube-proxy's rules can redirect them; all else is refused at once.
    run(init, &["ip", "route", "add", &record.network.services(), "via", &host.to_string()])?;
    run(init, &["ip", "route", "add", "unreachable", "default"])?;
    ip(&["route", "add", &range, "via", &node.to_string(), "dev", &outer])?;
    Ok(())
}

/// The first process in the lab's namespaces: the only child of the process that opened them.
pub(crate) fn init(record: &Record) -> Result<i32> {
    let holder = record.process(HOLDER).filter(|process| process.is_alive());
    let holder = holder.with_context(|| format!("lab {}: its namespaces are gone", record.name))?.pid;
    let parent = |pid: i32| -> Option<i32> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    let child = all_pids().into_iter().find(|pid| parent(*pid) == Some(holder));
    child.with_context(|| format!("lab {}: its namespaces have no first process", record.name))
}

/// Runs a program in the lab's namespaces, to its end; answers what it wrote to stdout.
pub(crate) fn run(init: i32, command: &[&str]) -> Result<String> {
    let (path, args) = command.split_first().context("no command")?;
    let program = Program {
        name: (*path).to_owned(),
        path: path.into(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        env: Vec::new(),
    };
    let entered = enter(init, &program);
    finish(Command::new(entered.path).args(entered.args), &command.join(" "))
}

fn ip(args: &[&str]) -> Result<String> {
    finish(Command::new("ip").args(args), &format!("ip {}", args.join(" ")))
}

fn finish(command: &mut Command, line: &str) -> Result<String> {
    let answer = command.output().with_context(|| format!("run `{line}`"))?;
    if !answer.status.success() {
        let said = String::from_utf8_lossy(&answer.stderr).into_owned();
        bail!("`{line}` failed: {}", said.trim());
    }
    Ok(String::from_utf8_lossy(&answer.stdout).into_owned())
}

/// Ends everything in the namespaces and waits until nothing of it is left.
pub(crate) fn close(record: &Record) -> Result<()> {
    debug_assert_eq!(record.mode, Mode::Node);
    let inside = init(record).ok().and_then(|init| fs::read_link(format!("/proc/{init}/ns/pid")).ok());
    if let Some(holder) = record.process(HOLDER) {
        holder.kill()?;
    }
    let members = |namespace: &Path| {
        let of = |pid: &i32| fs::read_link(format!("/proc/{pid}/ns/pid")).is_ok_and(|it| it == namespace);
        all_pids().iter().filter(|pid| of(pid)).count()
    };
    let begun = Instant::now();
    while let Some(count) = inside.as_deref().map(members).filter(|count| *count > 0) {
        if begun.elapsed() > Duration::from_secs(30) {
            bail!("lab {}: {count} of its processes do not end; they are stuck in the kernel", record.name);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    if let Some(interface) = interface(record) {
        // Usually gone with the namespace already; then this fails, and nothing is left to do.
        ip(&["link", "delete", &interface]).ok();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_in_use_by_the_host_or_another_lab_is_not_taken() {
        let routes = "default via 192.0.2.1 dev eth0\n10.200.0.0/16 via 10.200.255.2 dev btq200\n";
        let taken = [Network::Own { block: 201 }];
        assert_eq!(free_block(routes, &taken), Some(Network::Own { block: 202 }));
    }
}
