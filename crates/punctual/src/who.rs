//! Who is at the keyboard, as the system names them: what decisions are recorded under.

/// The user's name; behind `sudo` the one who called it.
#[expect(clippy::disallowed_methods, reason = "the one place that asks who the user is")]
pub fn who() -> String {
    ["SUDO_USER", "USER", "LOGNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .unwrap_or_else(|| "unknown user".to_owned())
}
