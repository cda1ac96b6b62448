//! `check`: what is said of each kind of mistake, word for word, with its place and the next step.

use serde_json::Value;

use crate::{Answer, DEFINITIONS, OK, Project, WEEK};

/// Snapshots what was said, with the project's folder as `[project]`.
#[track_caller]
fn snapshot(name: &str, project: &Project, answer: &Answer) {
    let folder = project.folder.path().to_str().expect("the folder's path is UTF-8");
    let said = format!("{}{}", answer.out, answer.err).replace(folder, "[project]");
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, said));
}

/// Checks the starter with one text replaced in one file, and that `--json` says the same.
#[track_caller]
fn mistake(name: &str, file: &str, from: &str, to: &str) {
    let project = Project::started();
    project.edit(file, from, to);
    said(name, &project);
}

/// Snapshots what `check` says, and holds its JSON against it.
#[track_caller]
fn said(name: &str, project: &Project) {
    let answer = project.punctual(&["check"]).exits(DEFINITIONS);
    let json = project.punctual(&["check", "--json"]).exits(DEFINITIONS).json();
    let errors: Vec<&Value> =
        json["diagnostics"].as_array().expect("a list").iter().filter(|d| d["severity"] == "error").collect();
    let counted = if errors.len() == 1 { "1 error".to_owned() } else { format!("{} errors", errors.len()) };
    assert!(!errors.is_empty() && answer.err.trim_end().ends_with(&counted), "{json}\n{}", answer.err);
    for error in errors {
        let place = format!("{}:{}:{}", error["file"].as_str().expect("a file"), error["line"], error["column"]);
        assert!(answer.err.contains(&place), "{place} is not in:\n{}", answer.err);
    }
    snapshot(name, project, &answer);
}

#[test]
fn the_starter_has_no_mistakes() {
    let project = Project::started();
    let answer = project.punctual(&["check"]).exits(OK);
    assert_eq!(answer.out, "1 source, 1 template, 1 report, 1 list: no errors\n");
    let json = project.punctual(&["check", "--json"]).exits(OK).json();
    assert_eq!(json["diagnostics"], serde_json::json!([]));
}

#[test]
fn names_that_nothing_has() {
    mistake("unknown_key", "orders.yaml", "timezone: Europe/London", "timezon: Europe/London");
    mistake("unknown_source", "orders.yaml", "source: shop", "source: shp");
    mistake("unknown_dataset", "orders.yaml", "data: by_product", "data: by_products");
    mistake("unknown_table_in_sql", "orders.yaml", "amount FROM orders\n", "amount FROM order\n");
    mistake("unknown_list", "orders.yaml", "to: team", "to: teams");
    mistake("unknown_format", "orders.yaml", "formats: [pdf, xlsx, csv", "formats: [pdf, xlsx, cvs");
    mistake("unknown_channel", "punctual.yaml", "default_channel: outbox", "default_channel: outbx");
    mistake("unknown_channel_type", "punctual.yaml", "type: folder", "type: floder");
    mistake("unknown_template_version", "orders.yaml", "template: orders@1", "template: orders@2");
    mistake("bare_boundary", "orders.yaml", "day >= {{ period.start_date }}", "day >= {{ period.start }}");
    mistake(
        "unknown_parameter",
        "orders.yaml",
        "\"Orders, {{ period.label }}\"",
        "\"Orders, {{ parameters.region }}\"",
    );
    mistake("unknown_setting", "punctual.yaml", "title: My reports", "titel: My reports");
}

#[test]
fn names_given_twice() {
    mistake(
        "duplicate_name",
        "orders.yaml",
        "kind: list\nname: team",
        "kind: list\nname: team\nmembers: [{email: team@company.example}]\n---\nkind: list\nname: team",
    );
    let project = Project::started();
    project.edit("orders.yaml", "title: Weekly orders", "title: Weekly orders\ntitle: Orders of the week");
    project
        .punctual(&["check"])
        .exits(DEFINITIONS)
        .says("the key `title` stands here a second time")
        .says("orders.yaml:52:1");
}

#[test]
fn values_that_mean_nothing() {
    mistake("bad_time_zone", "orders.yaml", "Europe/London", "Europe/Londn");
    mistake("bad_cron", "orders.yaml", "0 7 * * MON", "0 25 * * MON");
    mistake("wrong_shape", "orders.yaml", "formats: [pdf, xlsx, csv, json, html]", "formats: {pdf: true}");
    mistake("bad_address", "orders.yaml", "team@company.example", "team.company.example");
    mistake("bad_template_text", "orders.yaml", "{{ period.label }}", "{{ period.label }");
    let project = Project::started();
    project.edit("orders.yaml", "version: 1", "version: one");
    let answer = project.punctual(&["check"]).exits(DEFINITIONS);
    assert!(!answer.err.contains("unknown template"), "its report is not told off as well:\n{}", answer.err);
    answer.says("this is the text `one`, but it must be a whole number").says("orders.yaml:10:10");
}

