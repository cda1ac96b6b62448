//! Measures the cards of key figures: label, value, change against the period before.

use punctual_document::content::{Change, Direction, Figure};

use crate::pdf::{
    fonts::Weight,
    style::{Color, INK, MUTED, news},
    text::{Set, Style, Typesetter},
    words::Words,
};

/// Between cards.
pub(in crate::pdf) const GAP: f32 = 10.0;
/// Inside a card, around its text.
pub(in crate::pdf) const PAD: f32 = 11.0;

const LABEL: Style = Style::fine(Weight::Regular, 8.25);
const CHANGE: Style = Style::fine(Weight::SemiBold, 8.5);
const ARROW: Style = Style::fine(Weight::Regular, 6.75);
const LEVEL: Style = Style::fine(Weight::Regular, 9.0);
const COMPARED: Style = Style::fine(Weight::Regular, 8.0);
const LINE: f32 = 12.0;

/// Cards in rows.
#[derive(Debug)]
pub(in crate::pdf) struct Cards {
    /// The width of one card.
    pub(in crate::pdf) width: f32,
    /// The rows from top to bottom.
    pub(in crate::pdf) rows: Vec<CardRow>,
}

/// Cards side by side, of one height.
#[derive(Debug)]
pub(in crate::pdf) struct CardRow {
    /// The height of each.
    pub(in crate::pdf) height: f32,
    /// The cards from left to right.
    pub(in crate::pdf) cards: Vec<Card>,
}

/// One card: pieces of text, placed from its upper left corner.
#[derive(Debug)]
pub(in crate::pdf) struct Card {
    /// The pieces in reading order.
    pub(in crate::pdf) pieces: Vec<Piece>,
}

/// A piece of text in a card.
#[derive(Debug)]
pub(in crate::pdf) struct Piece {
    /// The text.
    pub(in crate::pdf) set: Set,
    /// How it was set.
    pub(in crate::pdf) style: Style,
    /// Its colour.
    pub(in crate::pdf) color: Color,
    /// From the card's left edge.
    pub(in crate::pdf) x: f32,
    /// From the card's upper edge to the top of its first line.
    pub(in crate::pdf) y: f32,
    /// The height of its lines.
    pub(in crate::pdf) line: f32,
}

/// Measures cards for figures on lines of `width` points.
pub(in crate::pdf) fn measure(figures: &[Figure], width: f32, words: &Words, setter: &mut Typesetter) -> Cards {
    let columns = match figures.len() {
        2 => 2,
        1 | 3 | 5 | 6 | 9 => 3,
        _ => 4,
    };
    let card_width = (width - GAP * (columns - 1) as f32) / columns as f32;
    let inner = card_width - 2.0 * PAD;
    let value = value_style(figures, inner, setter);
    let row = |figures: &[Figure]| {
        let cards: Vec<(Card, f32)> = figures.iter().map(|figure| card(figure, value, inner, words, setter)).collect();
        let height = cards.iter().fold(0.0_f32, |tallest, (_, height)| tallest.max(*height));
        CardRow { height, cards: cards.into_iter().map(|(card, _)| card).collect() }
    };
    Cards { width: card_width, rows: figures.chunks(columns).map(row).collect() }
}

