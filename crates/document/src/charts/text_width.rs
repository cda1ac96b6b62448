//! How wide a text is in Inter, near enough to place labels. Shaping belongs to whoever sets the text.

/// Advances of ASCII from the space on, in thousandths of the font size; digits as in their tabular form.
const ASCII: [u16; 95] = [
    281, 278, 403, 631, 638, 812, 639, 222, 362, 362, 500, 659, 280, 460, 276, 357, 642, 642, 642, 642, 642, 642, 642,
    642, 642, 642, 276, 280, 659, 659, 659, 507, 936, 676, 651, 727, 719, 598, 587, 743, 740, 264, 543, 652, 562, 889,
    753, 761, 635, 761, 639, 638, 642, 741, 676, 949, 642, 665, 625, 362, 357, 362, 469, 452, 497, 564, 621, 558, 621,
    582, 361, 609, 591, 237, 237, 544, 237, 869, 585, 597, 609, 609, 372, 523, 364, 581, 557, 812, 540, 557, 541, 362,
    327, 362, 659,
];

/// The width of a text at a font size.
pub(super) fn width(text: &str, size: f64) -> f64 {
    text.chars().map(|c| f64::from(advance(c))).sum::<f64>() * size / 1000.0
}

fn advance(c: char) -> u16 {
    match c {
        ' '..='~' => ASCII[c as usize - 32],
        '\u{a0}' => 281,
        '\u{202f}' => 182,
        '…' => 821,
        // Other alphabets are a little wider than Latin; ideographs fill a square.
        c if (c as u32) < 0x1100 => 660,
        _ => 1000,
    }
}

/// The text, or its beginning and an ellipsis, within a width.
pub(super) fn fitted(text: &str, size: f64, most: f64) -> String {
    if width(text, size) <= most {
        return text.to_owned();
    }
    let mut end = 0;
    let mut taken = width("…", size);
    for (at, c) in text.char_indices() {
        taken += f64::from(advance(c)) * size / 1000.0;
        if taken > most {
            break;
        }
        end = at + c.len_utf8();
    }
    format!("{}…", text[..end].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_to_fit() {
        assert!((width("1,234", 10.0) - 28.48).abs() < 0.01);
        assert_eq!(fitted("Organic search", 11.0, 200.0), "Organic search");
        let cut = fitted("Organic search", 11.0, 50.0);
        assert!(cut.ends_with('…') && width(&cut, 11.0) <= 50.0, "{cut}");
        assert_eq!(fitted("Organic", 11.0, 0.0), "…");
    }
}
