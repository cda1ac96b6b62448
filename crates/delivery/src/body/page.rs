//! The HTML body: nested tables and inline styles, because Outlook lays mail out with Word; one
//! column of 600 pixels; nothing is fetched from anywhere.

use super::{BodyWords, Figure, FileLine, ReportBody, Tone};
use crate::html::Html;

/// How many figures stand beside each other, and the width of each: no figure is left alone in a
/// row when that can be helped.
fn columns(figures: usize) -> (usize, &'static str) {
    match figures {
        0..=2 | 4 => (2, "50%"),
        _ => (3, "33%"),
    }
}

const HEAD: &str = concat!(
    r#"<meta charset="utf-8">"#,
    r#"<meta name="viewport" content="width=device-width, initial-scale=1">"#,
    r#"<meta name="color-scheme" content="light">"#,
    r#"<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">"#,
    "<!--[if mso]><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch>",
    "</o:OfficeDocumentSettings></xml><![endif]-->",
    "<style>@media (max-width: 480px) { .figure { display: block !important; width: auto !important; } }</style>",
);

/// The preview text that inboxes show beside the subject, invisible in the message itself.
const PREVIEW_OPEN: &str = concat!(
    r#"<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;mso-hide:all;"#,
    r#"font-size:1px;line-height:1px;color:#f1f3f5">"#,
);

const OUTER_OPEN: &str = concat!(
    r##"<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#f1f3f5" "##,
    r#"style="background:#f1f3f5"><tr><td align="center" style="padding:24px 12px">"#,
    r#"<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0"><tr><td><![endif]-->"#,
    r##"<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#ffffff" "##,
    r#"style="max-width:600px;background:#ffffff;border:1px solid #dfe3e8;border-top:4px solid #1f5fa8;"#,
    r#"font-family:'Segoe UI',Roboto,Helvetica,Arial,sans-serif;color:#1c2733;text-align:left">"#,
);

const OUTER_CLOSE: &str = "</table><!--[if mso]></td></tr></table><![endif]--></td></tr></table>";

