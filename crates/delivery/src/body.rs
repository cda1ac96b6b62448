//! The two bodies of a report's message, from texts that are formatted already: the same figures,
//! notes and files in HTML and in plain text, in the report's language. No template and no clock:
//! equal inputs give equal bodies.

mod page;
mod plain;
mod words;

use crate::header::FileName;

pub use self::words::BodyWords;

/// What the message of one edition says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportBody {
    /// The language of the texts (BCP 47), such as `en-US`.
    pub language: String,
    /// Who sends: the project's title.
    pub sender: String,
    /// The document's title.
    pub title: String,
    /// Who or what the edition is about, when the title does not say it.
    pub about: Option<String>,
    /// The period, as people read it.
    pub period: String,
    /// The line that sums the report up. Inboxes show it beside the subject.
    pub summary: Option<String>,
    /// The key figures.
    pub figures: Vec<Figure>,
    /// What a reader has to know: rows left out, a correction, an attachment that is only linked.
    pub notes: Vec<String>,
    /// The files that come with the message, or links to them.
    pub files: Vec<FileLine>,
    /// Why the recipient gets this ([`BodyWords::reason`]).
    pub reason: String,
    /// The words that the message says itself.
    pub words: &'static BodyWords,
}

/// A key figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figure {
    /// Its name.
    pub label: String,
    /// Its value.
    pub value: String,
    /// How it changed.
    pub change: Option<Change>,
}

/// How a figure changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// With its sign and what it is compared with: `+12.3% on September`.
    pub text: String,
    /// Whether that is good.
    pub tone: Tone,
}

/// Whether a change is good. Shown by colour and by a word beside the sign, never by colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Good.
    Good,
    /// Bad.
    Bad,
    /// Neither, or not known.
    #[default]
    Neutral,
}

/// A file of the edition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLine {
    /// Its name.
    pub name: FileName,
    /// Its type and size, as people read them: `PDF, 214 kB` ([`BodyWords::file`]).
    pub detail: String,
    /// Where it is, when it is not attached.
    pub link: Option<WebLink>,
}

/// An address on the web; only `https` and `http` are let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebLink(String);

/// Why a text can't be a link in a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} can't be linked in a message: only https:// and http:// addresses without spaces can")]
pub struct WebLinkError(String);

