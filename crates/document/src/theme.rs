//! Themes: the colours of documents. Which shape has which colour is the drawer's business.

use serde::{Deserialize, Serialize};

/// The colours of a document, each `#rrggbb`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Theme {
    /// The colour of the first series, and of what is to be seen first.
    pub accent: String,
    /// The colours of further series. Neighbours differ for readers with any colour vision, and each
    /// has a contrast of 3:1 or more against white (WCAG 2.2, 1.4.11).
    pub series: Vec<String>,
    /// Running text.
    pub text: String,
    /// Labels and notes.
    pub muted: String,
    /// Grid lines.
    pub grid: String,
    /// The line of zero.
    pub rule: String,
}

impl Default for Theme {
    fn default() -> Self {
        Self::with_accent("#1d4ed8")
    }
}

impl Theme {
    /// The default colours with another accent.
    pub fn with_accent(accent: &str) -> Self {
        let series = ["#d1700f", "#0f8a6d", "#b4327a", "#6d5bb5", "#1b87ab", "#8a6d00", "#5b6673"];
        Self {
            accent: accent.to_owned(),
            series: series.map(str::to_owned).to_vec(),
            text: "#1f2937".to_owned(),
            muted: "#5b6473".to_owned(),
            grid: "#e2e6eb".to_owned(),
            rule: "#9ca3af".to_owned(),
        }
    }

    /// The colour of the series with this index; they begin again after the last.
    pub fn series_color(&self, index: usize) -> &str {
        match index % (self.series.len() + 1) {
            0 => &self.accent,
            nth => &self.series[nth - 1],
        }
    }

    /// A colour mixed with white: 0 is white, 1 the colour itself.
    pub fn tint(color: &str, share: f64) -> String {
        let Ok(rgb) = u32::from_str_radix(color.trim_start_matches('#'), 16) else { return color.to_owned() };
        let mix = |shift: u32| {
            let channel = f64::from((rgb >> shift) & 0xff);
            (255.0 - (255.0 - channel) * share).round() as u32
        };
        format!("#{:02x}{:02x}{:02x}", mix(16), mix(8), mix(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance (WCAG 2.2).
    fn luminance(color: &str) -> f64 {
        let rgb = u32::from_str_radix(&color[1..], 16).expect("a colour");
        let channel = |shift: u32| {
            let c = f64::from((rgb >> shift) & 0xff) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
    }

    #[test]
    fn colours_can_be_seen_on_white() {
        let theme = Theme::default();
        let contrast = |color: &str| 1.05 / (luminance(color) + 0.05);
        for index in 0..8 {
            let color = theme.series_color(index);
            assert!(contrast(color) >= 3.0, "{color}: {}", contrast(color));
        }
        for text in [&theme.text, &theme.muted] {
            assert!(contrast(text) >= 4.5, "{text}");
        }
        assert_eq!(theme.series_color(8), theme.accent);
    }

    #[test]
    fn tints_go_towards_white() {
        assert_eq!(Theme::tint("#000000", 0.0), "#ffffff");
        assert_eq!(Theme::tint("#1d4ed8", 1.0), "#1d4ed8");
        assert_eq!(Theme::tint("#000000", 0.5), "#808080");
    }
}
