//! One table on a worksheet of its own: a frozen header row with filters, the rows, a row of sums.
//! Rows pass through; only the header, the widths and the sums are kept.

use std::collections::HashMap;

use arrow::array::RecordBatch;
use punctual_document::{
    content::{Column, Direction, Head, Table, Tone, Total},
    format::FormatError,
    totals::Totalled,
};
use rust_xlsxwriter::{ConditionalFormatCell, ConditionalFormatCellRule, Format, Formula, IgnoreError, Worksheet};

use super::{
    cell::{Cell, CellWriter, Put},
    clean,
    formula::{LiveFormula, range, ratio_of_totals},
    styles,
    sum::Sum,
    xlsx,
};
use crate::{
    scalar::{Scalar, check_columns, scalar_at},
    words::{locale_of, rows_left_out, words},
};

/// Excel's rows and columns.
const MAX_ROWS: u64 = 1_048_576;
const MAX_COLUMNS: usize = 16_384;

/// Rows around the table's own: the header, the sums, an empty line and two notes.
const OTHER_ROWS: u64 = 5;

/// Rows that column widths are taken from.
const MEASURED_ROWS: u32 = 500;

/// Widths in characters.
const NARROWEST: usize = 8;
const WIDEST: usize = 60;

/// Room for the filter's button.
const BUTTON: usize = 3;

/// Writes a table; `section` names it in errors.
pub(super) fn write(
    sheet: &mut Worksheet,
    name: &str,
    section: &str,
    table: &Table,
    head: &Head,
) -> Result<(), FormatError> {
    refuse_oversize(section, table)?;
    sheet.set_name(name).map_err(xlsx)?;
    // A formula without a value shows nothing, not the zero that is otherwise assumed.
    sheet.set_formula_result_default("");
    let mut columns = table.columns.iter().map(ColumnState::new).collect::<Result<Vec<_>, _>>()?;
    write_header(sheet, &columns)?;
    let mut row = 1;
    for batch in table.rows.batches()? {
        let batch = batch?;
        check_columns(&batch, table)?;
        for index in 0..batch.num_rows() {
            refuse_overflow(section, row)?;
            write_row(sheet, row, &mut columns, (&batch, index))?;
            row += 1;
        }
    }
    finish(sheet, table, &mut columns, row, head)
}

/// One column while its table is written.
struct ColumnState<'a> {
    column: &'a Column,
    cells: CellWriter,
    /// How amounts of each currency are written, where rows say theirs.
    by_currency: HashMap<Option<String>, (CellWriter, Format)>,
    formula: Option<LiveFormula>,
    /// What the cell of the current row became.
    put: Put,
    /// The widest text so far.
    width: usize,
    sum: Sum,
    texts_cut: u64,
}

impl<'a> ColumnState<'a> {
    fn new(column: &'a Column) -> Result<Self, FormatError> {
        Ok(Self {
            column,
            cells: CellWriter::new(&column.writer)?,
            by_currency: HashMap::new(),
            formula: column.formula.as_ref().and_then(LiveFormula::new),
            put: Put::Nothing,
            width: longest_line(&column.label) + BUTTON,
            sum: Sum::default(),
            texts_cut: 0,
        })
    }

    fn measure(&mut self, text: &str) {
        self.width = self.width.max(longest_line(text));
    }

    /// The currency of the amount in a row, where rows say theirs; how it is written is known from then on.
    fn know_currency(&mut self, batch: &RecordBatch, row: usize) -> Result<Option<Option<String>>, FormatError> {
        let Some(currency) = self.column.currency.as_ref().filter(|currency| currency.shown) else { return Ok(None) };
        let code = currency.in_row(batch, row).map(String::from);
        if !self.by_currency.contains_key(&code) {
            let cells = CellWriter::new(&self.column.writer_at(batch, row))?;
            let format = cells.format(styles::body(self.column.align));
            self.by_currency.insert(code.clone(), (cells, format));
        }
        Ok(Some(code))
    }
}

fn longest_line(text: &str) -> usize {
    // Twice the cap is enough to know that a line is too long.
    text.lines().map(|line| line.chars().take(2 * WIDEST).count()).max().unwrap_or(0)
}