#[test]
fn a_dataset_of_a_database_without_sql() {
    mistake("missing_sql", "orders.yaml", "type: csv\npath: data/orders.csv", "type: sqlite\npath: data/orders.sqlite");
}

#[test]
fn aliases_that_grow_to_thousands_of_millions() {
    let project = Project::started();
    let mut bomb = String::from("kind: list\nname: bomb\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..10 {
        let below = level - 1;
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{below}"); 10].join(", ")));
    }
    project.write("bomb.yaml", format!("{bomb}members: *a9\n"));
    said("alias_bomb", &project);
}

#[test]
fn several_mistakes_are_all_told_at_once() {
    let project = Project::started();
    project.edit("orders.yaml", "source: shop", "source: shp").edit("orders.yaml", "to: team", "to: teams");
    project.edit("punctual.yaml", "default_channel: outbox", "default_channel: outbx");
    said("several_mistakes", &project);
}

#[test]
fn a_project_with_mistakes_does_not_run() {
    let project = Project::started();
    project.edit("orders.yaml", "to: team", "to: teams");
    let answer = project.punctual(&["run", "weekly-orders", "--period", WEEK, "--deliver"]).exits(DEFINITIONS);
    assert!(answer.err.contains("unknown list `teams`") && answer.err.contains("nothing was run"), "{}", answer.err);
    assert!(!project.path(".punctual").exists() && !project.path("outbox").exists());
}

#[test]
fn a_file_that_is_not_utf8_is_named_with_its_line() {
    let project = Project::started();
    project.write("notes.yaml", b"kind: list\nname: caf\xe9\n");
    project.punctual(&["check"]).exits(DEFINITIONS).says("the file is not UTF-8").says("notes.yaml:2:10");
    project.run().exits(crate::OK).says("warning: notes.yaml has errors");
}

#[test]
fn a_template_version_keeps_the_content_of_its_first_use() {
    let project = Project::started();
    project.punctual(&["run", "weekly-orders", "--period", WEEK, "--deliver"]).exits(OK);
    project.punctual(&["check"]).exits(OK);
    let good = project.read("orders.yaml");
    project.edit("orders.yaml", "title: Amount by day", "title: Amount per day");

    let answer = project.punctual(&["check"]).exits(DEFINITIONS);
    let message = answer.err.lines().next().expect("it says something").trim();
    let (words, day) = message.rsplit_once(' ').expect("it names a day");
    assert_eq!(words, "× template `orders@1` was changed after its first delivery on");
    assert!(day.parse::<jiff::civil::Date>().is_ok(), "{day}");
    assert!(
        answer.err.contains("orders.yaml:10:10") && answer.err.contains("help: write `version: 2`"),
        "{}",
        answer.err
    );
    let another = ["run", "weekly-orders", "--period", "2026-W42"];
    project.punctual(&another).exits(DEFINITIONS).says("template `orders@1` was changed after its first delivery");
    // What was delivered by it stays as it is, and says so.
    project.run().exits(OK).says("the definition has changed since the first message left: the template (layout)");

    project.edit("orders.yaml", "version: 1", "version: 2").edit(
        "orders.yaml",
        "template: orders@1",
        "template: orders@2",
    );
    project.punctual(&["check"]).exits(OK);
    project.write("orders.yaml", good);
    project.punctual(&["check"]).exits(OK);
}

/// Checks the starter with one text replaced, and demands these words.
#[track_caller]
fn refused(file: &str, from: &str, to: &str, words: &str) {
    let project = Project::started();
    project.edit(file, from, to);
    project.punctual(&["check"]).exits(DEFINITIONS).says(words);
}

