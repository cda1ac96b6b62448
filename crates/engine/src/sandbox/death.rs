//! How a child died, in words that say which limit it met and the way out.

use std::{os::unix::process::ExitStatusExt, process::ExitStatus};

use punctual_model::definition::Limits;

use super::SandboxError;

/// Reads the exit status and the last words of a child.
pub(super) fn explain(status: ExitStatus, words: &str, limits: &Limits) -> SandboxError {
    let out_of_memory = words.contains("memory allocation of") || words.contains("out of memory");
    match status.signal() {
        Some(libc::SIGABRT) if out_of_memory => memory(limits),
        Some(libc::SIGXCPU) => cpu(limits),
        // The kernel sends SIGKILL at the hard limit of CPU time, or when the machine runs out of memory.
        Some(libc::SIGKILL) => SandboxError::Died {
            how: "killed by the system: the machine is out of memory, or the process went on past its CPU time"
                .to_owned(),
            words: String::new(),
        },
        Some(libc::SIGXFSZ) => output(limits),
        Some(signal) if out_of_memory => {
            let _ = signal;
            memory(limits)
        }
        // The words of a stack that is used up; a text that is let in cannot do it.
        Some(libc::SIGSEGV | libc::SIGABRT) if words.contains("overflowed its stack") => {
            died("it ran out of stack".to_owned(), "")
        }
        Some(signal) => died(format!("signal {signal}"), words),
        None if status.code() == Some(TEXT_TOO_SLOW) => text(limits, words),
        None if out_of_memory => memory(limits),
        None => {
            died(status.code().map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}")), words)
        }
    }
}

/// The exit code of a child that one text held up too long.
pub(super) const TEXT_TOO_SLOW: i32 = 4;

fn died(how: String, words: &str) -> SandboxError {
    let last: Vec<&str> = words.lines().filter(|l| !l.trim().is_empty()).collect();
    let words = match last.as_slice() {
        [] => String::new(),
        lines => format!(": {}", lines[lines.len().saturating_sub(3)..].join(" / ")),
    };
    SandboxError::Died { how, words }
}

fn memory(limits: &Limits) -> SandboxError {
    SandboxError::Limit {
        what: "authored text or SQL needed more memory than".to_owned(),
        limit: format!("{} MiB", limits.memory_mib),
        help: "make it smaller, or raise `limits: memory_mib` in punctual.yaml",
    }
}

fn cpu(limits: &Limits) -> SandboxError {
    SandboxError::Limit {
        what: "authored text or SQL needed more CPU time than".to_owned(),
        limit: limits.cpu.to_string(),
        help: "make it simpler, or raise `limits: cpu` in punctual.yaml",
    }
}

fn output(limits: &Limits) -> SandboxError {
    SandboxError::Limit {
        what: "a table or document grew larger than".to_owned(),
        limit: format!("{} MiB", limits.output_mib),
        help: "narrow it, or raise `limits: output_mib` in punctual.yaml",
    }
}

/// The child was still at work when its time was up.
pub(super) fn too_slow(limits: &Limits) -> SandboxError {
    SandboxError::Limit {
        what: "authored text, SQL or documents took longer than".to_owned(),
        limit: limits.elapsed.to_string(),
        help: "make them simpler or the data smaller, or raise `limits: elapsed` in punctual.yaml",
    }
}

/// One text was being rendered for too long; the child's last line says which.
fn text(limits: &Limits, words: &str) -> SandboxError {
    let which = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("a text").trim();
    SandboxError::Limit {
        what: format!("{which} took longer than"),
        limit: limits.text.to_string(),
        help: "shorten its loops, or compute the values in SQL, or raise `limits: text` in punctual.yaml",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_death_names_its_limit() {
        let limits = Limits::default();
        let explain = |raw, words: &str| explain(ExitStatus::from_raw(raw), words, &limits).to_string();
        assert!(explain(libc::SIGABRT, "memory allocation of 2000000000 bytes failed").contains("1024 MiB"));
        assert!(explain(libc::SIGXCPU, "").contains("CPU time than 5m"));
        assert!(
            explain(TEXT_TOO_SLOW << 8, "the text `{{ x }}`\n").starts_with("the text `{{ x }}` took longer than 10s")
        );
        assert!(explain(libc::SIGABRT, "thread 'main' has overflowed its stack").contains("ran out of stack"));
        assert!(too_slow(&limits).to_string().contains("5m; make them simpler"));
        assert!(explain(libc::SIGXFSZ, "").contains("output_mib"));
        assert!(explain(libc::SIGSEGV, "").contains("signal 11"));
        assert!(explain(2 << 8, "cannot confine: no").contains("exit code 2): cannot confine: no"));
    }
}
