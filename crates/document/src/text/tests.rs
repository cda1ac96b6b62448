//! What templates can do, what they cannot, and what their errors say.

use insta::assert_snapshot;
use jiff::civil::date;
use proptest::prelude::*;
use punctual_model::{
    period::Period,
    sql_text::{Bind, Fragment},
    value::{Decimal, Value},
};

use super::*;

fn context() -> TextContext {
    let zone: Zone = "America/Chicago".parse().expect("known");
    let source: Zone = "Europe/Berlin".parse().expect("known");
    let period = Period::parse("2026-10", &zone).expect("a period");
    let locale = Locale::by_tag("en-US").expect("known");
    let mut context = TextContext::new(PeriodFacts::new(&period, &source, locale).expect("in range"));
    context.set_row(
        "client",
        [("name".to_owned(), Value::Text("O'Brien & Söhne".to_owned())), ("phone".to_owned(), Value::Null)],
    );
    context.set_row(
        "summary",
        [
            ("visits".to_owned(), Value::Int(1_234_567)),
            ("revenue".to_owned(), Value::Decimal(Decimal { digits: 123_450, scale: 2 })),
            ("change".to_owned(), Value::Double(-0.031)),
            ("last_day".to_owned(), Value::Date(date(2026, 10, 31))),
        ],
    );
    context.set_row("parameters", [("minimum".to_owned(), Value::Int(10))]);
    context.set_list("channels", vec![Value::Text("web".to_owned()), Value::Text("shop".to_owned())]);
    context.set_list("nothing", vec![]);
    context.set_value("top", Value::Int(3));
    context
}

fn renderer(tag: &str) -> TextRenderer {
    let zone = "America/Chicago".parse().expect("known");
    TextRenderer::new(Locale::by_tag(tag).expect("known"), "USD", zone)
}

fn text(template: &str) -> String {
    renderer("en-US").render(template, &context()).unwrap_or_else(|e| panic!("{template}: {e:?}"))
}

fn explained(error: &TextError) -> String {
    let place = format!("{}:{}", error.line.unwrap_or(0), error.column.unwrap_or(0));
    match &error.help {
        Some(help) => format!("{place}: {error}\n  help: {help}"),
        None => format!("{place}: {error}"),
    }
}

fn text_error(template: &str) -> String {
    explained(&renderer("en-US").render(template, &context()).expect_err(template))
}

fn sql(template: &str) -> SqlText {
    renderer("en-US")
        .render_sql(template, &context(), SqlLexis::STANDARD)
        .unwrap_or_else(|e| panic!("{template}: {e:?}"))
}

fn sql_error(template: &str) -> String {
    explained(&renderer("en-US").render_sql(template, &context(), SqlLexis::STANDARD).expect_err(template))
}

#[test]
fn values_are_written_by_the_one_writer() {
    assert_eq!(text("{{ client.name }}: {{ period.label }}"), "O'Brien & Söhne: October 2026");
    assert_eq!(text("{{ summary.visits | format_number }}"), "1,234,567");
    assert_eq!(text("{{ summary.revenue | format_number }}"), "1,234.50");
    assert_eq!(text("{{ summary.revenue | format_number(decimals=0) }}"), "1,235");
    assert_eq!(text("{{ summary.revenue | format_currency }}"), "$1,234.50");
    assert_eq!(text("{{ summary.revenue | format_currency('JPY') }}"), "¥1,235");
    assert_eq!(text("{{ summary.revenue | format_currency(code='EUR', decimals=0) }}"), "€1,235");
    assert_eq!(text("{{ summary.change | format_percent }}"), "-3.1%");
    assert_eq!(text("{{ summary.last_day | format_date }}"), "Oct 31, 2026");
    assert_eq!(text("{{ summary.last_day | format_date(pattern='%d/%m') }}"), "31/10");
    assert_eq!(text("{{ period.start_date | date('%B %Y') }}"), "October 2026");
    assert_eq!(text("{{ period.start_instant | date('%A %d %b, %H:%M %Z') }}"), "Thursday 01 Oct, 00:00 CDT");
    assert_eq!(text("{{ '2026-10-05' | date('%a %e %^b') }}"), "Mon  5 OCT");
    assert_eq!(text("[{{ client.phone }}] [{{ client.phone | format_number }}]"), "[] []");
    assert_eq!(text("{{ summary.revenue }} {{ period.end_date }}"), "1234.50 2026-11-01");
}

