//! A child's answer, held against what it was asked. The child ran what an author wrote; whatever it became,
//! its answer has the datasets, editions, formats and counts of the question, or nothing of it is kept.

use std::collections::{BTreeMap, BTreeSet};

use punctual_document::format::FormatKind;
use punctual_model::{definition::Otherwise, finding::Finding, recipients::WHOLE};

use super::{EditionOutput, Generate, Generated, RenderSql, RenderedSql, TableMade, Transform, Transformed};

/// The longest name of a file that every system takes, in bytes.
const LONGEST_NAME: usize = 240;

type Held = Result<(), String>;

/// As many texts as were given.
pub(crate) fn rendered(asked: &RenderSql, answer: &RenderedSql) -> Held {
    match (asked.texts.len(), answer.len()) {
        (asked, answered) if asked == answered => Ok(()),
        (asked, answered) => Err(format!("it has {answered} texts of the {asked} that were asked for")),
    }
}

/// Every dataset and table that was asked for and no other, unless a check failed.
pub(crate) fn transformed(asked: &Transform, answer: &Transformed) -> Held {
    let datasets: BTreeSet<&str> = asked.datasets.iter().map(|d| d.name.as_str()).collect();
    let mut subjects = datasets.clone();
    subjects.extend(asked.tables.iter().map(|(name, _)| name.as_str()));
    let previous = if asked.previous.is_empty() { BTreeSet::new() } else { subjects.clone() };
    if let Some(name) = answer.rejected.iter().find(|name| !subjects.contains(name.as_str())) {
        return Err(format!("it sets rows aside of `{name}`, which was not asked for"));
    }
    if fails(&answer.findings) {
        return match answer.tables.len() + answer.previous.len() {
            0 => Ok(()),
            _ => Err("it has tables although a check failed".to_owned()),
        };
    }
    for (tables, wanted) in [(&answer.tables, &subjects), (&answer.previous, &previous)] {
        let found: BTreeSet<&str> = tables.keys().map(String::as_str).collect();
        if let Some(name) = wanted.symmetric_difference(&found).next() {
            let what = if wanted.contains(name) { "lacks" } else { "has" };
            return Err(format!("it {what} `{name}`{}", if what == "has" { ", which was not asked for" } else { "" }));
        }
        counts(tables, &datasets)?;
    }
    Ok(())
}

fn counts(tables: &BTreeMap<String, TableMade>, datasets: &BTreeSet<&str>) -> Held {
    for (name, made) in tables {
        if made.as_given && !datasets.contains(name.as_str()) {
            return Err(format!("`{name}` is no dataset and cannot stay as it was given"));
        }
        let counts = [made.rows, made.left_out].into_iter().chain(made.left_out_by_key.values().copied());
        if counts.into_iter().any(|count| i64::try_from(count).is_err()) {
            return Err(format!("`{name}` has more rows than there can be"));
        }
    }
    Ok(())
}

/// The editions that the report has, each with the formats that were asked for, unless a check failed.
pub(crate) fn generated(asked: &Generate, answer: &Generated, formats: &[&FormatKind]) -> Held {
    if fails(&answer.findings) {
        return match answer.editions.len() {
            0 => Ok(()),
            _ => Err("it has editions although a check failed".to_owned()),
        };
    }
    let mut keys = BTreeSet::new();
    let mut names = BTreeSet::new();
    for edition in &answer.editions {
        if !keys.insert(edition.key.as_str()) {
            return Err(format!("it has the edition `{}` twice", edition.key.escape_debug()));
        }
        files(edition, formats, &mut names).map_err(|e| format!("edition `{}`: {e}", edition.key.escape_debug()))?;
        if i64::try_from(edition.rows).is_err() {
            return Err("an edition has more rows than there can be".to_owned());
        }
    }
    match (&asked.burst, keys.iter().next(), keys.len()) {
        (Some(_), ..) | (None, Some(&WHOLE), 1) => Ok(()),
        (None, _, count) => Err(format!("it has {count} editions of a report that has one")),
    }
}

fn files<'a>(edition: &'a EditionOutput, formats: &[&FormatKind], names: &mut BTreeSet<&'a str>) -> Held {
    if edition.files.len() != formats.len() {
        return Err(format!("it has {} files for {} formats", edition.files.len(), formats.len()));
    }
    for (file, format) in edition.files.iter().zip(formats) {
        if file.format != format.spec.name {
            return Err(format!("it has the format `{}`, which was not asked for", file.format.escape_debug()));
        }
        if file.media_type != format.media_type {
            return Err(format!("`{}` is no media type of {}", file.media_type.escape_debug(), format.spec.name));
        }
        file_name(&file.file_name, format.extension)?;
        if !names.insert(&file.file_name) {
            return Err(format!("the file name `{}` is used twice", file.file_name));
        }
    }
    Ok(())
}