#[test]
fn values_of_the_right_type_that_can_do_nothing_are_refused() {
    let settings = "title: My reports";
    for (added, words) in [
        ("limits: {memory_mib: 0}", "0 is not from 64 to"),
        ("limits: {output_mib: 0}", "0 is not from 1 to"),
        ("limits: {cpu: 0s}", "0s is not from 1s to"),
        ("limits: {query: 0s}", "0s is not from 1ms to"),
        ("retry: {first_wait: 0s}", "without a first wait nothing is asked again"),
        ("retry: {first_wait: 10m, longest_wait: 5m}", "`longest_wait` 5m is less than `first_wait` 10m"),
        ("reply_to: nobody", "is not an e-mail address"),
        ("data: \"\"", "the data folder has no name"),
    ] {
        refused("punctual.yaml", settings, &format!("{settings}\n{added}"), words);
    }
    refused(
        "punctual.yaml",
        "from: Reports <reports@company.example>",
        "from: Reports <reports>",
        "is not an e-mail address",
    );
    for (from, to, words) in [
        ("path: data/orders.csv", "path: data/orders.csv\ntimeout: 0s", "0s is not from 1ms to"),
        ("period: week", "period: {rolling_days: 0}", "0 is not from 1 to 3660"),
        ("period: week", "period: {unit: week, offset: -9999}", "-9999 is not from -1200 to 1200"),
        ("currency: GBP", "currency: GPB", "did you mean `GBP`?"),
        ("locale: en-GB", "locale: en-GBR", "did you mean `en-GB`?"),
        ("formats: [pdf, xlsx, csv, json, html]", "formats: [pdf, xlsx, pdf]", "`pdf` stands here a second time"),
        ("- rows: {min: 1}", "- rows: {}", "this check has no bounds and always holds"),
        ("- rows: {min: 1}", "- rows: {min: 1}\n        - unique: []", "this list is empty"),
        (
            "{field: amount, format: currency}]\n    - {name: trend",
            "{field: amount, decimals: 99}]\n    - {name: trend",
            "99 is not from 0 to 15",
        ),
        ("  to: team", "  to: team\n  only_if: {rows: 0}", "0 rows are always there"),
        ("  to: team", "  to: team\n  preview: owner", "`preview` is not there yet"),
        ("editions: 1, ", "editions: 12, ", "12 editions are expected, but without `burst` there is one"),
        ("recipients: 1}", "recipients: 12}", "12 recipients are expected, but list `team` has 1"),
        ("recipients: 1}", "recipients: 0}", "a report with 0 recipients sends nothing"),
        ("recipients: 1}", "recipients: 1, tolerance_percent: 200}", "200 is not from 0 to 100"),
    ] {
        refused("orders.yaml", from, to, words);
    }
}

#[test]
fn settings_are_a_mapping_and_no_mapping_is_read_from_a_list() {
    for settings in ["- My reports\n", "My reports\n", "[a, b]\n", "7\n"] {
        let project = Project::started();
        project.write("punctual.yaml", settings);
        project
            .punctual(&["check"])
            .exits(DEFINITIONS)
            .says("the settings are a mapping of keys")
            .says("punctual.yaml:1:1");
    }
    refused("orders.yaml", "expect: {editions: 1, recipients: 1}", "expect: [1, 1]", "this is a list, but it must be");
}

#[test]
fn columns_with_capitals_are_told_with_the_way_out() {
    let project = Project::started();
    project.edit("orders.yaml", "columns: {day: date,", "columns: {day: date, Customer: text,");
    project.edit(
        "orders.yaml",
        "SELECT day, product, quantity, amount FROM orders",
        "SELECT day, Customer AS product, quantity, amount FROM orders",
    );
    project.edit(
        "orders.yaml",
        "not_null: [day, product, quantity, amount]",
        "not_null: [day, Customer, quantity, amount]",
    );
    project
        .punctual(&["check"])
        .exits(DEFINITIONS)
        .says("the column is `Customer`")
        .says("write `\"Customer\"`")
        .says("orders.yaml:22:21");
    project.edit("orders.yaml", "day, Customer AS product", "day, \"Customer\" AS product");
    project.punctual(&["check"]).exits(OK);
}

#[test]
fn formulas_and_filters_that_no_run_could_take() {
    let shown = "columns: [product, quantity, {field: amount, format: currency}]";
    let with = |formula: &str| shown.replace('}', &format!("}}, {{field: share, formula: \"{formula}\"}}"));
    mistake("formula_syntax", "orders.yaml", shown, &with("amount / (quantity"));
    mistake("formula_unknown_name", "orders.yaml", shown, &with("amount / quantities"));
    let title = "title: \"Orders, {{ period.label }}\"";
    mistake("unknown_filter", "orders.yaml", title, "title: \"Orders, {{ period.label | uper }}\"");
    mistake("unknown_filter_in_a_summary", "orders.yaml", "orders | format_number", "orders | format_nmber");
    mistake("text_syntax", "orders.yaml", title, "title: \"Orders, {{ period.label | }}\"");
    // A column that the table has, and the layout shows only behind.
    let project = Project::started();
    project.edit(
        "orders.yaml",
        "columns: [product, quantity,",
        "columns: [product, {field: share, formula: \"amount / 2\"},",
    );
    project.punctual(&["check"]).exits(DEFINITIONS).says("show `amount` in a column before it");
    // In SQL of several lines the place is the line of the file.
    let project = Project::started();
    project.edit("orders.yaml", "day >= {{ period.start_date }}", "day >= {{ period.start_date | dat }}");
    project.punctual(&["check"]).exits(DEFINITIONS).says("orders.yaml:23:").says("did you mean `date`?");
}
