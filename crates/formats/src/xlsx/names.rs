//! Names of worksheets: Excel allows 31 UTF-16 units, forbids some characters, compares without
//! case, and keeps `History` to itself.

use std::collections::HashSet;

use punctual_document::content::Section;

use super::clean;

/// The sheet with title, figures, texts and charts.
pub(super) const REPORT: &str = "Report";

/// The sheet with the charts' numbers.
pub(super) const CHART_DATA: &str = "Chart data";

const MAX_UNITS: usize = 31;

/// Gives out names that are all different.
pub(super) struct SheetNames {
    taken: HashSet<String>,
}

impl SheetNames {
    pub(super) fn new() -> Self {
        Self { taken: [REPORT, CHART_DATA, "History"].map(str::to_lowercase).into() }
    }

    /// A name for a section's sheet: its title, or its name, changed as little as possible.
    pub(super) fn of(&mut self, section: &Section) -> String {
        let title = section.title.as_deref().map(allowed).filter(|title| !title.is_empty());
        let wanted = title.unwrap_or_else(|| allowed(&section.name));
        let mut name = shortened(&wanted, MAX_UNITS);
        let mut number = 2;
        while !self.taken.insert(name.to_lowercase()) {
            let suffix = format!(" ({number})");
            name = shortened(&wanted, MAX_UNITS - suffix.len()) + &suffix;
            number += 1;
        }
        name
    }
}

/// The text with forbidden characters replaced.
fn allowed(text: &str) -> String {
    let replaced: String = clean(text).chars().map(|c| if "[]:*?/\\".contains(c) { ' ' } else { c }).collect();
    let words: Vec<&str> = replaced.split_whitespace().collect();
    words.join(" ").trim_matches('\'').trim().to_owned()
}

/// As many whole characters as fit. An apostrophe must not end a name.
fn shortened(text: &str, units: usize) -> String {
    let mut left = units;
    let fits = |c: &char| {
        let fits = c.len_utf16() <= left;
        left = left.saturating_sub(c.len_utf16());
        fits
    };
    let short: String = text.chars().take_while(fits).collect();
    short.trim_end_matches(['\'', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use punctual_document::content::Body;

    use super::*;

    fn names(titles: &[&str]) -> Vec<String> {
        let mut names = SheetNames::new();
        let section = |title: &str| Section {
            name: "by-channel".into(),
            title: Some(title.into()),
            body: Body::Text(Vec::new()),
        };
        titles.iter().map(|title| names.of(&section(title))).collect()
    }

    #[test]
    fn names_are_allowed_and_all_different() {
        let titles = [
            "Channels",
            "channels",
            "a/b:c*d?e[f]g\\h",
            "report",
            "HISTORY",
            "Chart data",
            "'quoted'",
            "\n\0",
            "",
            "123456789012345678901234567890'x",
            "👾👾👾👾👾👾👾👾👾👾👾👾👾👾👾👾👾👾",
            "123456789012345678901234567890123",
            "123456789012345678901234567890124",
        ];
        let names = names(&titles);
        assert_eq!(
            names,
            [
                "Channels",
                "channels (2)",
                "a b c d e f g h",
                "report (2)",
                "HISTORY (2)",
                "Chart data (2)",
                "quoted",
                "by-channel",
                "by-channel (2)",
                "123456789012345678901234567890",
                "👾👾👾👾👾👾👾👾👾👾👾👾👾👾👾",
                "1234567890123456789012345678901",
                "123456789012345678901234567 (2)",
            ]
        );
        for name in names {
            rust_xlsxwriter::utility::check_sheet_name(&name).expect("allowed");
        }
    }
}