#[test]
fn locales_differ() {
    let render = |tag: &str, template: &str| renderer(tag).render(template, &context()).expect("a text");
    assert_eq!(render("de-DE", "{{ summary.revenue | format_currency }}"), "1.234,50\u{a0}$");
    assert_eq!(render("fr-FR", "{{ period.start_date | date('%A %-d %B %Y') }}"), "jeudi 1 octobre 2026");
    assert_eq!(render("es-ES", "{{ summary.last_day | date('%^b %a') }}"), "OCT sáb");
}

#[test]
fn typed_values_calculate_and_compare() {
    assert_eq!(text("{{ summary.revenue * 2 }}"), "2469.0");
    assert_eq!(text("{{ 'many' if summary.revenue > 1000 else 'few' }}"), "many");
    assert_eq!(text("{{ 'many' if 2000 < summary.revenue else 'few' }}"), "few");
    assert_eq!(text("{{ (summary.revenue / summary.visits) | format_currency(decimals=4) }}"), "$0.0010");
    assert_eq!(text("{{ -summary.revenue - 1 }}"), "-1235.5");
    assert_eq!(text("{{ summary.revenue | round(1) }}"), "1234.5");
    assert_eq!(text("{{ summary.last_day < period.end_date }}"), "Yes");
    assert_eq!(text("{{ summary.last_day == '2026-10-31' }}"), "Yes");
    assert_eq!(text("{{ [summary.revenue, summary.revenue] | sum }}"), "2469.0");
    assert_eq!(text("{% if summary.revenue %}sold{% endif %}"), "sold");
    assert_eq!(text("{{ summary.revenue is number }}"), "Yes");
    assert_eq!(text("{% for c in channels if c != 'web' %}{{ loop.index }}{{ c }}{% endfor %}"), "1shop");
}

#[test]
fn html_is_escaped_where_asked() {
    let html = renderer("en-US").render_html("<b>{{ client.name }}</b>", &context()).expect("a text");
    assert_eq!(html, "<b>O&#x27;Brien &amp; Söhne</b>");
}

#[test]
fn errors_of_texts_point_and_help() {
    let cases = [
        "Dear {{ clent.name }}",
        "line one\n  {{ client.nam | upper }}",
        "{{ summary.visit | format_number }}",
        "{{ summary.visit + 1 }}",
        "{{ period.start }}",
        "{{ period.end | date('%d') }}",
        "{{ period.foo }}",
        "{{ client.name | fromat_number }}",
        "{{ client.name | format_number }}",
        "{{ client | format_number }}",
        "{{ summary.visits | format_number(decimal=2) }}",
        "{{ summary.visits | format_number(decimals=99) }}",
        "{{ summary.last_day | date('%H:%M') }}",
        "{{ 'yesterday' | date('%d') }}",
        "{{ now() }}",
        "{{ client.name + 1 }}",
        "{{ client.name ",
        "{% if top %}",
        "{% include 'secrets.txt' %}",
        "{% for i in range(100000) %}{% for j in range(100000) %}.{% endfor %}{% endfor %}",
        "{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}",
    ];
    assert_snapshot!(cases.map(|case| format!("{case}\n  {}\n", text_error(case))).join("\n"));
}

#[test]
fn values_in_sql_are_parameters_with_their_types() {
    let rendered = sql("SELECT * FROM t WHERE day >= {{ period.start_date }} AND at < {{ period.end_instant }}\n\
         AND local >= {{ period.start_local }} AND n > {{ parameters.minimum }} AND r = {{ summary.revenue }}");
    let binds: Vec<(&str, Value)> = rendered.binds().map(|b| (b.expression.as_str(), b.value.clone())).collect();
    assert_eq!(
        binds,
        [
            ("period.start_date", Value::Date(date(2026, 10, 1))),
            ("period.end_instant", Value::Instant("2026-11-01T05:00:00Z".parse().expect("an instant"))),
            // Midnight in Chicago is seven in the morning in Berlin.
            ("period.start_local", Value::Local(date(2026, 10, 1).at(7, 0, 0, 0))),
            ("parameters.minimum", Value::Int(10)),
            ("summary.revenue", Value::Decimal(Decimal { digits: 123_450, scale: 2 })),
        ]
    );
    assert_eq!(
        rendered.with_placeholders(|n| format!("${n}")),
        "SELECT * FROM t WHERE day >= $1 AND at < $2\nAND local >= $3 AND n > $4 AND r = $5"
    );
}