fn write_header(sheet: &mut Worksheet, columns: &[ColumnState<'_>]) -> Result<(), FormatError> {
    for (state, col) in columns.iter().zip(0..) {
        let body = state.cells.format(styles::body(state.column.align));
        sheet.set_column_format(col, &body).map_err(xlsx)?;
        let format = styles::header(state.column.align);
        Cell { sheet: &mut *sheet, row: 0, col }.text(&clean(&state.column.label), Some(&format))?;
    }
    if !columns.is_empty() {
        sheet.set_freeze_panes(1, 0).map_err(xlsx)?;
    }
    Ok(())
}

fn write_row(
    sheet: &mut Worksheet,
    row: u32,
    columns: &mut [ColumnState<'_>],
    (batch, at): (&RecordBatch, usize),
) -> Result<(), FormatError> {
    for (index, col) in (0..columns.len()).zip(0_u16..) {
        let value = scalar_at(batch.column(index), at);
        let live = columns[index].formula.as_ref().filter(|formula| {
            // An operand that stands as text would change the result.
            formula
                .operands
                .iter()
                .all(|operand| columns.get(*operand).is_some_and(|c| matches!(c.put, Put::Typed | Put::Nothing)))
        });
        let live = live.map(|formula| formula.in_row(row + 1));
        let state = &mut columns[index];
        if row <= MEASURED_ROWS {
            let text = match &value {
                Scalar::Text(text) => text.clone(),
                other => state.column.writer_at(batch, at).write(&other.clone().into()).into(),
            };
            state.measure(&text);
        }
        state.sum.add(&value);
        let result = live.as_ref().and_then(|_| cached(&value));
        let currency = state.know_currency(batch, at)?;
        let amount = currency.and_then(|code| state.by_currency.get(&code));
        let format = amount.map(|(_, format)| format);
        let put = match (live, result) {
            (Some(formula), Some(result)) => {
                let formula = Formula::new(formula).set_result(result);
                match format {
                    Some(format) => sheet.write_formula_with_format(row, col, formula, format),
                    None => sheet.write_formula(row, col, formula),
                }
                .map_err(xlsx)?;
                Put::Typed
            }
            _ => {
                let mut cell = Cell { sheet: &mut *sheet, row, col };
                match amount {
                    Some((cells, format)) => cells.put(&mut cell, value, Some(format))?,
                    None => state.cells.put(&mut cell, value, None)?,
                }
            }
        };
        state.put = put;
        match put {
            Put::NumberAsText => state.sum.spoil(),
            Put::CutText => state.texts_cut += 1,
            Put::Typed | Put::Nothing => {}
        }
    }
    Ok(())
}

/// The result that a live formula carries; `None` when the value cannot be one.
fn cached(value: &Scalar<'_>) -> Option<String> {
    match value {
        Scalar::Null => Some(String::new()),
        Scalar::Int(value) => Some(value.to_string()),
        Scalar::Decimal(value) => Some(value.to_string()),
        Scalar::Double(value) if value.is_finite() => Some(value.to_string()),
        _ => None,
    }
}

/// Sums, filters, notes and widths, when all rows are known; `row` is the first free one.
fn finish(
    sheet: &mut Worksheet,
    table: &Table,
    columns: &mut [ColumnState<'_>],
    row: u32,
    head: &Head,
) -> Result<(), FormatError> {
    let Some(last_col) = columns.len().checked_sub(1).and_then(|last| u16::try_from(last).ok()) else {
        return Ok(());
    };
    sheet.autofilter(0, 0, row - 1, last_col).map_err(xlsx)?;
    let mut next = row;
    colour_news(sheet, columns, row)?;
    if let Some(totals) = &table.totals {
        let live = live_totals(columns, totals, row);
        for (((state, total), live), col) in columns.iter_mut().zip(totals).zip(live).zip(0..) {
            state.measure(&total.text);
            let cells = if total.writer == state.column.writer { None } else { Some(CellWriter::new(&total.writer)?) };
            let cells = cells.as_ref().filter(|_| state.column.currency.is_some()).unwrap_or(&state.cells);
            let format = cells.format(styles::total(state.column.align));
            let mut cell = Cell { sheet: &mut *sheet, row: next, col };
            match live {
                Some(formula) => {
                    cell.sheet.write_formula_with_format(next, col, formula, &format).map_err(xlsx)?;
                }
                None => {
                    cells.put(&mut cell, Scalar::from(&total.value), Some(&format))?;
                }
            }
        }
        next += 1;
    }
    let texts_cut: u64 = columns.iter().map(|state| state.texts_cut).sum();
    write_notes(sheet, next + 1, table.left_out, texts_cut, head)?;
    for (state, col) in columns.iter().zip(0..) {
        sheet.set_column_width(col, (state.width + 2).clamp(NARROWEST, WIDEST) as f64).map_err(xlsx)?;
        // Identifiers kept as text on purpose need no green corners.
        if row > 1 {
            sheet.ignore_error_range(1, col, row - 1, col, IgnoreError::NumberStoredAsText).map_err(xlsx)?;
        }
    }
    styles::print_setup(sheet, &head.locale);
    sheet.set_repeat_rows(0, 0).map_err(xlsx)?;
    Ok(())
}

/// The totals as live formulas, where one gives the total that the document shows; `row` is the first free one.
fn live_totals(columns: &[ColumnState<'_>], totals: &[Total], row: u32) -> Vec<Option<Formula>> {
    let sums: Vec<bool> = columns
        .iter()
        .zip(totals)
        .map(|(state, total)| state.column.total == Some(Totalled::Sum) && state.sum.result(&total.value).is_some())
        .collect();
    let live = |(index, (state, total)): (usize, (&ColumnState<'_>, &Total))| {
        let over = |function: &str| Some(format!("{function}({})", range(index, row)?));
        let result = cached(&Scalar::from(&total.value)).filter(|result| !result.is_empty())?;
        if row <= 1 || state.sum.is_spoiled() {
            return None;
        }
        let formula = match state.column.total.as_ref()? {
            Totalled::Sum if sums[index] => over("SUM"),
            Totalled::Sum => None,
            Totalled::Mean => over("AVERAGE"),
            Totalled::Min => over("MIN"),
            Totalled::Max => over("MAX"),
            Totalled::Ratio(ratio) => {
                let numbers = ratio.columns().iter().all(|column| !columns[*column].sum.is_spoiled());
                numbers.then(|| ratio_of_totals(ratio, &|column| sums[column], row)).flatten()
            }
        };
        formula.map(|formula| Formula::new(formula).set_result(result))
    };
    columns.iter().zip(totals).enumerate().map(live).collect()
}

/// Colours of good and bad news, where a column says what is better; they follow when its numbers are edited.
fn colour_news(sheet: &mut Worksheet, columns: &[ColumnState<'_>], row: u32) -> Result<(), FormatError> {
    for (state, col) in columns.iter().zip(0_u16..) {
        let Some(better) = state.column.better.filter(|_| row > 1) else { continue };
        for (direction, rule) in [
            (Direction::Up, ConditionalFormatCellRule::GreaterThan(0)),
            (Direction::Down, ConditionalFormatCellRule::LessThan(0)),
        ] {
            let tone = Tone::of(direction, better);
            if tone != Tone::Neutral {
                let format = styles::news(Format::new(), tone);
                let news = ConditionalFormatCell::new().set_rule(rule).set_format(format);
                sheet.add_conditional_format(1, col, row - 1, col, &news).map_err(xlsx)?;
            }
        }
    }
    Ok(())
}

fn write_notes(sheet: &mut Worksheet, row: u32, left_out: u64, texts_cut: u64, head: &Head) -> Result<(), FormatError> {
    let mut notes = Vec::new();
    if left_out > 0 {
        notes.push(rows_left_out(locale_of(&head.locale), left_out));
    }
    if texts_cut > 0 {
        notes.push(words(&head.locale).texts_cut.replace("{n}", &texts_cut.to_string()));
    }
    for (note, row) in notes.iter().zip(row..) {
        Cell { sheet: &mut *sheet, row, col: 0 }.text(note, Some(&styles::note()))?;
    }
    Ok(())
}

fn refuse_oversize(section: &str, table: &Table) -> Result<(), FormatError> {
    let rows = table.rows.count();
    if rows > MAX_ROWS - OTHER_ROWS {
        return Err(too_many_rows(section, &rows.to_string()));
    }
    if table.columns.len() > MAX_COLUMNS {
        return Err(FormatError::Content {
            place: format!("section `{section}`"),
            message: format!(
                "{} columns do not fit a worksheet, which holds {MAX_COLUMNS}; show fewer, or use csv or json",
                table.columns.len()
            ),
        });
    }
    Ok(())
}

/// Rows are counted again while they are written: a wrong count must not lose any.
fn refuse_overflow(section: &str, row: u32) -> Result<(), FormatError> {
    if u64::from(row) > MAX_ROWS - OTHER_ROWS {
        return Err(too_many_rows(section, &format!("more than {}", row - 1)));
    }
    Ok(())
}

fn too_many_rows(section: &str, rows: &str) -> FormatError {
    FormatError::Content {
        place: format!("section `{section}`"),
        message: format!(
            "{rows} rows do not fit a worksheet, which holds {}; add them up in the query, or use csv or json",
            MAX_ROWS - OTHER_ROWS
        ),
    }
}