impl WebLink {
    /// Takes an absolute address.
    ///
    /// # Errors
    /// On every scheme but `https` and `http`, and on white space and control characters.
    pub fn new(address: impl Into<String>) -> Result<Self, WebLinkError> {
        let address = address.into();
        let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
        let fits = rest.is_some_and(|r| !r.is_empty() && !r.starts_with('/'));
        if fits && !address.contains(|c: char| c.is_whitespace() || c.is_control()) {
            Ok(Self(address))
        } else {
            Err(WebLinkError(address))
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Change {
    /// The change in words: `+12.3%, better`. The sign alone does not say whether more is good.
    fn words(&self, words: &BodyWords) -> String {
        match self.tone {
            Tone::Good => format!("{}, {}", self.text, words.better),
            Tone::Bad => format!("{}, {}", self.text, words.worse),
            Tone::Neutral => self.text.clone(),
        }
    }
}

impl ReportBody {
    /// The body for readers of HTML: tables and inline styles, which every mail client can lay out.
    pub fn html(&self) -> String {
        page::html(self)
    }

    /// The same in plain text.
    pub fn text(&self) -> String {
        let text = plain::text(self);
        // As in HTML: no control character of data's making, not even for readers in a terminal.
        text.chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect()
    }

    /// `about · period`, without what the title says already.
    fn subtitle(&self) -> Option<String> {
        let parts: Vec<&str> = self
            .about
            .iter()
            .chain([&self.period])
            .map(String::as_str)
            .filter(|part| !part.is_empty() && !self.title.contains(part))
            .collect();
        (!parts.is_empty()).then(|| parts.join(" · "))
    }

    /// The files by whether they are attached, each group with its heading; empty groups are left out.
    fn file_groups(&self) -> impl Iterator<Item = (&str, Vec<&FileLine>)> {
        let (linked, attached): (Vec<_>, Vec<_>) = self.files.iter().partition(|file| file.link.is_some());
        [(self.words.attached, attached), (self.words.linked, linked)]
            .into_iter()
            .filter(|(_, files)| !files.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> ReportBody {
        let figure = |label: &str, value: &str, change: Option<(&str, Tone)>| Figure {
            label: label.to_owned(),
            value: value.to_owned(),
            change: change.map(|(text, tone)| Change { text: text.to_owned(), tone }),
        };
        ReportBody {
            language: "en-US".to_owned(),
            sender: "Harbour & Field".to_owned(),
            title: "Acme <Tools>: performance".to_owned(),
            about: Some("Acme <Tools>".to_owned()),
            period: "October 2026".to_owned(),
            summary: Some("Visits grew by 12.3%, \"best\" month so far.".to_owned()),
            figures: vec![
                figure("Visits", "48,210", Some(("+12.3% on September", Tone::Good))),
                figure("Revenue", "$1,204,511.00", Some(("−3.1% on September", Tone::Bad))),
                figure("Tickets", "12", None),
                figure("Cost", "$40.00", Some(("0.0% on September", Tone::Neutral))),
            ],
            notes: vec!["3 rows left out: channel is not one of web, shop, partner".to_owned()],
            files: vec![
                FileLine {
                    name: FileName::new("acme <1>.pdf").expect("valid"),
                    detail: "PDF, 214 kB".to_owned(),
                    link: None,
                },
                FileLine {
                    name: FileName::new("acme.csv").expect("valid"),
                    detail: "CSV, 31 MB".to_owned(),
                    link: Some(WebLink::new("https://reports.example/f/1?a=1&b=2").expect("valid")),
                },
            ],
            reason: "You get this because you are on the list client-contacts.".to_owned(),
            words: BodyWords::of_locale("en-US"),
        }
    }

    #[test]
    fn the_plain_text_says_everything_in_order() {
        let expected = "\
Acme <Tools>: performance
October 2026

Visits grew by 12.3%, \"best\" month so far.

Visits          48,210  +12.3% on September, better
Revenue  $1,204,511.00  −3.1% on September, worse
Tickets             12
Cost            $40.00  0.0% on September

3 rows left out: channel is not one of web, shop, partner

Attached:
- acme <1>.pdf (PDF, 214 kB)

To download:
- acme.csv (CSV, 31 MB)
  https://reports.example/f/1?a=1&b=2

--\u{20}
Harbour & Field
You get this because you are on the list client-contacts.
";
        assert_eq!(body().text(), expected);
    }

    #[test]
    fn the_html_says_the_same_and_escapes_all_of_it() {
        let (body, html) = (body(), body().html());
        let mut texts: Vec<&str> = vec![&body.title, &body.period, &body.sender, &body.reason, &body.notes[0]];
        for figure in &body.figures {
            texts.extend([figure.label.as_str(), &figure.value]);
            texts.extend(figure.change.as_ref().map(|c| c.text.as_str()));
            assert!(figure.change.iter().all(|c| html.contains(&c.words(body.words))));
        }
        for file in &body.files {
            texts.extend([file.name.as_str(), &file.detail]);
        }
        for text in texts {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
            assert!(html.contains(&escaped), "{text}");
        }
        assert!(!html.contains("<Tools>"));
        assert!(html.contains("href=\"https://reports.example/f/1?a=1&amp;b=2\""));
        assert!(html.starts_with("<!DOCTYPE html>") && html.ends_with("</html>\n"));
        assert!(!html.contains("<script") && !html.contains("<img") && !html.contains("url("), "nothing is fetched");
    }

    #[test]
    fn neither_body_holds_a_control_character_of_datas_making() {
        let evil = "a\u{1b}[2J\u{9b}\r\u{7}b";
        let body = ReportBody { title: evil.to_owned(), summary: Some(evil.to_owned()), ..body() };
        for text in [body.html(), body.text()] {
            assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_given_leaves_no_trace() {
        let bare = ReportBody {
            title: "Report".to_owned(),
            period: "October 2026".to_owned(),
            sender: "Agency".to_owned(),
            reason: "You asked for it.".to_owned(),
            ..ReportBody::default()
        };
        assert_eq!(bare.text(), "Report\nOctober 2026\n\n-- \nAgency\nYou asked for it.\n");
        assert!(!bare.html().contains("Attached"));
    }

    #[test]
    fn only_web_addresses_are_linked() {
        assert!(WebLink::new("https://reports.example/f/1").is_ok());
        for text in [
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https:///x",
            "//x.example",
            "ftp://x.example",
            "https://x.example/a b",
            "https://x.example/\r\nX",
            " https://x.example",
        ] {
            assert!(WebLink::new(text).is_err(), "{text}");
        }
    }
}
