//! How a run shows its progress: a bar on a terminal, plain lines otherwise, nothing with `--json`.

use std::{io::IsTerminal, sync::Arc};

use indicatif::{ProgressBar, ProgressStyle};
use punctual_engine::{Event, Progress};
use punctual_model::state::DeliveryState;

use crate::terminal;

/// The progress for this output.
pub fn progress(json: bool) -> Arc<dyn Progress> {
    if json {
        Arc::new(Silent)
    } else if std::io::stderr().is_terminal() {
        Arc::new(Terminal::new())
    } else {
        Arc::new(Lines)
    }
}

/// Says nothing.
pub struct Silent;

impl Progress for Silent {
    fn tell(&self, _: Event) {}
}

/// One line for each event, on standard error.
struct Lines;

impl Progress for Lines {
    fn tell(&self, event: Event) {
        if let Some(line) = line(&event) {
            terminal::tell(&line);
        }
    }
}

/// A spinner with the stage, and lines above it for what stays.
struct Terminal {
    bar: ProgressBar,
}

impl Terminal {
    fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})").expect("the template is valid");
        bar.set_style(style);
        bar.enable_steady_tick(std::time::Duration::from_millis(120));
        Self { bar }
    }
}

impl Progress for Terminal {
    fn tell(&self, event: Event) {
        match &event {
            Event::StageStarted(stage) => self.bar.set_message(stage.to_string()),
            _ => {
                if let Some(line) = line(&event) {
                    self.bar.println(terminal::value(&line));
                }
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::DatasetDone { kept: true, .. } => return None,
        Event::StageStarted(stage) => format!("{stage}: started"),
        Event::StageKept(stage) => format!("{stage}: done before, kept"),
        Event::StageDone(stage) => format!("{stage}: done"),
        Event::DatasetDone { dataset, rows, .. } => format!("extract: {dataset}, {rows} rows"),
        Event::AskedAgain { dataset, why } => format!("extract: {dataset} is asked again: {why}"),
        Event::SourceRetry { dataset, error, wait } => {
            format!("extract: {dataset}: {error}; asking again in {} s", wait.as_secs().max(1))
        }
        Event::Delivered { email, edition, state, reply } => {
            let done = format!("deliver: edition {edition} to {email}: {state}");
            if *state == DeliveryState::Accepted { done } else { format!("{done} ({reply})") }
        }
    })
}
