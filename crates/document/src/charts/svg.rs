//! Writes SVG: five elements, coordinates with two decimals at most, text escaped. Beside its colour each
//! element carries a class that says what the colour means, for pages that also have a dark scheme.

use std::fmt::Write as _;

use crate::theme::Theme;

/// A drawing under construction.
pub(super) struct Svg {
    out: String,
    /// What the theme's colours mean.
    meanings: Vec<(String, String)>,
}

/// How light the area below a line is, and the panel where nothing is drawn.
pub(super) const AREA: f64 = 0.09;
pub(super) const PANEL: f64 = 0.35;

/// Each colour of a theme with the class that stands for it: `ink`, `muted`, `grid`, `rule`, `panel`, `s0`
/// for the first series and `a0` for the area below it.
fn meanings(theme: &Theme) -> Vec<(String, String)> {
    let fixed = [("ink", &theme.text), ("muted", &theme.muted), ("grid", &theme.grid), ("rule", &theme.rule)];
    let fixed = fixed.into_iter().map(|(class, color)| (color.clone(), class.to_owned()));
    let panel = (Theme::tint(&theme.grid, PANEL), "panel".to_owned());
    let series = (0..=theme.series.len()).flat_map(|index| {
        let color = theme.series_color(index);
        [(color.to_owned(), format!("s{index}")), (Theme::tint(color, AREA), format!("a{index}"))]
    });
    fixed.chain([panel]).chain(series).collect()
}

/// Where a text's coordinate lies in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) anchor: Anchor,
    pub(super) fill: &'a str,
    pub(super) size: f64,
    pub(super) bold: bool,
}

impl Svg {
    /// An empty drawing in a theme, with a name for readers who cannot see it.
    pub(super) fn new(width: f64, height: f64, name: &str, theme: &Theme) -> Self {
        let (width, height) = (number(width), number(height));
        let out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">\n\
             <g font-family=\"Inter\" font-variant=\"tabular-nums\">\n",
            escaped(name)
        );
        Self { out, meanings: meanings(theme) }
    }

    /// ` class="…"` for a colour of the theme, nothing for others.
    fn class(&self, color: &str) -> String {
        let meaning = self.meanings.iter().find(|(known, _)| known == color);
        meaning.map(|(_, class)| format!(" class=\"{class}\"")).unwrap_or_default()
    }

    /// The whole text of the drawing.
    pub(super) fn finish(mut self) -> String {
        self.out.push_str("</g>\n</svg>\n");
        self.out
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        self.out.write_fmt(element).expect("a String takes everything");
        self.out.push('\n');
    }

    pub(super) fn rect(&mut self, x: f64, y: f64, width: f64, height: f64, fill: &str) {
        let [x, y, width, height] = [x, y, width, height].map(number);
        let class = self.class(fill);
        self.push(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"{class}/>"
        ));
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str) {
        let [x1, y1, x2, y2] = [from.0, from.1, to.0, to.1].map(number);
        let class = self.class(stroke);
        self.push(format_args!("<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"{stroke}\"{class}/>"));
    }

    pub(super) fn filled(&mut self, path: &Path, fill: &str) {
        let class = self.class(fill);
        self.push(format_args!("<path d=\"{}\" fill=\"{fill}\"{class}/>", path.data));
    }

    pub(super) fn stroked(&mut self, path: &Path, stroke: &str, width: f64) {
        self.push(format_args!(
            "<path d=\"{}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{}\" stroke-linejoin=\"round\" \
             stroke-linecap=\"round\"{}/>",
            path.data,
            number(width),
            self.class(stroke)
        ));
    }

    pub(super) fn text(&mut self, x: f64, y: f64, text: Text<'_>, content: &str) {
        let anchor = match text.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let weight = if text.bold { " font-weight=\"600\"" } else { "" };
        self.push(format_args!(
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\"{anchor}{weight}{}>{}</text>",
            number(x),
            number(y),
            number(text.size),
            text.fill,
            self.class(text.fill),
            escaped(content)
        ));
    }
}

/// The data of a path.
#[derive(Debug, Default, Clone)]
pub(super) struct Path {
    data: String,
}

impl Path {
    fn command(&mut self, command: char, coordinates: &[f64]) {
        self.data.push(command);
        for (index, coordinate) in coordinates.iter().enumerate() {
            if index > 0 {
                self.data.push(' ');
            }
            self.data.push_str(&number(*coordinate));
        }
    }

    pub(super) fn move_to(&mut self, x: f64, y: f64) {
        self.command('M', &[x, y]);
    }

    pub(super) fn line_to(&mut self, x: f64, y: f64) {
        self.command('L', &[x, y]);
    }

    /// A quarter circle or so, bent at a corner.
    pub(super) fn corner_to(&mut self, corner: (f64, f64), end: (f64, f64)) {
        self.command('Q', &[corner.0, corner.1, end.0, end.1]);
    }

    pub(super) fn close(&mut self) {
        self.data.push('Z');
    }

    /// A disc.
    pub(super) fn disc(&mut self, x: f64, y: f64, radius: f64) {
        self.move_to(x - radius, y);
        for turn in [2.0 * radius, -2.0 * radius] {
            self.command('a', &[radius, radius, 0.0, 1.0, 0.0, turn, 0.0]);
        }
        self.close();
    }
}

/// A coordinate with two decimals at most.
pub(super) fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text for XML. Characters that XML 1.0 cannot hold are left out.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_texts_are_escaped() {
        assert_eq!([1.0, 1.5, -0.001, 100.126, -2.50].map(number), ["1", "1.5", "0", "100.13", "-2.5"]);
        assert_eq!(escaped("a<b & \"c\"\u{1}\n"), "a&lt;b &amp; &quot;c&quot;\n");
    }
}
