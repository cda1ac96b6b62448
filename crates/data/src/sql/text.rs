//! SQL text with numbered placeholders, and the way back from a position in it to the text as its
//! author wrote it, with `{{ expression }}` in place of each placeholder.

use datafusion::common::ScalarValue;
use punctual_model::sql_text::{Bind, Fragment, SqlText};

use crate::{error::Place, values::to_scalar};

/// SQL text as the parser reads it.
#[derive(Debug)]
pub(crate) struct Rendered {
    /// The text with `$1`, `$2`, ... in place of parameters.
    pub text: String,
    authored: String,
    slots: Vec<Slot>,
    /// Each parameter once, however often it stands in the text.
    binds: Vec<Bind>,
}

/// Where a placeholder stands, in the rendered text.
#[derive(Debug)]
struct Slot {
    placeholder: String,
    line: u64,
    column: u64,
    /// Characters in the rendered text.
    rendered: u64,
    /// Characters in the authored text.
    authored: u64,
}

impl Rendered {
    /// Numbers the parameters in order of appearance.
    pub fn new(sql: &SqlText) -> Self {
        let mut this = Self { text: String::new(), authored: String::new(), slots: Vec::new(), binds: Vec::new() };
        let mut glued = false;
        for fragment in &sql.fragments {
            match fragment {
                Fragment::Sql(sql) => {
                    // `$1` would swallow a letter or digit that follows it.
                    if glued && sql.starts_with(is_word) {
                        this.text.push(' ');
                        this.slots.last_mut().expect("glued to a slot").rendered += 1;
                    }
                    this.text.push_str(sql);
                    this.authored.push_str(sql);
                    glued = false;
                }
                Fragment::Bind(bind) => {
                    this.push_bind(bind);
                    glued = true;
                }
            }
        }
        this
    }

    fn push_bind(&mut self, bind: &Bind) {
        if self.text.ends_with(is_word) {
            self.text.push(' ');
            self.authored.push(' ');
        }
        let (line, column) = end(&self.text);
        let known = self.binds.iter().position(|known| known == bind);
        let index = known.unwrap_or_else(|| {
            self.binds.push(bind.clone());
            self.binds.len() - 1
        });
        let placeholder = format!("${}", index + 1);
        let expression = bind.expression.replace(['\n', '\r'], " ");
        let authored = format!("{{{{ {expression} }}}}");
        self.text.push_str(&placeholder);
        let (rendered, authored_chars) = (chars(&placeholder), chars(&authored));
        self.slots.push(Slot { placeholder, line, column, rendered, authored: authored_chars });
        self.authored.push_str(&authored);
    }

    /// The parameters by number. One that stands twice in the text, as in SELECT and GROUP BY, has
    /// one number, so that both are the same expression.
    pub fn binds(&self) -> &[Bind] {
        &self.binds
    }

    /// The parameters' values, typed.
    pub fn scalars(&self) -> Vec<ScalarValue> {
        self.binds.iter().map(|bind| to_scalar(&bind.value)).collect()
    }

    /// Placeholders with line and column, in the order in which they stand in the rendered text.
    pub fn slots(&self) -> impl Iterator<Item = (&str, u64, u64)> {
        self.slots.iter().map(|slot| (slot.placeholder.as_str(), slot.line, slot.column))
    }

    /// The place in the authored text of a position in the rendered text (both from 1).
    pub fn place(&self, line: u64, column: u64) -> Option<Place> {
        let text = self.authored.lines().nth(usize::try_from(line.checked_sub(1)?).ok()?)?.to_owned();
        let mut authored = column;
        for slot in self.slots.iter().filter(|slot| slot.line == line && slot.column < column) {
            if column < slot.column + slot.rendered {
                authored -= column - slot.column;
            } else {
                authored = (authored + slot.authored).saturating_sub(slot.rendered);
            }
        }
        Some(Place { line, column: authored, text })
    }

    /// Names parameters as their author does: `$2` becomes `{{ period.start_date }}`.
    pub fn name_binds(&self, message: &str) -> String {
        let mut message = message.to_owned();
        for (index, bind) in self.binds.iter().enumerate().rev() {
            message = message.replace(&format!("${}", index + 1), &format!("{{{{ {} }}}}", bind.expression));
        }
        message
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn chars(text: &str) -> u64 {
    text.chars().count() as u64
}

/// Line and column, from 1, of what is written next.
fn end(text: &str) -> (u64, u64) {
    let lines = text.matches('\n').count() as u64 + 1;
    let last = text.rsplit('\n').next().unwrap_or_default();
    (lines, chars(last) + 1)
}

#[cfg(test)]
mod tests {
    use punctual_model::value::Value;

    use super::*;

    fn text(parts: &[&str]) -> Rendered {
        let bind = |expression: &str| Fragment::Bind(Bind { expression: expression.into(), value: Value::Int(1) });
        let fragments = parts
            .iter()
            .map(|part| part.strip_prefix('@').map_or_else(|| Fragment::Sql((*part).to_owned()), bind))
            .collect();
        Rendered::new(&SqlText { fragments })
    }

    #[test]
    fn positions_lead_back_to_the_authored_text() {
        let sql = text(&["SELECT a,\n b + ", "@x.y", " + c + ", "@z", " + d"]);
        assert_eq!(sql.text, "SELECT a,\n b + $1 + c + $2 + d");
        let line = " b + {{ x.y }} + c + {{ z }} + d";
        let at = |rendered: &str| {
            let column = sql.text.lines().nth(1).expect("two lines").find(rendered).expect("found") as u64 + 1;
            sql.place(2, column).expect("a place")
        };
        for what in [" b", "+ c", "+ d"] {
            let place = at(what);
            assert_eq!(place.text, line);
            assert_eq!(&line[place.column as usize - 1..][..what.len()], what);
        }
        assert_eq!(at("$2").column as usize, line.find("{{ z").expect("found") + 1);
        assert!(sql.place(3, 1).is_none());
    }

    #[test]
    fn placeholders_stand_alone() {
        let sql = text(&["a=", "@x", "AND b=", "@y", "@z"]);
        assert_eq!(sql.text, "a=$1 AND b=$2 $3");
        assert_eq!(sql.slots().collect::<Vec<_>>(), [("$1", 1, 3), ("$2", 1, 12), ("$3", 1, 15)]);
        assert_eq!(sql.name_binds("no type for $2"), "no type for {{ y }}");
    }

    #[test]
    fn the_same_parameter_is_the_same_expression() {
        let sql = text(&["a + ", "@x", ", b + ", "@y", " GROUP BY a + ", "@x"]);
        assert_eq!(sql.text, "a + $1, b + $2 GROUP BY a + $1");
        assert_eq!(sql.binds().len(), 2);
    }
}