pub(super) fn html(body: &ReportBody) -> String {
    let mut html = Html::default();
    html.markup("<!DOCTYPE html>\n<html").attribute("lang", &body.language).markup("><head>").markup(HEAD);
    html.markup("<title>").text(&body.title).markup("</title></head>");
    html.markup(r##"<body style="margin:0;padding:0;background:#f1f3f5">"##);
    if let Some(summary) = &body.summary {
        html.markup(PREVIEW_OPEN).text(summary).markup("</div>\n");
    }
    html.markup(OUTER_OPEN);
    heading(&mut html, body);
    figures(&mut html, &body.figures, body.words);
    notes(&mut html, &body.notes);
    for (heading, list) in body.file_groups() {
        files(&mut html, heading, &list);
    }
    footer(&mut html, body);
    html.markup(OUTER_CLOSE).markup("</body></html>\n");
    html.finish()
}

fn heading(html: &mut Html, body: &ReportBody) {
    html.markup(r#"<tr><td style="padding:24px 28px 4px">"#);
    html.markup(r#"<div style="font-size:13px;line-height:20px;color:#5b6875">"#).text(&body.sender).markup("</div>");
    html.markup(r#"<h1 style="margin:6px 0 2px;font-size:22px;line-height:29px;font-weight:600">"#);
    html.text(&body.title).markup("</h1>");
    if let Some(subtitle) = body.subtitle() {
        html.markup(r#"<div style="font-size:15px;line-height:22px;color:#5b6875">"#).text(&subtitle).markup("</div>");
    }
    if let Some(summary) = &body.summary {
        html.markup(r#"<p style="margin:16px 0 0;font-size:16px;line-height:24px">"#).text(summary).markup("</p>");
    }
    html.markup("</td></tr>\n");
}

fn figures(html: &mut Html, figures: &[Figure], words: &BodyWords) {
    if figures.is_empty() {
        return;
    }
    html.markup(r#"<tr><td style="padding:16px 24px 0"><table role="presentation" width="100%" cellpadding="0" "#);
    html.markup(r#"cellspacing="0" border="0" style="table-layout:fixed">"#);
    let (columns, width) = columns(figures.len());
    for row in figures.chunks(columns) {
        html.markup("<tr>");
        for figure in row {
            cell(html, figure, width, words);
        }
        for _ in row.len()..columns {
            html.markup(r#"<td class="figure""#).attribute("width", width).markup("></td>");
        }
        html.markup("</tr>\n");
    }
    html.markup("</table></td></tr>\n");
}

fn cell(html: &mut Html, figure: &Figure, width: &'static str, words: &BodyWords) {
    html.markup(r#"<td class="figure""#).attribute("width", width);
    html.markup(r#" valign="top" style="padding:4px"><table role="presentation" "#);
    html.markup(r##"width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#f6f8fa"><tr>"##);
    html.markup(r#"<td style="padding:12px 14px"><div style="font-size:13px;line-height:18px;color:#5b6875">"#);
    html.text(&figure.label).markup("</div>");
    html.markup(r#"<div style="font-size:20px;line-height:28px;font-weight:600">"#).text(&figure.value);
    html.markup("</div>");
    match &figure.change {
        Some(change) => {
            html.markup(match change.tone {
                Tone::Good => r#"<div style="font-size:13px;line-height:18px;color:#146c2e">"#,
                Tone::Bad => r#"<div style="font-size:13px;line-height:18px;color:#b3261e">"#,
                Tone::Neutral => r#"<div style="font-size:13px;line-height:18px;color:#5b6875">"#,
            });
            html.text(&change.words(words)).markup("</div>");
        }
        // Keeps the cells of a row equally high.
        None => {
            html.markup(r#"<div style="font-size:13px;line-height:18px">&nbsp;</div>"#);
        }
    }
    html.markup("</td></tr></table></td>");
}

fn notes(html: &mut Html, notes: &[String]) {
    for note in notes {
        html.markup(r#"<tr><td style="padding:16px 28px 0"><table role="presentation" width="100%" cellpadding="0" "#);
        html.markup(r##"cellspacing="0" border="0" bgcolor="#fff8e5"><tr><td style="padding:10px 14px;"##);
        html.markup(r#"border-left:4px solid #d99a00;font-size:14px;line-height:21px">"#).text(note);
        html.markup("</td></tr></table></td></tr>\n");
    }
}

fn files(html: &mut Html, heading: &str, files: &[&FileLine]) {
    html.markup(r#"<tr><td style="padding:20px 28px 0"><div style="font-size:13px;line-height:20px;color:#5b6875">"#);
    html.text(heading).markup("</div>");
    html.markup(r#"<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">"#);
    for file in files {
        html.markup(
            r#"<tr><td style="padding:6px 0;border-bottom:1px solid #e7eaee;font-size:15px;line-height:22px;word-break:break-word">"#,
        );
        match &file.link {
            Some(link) => {
                html.markup("<a").attribute("href", link.as_str()).markup(r#" style="color:#1f5fa8">"#);
                html.text(file.name.as_str()).markup("</a>");
            }
            None => {
                html.text(file.name.as_str());
            }
        }
        html.markup(r#"</td><td align="right" style="padding:6px 0;border-bottom:1px solid #e7eaee;font-size:13px;"#);
        html.markup(r#"line-height:22px;color:#5b6875;white-space:nowrap">"#).text(&file.detail).markup("</td></tr>\n");
    }
    html.markup("</table></td></tr>\n");
}

fn footer(html: &mut Html, body: &ReportBody) {
    html.markup(r#"<tr><td style="padding:24px 28px 22px;font-size:12px;line-height:18px;color:#5b6875">"#);
    html.text(&body.reason).markup("</td></tr>");
}