#[test]
fn lists_branches_and_loops_work_in_sql() {
    let with = |template: &str| sql(template).with_placeholders(|n| format!("${n}"));
    assert_eq!(with("channel IN ({{ channels }})"), "channel IN ($1, $2)");
    assert_eq!(with("{% if top > 2 %}LIMIT {{ top }}{% else %}{{ nothing }}{% endif %}"), "LIMIT $1");
    assert_eq!(with("{% for c in channels %}, sum({{ c }}) AS s{% endfor %}"), ", sum($1) AS s, sum($2) AS s");
    assert_eq!(with("a = {{ client.phone }}"), "a = $1");
    let rendered = sql("{% for c in channels -%} {{ c }} {%- endfor %}");
    let values: Vec<&Value> = rendered.binds().map(|b| &b.value).collect();
    assert_eq!(values, [&Value::Text("web".to_owned()), &Value::Text("shop".to_owned())]);
}

#[test]
fn errors_of_sql_point_and_help() {
    let cases = [
        "WHERE day >= {{ period.start }}",
        "SELECT 1\nWHERE a IN ({{ nothing }})",
        "WHERE name = '{{ client.name }}'",
        "SELECT {{ top }}, \"{{ top }}\"",
        "SELECT 1 -- {{ top }}",
        "FROM {{ client }}",
        "FROM {{ client.name | safe }}",
        "{% macro since() %}day >= {{ period.start_date }}{% endmacro %}WHERE {{ since() }}",
        "{% macro plain() %}day{% endmacro %}WHERE {{ plain() }}",
        "{% set x %}{{ top }}{% endset %}WHERE {{ x }}",
        "{% set x %}{{ top }}{% endset %}WHERE {{ [x] }}",
        "{% set x %}{{ top }}{% endset %}WHERE {{ x ~ 'y' }}",
        "{% filter upper %}select{% endfilter %}",
        "{{ parameters.minimun }}",
        "a\0b",
    ];
    assert_snapshot!(cases.map(|case| format!("{case:?}\n  {}\n", sql_error(case))).join("\n"));
}

proptest! {
    /// Whatever a value holds and whatever filters it passes, the text is the template's own.
    #[test]
    fn no_value_reaches_the_text_of_sql(value in "\\PC{0,20}", filter in 0_usize..9) {
        let filters = ["", "|upper", "|e", "|trim|lower", "|replace('a', 'b')", "|string", "|default('x')", "|list|first|default('')", "|format"];
        let mut context = context();
        context.set_value("value", Value::Text(value));
        let template = format!("SELECT {{{{ value{} }}}} AS v", filters[filter]);
        match renderer("en-US").render_sql(&template, &context, SqlLexis::STANDARD) {
            Ok(rendered) => {
                let texts: Vec<&str> = rendered.fragments.iter().filter_map(|f| match f {
                    Fragment::Sql(sql) => Some(sql.as_str()),
                    Fragment::Bind(Bind { .. }) => None,
                }).collect();
                prop_assert_eq!(texts, ["SELECT ", " AS v"]);
            }
            Err(error) => prop_assert!(!error.message.is_empty()),
        }
    }

    /// Rewriting changes no result that plain numbers give.
    #[test]
    fn rewriting_keeps_the_meaning(expression in expression(4)) {
        let template = format!("{{{{ {expression} }}}}");
        let values = minijinja::context!(a => 7, b => -2, c => minijinja::context!(d => 3));
        let mut environment = Environment::new();
        environment.add_filter(filters::OPERAND, typed::operand);
        let plain = environment.render_str(&template, &values).map_err(|e| e.kind());
        let rewritten = Rewritten::text(&template).expect("a template");
        let result = environment.render_str(rewritten.source(), &values).map_err(|e| e.kind());
        prop_assert_eq!(plain, result, "{}", rewritten.source());
    }
}

/// Expressions of every shape that the rewriting knows.
fn expression(depth: u32) -> impl Strategy<Value = String> {
    let leaf = prop_oneof![Just("a"), Just("b"), Just("c.d"), Just("2"), Just("c['d']")].prop_map(str::to_owned);
    leaf.prop_recursive(depth, 24, 3, |inner| {
        let operator =
            prop::sample::select(vec!["+", "-", "*", "<", ">=", "==", "and", "or", "~", "in", "not in", "//"]);
        prop_oneof![
            (inner.clone(), operator, inner.clone()).prop_map(|(l, o, r)| format!("{l} {o} {r}")),
            inner.clone().prop_map(|e| format!("({e})")),
            inner.clone().prop_map(|e| format!("-({e})")),
            inner.clone().prop_map(|e| format!("(not {e})")),
            inner.clone().prop_map(|e| format!("({e})|abs")),
            inner.clone().prop_map(|e| format!("({e})|string|length")),
            inner.clone().prop_map(|e| format!("(({e}) is not odd)")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} if {b} else {c})")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("[{a}, {b}]|last")),
        ]
    })
}
