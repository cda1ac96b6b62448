//! Rewrites a template before it runs, so that typed values work in it:
//!
//! - operands of arithmetic and comparisons pass through the `__operand` filter, because the engine
//!   orders a wrapped decimal and a number by their kinds, silently (`summary.revenue > 100`);
//! - in SQL every `{{ expression }}` passes through the `__bind` filter with the number of the
//!   expression, so that a parameter knows its text as written.
//!
//! Only text is inserted, never removed or moved, so places in errors can be mapped back.

use minijinja::machinery::{
    ast::{self, BinOpKind, Expr, Stmt, UnaryOpKind},
    parse,
};

use super::{error::TextError, filters::OPERAND, sql::BIND};

/// Filters that calculate with their input.
const CALCULATING_FILTERS: [&str; 5] = ["abs", "float", "int", "round", "sum"];
/// Tests that calculate with their input and arguments.
const CALCULATING_TESTS: [&str; 21] = [
    "odd",
    "even",
    "divisibleby",
    "eq",
    "equalto",
    "==",
    "ne",
    "!=",
    "lt",
    "lessthan",
    "<",
    "le",
    "<=",
    "gt",
    "greaterthan",
    ">",
    "ge",
    ">=",
    "number",
    "integer",
    "float",
];

/// A template ready to run.
#[derive(Debug)]
pub(super) struct Rewritten {
    source: String,
    insertions: Vec<Insertion>,
    expressions: Vec<Expression>,
}

/// The inside of a `{{ ... }}`.
#[derive(Debug)]
pub(super) struct Expression {
    /// As written.
    pub(super) text: String,
    /// Where it starts in the template, in bytes.
    pub(super) offset: usize,
}

#[derive(Debug)]
struct Insertion {
    /// Where, in bytes of the original.
    at: usize,
    /// At one place, what closes an outer pair comes later.
    outer: bool,
    /// Where an error in the inserted text is said to be: the start of what it wraps.
    start: usize,
    text: String,
}

impl Rewritten {
    /// A template whose output is text.
    pub(super) fn text(template: &str) -> Result<Self, TextError> {
        Self::new(template, false)
    }

    /// A template whose output is SQL.
    pub(super) fn sql(template: &str) -> Result<Self, TextError> {
        Self::new(template, true)
    }

    fn new(template: &str, bind: bool) -> Result<Self, TextError> {
        super::bounds::check(template)?;
        let parsed = parse(template, "<string>", Default::default());
        let statement = parsed.map_err(|error| TextError::of_syntax(&error, template))?;
        let mut walker = Walker { template, bind, insertions: Vec::new(), expressions: Vec::new() };
        walker.statement(&statement);
        let Walker { mut insertions, expressions, .. } = walker;
        insertions.sort_by_key(|i| (i.at, i.outer));
        let mut source = String::with_capacity(template.len() + insertions.iter().map(|i| i.text.len()).sum::<usize>());
        let mut done = 0;
        for insertion in &insertions {
            source.push_str(&template[done..insertion.at]);
            source.push_str(&insertion.text);
            done = insertion.at;
        }
        source.push_str(&template[done..]);
        Ok(Self { source, insertions, expressions })
    }

    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// The inside of each `{{ ... }}`, by the number that its `__bind` names.
    pub(super) fn expressions(&self) -> &[Expression] {
        &self.expressions
    }

    /// The place in the template of a place in the source that runs.
    pub(super) fn original_offset(&self, offset: usize) -> usize {
        let mut inserted = 0;
        for insertion in &self.insertions {
            let at = insertion.at + inserted;
            if offset < at {
                break;
            }
            if offset < at + insertion.text.len() {
                return insertion.start;
            }
            inserted += insertion.text.len();
        }
        offset - inserted
    }
}

struct Walker<'t> {
    template: &'t str,
    bind: bool,
    insertions: Vec<Insertion>,
    expressions: Vec<Expression>,
}

