//! A child confines itself before it reads its job: resource limits always, Landlock (files and
//! network) and seccomp (system calls) where the kernel has them.

use std::collections::BTreeMap;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetStatus, Scope,
};
use rlimit::Resource;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};
use serde::{Deserialize, Serialize};

use super::Orders;

const MIB: u64 = 1024 * 1024;
/// The newest Landlock interface that is asked for; older kernels give what they have.
const LANDLOCK_ABI: ABI = ABI::V6;

/// A layer of the sandbox that can be missing or left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Layer {
    /// Limits on memory, CPU time and file size (setrlimit).
    Limits,
    /// Files and network by Landlock.
    Landlock,
    /// System calls by seccomp.
    Seccomp,
}

/// Whether a layer holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LayerState {
    /// In force.
    Active,
    /// In force as far as this kernel can.
    Partial,
    /// Not in force, and why.
    Missing(String),
}

/// Which layers hold in a child.
pub type Confinement = BTreeMap<Layer, LayerState>;

/// Confines this process for good. Must run before other threads start.
///
/// # Errors
/// When the resource limits cannot be set: without them no job may run.
pub fn confine(orders: &Orders) -> Result<Confinement, String> {
    let mut layers = Confinement::new();
    let left_out = |layer| orders.without.contains(&layer);
    if left_out(Layer::Limits) {
        layers.insert(Layer::Limits, LayerState::Missing("left out".to_owned()));
    } else {
        limit(orders).map_err(|e| format!("resource limits: {e}"))?;
        layers.insert(Layer::Limits, LayerState::Active);
    }
    let landlock = if left_out(Layer::Landlock) { Err("left out".to_owned()) } else { restrict_files(orders) };
    layers.insert(Layer::Landlock, landlock.unwrap_or_else(LayerState::Missing));
    let seccomp = if left_out(Layer::Seccomp) { Err("left out".to_owned()) } else { restrict_calls() };
    layers.insert(Layer::Seccomp, seccomp.unwrap_or_else(LayerState::Missing));
    Ok(layers)
}

fn limit(orders: &Orders) -> std::io::Result<()> {
    let limits = &orders.limits;
    let memory = address_space().unwrap_or(0) + limits.memory_mib * MIB;
    let cpu = limits.cpu.duration().as_secs().max(1);
    rlimit::setrlimit(Resource::AS, memory, memory)?;
    // The soft limit sends SIGXCPU, which says what happened; the hard one kills.
    rlimit::setrlimit(Resource::CPU, cpu, cpu + 5)?;
    let output = limits.output_mib * MIB;
    rlimit::setrlimit(Resource::FSIZE, output, output)?;
    rlimit::setrlimit(Resource::CORE, 0, 0)?;
    let (_, files) = rlimit::getrlimit(Resource::NOFILE)?;
    let files = files.min(1024);
    rlimit::setrlimit(Resource::NOFILE, files, files)
}

/// The address space in use, in bytes: the program itself does not count against the job (proc(5), statm).
fn address_space() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = statm.split_whitespace().next()?.parse().ok()?;
    Some(pages * 4096)
}

fn restrict_files(orders: &Orders) -> Result<LayerState, String> {
    let error = |e: landlock::RulesetError| e.to_string();
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK_ABI))
        .map_err(error)?
        .handle_access(AccessNet::from_all(LANDLOCK_ABI))
        .map_err(error)?
        .scope(Scope::from_all(LANDLOCK_ABI))
        .map_err(error)?
        .create()
        .map_err(error)?;
    for path in &orders.read {
        let Ok(fd) = PathFd::new(path) else { return Err(format!("{} cannot be opened", path.display())) };
        let access = if path.is_dir() {
            AccessFs::from_read(LANDLOCK_ABI) & !AccessFs::Execute
        } else {
            AccessFs::ReadFile.into()
        };
        ruleset = ruleset.add_rule(PathBeneath::new(fd, access)).map_err(error)?;
    }
    let fd = PathFd::new(&orders.write).map_err(|e| e.to_string())?;
    let access = AccessFs::from_all(LANDLOCK_ABI) & !AccessFs::Execute;
    ruleset = ruleset.add_rule(PathBeneath::new(fd, access)).map_err(error)?;
    match ruleset.restrict_self().map_err(error)?.ruleset {
        RulesetStatus::FullyEnforced => Ok(LayerState::Active),
        RulesetStatus::PartiallyEnforced => Ok(LayerState::Partial),
        RulesetStatus::NotEnforced => Err("this kernel has no Landlock".to_owned()),
    }
}

/// Calls that reach the network, other programs or other processes; none of them is needed for a job.
const FORBIDDEN_CALLS: [i64; 19] = [
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept4,
    libc::SYS_sendto,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kill,
    libc::SYS_mount,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_io_uring_setup,
    libc::SYS_keyctl,
    libc::SYS_perf_event_open,
];

/// Calls that make a process, which could outlive the job and go on writing into its files.
#[cfg(target_arch = "x86_64")]
const FORKS: [i64; 2] = [libc::SYS_fork, libc::SYS_vfork];
#[cfg(not(target_arch = "x86_64"))]
const FORKS: [i64; 0] = [];

fn restrict_calls() -> Result<LayerState, String> {
    let words = |e: seccompiler::BackendError| e.to_string();
    // Threads are made by the same call as processes: its flags tell them apart.
    let thread = u64::try_from(libc::CLONE_THREAD).map_err(|e| e.to_string())?;
    let no_thread = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(thread), 0);
    let no_thread = SeccompRule::new(vec![no_thread.map_err(words)?]).map_err(words)?;
    let mut refused: BTreeMap<i64, Vec<SeccompRule>> =
        FORBIDDEN_CALLS.into_iter().chain(FORKS).map(|call| (call, Vec::new())).collect();
    refused.insert(libc::SYS_clone, vec![no_thread]);
    apply(refused, libc::EPERM)?;
    // The flags of its successor lie in memory, where no filter sees them; without it, callers take the older one.
    apply(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)?;
    Ok(LayerState::Active)
}

fn apply(refused: BTreeMap<i64, Vec<SeccompRule>>, error: i32) -> Result<(), String> {
    let arch: TargetArch = std::env::consts::ARCH.try_into().map_err(|_| "unknown architecture".to_owned())?;
    let answer = SeccompAction::Errno(error.unsigned_abs());
    let filter = SeccompFilter::new(refused, SeccompAction::Allow, answer, arch).map_err(|e| e.to_string())?;
    let program: BpfProgram = filter.try_into().map_err(|e: seccompiler::BackendError| e.to_string())?;
    seccompiler::apply_filter(&program).map_err(|e| e.to_string())
}
