//! What holds for every table and paragraph, however its rows and lines fall.

use proptest::prelude::*;

use super::*;
use crate::pdf::style::{A4, LETTER};

const SHAPE: TableShape = TableShape { rows: 0, head: 20.0, line: 11.5, pad: 3.25, totals: 18.0, note: 0.0 };

/// Places a table below `above` points of something else.
fn table(lines: &[u32], above: f32, shape: TableShape, landscape: bool, paper: Paper) -> (Vec<Sheet>, TableShape) {
    let shape = TableShape { rows: lines.len() as u64, ..shape };
    let mut placer = Placer::new(paper);
    placer.turn(landscape);
    if above > 0.0 {
        placer.whole(0, above);
    }
    let first: f32 = lines.iter().take(2).map(|l| shape.row(*l)).sum();
    let ends = if lines.len() <= 2 { shape.totals } else { 0.0 };
    placer.begin(7.0, shape.head + first + ends);
    let mut next = lines.iter();
    placer.table(1, &shape, || Ok(*next.next().expect("no row is asked for twice"))).expect("nothing fails");
    assert_eq!(next.next(), None, "every row is placed");
    (placer.sheets, shape)
}

/// Some lines of a row: their page, their upper and lower end.
#[derive(Debug)]
struct Piece {
    page: usize,
    lines: Range<u32>,
    top: f32,
    end: f32,
}

/// The pieces of every row, in order.
fn rows_of(sheets: &[Sheet], lines: &[u32], shape: &TableShape) -> Vec<Vec<Piece>> {
    let mut rows = Vec::new();
    let mut open: Vec<Piece> = Vec::new();
    for (page, sheet) in sheets.iter().enumerate() {
        for item in &sheet.items {
            match &item.part {
                Part::Rows(count) => {
                    let mut y = item.y;
                    for _ in 0..*count {
                        let count = lines[rows.len()];
                        let end = y + shape.row(count);
                        rows.push(vec![Piece { page, lines: 0..count, top: y, end }]);
                        y = end;
                    }
                }
                Part::RowLines { lines, last } => {
                    let end = item.y + shape.row(lines.end - lines.start);
                    open.push(Piece { page, lines: lines.clone(), top: item.y, end });
                    if *last {
                        rows.push(std::mem::take(&mut open));
                    }
                }
                _ => {}
            }
        }
    }
    assert!(open.is_empty(), "a split row comes to its end");
    rows
}

fn check(lines: &[u32], above: f32, shape: TableShape, landscape: bool, paper: Paper) {
    let (sheets, shape) = table(lines, above, shape, landscape, paper);
    let rows = rows_of(&sheets, lines, &shape);
    assert_eq!(rows.len(), lines.len(), "every row once");
    let bottom = paper.text_bottom(landscape) + 0.1;
    let fresh = paper.text_height(landscape) - shape.head;
    for (row, parts) in rows.iter().enumerate() {
        let mut next = 0;
        for Piece { lines: part, end, .. } in parts {
            assert_eq!(part.start, next, "row {row} goes on where it was left");
            assert!(part.end > part.start, "row {row} has no empty part");
            assert!(*end <= bottom, "row {row} ends at {end}, below {bottom}");
            next = part.end;
        }
        assert_eq!(next, lines[row], "row {row} is whole");
        let tail = if row + 1 == lines.len() { shape.tail() } else { 0.0 };
        assert!(parts.len() == 1 || shape.row(lines[row]) + tail > fresh - 0.1, "row {row} is split without need");
    }
    for pair in rows.iter().flatten().collect::<Vec<_>>().windows(2) {
        assert!(pair[0].page < pair[1].page || pair[0].end <= pair[1].top + 0.1, "rows follow and do not overlap");
    }
    for (page, sheet) in sheets.iter().enumerate() {
        let of_table: Vec<&Item> = sheet.items.iter().filter(|item| item.block == 1).collect();
        let Some(first) = of_table.first() else { continue };
        let again = sheets[..page].iter().flat_map(|s| &s.items).any(|item| item.block == 1);
        assert_eq!(first.part, Part::Head { again }, "page {page} begins with the head");
        assert!(of_table.len() > 1, "page {page} has more than a head");
        let heads = of_table.iter().filter(|item| matches!(item.part, Part::Head { .. })).count();
        assert_eq!(heads, 1, "page {page} has one head");
    }
    let totals: Vec<(usize, f32)> = sheets
        .iter()
        .enumerate()
        .flat_map(|(page, sheet)| sheet.items.iter().map(move |item| (page, item)))
        .filter(|(_, item)| item.part == Part::Totals)
        .map(|(page, item)| (page, item.y))
        .collect();
    match (shape.totals > 0.0, totals.as_slice()) {
        (false, []) => {}
        (true, [(page, y)]) => {
            assert_eq!(
                rows.last().and_then(|parts| parts.last()).map(|part| part.page),
                Some(*page),
                "sums are not alone"
            );
            assert!(y + shape.totals + shape.note <= bottom, "sums and note have room");
        }
        other => panic!("sums once: {other:?}"),
    }
}

