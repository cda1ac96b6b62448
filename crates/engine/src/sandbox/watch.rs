//! A text that takes too long ends its process. Steps of a template are counted, but one step may join a
//! hundred thousand values; only a clock bounds that, and only the end of the process stops it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use punctual_document::text::{Watch, watch};

use super::death::TEXT_TOO_SLOW;

/// How often the watcher looks.
const PACE: Duration = Duration::from_millis(50);
/// So much of a text is shown.
const SHOWN: usize = 60;

/// The texts that are being rendered now, and since when.
struct Running {
    texts: Mutex<BTreeMap<u64, (Instant, String)>>,
}

static RUNNING: Running = Running { texts: Mutex::new(BTreeMap::new()) };

impl Watch for Running {
    fn started(&self, template: &str) -> u64 {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let number = texts.last_key_value().map_or(0, |(last, _)| last + 1);
        texts.insert(number, (Instant::now(), excerpt(template)));
        number
    }

    fn ended(&self, number: u64) {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).remove(&number);
    }
}

/// Ends this process when a text takes longer than `limit`.
pub(super) fn texts(limit: Duration) {
    watch(&RUNNING);
    let look = move || {
        loop {
            std::thread::sleep(PACE);
            let texts = RUNNING.texts.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((_, text)) = texts.values().find(|(since, _)| since.elapsed() > limit) {
                eprintln!("\nthe text `{text}`");
                std::process::exit(TEXT_TOO_SLOW);
            }
        }
    };
    // Without the watcher the child still ends by its other limits.
    let _ = std::thread::Builder::new().name("text-watch".into()).stack_size(64 * 1024).spawn(look);
}

/// The beginning of a text, in one line.
fn excerpt(template: &str) -> String {
    let words = template.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &words[..end]),
        None => words,
    }
}
