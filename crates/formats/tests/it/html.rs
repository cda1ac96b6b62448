//! HTML: self-contained, escaped, whole.

use punctual_document::content::Body;

use crate::{fixtures as f, text, try_bytes};

#[test]
fn a_typical_report() {
    let html = text("html", &f::typical());
    // The style sheet is the page's own file; the drawings are the document's.
    let style = html.find("<style>").expect("a style sheet")..html.find("</style>").expect("its end");
    let mut short = html.clone();
    short.replace_range(style, "<style>…");
    for start in short.match_indices("<svg").map(|(at, _)| at).collect::<Vec<_>>().into_iter().rev() {
        let end = start + short[start..].find("</svg>").expect("the drawing ends");
        short.replace_range(start..end, "<svg>…");
    }
    insta::assert_snapshot!(short);
}

/// The names of all tags, in order: `p`, `/p`. Enough of a tokenizer for a page that escapes.
fn tags(html: &str) -> Vec<&str> {
    let style_end = html.find("</style>").expect("a style sheet");
    html[style_end..]
        .split('<')
        .skip(1)
        .map(|tag| tag.split([' ', '>', '/']).find(|n| !n.is_empty()).expect("a name"))
        .collect()
}

#[test]
fn text_never_becomes_markup() {
    let known = [
        "style",
        "head",
        "body",
        "div",
        "header",
        "p",
        "h1",
        "main",
        "section",
        "h2",
        "dl",
        "dt",
        "dd",
        "span",
        "figure",
        "figcaption",
        "svg",
        "g",
        "path",
        "line",
        "rect",
        "text",
        "table",
        "caption",
        "thead",
        "tr",
        "th",
        "tbody",
        "td",
        "tfoot",
        "aside",
        "ul",
        "li",
        "footer",
        "html",
    ];
    let html = text("html", &f::nasty());
    for tag in tags(&html) {
        assert!(known.contains(&tag), "<{tag}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    assert!(!html.contains('\0'));
}

#[test]
fn every_element_is_closed() {
    for document in [f::typical(), f::nasty(), f::empty(), f::figures_only()] {
        let html = text("html", &document);
        for tag in
            ["html", "body", "div", "main", "section", "table", "thead", "tbody", "tfoot", "tr", "td", "svg", "dl"]
        {
            let opened = html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
            assert_eq!(opened, html.matches(&format!("</{tag}>")).count(), "{tag}");
        }
        assert!(html.ends_with("</html>\n"));
    }
}

#[test]
fn nothing_is_loaded_and_nothing_runs() {
    let html = text("html", &f::typical());
    for wanted in ["<script", "<link", "<img", "<iframe", "@import", "url(", " src=", " href=", " onload"] {
        assert!(!html.contains(wanted), "{wanted}");
    }
    assert!(html.contains("default-src &#39;none&#39;"));
}

#[test]
fn a_listener_gets_language_headers_and_titles() {
    let html = text("html", &f::typical());
    assert!(html.contains("<html lang=\"en-US\" dir=\"ltr\">"));
    assert!(html.contains("role=\"img\" aria-label=\"Visits, Visits before\""));
    assert!(html.contains("<figcaption>Line chart: Visits, Visits before by Day</figcaption>"));
    assert_eq!(html.matches("<th ").count(), html.matches("<th scope=\"col\"").count());
    assert!(html.contains("<caption>Channels</caption>"));
}

#[test]
fn figures_read_as_the_document_wrote_them() {
    let html = text("html", &f::typical());
    for figure in f::figures() {
        assert!(html.contains(&format!("<dd class=\"value n\">{}</dd>", figure.cell.text)), "{}", figure.cell.text);
    }
    assert!(
        html.contains(
            "▲ </span>+12.5%<span class=\"said\"> (better)</span></dd><dd class=\"previous\">vs 114,180</dd>"
        )
    );
    assert!(html.contains("3 rows left out"));
    assert!(html.contains("<td class=\"n\">$48,219.50</td></tr></tfoot>"));
    assert!(html.contains("Oct 1, 2026 – Oct 31, 2026 (America/Chicago)"));
}

#[test]
fn a_table_without_rows_says_so() {
    let (table, _) = f::generated(0);
    let html = text("html", &f::document(vec![f::section("t", None, Body::Table(table))]));
    assert!(html.contains("No data in this period"));
}

#[test]
fn a_chart_without_a_drawing_is_refused() {
    let mut chart = f::line_chart();
    chart.svg = "no drawing".into();
    let error = try_bytes("html", &f::document(vec![f::section("trend", None, Body::Chart(chart))]));
    assert!(error.expect_err("no drawing").to_string().starts_with("section `trend`: the chart has no drawing"));
}
