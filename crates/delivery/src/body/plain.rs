//! The plain-text body: figures in aligned columns, a signature separator before the footer.

use super::{BodyWords, Figure, ReportBody};

pub(super) fn text(body: &ReportBody) -> String {
    let mut blocks = vec![format!("{}\n", body.title)];
    if let (Some(subtitle), Some(head)) = (body.subtitle(), blocks.first_mut()) {
        head.push_str(&subtitle);
        head.push('\n');
    }
    blocks.extend(body.summary.as_ref().map(|summary| format!("{summary}\n")));
    if !body.figures.is_empty() {
        blocks.push(figures(&body.figures, body.words));
    }
    if !body.notes.is_empty() {
        blocks.push(body.notes.iter().map(|note| format!("{note}\n")).collect());
    }
    for (heading, files) in body.file_groups() {
        let mut block = format!("{heading}{}\n", body.words.colon);
        for file in files {
            block.push_str(&format!("- {} ({})\n", file.name, file.detail));
            if let Some(link) = &file.link {
                block.push_str(&format!("  {}\n", link.as_str()));
            }
        }
        blocks.push(block);
    }
    blocks.push(format!("-- \n{}\n{}\n", body.sender, body.reason));
    blocks.join("\n")
}

/// Labels to the left, values to the right, changes behind them.
fn figures(figures: &[Figure], words: &BodyWords) -> String {
    let widest = |text: fn(&Figure) -> &str| figures.iter().map(|f| text(f).chars().count()).max().unwrap_or(0);
    let (labels, values) = (widest(|f| &f.label), widest(|f| &f.value));
    let line = |figure: &Figure| {
        let change = figure.change.as_ref().map(|c| format!("  {}", c.words(words))).unwrap_or_default();
        format!("{:<labels$}  {:>values$}{change}\n", figure.label, figure.value)
    };
    figures.iter().map(line).collect()
}