impl Walker<'_> {
    /// Wraps the text from `start` to `end`.
    fn wrap(&mut self, start: usize, end: usize, opening: &str, closing: String, outer: bool) {
        self.insertions.push(Insertion { at: start, outer: false, start, text: opening.to_owned() });
        self.insertions.push(Insertion { at: end, outer, start, text: closing });
    }

    fn statements(&mut self, statements: &[Stmt<'_>]) {
        statements.iter().for_each(|statement| self.statement(statement));
    }

    fn statement(&mut self, statement: &Stmt<'_>) {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitExpr(emit) => {
                self.expression(&emit.expr);
                if self.bind {
                    self.bind_emitted(emit);
                }
            }
            Stmt::EmitRaw(_) | Stmt::Continue(_) | Stmt::Break(_) => {}
            Stmt::ForLoop(each) => {
                self.expression(&each.iter);
                each.filter_expr.iter().for_each(|e| self.expression(e));
                self.statements(&each.body);
                self.statements(&each.else_body);
            }
            Stmt::IfCond(choice) => {
                self.expression(&choice.expr);
                self.statements(&choice.true_body);
                self.statements(&choice.false_body);
            }
            Stmt::WithBlock(with) => {
                with.assignments.iter().for_each(|(_, value)| self.expression(value));
                self.statements(&with.body);
            }
            Stmt::Set(set) => self.expression(&set.expr),
            Stmt::SetBlock(set) => self.statements(&set.body),
            Stmt::AutoEscape(escape) => self.statements(&escape.body),
            Stmt::FilterBlock(filter) => self.statements(&filter.body),
            Stmt::Block(block) => self.statements(&block.body),
            // There are no other templates to name.
            Stmt::Import(_) | Stmt::FromImport(_) | Stmt::Extends(_) | Stmt::Include(_) => {}
            Stmt::Macro(declared) => self.declared(declared),
            Stmt::CallBlock(block) => {
                self.arguments(&block.call.args);
                self.declared(&block.macro_decl);
            }
            Stmt::Do(call) => self.arguments(&call.call.args),
        }
    }

    fn declared(&mut self, declared: &ast::Macro<'_>) {
        declared.defaults.iter().for_each(|e| self.expression(e));
        self.statements(&declared.body);
    }

    /// `{{ expression }}` becomes `{{ (expression)|__bind(number) }}`.
    fn bind_emitted(&mut self, emit: &ast::Spanned<ast::EmitExpr<'_>>) {
        // The span runs from the opening braces, with their whitespace mark, to the expression's end.
        let opening = emit.span().start_offset as usize + 2;
        let mark = usize::from(self.template[opening..].starts_with(['-', '+']));
        let (start, end) = (opening + mark, emit.span().end_offset as usize);
        let written = &self.template[start..end];
        let offset = start + written.len() - written.trim_start().len();
        let number = self.expressions.len();
        self.expressions.push(Expression { text: written.trim().to_owned(), offset });
        self.wrap(offset, end, "(", format!(")|{BIND}({number})"), true);
    }

    fn arguments(&mut self, arguments: &[ast::CallArg<'_>]) {
        for argument in arguments {
            let (ast::CallArg::Pos(e)
            | ast::CallArg::Kwarg(_, e)
            | ast::CallArg::PosSplat(e)
            | ast::CallArg::KwargSplat(e)) = argument;
            self.expression(e);
        }
    }

    fn expression(&mut self, expression: &Expr<'_>) {
        match expression {
            Expr::Var(_) | Expr::Const(_) => {}
            Expr::Slice(slice) => {
                self.expression(&slice.expr);
                [&slice.start, &slice.stop, &slice.step].into_iter().flatten().for_each(|e| self.expression(e));
            }
            Expr::UnaryOp(unary) => {
                self.expression(&unary.expr);
                if matches!(unary.op, UnaryOpKind::Neg) {
                    self.operand(&unary.expr);
                }
            }
            Expr::BinOp(binary) => self.binary(binary),
            Expr::Compare(chain) => {
                for side in std::iter::once(&chain.expr).chain(chain.ops.iter().map(|op| &op.expr)) {
                    self.expression(side);
                    self.operand(side);
                }
            }
            Expr::IfExpr(choice) => {
                self.expression(&choice.test_expr);
                self.expression(&choice.true_expr);
                choice.false_expr.iter().for_each(|e| self.expression(e));
            }
            Expr::Filter(filter) => {
                if let Some(input) = &filter.expr {
                    self.expression(input);
                    match input {
                        // Anywhere else the items of a list keep their types.
                        Expr::List(list) if filter.name == "sum" => list.items.iter().for_each(|e| self.operand(e)),
                        _ if CALCULATING_FILTERS.contains(&filter.name) => self.operand(input),
                        _ => {}
                    }
                }
                self.arguments(&filter.args);
            }
            Expr::Test(test) => self.test(test),
            Expr::GetAttr(get) => self.expression(&get.expr),
            Expr::GetItem(get) => {
                self.expression(&get.expr);
                self.expression(&get.subscript_expr);
            }
            Expr::Call(call) => {
                self.expression(&call.expr);
                self.arguments(&call.args);
            }
            Expr::List(list) => list.items.iter().for_each(|e| self.expression(e)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|e| self.expression(e)),
            Expr::Map(map) => map.keys.iter().chain(&map.values).for_each(|e| self.expression(e)),
        }
    }

    fn binary(&mut self, binary: &ast::BinOp<'_>) {
        self.expression(&binary.left);
        self.expression(&binary.right);
        match binary.op {
            BinOpKind::ScAnd | BinOpKind::ScOr | BinOpKind::Concat => {}
            BinOpKind::In => self.operand(&binary.left),
            _ => {
                self.operand(&binary.left);
                self.operand(&binary.right);
            }
        }
    }

    fn test(&mut self, test: &ast::Test<'_>) {
        self.expression(&test.expr);
        self.arguments(&test.args);
        if CALCULATING_TESTS.contains(&test.name) {
            self.operand(&test.expr);
            for argument in &test.args {
                if let ast::CallArg::Pos(argument) = argument {
                    self.operand(argument);
                }
            }
        }
    }

    /// `x` becomes `((x)|__operand)`, where `x` can be a typed value.
    fn operand(&mut self, expression: &Expr<'_>) {
        match expression {
            Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) | Expr::Slice(_) | Expr::Call(_) | Expr::Filter(_) => {
                let end = expression.span().end_offset as usize;
                self.wrap(self.start(expression), end, "((", format!(")|{OPERAND})"), false);
            }
            Expr::BinOp(binary) if matches!(binary.op, BinOpKind::ScAnd | BinOpKind::ScOr) => {
                self.operand(&binary.left);
                self.operand(&binary.right);
            }
            Expr::IfExpr(choice) => {
                self.operand(&choice.true_expr);
                choice.false_expr.iter().for_each(|e| self.operand(e));
            }
            // Constants have no typed values; other operators give plain ones.
            _ => {}
        }
    }

    /// Where an expression starts, not counting parentheses before it. Spans of the engine's
    /// composed expressions start at their last part or at the token before, so the leftmost part tells.
    fn start(&self, expression: &Expr<'_>) -> usize {
        let own = expression.span().start_offset as usize;
        match expression {
            Expr::Var(_) | Expr::Const(_) | Expr::List(_) | Expr::Tuple(_) | Expr::Map(_) => own,
            Expr::Slice(slice) => self.start(&slice.expr),
            Expr::UnaryOp(unary) => match unary.op {
                UnaryOpKind::Neg => own,
                UnaryOpKind::Not if self.template[own..].starts_with("not") => own,
                UnaryOpKind::Not => self.start(&unary.expr),
            },
            Expr::BinOp(binary) => self.start(&binary.left),
            Expr::Compare(chain) => self.start(&chain.expr),
            Expr::IfExpr(choice) => self.start(&choice.true_expr),
            Expr::Filter(filter) => filter.expr.as_ref().map_or(own, |e| self.start(e)),
            Expr::Test(test) => self.start(&test.expr),
            Expr::GetAttr(get) => self.start(&get.expr),
            Expr::GetItem(get) => self.start(&get.expr),
            Expr::Call(call) => self.start(&call.expr),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(template: &str) -> String {
        Rewritten::text(template).expect("a template").source().replace(OPERAND, "n")
    }

    #[test]
    fn operands_are_wrapped_wherever_they_stand() {
        let cases = [
            ("{{ a.b > 1 }}", "{{ ((a.b)|n) > 1 }}"),
            ("{{ (a) + b.c|first }}", "{{ (((a)|n)) + ((b.c|first)|n) }}"),
            ("{{ (a + b).c * 2 }}", "{{ (((((a)|n) + ((b)|n)).c)|n) * 2 }}"),
            ("{{ -a.b ** 2 }}", "{{ -((a.b)|n) ** 2 }}"),
            ("{{ (a or b) / c[d + 1] }}", "{{ (((a)|n) or ((b)|n)) / ((c[((d)|n) + 1])|n) }}"),
            ("{{ (a if b else c) - 1 }}", "{{ (((a)|n) if b else ((c)|n)) - 1 }}"),
            ("{{ 1 < a <= f(b == 2) }}", "{{ 1 < ((a)|n) <= ((f(((b)|n) == 2))|n) }}"),
            ("{{ a|round(1) ~ b }}", "{{ ((a)|n)|round(1) ~ b }}"),
            ("{% if a is odd and b is defined %}{% endif %}", "{% if ((a)|n) is odd and b is defined %}{% endif %}"),
            ("{{ a not in [1] }}", "{{ ((a)|n) not in [1] }}"),
            ("{{ (a not in b)|int + 1 }}", "{{ (((a)|n) not in b)|int + 1 }}"),
        ];
        for (template, expected) in cases {
            let result = rewritten(template);
            // The filter `int` calculates, and its result is an operand again.
            if template.contains("|int") {
                assert!(result.ends_with("|int)|n) + 1 }}"), "{result}");
                continue;
            }
            assert_eq!(result, expected, "{template}");
        }
    }

    #[test]
    fn expressions_are_known_as_written() {
        let template = "{{ a }} {{-  b.c|date(\"%d\") -}} {% raw %}{{ x }}{% endraw %}{{ (d) }}{{ a not in b }}";
        let rewritten = Rewritten::sql(template).expect("a template");
        let texts: Vec<&str> = rewritten.expressions().iter().map(|e| e.text.as_str()).collect();
        assert_eq!(texts, ["a", "b.c|date(\"%d\")", "(d)", "a not in b"]);
        for expression in rewritten.expressions() {
            assert!(template[expression.offset..].starts_with(&expression.text));
        }
        Rewritten::text(rewritten.source()).expect("still a template");
    }

    #[test]
    fn places_map_back() {
        let template = "{{ a + b }} tail";
        let rewritten = Rewritten::text(template).expect("a template");
        let tail = rewritten.source().find("tail").expect("kept");
        assert_eq!(rewritten.original_offset(tail), template.find("tail").expect("there"));
        assert_eq!(rewritten.original_offset(0), 0);
    }
}