fn card(figure: &Figure, value: Style, width: f32, words: &Words, setter: &mut Typesetter) -> (Card, f32) {
    let mut card = Card { pieces: Vec::new() };
    let mut y = PAD - 2.0;
    let mut add = |set: Set, style: Style, color: Color, x: f32, y: f32, line: f32| {
        let height = set.lines.len() as f32 * line;
        card.pieces.push(Piece { set, style, color, x: PAD + x, y, line });
        height
    };
    y += add(setter.set_new(&figure.label, LABEL, Some(width)), LABEL, MUTED, 0.0, y, 11.0) + 2.0;
    y += add(setter.set_new(&figure.cell.text, value, Some(width)), value, INK, 0.0, y, value.size * 1.22) + 2.0;
    let compared = figure.previous.as_ref().filter(|cell| !cell.text.is_empty());
    let compared = compared.map(|cell| setter.set_new(&words.compared(&cell.text), COMPARED, Some(width)));
    let mut x = 0.0;
    if let Some(change) = &figure.change {
        let (arrow, style, color) = direction(change);
        let arrow = setter.set_new(arrow, style, None);
        let step = arrow.width() + 3.0;
        add(arrow, style, color, 0.0, y, LINE);
        let text = setter.set_new(&change.text, CHANGE, Some(width - step));
        x = step + text.width() + 6.0;
        let wide = compared.as_ref().is_some_and(|c| x + c.width() > width);
        let height = add(text, CHANGE, color, step, y, LINE);
        if wide || compared.is_none() {
            (x, y) = (0.0, y + height);
        }
    }
    if let Some(compared) = compared {
        y += add(compared, COMPARED, MUTED, x, y, LINE);
    }
    if let Some(remark) = &figure.remark {
        y += add(setter.set_new(remark, COMPARED, Some(width)), COMPARED, MUTED, 0.0, y, LINE);
    }
    (card, y + PAD - 2.0)
}

/// The arrow of a change is the number's direction, its colour whether that is good news.
fn direction(change: &Change) -> (&'static str, Style, Color) {
    let (arrow, style) = match change.direction {
        Direction::Level => ("→", LEVEL),
        Direction::Up => ("▲", ARROW),
        Direction::Down => ("▼", ARROW),
    };
    (arrow, style, news(change.tone, MUTED))
}

/// The size of all values: as large as the widest of them allows.
fn value_style(figures: &[Figure], width: f32, setter: &mut Typesetter) -> Style {
    const SIZES: [f32; 5] = [18.0, 16.5, 15.0, 13.0, 11.0];
    let styles = SIZES.map(|size| Style::fine(Weight::Bold, size));
    let mut fits = |style: Style| figures.iter().all(|f| setter.set_new(&f.cell.text, style, None).width() <= width);
    styles.into_iter().find(|style| fits(*style)).unwrap_or(styles[SIZES.len() - 1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pdf::{
        fixture,
        style::{BAD, GOOD},
    };

    #[test]
    fn an_arrow_follows_the_sign_and_the_colour_the_news() {
        use punctual_document::content::Tone;
        let drawn = |moved, tone| direction(&fixture::change(moved, tone));
        assert_eq!(drawn(Direction::Up, Tone::Good), ("▲", ARROW, GOOD));
        assert_eq!(drawn(Direction::Up, Tone::Bad), ("▲", ARROW, BAD));
        assert_eq!(drawn(Direction::Down, Tone::Good), ("▼", ARROW, GOOD));
        assert_eq!(drawn(Direction::Down, Tone::Neutral), ("▼", ARROW, MUTED));
        assert_eq!(drawn(Direction::Level, Tone::Neutral), ("→", LEVEL, MUTED));
    }

    #[test]
    fn every_piece_stands_inside_its_card() {
        let texts = ["7", "1,234,567.89", "a value of many words that nobody expected", "9".repeat(90).as_str()]
            .map(str::to_owned);
        let figures: Vec<_> = (1..=11)
            .map(|n| fixture::figure("A label that is rather long for a card", &texts[n % 4], Some("12,345,678.90")))
            .collect();
        for count in 1..=figures.len() {
            let cards = measure(&figures[..count], 500.0, Words::of_locale("en-US"), &mut Typesetter::shipped());
            assert_eq!(cards.rows.iter().map(|row| row.cards.len()).sum::<usize>(), count);
            for row in &cards.rows {
                for piece in row.cards.iter().flat_map(|card| &card.pieces) {
                    assert!(piece.x + piece.set.width() <= cards.width - PAD + 0.1, "{:?}", piece.set.text);
                    assert!(piece.y + piece.set.lines.len() as f32 * piece.line <= row.height, "{:?}", piece.set.text);
                }
            }
        }
    }
}
