//! What a definition's author can write to bring a process down: each ends as one failed run that says
//! which text and which limit, and the mended text runs. Knows the limits' names, not how they are kept.

use serde_json::Value;

use crate::{OK, Project, STAGE};

/// Limits that are met soon, and that the starter's own texts keep far within.
const TIGHT: &str = "limits: {memory_mib: 512, cpu: 20s, query: 2s}\n";

const TITLE: &str = "title: \"Orders, {{ period.label }}\"";
const BY_DAY: &str = "sql: SELECT day, sum(quantity) AS quantity, sum(amount) AS amount FROM this_week GROUP BY day";
const CHECK: &str = "- rows: {min: 1}";

/// The starter under tight limits.
fn limited(limits: &str) -> Project {
    let project = Project::started();
    let settings = project.read("punctual.yaml");
    project.write("punctual.yaml", settings + limits);
    project
}

/// Runs the starter with one text replaced by a hostile one: one run, failed, with these words on
/// standard error and on record. The next run, with the text mended, goes through.
#[track_caller]
fn fails(limits: &str, (from, to): (&str, &str), words: &str) {
    let project = limited(limits);
    project.edit("orders.yaml", from, to);
    project.run().exits(STAGE).says(words);
    let run = only_run(&project);
    assert_eq!(run["revision"]["state"], "failed", "{run}");
    assert!(run.to_string().contains(&words.replace('"', "\\\"")), "no `{words}` in {run}");

    // A used version keeps its content, so the mended template is the next one.
    project.edit("orders.yaml", to, from);
    project.edit("orders.yaml", "version: 1", "version: 2").edit("orders.yaml", "orders@1", "orders@2");
    project.run().exits(OK);
    let mended = only_run(&project);
    assert_eq!((&mended["id"], &mended["revision"]["state"]), (&run["id"], &"reviewing".into()), "{mended}");
}

/// The one run on record.
#[track_caller]
fn only_run(project: &Project) -> Value {
    let runs = project.punctual(&["runs", "--json"]).exits(OK).json();
    assert_eq!(runs["runs"].as_array().map(Vec::len), Some(1), "{runs}");
    runs["runs"][0].clone()
}

/// A hostile title.
#[track_caller]
fn title_fails(template: &str, words: &str) {
    fails(TIGHT, (TITLE, &format!("title: '{template}'")), words);
}

const MEMORY: &str = "generate failed: authored text or SQL needed more memory than 512 MiB; make it smaller, or raise `limits: memory_mib` in punctual.yaml";

#[test]
fn a_text_that_doubles_itself_thirty_times() {
    let doubled = "{% set x = x ~ x %}".repeat(30);
    title_fails(&format!("{{% set x = \"xx\" %}}{doubled}{{{{ x | length }}}}"), MEMORY);
}

#[test]
fn an_indent_of_two_billion() {
    title_fails("{{ \"a\" | indent(2000000000, true) | length }}", MEMORY);
}

#[test]
fn a_number_of_a_billion_and_a_half_digits() {
    title_fails("{{ \"%1500000000d\" | format(1) | length }}", MEMORY);
}

#[test]
fn a_list_of_a_billion_elements() {
    title_fails(
        "{{ ([0] * 1000000000) | length }}",
        "generate failed: edition all: title (line 1, column 5): repeated sequence is too large",
    );
}

#[test]
fn loops_that_never_end_run_out_of_steps() {
    title_fails(
        "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
        "the template takes more than 500000 steps; shorten its loops, or compute the values in SQL",
    );
}

#[test]
fn few_steps_that_take_long_run_out_of_cpu_time() {
    let slow = "{% set x = range(100000) | join %}{% for i in range(100000) %}{% if x | upper | reverse == i %}x{% endif %}{% endfor %}";
    fails(
        "limits: {cpu: 3s}\n",
        (TITLE, &format!("title: '{slow}'")),
        "generate failed: authored text or SQL needed more CPU time than 3s; make it simpler, or raise `limits: cpu` in punctual.yaml",
    );
}

#[test]
fn a_table_that_repeats_a_letter_two_billion_times() {
    let sql = "sql: SELECT day, length(repeat('x', 2000000000)) AS quantity, sum(amount) AS amount FROM this_week GROUP BY day";
    fails(TIGHT, (BY_DAY, sql), "transform failed: table `by_day`: `repeat` would make 1.9 GiB at once");
}

#[test]
fn a_check_that_repeats_a_letter_two_billion_times() {
    let check = "- {sql: \"SELECT day FROM this_week WHERE length(repeat('x', 2000000000)) = quantity\"}";
    fails(TIGHT, (CHECK, check), "check `sql` of `this_week`: `repeat` would make 1.9 GiB at once");
}

#[test]
fn a_join_of_everything_with_everything_runs_out_of_time() {
    let sql = "sql: SELECT a.day, count(*) AS quantity, sum(e.amount) AS amount FROM this_week a, this_week b, this_week c, this_week d, this_week e, this_week f, this_week g WHERE b.amount + c.amount + d.amount < f.amount + g.amount GROUP BY a.day";
    fails(
        TIGHT,
        (BY_DAY, sql),
        "transform failed: table `by_day`: the query took longer than 2 s; make it read fewer rows, or raise `limits: query` in punctual.yaml",
    );
}
