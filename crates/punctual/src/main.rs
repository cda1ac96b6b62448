//! The binary: commands, configuration, wiring. Started as a sandboxed child it does one job and ends.

mod cli;
mod commands;
mod exit;
mod folder;
mod progress;
mod registry;
mod show;
mod terminal;
mod who;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

/// Chooses the tz database of this process, before anything reads a zone.
#[expect(clippy::disallowed_methods, reason = "the one place that reads where the zones are")]
fn zones() -> anyhow::Result<()> {
    let named = std::env::var("PUNCTUAL_TZDIR").ok().filter(|folder| !folder.is_empty());
    let newest = punctual_engine::zones::Database::newest(named.as_deref().map(std::path::Path::new));
    newest.map_err(|e| exit::coded(exit::INTERNAL, e))?.install();
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments = std::env::args_os();
    if arguments.nth(1).is_some_and(|argument| argument == punctual_engine::sandbox::CHILD_ARGUMENT) {
        let status = punctual_engine::sandbox::child_main(|request, orders| {
            punctual_engine::job::work(request, orders, punctual_formats::KINDS)
        });
        return ExitCode::from(u8::try_from(status).unwrap_or(exit::INTERNAL));
    }
    // TLS has one provider in this process; a second installation would be a mistake in the wiring.
    let installed = rustls::crypto::ring::default_provider().install_default();
    debug_assert!(installed.is_ok(), "the TLS provider is installed once");
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_env("PUNCTUAL_LOG"))
        .with_writer(std::io::stderr)
        .init();
    if let Err(error) = zones() {
        show::error(&error, false);
        return ExitCode::from(exit::INTERNAL);
    }
    let cli = cli::Cli::parse();
    let json = cli.json();
    match commands::execute(cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            show::error(&error, json);
            ExitCode::from(exit::code_of(&error))
        }
    }
}
