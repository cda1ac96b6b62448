//! Reads a chart's drawing. Only the document's fonts are known to it, and nothing outside the
//! drawing is ever opened: no files, no pictures, no addresses.

use punctual_document::{content::Chart, format::FormatError};
use usvg::{ImageHrefResolver, Options, Tree};

use crate::pdf::{fonts::FAMILY, style::Paper, text::Typesetter};

/// A chart ready to be drawn.
pub(in crate::pdf) struct Drawing {
    /// Its shapes and text.
    pub(in crate::pdf) tree: Box<Tree>,
    /// Its width on paper.
    pub(in crate::pdf) width: f32,
    /// Its height on paper.
    pub(in crate::pdf) height: f32,
    /// What it shows, in words.
    pub(in crate::pdf) alt: String,
}

impl std::fmt::Debug for Drawing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Drawing").field("width", &self.width).field("height", &self.height).finish_non_exhaustive()
    }
}

/// Reads a chart's drawing and fits it between the margins.
///
/// # Errors
/// When the drawing is not SVG.
pub(in crate::pdf) fn measure(
    place: &str,
    chart: &Chart,
    alt: &str,
    paper: Paper,
    setter: &mut Typesetter,
) -> Result<Drawing, FormatError> {
    // First: it loads the fonts that the drawing needs.
    let svg = setter.drawable_chart(&chart.svg);
    let options = Options {
        font_family: FAMILY.to_owned(),
        fontdb: setter.others.database(setter.fonts),
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        ..Options::default()
    };
    let tree = Tree::from_str(&svg, &options).map_err(|error| FormatError::Content {
        place: place.to_owned(),
        message: format!("the chart cannot be drawn: {error}; give it fewer or other values"),
    })?;
    let (width, height) = (tree.size().width(), tree.size().height());
    // Not larger than drawn for a screen at 72 dots an inch, nor than half a page.
    let scale = (paper.text_width(false) / width).min(paper.text_height(false) * 0.5 / height).min(1.0);
    Ok(Drawing { tree: Box::new(tree), width: width * scale, height: height * scale, alt: alt.to_owned() })
}
