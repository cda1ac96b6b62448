//! SQL without data: references, syntax, and columns where they are known.

use punctual_data::analyze::{Analyzer, references};
use punctual_model::{sql_text::SqlText, value::Value};

use crate::fixtures::{batch, days, ints, sql};

#[test]
fn references_come_with_their_places() {
    let text = SqlText::plain(
        "SELECT *\nFROM traffic JOIN spend USING (client_id)\nWHERE client_id IN (SELECT id FROM clients)",
    );
    let found: Vec<String> = references("table `t`", &text)
        .expect("parses")
        .into_iter()
        .map(|r| format!("{} {}", r.name, r.place.map_or_else(String::new, |p| format!("{}:{}", p.line, p.column))))
        .collect();
    assert_eq!(found, ["traffic 2:6", "spend 2:19", "clients 3:36"]);
    let error = references("table `t`", &SqlText::plain("SELECT a FROM b WHERE )")).expect_err("syntax").to_string();
    assert!(error.starts_with("table `t`, line 1, column"), "{error}");
}

#[test]
fn columns_are_resolved_through_tables() {
    let mut analyzer = Analyzer::default();
    let rows = batch(&[("client_id", "int", ints([])), ("day", "date", days([])), ("spent", "decimal(9,2)", vec![])]);
    analyzer.know("spend", rows.schema());
    let daily = SqlText::plain("SELECT client_id, sum(spent) AS spent FROM spend GROUP BY 1");
    let schema = analyzer.table("daily", &daily, &["-spent".to_owned()]).expect("resolves");
    let kinds: Vec<String> = punctual_data::values::column_types(&schema)
        .expect("kept types")
        .into_iter()
        .map(|(name, kind)| format!("{name} {kind}"))
        .collect();
    assert_eq!(kinds, ["client_id int", "spent decimal(19,2)"]);
    analyzer.know("daily", schema);
    let error = analyzer.table("x", &SqlText::plain("SELECT spend FROM daily"), &[]).expect_err("unknown").to_string();
    assert!(error.contains("unknown column `spend`: did you mean `spent`?") && error.contains("column 8"), "{error}");
    let error = analyzer.table("x", &daily, &["day".to_owned()]).expect_err("unknown").to_string();
    assert!(error.contains("order_by"), "{error}");
    let error = analyzer.table("x", &SqlText::plain("SELECT 1 AS a FROM dayly"), &[]).expect_err("unknown").to_string();
    assert!(error.contains("did you mean `daily`?"), "{error}");
    let period = sql(
        &["SELECT * FROM spend WHERE day >= ", ""],
        &[("period.start_instant", Value::Instant("2026-10-01T05:00:00Z".parse().expect("an instant")))],
    );
    let error = analyzer.check("check `sql` of `spend`", &period).expect_err("the wrong boundary").to_string();
    assert!(error.contains("use `{{ period.start_date }}`"), "{error}");
}
