//! CPU time and memory of the server's process tree, and of the machine, from `/proc`.
use std::fs;

/// CPU time used so far, in seconds.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Cpu {
    pub(crate) user_s: f64,
    pub(crate) system_s: f64,
    /// Run time to the nanosecond, summed over the threads that live (`schedstat`).
    pub(crate) scheduled_s: f64,
}

impl Cpu {
    pub(crate) fn total_s(&self) -> f64 {
        self.user_s + self.system_s
    }

    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            user_s: self.user_s - earlier.user_s,
            system_s: self.system_s - earlier.system_s,
            scheduled_s: self.scheduled_s - earlier.scheduled_s,
        }
    }
}

/// A process and its descendants.
#[derive(Debug, Clone)]
pub(crate) struct ProcessTree(Vec<u32>);

impl ProcessTree {
    /// Finds the descendants of `pid`; 0 stands for no process.
    pub(crate) fn of(pid: u32) -> Self {
        let mut found = if pid == 0 { vec![] } else { vec![pid] };
        let parents = parents();
        let mut at = 0;
        while let Some(parent) = found.get(at).copied() {
            let children = parents.iter().filter(|(_, of)| *of == parent).map(|(child, _)| *child);
            found.extend(children);
            at += 1;
        }
        Self(found)
    }

    /// Only this process.
    pub(crate) fn own() -> Self {
        Self(vec![std::process::id()])
    }

    pub(crate) fn cpu(&self) -> Cpu {
        let mut cpu = Cpu::default();
        for pid in &self.0 {
            let stat = stat(*pid).unwrap_or_default();
            let seconds = |at: usize| stat.get(at).copied().unwrap_or(0) as f64 / ticks_per_second();
            cpu.user_s += seconds(USER_TIME);
            cpu.system_s += seconds(SYSTEM_TIME);
            cpu.scheduled_s += scheduled_ns(*pid) as f64 / 1e9;
        }
        cpu
    }

    /// Resident memory, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        self.0.iter().filter_map(|pid| status_kib(*pid, "VmRSS:")).sum()
    }
}

/// Places in `/proc/PID/stat`, counted from the field after the name.
const PARENT: usize = 1;
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;

/// Kernel memory of all TCP sockets of the machine, in KiB; both ends of a loopback pair.
pub(crate) fn tcp_memory_kib() -> u64 {
    const PAGE_KIB: u64 = 4;
    let Ok(text) = fs::read_to_string("/proc/net/sockstat") else { return 0 };
    let tcp = text.lines().find(|line| line.starts_with("TCP:")).unwrap_or_default();
    let pages = tcp.split_ascii_whitespace().skip_while(|word| *word != "mem").nth(1);
    pages.and_then(|word| word.parse::<u64>().ok()).unwrap_or(0) * PAGE_KIB
}

/// Load average of the last minute.
pub(crate) fn load_average() -> Option<f64> {
    fs::read_to_string("/proc/loadavg").ok()?.split_ascii_whitespace().next()?.parse().ok()
}

/// Busy time of all processors, and time stolen by the host, in seconds.
pub(crate) fn machine() -> (f64, f64) {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let line = text.lines().next().unwrap_or_default();
    let times: Vec<f64> = line
        .split_ascii_whitespace()
        .skip(1)
        .map(|word| word.parse::<f64>().unwrap_or(0.0) / ticks_per_second())
        .collect();
    match times[..] {
        [user, nice, system, _idle, _iowait, irq, softirq, steal, ..] => {
            (user + nice + system + irq + softirq, steal)
        }
        _ => (0.0, 0.0),
    }
}

fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}

/// Every process with its parent.
fn parents() -> Vec<(u32, u32)> {
    let Ok(entries) = fs::read_dir("/proc") else { return vec![] };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| Some((pid, u32::try_from(*stat(pid)?.get(PARENT)?).ok()?))).collect()
}

/// The fields after the name, which may hold spaces; what is not a number becomes 0.
fn stat(pid: u32) -> Option<Vec<u64>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split_ascii_whitespace().map(|word| word.parse().unwrap_or(0)).collect())
}

fn scheduled_ns(pid: u32) -> u64 {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let schedstats =
        threads.flatten().filter_map(|thread| fs::read_to_string(thread.path().join("schedstat")).ok());
    schedstats.filter_map(|text| text.split_ascii_whitespace().next()?.parse::<u64>().ok()).sum()
}

fn status_kib(pid: u32, key: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with(key))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clocks_of_this_process_see_the_same_work() {
        let before = ProcessTree::own().cpu();
        let mut spun = 0u64;
        while ProcessTree::own().cpu().since(&before).total_s() < 0.2 {
            spun = spun.wrapping_add(1);
        }
        let used = ProcessTree::own().cpu().since(&before);
        assert!(used.scheduled_s > 0.1 && used.scheduled_s < 2.0, "{used:?} after {spun} rounds");
    }

    #[test]
    fn a_child_belongs_to_the_tree_and_no_process_is_empty() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let tree = ProcessTree::of(std::process::id());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(tree.0.contains(&child.id()));
        assert_eq!(ProcessTree::of(0).resident_kib(), 0);
    }
}
