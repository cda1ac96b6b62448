//! What a period is called: "October 2026", "Week 43, 2026".

use jiff::civil::{Date, Time};
use punctual_model::period::{Period, Shape};

use super::Locale;

impl Locale {
    /// The name of a period, as titles and headings say it.
    pub fn period_label(&self, period: &Period) -> String {
        let first = period.start_date();
        let by = |pattern: &str, day: Date| self.format(pattern, day.to_datetime(Time::midnight()));
        match period.shape() {
            Shape::Day => by(self.patterns.date_long, first),
            Shape::Week => {
                let week = first.iso_week_date();
                self.words
                    .week
                    .replace("{week}", &week.week().to_string())
                    .replace("{year}", &format!("{:04}", week.year()))
            }
            Shape::Month => by(self.patterns.month_year, first),
            Shape::Quarter(quarter) => self
                .words
                .quarter
                .replace("{quarter}", &quarter.to_string())
                .replace("{year}", &format!("{:04}", first.year())),
            Shape::Year => format!("{:04}", first.year()),
            Shape::Span => {
                let last = period.end_date().yesterday().unwrap_or(first);
                match last == first {
                    true => by(self.patterns.date_long, first),
                    false => format!("{} – {}", by(self.patterns.date, first), by(self.patterns.date, last)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use punctual_model::zone::Zone;

    use super::*;

    #[test]
    fn periods_have_names_in_every_locale() {
        let label = |tag: &str, period: &str| {
            let period = Period::parse(period, &Zone::utc()).expect("a period");
            Locale::by_tag(tag).expect("known").period_label(&period)
        };
        assert_eq!(label("en-US", "2026-10"), "October 2026");
        assert_eq!(label("en-US", "0000-01"), "January 0000");
        assert_eq!(label("de-DE", "0007"), "0007");
        assert_eq!(label("en-US", "0007-W03"), "Week 3, 0007");
        assert_eq!(label("es-ES", "2026-10"), "octubre de 2026");
        assert_eq!(label("en-US", "2026-W53"), "Week 53, 2026");
        assert_eq!(label("de-DE", "2026-W43"), "Woche 43, 2026");
        assert_eq!(label("en-GB", "2026-Q4"), "Q4 2026");
        assert_eq!(label("fr-FR", "2026-Q4"), "T4 2026");
        assert_eq!(label("de-DE", "2026"), "2026");
        assert_eq!(label("en-GB", "2026-10-05"), "5 October 2026");
        assert_eq!(label("en-US", "2026-10-05..2026-11-02"), "Oct 5, 2026 – Nov 1, 2026");
    }
}
