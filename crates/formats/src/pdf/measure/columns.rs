//! How wide a table's columns become: by what is in them, narrower by wrapping text, then by
//! smaller type, then on the long edge of the paper, and at last in several bands of columns.
//! Columns never overlap and numbers never wrap while there is another way.

use crate::pdf::{style::Paper, text::Extent};

/// Left and right of a cell's text, in em.
pub(in crate::pdf) const PAD_X: f32 = 0.6;

/// The size of type in a table's head, against its cells.
pub(in crate::pdf) const HEAD_SCALE: f32 = 0.94;

/// What a column asks for, in em of the cells' size.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::pdf) struct Demand {
    /// Of its cells and its total.
    pub(in crate::pdf) cells: Extent,
    /// Of its label, already scaled to the cells' size.
    pub(in crate::pdf) head: Extent,
    /// Numbers do not wrap.
    pub(in crate::pdf) numeric: bool,
    /// More room at its left: text that follows a number would seem to belong to it.
    pub(in crate::pdf) apart: f32,
}

/// The room between a number and the text of the next column, beside the usual.
pub(in crate::pdf) const APART: f32 = 0.9;

impl Demand {
    /// Below this width a column is no longer easy to read.
    fn least(&self) -> f32 {
        /// Longer words are broken.
        const WORD: f32 = 14.0;
        /// Text that is longer gets at least this much.
        const TEXT: f32 = 7.0;
        /// Longer numbers are broken.
        const NUMBER: f32 = 30.0;
        let cells = if self.numeric {
            self.cells.widest.min(NUMBER)
        } else {
            self.cells.longest_piece.min(WORD).max(self.cells.widest.min(TEXT))
        };
        cells.max(self.head.longest_piece.min(WORD)) + self.padding()
    }

    /// The width at which nothing wraps, up to a readable line's length.
    fn most(&self) -> f32 {
        const LINE: f32 = 44.0;
        self.cells.widest.max(self.head.widest).min(LINE).max(self.least() - self.padding()) + self.padding()
    }

    fn padding(&self) -> f32 {
        2.0 * PAD_X + self.apart
    }
}

/// How a table is laid out.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pdf) struct Layout {
    /// Whether it stands on the long edge.
    pub(in crate::pdf) landscape: bool,
    /// The size of type in its cells, in points.
    pub(in crate::pdf) size: f32,
    /// The parts it is shown in, one below the other; one when all columns fit.
    pub(in crate::pdf) bands: Vec<Band>,
}

/// Some of the table's columns side by side.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::pdf) struct Band {
    /// The columns' indexes in the table.
    pub(in crate::pdf) columns: Vec<usize>,
    /// Their widths in points; together the width of the text.
    pub(in crate::pdf) widths: Vec<f32>,
}

/// Lays out columns on paper.
pub(in crate::pdf) fn plan(demands: &[Demand], paper: Paper) -> Layout {
    /// Landscape or not, and the size of type: the first that fits is taken.
    const STEPS: [(bool, f32); 6] = [(false, 8.5), (false, 7.75), (false, 7.0), (true, 8.0), (true, 7.25), (true, 6.5)];
    for (landscape, size) in STEPS {
        if let Some(widths) = fit(demands, paper.text_width(landscape) / size) {
            let widths = widths.into_iter().map(|w| w * size).collect();
            let band = Band { columns: (0..demands.len()).collect(), widths };
            return Layout { landscape, size, bands: vec![band] };
        }
    }
    let size = 7.5;
    Layout { landscape: true, size, bands: bands(demands, paper.text_width(true), size) }
}

/// Widths that fill `room`, or `None` when the columns' least widths are wider.
fn fit(demands: &[Demand], room: f32) -> Option<Vec<f32>> {
    let most: Vec<f32> = demands.iter().map(Demand::most).collect();
    let wanted: f32 = most.iter().sum();
    if wanted <= room {
        return Some(most.into_iter().map(|w| w * room / wanted).collect());
    }
    let least: Vec<f32> = demands.iter().map(Demand::least).collect();
    let needed: f32 = least.iter().sum();
    let share = (room - needed) / (wanted - needed);
    (needed <= room).then(|| least.iter().zip(&most).map(|(low, high)| low + (high - low) * share).collect())
}

