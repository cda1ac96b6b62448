//! `init`: a small project that runs as it stands, with a CSV file for its data.

use std::{fs, path::Path};

use anyhow::Context;

use crate::{cli::InitArgs, exit, show};

/// The files of a new project: path and text.
const FILES: [(&str, &str); 4] = [
    ("punctual.yaml", include_str!("../../starter/punctual.yaml")),
    ("orders.yaml", include_str!("../../starter/orders.yaml")),
    ("data/orders.csv", include_str!("../../starter/data/orders.csv")),
    (".gitignore", ".punctual/\noutbox/\n"),
];

/// Writes the project; a file that is there already stays, and stops it.
pub fn init(args: &InitArgs, json: bool) -> anyhow::Result<u8> {
    if let Some((path, _)) = FILES.iter().find(|(path, _)| args.dir.join(path).exists()) {
        let message = format!("{} is there already; choose an empty folder", args.dir.join(path).display());
        return Err(exit::coded(exit::DEFINITIONS, message));
    }
    for (path, text) in FILES {
        write(&args.dir.join(path), text)?;
    }
    if json {
        show::json(&serde_json::json!({ "written": FILES.map(|(path, _)| path) }));
        return Ok(exit::OK);
    }
    let dir = args.dir.display();
    for (path, _) in FILES {
        show::print(&format!("wrote {dir}/{path}"));
    }
    show::print_lines(&format!(
        "\nNow look at what it would send:\n  punctual --project {dir} plan weekly-orders --period 2026-W43\n\
         and send it to a folder:\n  punctual --project {dir} run weekly-orders --period 2026-W43 --deliver"
    ));
    Ok(exit::OK)
}

/// Writes a file and the folders above it.
pub fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("{} cannot be written", path.display()))
}
