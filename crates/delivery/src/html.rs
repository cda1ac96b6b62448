//! HTML that escapes by construction: markup can only be a literal of this crate, and everything
//! else goes through [`Html::text`] or [`Html::attribute`].

/// HTML under construction.
#[derive(Debug, Default)]
pub(crate) struct Html(String);

impl Html {
    /// Appends markup; only literals fit.
    pub(crate) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Appends text; line breaks become `<br>`.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        for (number, line) in text.lines().enumerate() {
            if number > 0 {
                self.0.push_str("<br>");
            }
            self.escape(line);
        }
        self
    }

    /// Appends ` name="value"`.
    pub(crate) fn attribute(&mut self, name: &'static str, value: &str) -> &mut Self {
        self.0.push(' ');
        self.0.push_str(name);
        self.0.push_str("=\"");
        self.escape(value);
        self.0.push('"');
        self
    }

    /// The finished HTML.
    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn escape(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c if c.is_control() => self.0.push(' '),
                c => self.0.push(c),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_cannot_leave_their_place() {
        let mut html = Html::default();
        html.markup("<a").attribute("href", "https://x.example/?a=1&b=\"'><script>");
        html.markup(">").text("<b>&\"'\nnext\0").markup("</a>");
        assert_eq!(
            html.finish(),
            "<a href=\"https://x.example/?a=1&amp;b=&quot;&#39;&gt;&lt;script&gt;\">\
             &lt;b&gt;&amp;&quot;&#39;<br>next </a>"
        );
    }
}