/// Splits columns into bands of one page's width. Each begins with the table's first column, so
/// that rows can be told apart.
fn bands(demands: &[Demand], width: f32, size: f32) -> Vec<Band> {
    let room = width / size;
    let narrow = |demand: &Demand, most: f32| demand.most().min(most);
    let key = narrow(&demands[0], room * 0.3);
    let mut bands: Vec<(Vec<usize>, Vec<f32>)> = Vec::new();
    for (index, demand) in demands.iter().enumerate().skip(1) {
        let wanted = narrow(demand, room - key);
        match bands.last_mut() {
            Some((columns, widths)) if widths.iter().sum::<f32>() + wanted <= room => {
                columns.push(index);
                widths.push(wanted);
            }
            _ => bands.push((vec![0, index], vec![key, wanted])),
        }
    }
    let fill = |(columns, widths): (Vec<usize>, Vec<f32>)| {
        let scale = width / widths.iter().sum::<f32>();
        Band { columns, widths: widths.into_iter().map(|w| w * scale).collect() }
    };
    bands.into_iter().map(fill).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::pdf::style::{A4, LETTER};

    fn demand(widest: f32, piece: f32, numeric: bool) -> Demand {
        let cells = Extent { widest, longest_piece: piece, breaks: false };
        let head = Extent { widest: 4.0, longest_piece: 4.0, breaks: false };
        Demand { cells, head, numeric, apart: 0.0 }
    }

    #[test]
    fn few_columns_fill_the_page_upright() {
        let layout = plan(&[demand(10.0, 5.0, false), demand(6.0, 6.0, true)], A4);
        assert_eq!((layout.landscape, layout.size, layout.bands.len()), (false, 8.5, 1));
        assert!(layout.bands[0].widths[0] > layout.bands[0].widths[1]);
    }

    #[test]
    fn long_text_wraps_and_numbers_do_not() {
        let layout = plan(&[demand(200.0, 8.0, false), demand(9.0, 9.0, true), demand(9.0, 9.0, true)], A4);
        assert_eq!((layout.landscape, layout.size), (false, 8.5));
        for width in &layout.bands[0].widths[1..] {
            assert!(*width >= (9.0 + 2.0 * PAD_X) * 8.5, "{width}");
        }
    }

    #[test]
    fn many_columns_go_smaller_then_sideways_then_into_bands() {
        let of = |count| plan(&vec![demand(5.0, 5.0, true); count], A4);
        assert!(!of(9).landscape);
        assert!(of(10).size < 8.5);
        assert!(of(15).landscape && of(15).bands.len() == 1);
        let many = of(40);
        assert!(many.landscape && many.bands.len() > 1);
        assert!(many.bands.iter().all(|band| band.columns[0] == 0 && band.columns.len() > 1));
    }

    proptest! {
        #[test]
        fn every_column_is_shown_within_the_margins(
            columns in prop::collection::vec((0.0_f32..300.0, 0.0_f32..300.0, any::<bool>()), 1..60),
            american in any::<bool>(),
        ) {
            let demands: Vec<_> = columns.iter().map(|(w, p, n)| demand(*w, p.min(*w), *n)).collect();
            let paper = if american { LETTER } else { A4 };
            let layout = plan(&demands, paper);
            let mut shown: Vec<usize> = Vec::new();
            for band in &layout.bands {
                let total: f32 = band.widths.iter().sum();
                prop_assert!((total - paper.text_width(layout.landscape)).abs() < 0.1, "{total}");
                prop_assert!(band.widths.iter().all(|w| *w > 2.0 * PAD_X * layout.size));
                shown.extend(band.columns.iter().filter(|c| **c != 0 || shown.is_empty()).copied().collect::<Vec<_>>());
            }
            prop_assert_eq!(shown, (0..demands.len()).collect::<Vec<_>>());
        }
    }
}