#[test]
fn a_table_of_one_row_is_whole() {
    check(&[1], 0.0, SHAPE, false, A4);
    let room = A4.text_height(false) - SHAPE.head - SHAPE.row(1) - SHAPE.totals;
    for above in [room - 7.5, room - 6.5, room + 3.0, A4.text_height(false)] {
        check(&[1], above, SHAPE, false, A4);
    }
}

#[test]
fn the_last_row_goes_with_the_sums() {
    let fit = ((A4.text_height(false) - SHAPE.head) / SHAPE.row(1)).floor() as usize;
    let (sheets, _) = table(&vec![1; fit], 0.0, SHAPE, false, A4);
    assert_eq!(sheets.len(), 2);
    assert_eq!(sheets[0].items[1].part, Part::Rows(fit as u64 - 1));
    let parts: Vec<&Part> = sheets[1].items.iter().map(|item| &item.part).collect();
    assert_eq!(parts, [&Part::Head { again: true }, &Part::Rows(1), &Part::Totals]);
}

#[test]
fn a_row_taller_than_pages_is_split_and_ends() {
    check(&[1, 400, 1], 300.0, SHAPE, false, A4);
    check(&[400], 0.0, SHAPE, true, LETTER);
    let (sheets, _) = table(&[1, 400, 1], 0.0, SHAPE, false, A4);
    assert!(sheets.len() > 6 && sheets.len() < 12, "{}", sheets.len());
}

#[test]
fn paragraphs_leave_no_single_line_behind() {
    let height = line_height(BODY);
    let fit = (A4.text_height(false) / height).floor() as usize;
    for count in 1..3 * fit {
        let mut placer = Placer::new(A4);
        placer.whole(0, 5.0 * height);
        placer.begin(0.0, height * if count > 3 { 2.0 } else { count as f32 });
        placer.lines(1, count, height);
        let parts: Vec<usize> = placer
            .sheets
            .iter()
            .flat_map(|sheet| &sheet.items)
            .filter_map(|item| match &item.part {
                Part::Lines(lines) => Some(lines.len()),
                _ => None,
            })
            .collect();
        assert_eq!(parts.iter().sum::<usize>(), count);
        assert!(count == 1 || parts.iter().all(|lines| *lines > 1), "{count} lines as {parts:?}");
    }
}

proptest! {
    #[test]
    fn rows_are_placed_once_whole_and_above_the_margin(
        lines in prop::collection::vec(prop_oneof![8 => Just(1_u32), 3 => 1_u32..8, 1 => 1_u32..200], 1..160),
        above in 0.0_f32..900.0,
        totals in any::<bool>(),
        note in prop_oneof![Just(0.0_f32), Just(17.0)],
        landscape in any::<bool>(),
        american in any::<bool>(),
    ) {
        let paper = if american { LETTER } else { A4 };
        let shape = TableShape { totals: if totals { 18.0 } else { 0.0 }, note, ..SHAPE };
        let above = above.min(paper.text_height(landscape));
        check(&lines, above, shape, landscape, paper);
    }
}