/// A name that people see, under which the file can lie in any folder of any system.
fn file_name(name: &str, extension: &str) -> Held {
    let turns = |c: char| matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let unfit = |c: char| c.is_control() || turns(c) || "/\\:*?\"<>|".contains(c);
    let stem = name.strip_suffix(extension).and_then(|stem| stem.strip_suffix('.'));
    let fits = stem.is_some_and(|stem| {
        !stem.is_empty() && !stem.starts_with('.') && stem.trim() == stem && name.len() <= LONGEST_NAME
    });
    match fits && !name.contains(unfit) {
        true => Ok(()),
        false => Err(format!("`{}` is no name for a file that ends in `.{extension}`", name.escape_debug())),
    }
}

fn fails(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.severity == Otherwise::Fail)
}

#[cfg(test)]
mod tests {
    use punctual_document::{
        content::Document,
        format::{Format, FormatError, Written},
    };
    use punctual_model::kinds::KindSpec;
    use serde_json::{Value, json};

    use super::*;

    struct Nothing;

    impl Format for Nothing {
        fn write(&self, _: &Document, _: &mut (dyn std::io::Write + Send)) -> Result<Written, FormatError> {
            Ok(Written::default())
        }
    }

    const PDF: FormatKind = FormatKind {
        spec: KindSpec { name: "pdf", summary: "", options: &[], sql: None },
        extension: "pdf",
        media_type: "application/pdf",
        format: &Nothing,
    };

    fn facts() -> Value {
        json!({
            "report": "sales", "title": "Sales", "locale": "en-US", "currency": "USD", "parameters": {},
            "period": { "first": "2026-10-01", "end": "2026-11-01", "zone": "UTC" },
        })
    }

    /// A change to a right answer, by its place in the JSON, and the words that refuse it.
    type Change<'a> = (&'a str, Value, &'a str);

    #[track_caller]
    fn each(right: &Value, changes: &[Change<'_>], check: impl Fn(Value) -> Held) {
        check(right.clone()).expect("the right answer");
        for (at, to, words) in changes {
            let mut answer = right.clone();
            let (parent, key) = at.rsplit_once('/').expect("a place");
            match answer.pointer_mut(parent).expect(at) {
                Value::Object(entries) => drop(entries.insert(key.to_owned(), to.clone())),
                Value::Array(items) if key == "-" => items.push(to.clone()),
                Value::Array(items) => items[key.parse::<usize>().expect("an index")] = to.clone(),
                other => panic!("{at} is {other}"),
            }
            let found = check(answer).expect_err(at);
            assert!(found.contains(words), "{at} to {to}: {found}");
        }
    }

    fn read<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, String> {
        serde_json::from_value(value).map_err(|e| e.to_string())
    }

    #[test]
    fn transform_answers_with_what_was_asked_for() {
        let asked: Transform = read(json!({
            "facts": facts(), "datasets": [{"name": "orders", "path": "in", "columns": {}, "checks": []}], "previous": [],
            "tables": [["by_day", {"sql": "SELECT 1"}]], "burst": null, "memory": 1, "query_timeout_ms": 1,
        }))
        .expect("a job");
        let table = json!({"as_given": false, "rows": 3, "left_out": 0, "left_out_by_key": {}});
        let right =
            json!({"findings": [], "tables": {"orders": table, "by_day": table}, "previous": {}, "rejected": []});
        let big = u64::MAX;
        let changes: &[Change<'_>] = &[
            ("/tables/secret", table.clone(), "has `secret`, which was not asked for"),
            ("/tables/..%2Fsecret", table.clone(), "which was not asked for"),
            ("/tables", json!({"orders": table}), "lacks `by_day`"),
            ("/tables", json!({}), "lacks"),
            ("/previous/orders", table.clone(), "has `orders`, which was not asked for"),
            ("/rejected/-", json!("../../master.key"), "sets rows aside of"),
            ("/tables/by_day/as_given", json!(true), "is no dataset"),
            ("/tables/orders/rows", json!(-1), "invalid value"),
            ("/tables/orders/rows", json!(big), "more rows than there can be"),
            ("/tables/orders/left_out_by_key", json!({"7": big}), "more rows than there can be"),
            ("/tables/orders/rows", json!("three"), "invalid type"),
            ("/tables/orders/rows", json!(1.5), "invalid"),
            ("/tables", json!([]), "invalid type"),
            ("/findings", json!("none"), "invalid type"),
        ];
        each(&right, changes, |answer| transformed(&asked, &read(answer)?));
    }

    #[test]
    fn generate_answers_with_what_was_asked_for() {
        let asked = |burst: Value| -> Generate {
            read(json!({
                "facts": facts(), "layout": {"title": "Sales", "sections": []}, "burst": burst, "formats": ["pdf"],
                "declared": {}, "fonts": [],
                "tables": {}, "previous": {}, "order_by": {}, "subject": null, "summary": null, "notes": [], "memory": 1,
            }))
            .expect("a job")
        };
        let edition = |key: &str, name: &str| {
            json!({
                "key": key, "title": "Sales", "about": null, "period_label": "October 2026", "rows": 3, "subject": "Sales",
                "summary": null, "figures": [], "notes": [],
                "files": [{"format": "pdf", "file_name": name, "media_type": "application/pdf"}],
            })
        };
        let (whole, burst) = (asked(Value::Null), asked(json!({"by": "id", "from": "clients", "as": "client"})));
        let right = json!({"findings": [], "editions": [edition(WHOLE, "sales.pdf")]});
        let file = "/editions/0/files/0";
        let at = |key: &str| format!("{file}/{key}");
        let (name, media_type, format) = (at("file_name"), at("media_type"), at("format"));
        let changes: &[Change<'_>] = &[
            (&name, json!("../../.ssh/authorized_keys"), "is no name for a file"),
            (&name, json!("/etc/passwd.pdf"), "is no name for a file"),
            (&name, json!("a\u{1b}]0;owned\u{7}.pdf"), "is no name for a file"),
            (&name, json!("report.exe"), "is no name for a file"),
            (&media_type, json!("text/html"), "is no media type of pdf"),
            (&media_type, json!("application/pdf\r\nBcc: everybody@x.example"), "is no media type of pdf"),
            (&format, json!("xlsx"), "was not asked for"),
            ("/editions/0/files", json!([]), "has 0 files for 1 formats"),
            ("/editions/0/rows", json!(-3), "invalid value"),
            ("/editions/0/key", json!("other"), "1 editions of a report that has one"),
            ("/editions/-", edition("more", "more.pdf"), "2 editions of a report that has one"),
            ("/editions", json!([]), "0 editions of a report that has one"),
        ];
        each(&right, changes, |answer| generated(&whole, &read(answer)?, &[&PDF]));
        let right = json!({"findings": [], "editions": [edition("1", "a.pdf"), edition("2", "b.pdf")]});
        let changes: &[Change<'_>] = &[
            ("/editions/1/key", json!("1"), "the edition `1` twice"),
            ("/editions/1/files/0/file_name", json!("a.pdf"), "is used twice"),
        ];
        each(&right, changes, |answer| generated(&burst, &read(answer)?, &[&PDF]));
    }

    #[test]
    fn as_many_texts_come_back_as_were_given() {
        let asked: RenderSql = read(json!({"facts": facts(), "texts": []})).expect("a job");
        assert_eq!(rendered(&asked, &Vec::new()), Ok(()));
        let more = rendered(&asked, &vec![Default::default()]).expect_err("more");
        assert!(more.contains("1 texts of the 0"), "{more}");
    }

    #[test]
    fn file_names_lead_nowhere() {
        for good in ["sales-2026-10.pdf", "sales-2026-10-日本.pdf", "Café & Söhne.pdf", "a.b.pdf"] {
            file_name(good, "pdf").expect(good);
        }
        for bad in [
            "",
            ".pdf",
            "pdf",
            "a",
            "a.csv",
            "../a.pdf",
            "a/b.pdf",
            "a\\b.pdf",
            "/etc/a.pdf",
            "..pdf",
            ".a.pdf",
            " a.pdf",
            "a .pdf",
            "a\n.pdf",
            "a\0.pdf",
            "a\u{1b}[2J.pdf",
            "fdp.\u{202E}exe.pdf",
            "c:a.pdf",
            "a\u{85}b.pdf",
        ] {
            file_name(bad, "pdf").expect_err(bad);
        }
        file_name(&format!("{}.pdf", "x".repeat(300)), "pdf").expect_err("too long");
    }
}
