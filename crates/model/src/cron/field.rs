//! The grammar of one field: lists, ranges, steps, names, and the day fields' `L`, `W` and `#`.
//! Turns the field's text into a set of numbers; knows nothing of the other fields.

use super::{
    calendar::{MonthDays, WeekDays},
    error::{CronError, CronField},
};

/// How numbers of weekdays are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// 0 and 7 are Sunday.
    Cron,
    /// Amazon EventBridge: 1 is Sunday, 7 is Saturday.
    EventBridge,
}

/// A piece of an expression: the text and where it starts in the expression, in bytes. All text
/// before it is ASCII, so that is also the number of characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub text: &'a str,
    pub offset: usize,
}

impl<'a> Piece<'a> {
    /// This piece without its first `bytes` bytes.
    pub fn skip(self, bytes: usize) -> Self {
        Self { text: &self.text[bytes..], offset: self.offset + bytes }
    }

    /// The pieces between the separators, empty ones too.
    pub fn split(self, separator: char) -> impl Iterator<Item = Piece<'a>> {
        let mut offset = self.offset;
        self.text.split(separator).map(move |text| {
            let piece = Piece { text, offset };
            offset += text.len() + separator.len_utf8();
            piece
        })
    }

    pub fn split_once(self, separator: char) -> Option<(Self, Self)> {
        let at = self.text.find(separator)?;
        Some((Self { text: &self.text[..at], offset: self.offset }, self.skip(at + separator.len_utf8())))
    }

    pub fn refuse(
        self,
        field: impl Into<Option<CronField>>,
        problem: impl Into<String>,
        help: impl Into<String>,
    ) -> CronError {
        CronError::new(field.into(), self.offset + 1, self.text, problem, help)
    }
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// Which side of a range a value stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Start,
    End,
}

/// Reads one field.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldReader {
    pub field: CronField,
    pub dialect: Dialect,
}

impl FieldReader {
    /// The numbers that a time, month or year field names.
    pub fn numbers(self, piece: Piece<'_>, mut name: impl FnMut(u32)) -> Result<(), CronError> {
        for item in self.items(piece)? {
            self.values(item?, &mut name)?;
        }
        Ok(())
    }

    /// The days that a day-of-month field names: numbers, `L`, `L-n`, `LW` and `nW`.
    pub fn month_days(self, piece: Piece<'_>) -> Result<MonthDays, CronError> {
        let mut days = MonthDays::default();
        for item in self.items(piece)? {
            let item = item?;
            if item.text == "L" {
                days.before_last |= 1;
            } else if item.text == "LW" {
                days.last_weekday = true;
            } else if item.text.starts_with("L-") {
                days.before_last |= 1 << self.days_before_last(item)?;
            } else if let Some(day) = item.text.strip_suffix('W') {
                let day = Piece { text: day, ..item };
                if day.text.contains('-') {
                    return Err(item.refuse(self.field, "puts W on a range", "give W one day, such as 15W"));
                }
                days.nearest_weekday |= 1 << self.value(day, Side::Start, item)?;
            } else {
                self.values(item, &mut |day| days.days |= 1 << day)?;
            }
        }
        Ok(days)
    }

    /// The days that a day-of-week field names: numbers, names, `d#n`, `d#L` and `dL`.
    pub fn week_days(self, piece: Piece<'_>) -> Result<WeekDays, CronError> {
        let mut days = WeekDays::default();
        for item in self.items(piece)? {
            let item = item?;
            if item.text == "L" {
                let help = "write the weekday before it: FRI#L is the last Friday of the month";
                return Err(item.refuse(self.field, "names no weekday and would never fire", help));
            } else if let Some((day, nth)) = item.split_once('#') {
                let bit = 1 << (self.value(day, Side::Start, item)? % 7);
                match nth.text {
                    "L" => days.last |= bit,
                    "1" | "2" | "3" | "4" | "5" => days.nth[usize::from(nth.text.as_bytes()[0] - b'1')] |= bit,
                    _ => {
                        let help = "after # give 1 to 5, or L for the last one of the month";
                        return Err(nth.refuse(self.field, "is no week of a month", help));
                    }
                }
            } else if let Some(day) = item.text.strip_suffix('L') {
                days.last |= 1 << (self.value(Piece { text: day, ..item }, Side::Start, item)? % 7);
            } else {
                self.values(item, &mut |day| days.every |= 1 << (day % 7))?;
            }
        }
        Ok(days)
    }

    /// The items of a list, none of them empty; a lone `?` reads as `*`.
    fn items(self, piece: Piece<'_>) -> Result<impl Iterator<Item = Result<Piece<'_>, CronError>>, CronError> {
        let mut whole = piece;
        if piece.text.contains('?') {
            if !matches!(self.field, CronField::DayOfMonth | CronField::DayOfWeek) {
                return Err(piece.refuse(self.field, "has a ? outside the day fields", "write * for every value"));
            }
            if piece.text != "?" {
                return Err(piece.refuse(self.field, "joins ? with something else", "let ? stand alone, or write *"));
            }
            whole.text = "*";
        }
        if let Some(at) = piece.text.find('+') {
            let help = "only the day of week may start with +, as in +MON, for a day that matches both day fields";
            return Err(piece.skip(at).refuse(self.field, "has a + that means nothing here", help));
        }
        Ok(whole.split(',').map(move |item| match item.text {
            "" => {
                let at = Piece { text: piece.text, offset: item.offset };
                Err(at.refuse(self.field, "has an empty place in its list", "take out the extra comma"))
            }
            _ => Ok(item),
        }))
    }

    /// Names every value of `*`, `n`, `a-b`, each with or without a step.
    fn values(self, item: Piece<'_>, name: &mut impl FnMut(u32)) -> Result<(), CronError> {
        let (base, step) = match item.split_once('/') {
            None => (item, None),
            Some((base, step)) => (base, Some(step)),
        };
        let (min, max) = self.bounds();
        let (start, end) = if base.text == "*" {
            (min, max)
        } else if let Some((start, end)) = base.split_once('-') {
            self.range(base, start, end)?
        } else if let (true, Some(step)) = (base.text.is_empty(), step) {
            let help = format!("write */{} for every value", step.text);
            return Err(item.refuse(self.field, "has a step but nothing to step through", help));
        } else {
            let start = self.value(base, Side::Start, item)?;
            (start, if step.is_some() { max.max(start) } else { start })
        };
        let step = step.map_or(Ok(1), |step| self.step(step, item))?;
        (start..=end).step_by(step).for_each(name);
        Ok(())
    }

    fn range(self, whole: Piece<'_>, start: Piece<'_>, end: Piece<'_>) -> Result<(u32, u32), CronError> {
        let first = self.value(start, Side::Start, whole)?;
        let mut last = self.value(end, Side::End, whole)?;
        if first == 0 && last == 7 && start.text.eq_ignore_ascii_case(end.text) {
            last = 0; // SUN-SUN
        }
        if first > last {
            let help = format!("write the smaller one first, or two ranges: {}", self.wrapped(start, end));
            return Err(whole.refuse(self.field, "runs backwards", help));
        }
        Ok((first, last))
    }

    /// A backward range as the list that was probably meant: `22-4` as `22-23,0-4`.
    fn wrapped(self, start: Piece<'_>, end: Piece<'_>) -> String {
        let (min, max) = self.bounds();
        let (first, last) = match (self.field, self.dialect) {
            (CronField::DayOfWeek, _) if number(start.text).is_none() => ("SUN".to_owned(), "SAT".to_owned()),
            (CronField::DayOfWeek, Dialect::EventBridge) => ((min + 1).to_string(), (max + 1).to_string()),
            _ => (min.to_string(), max.to_string()),
        };
        format!("{}-{last},{first}-{}", start.text, end.text)
    }

    fn step(self, step: Piece<'_>, item: Piece<'_>) -> Result<usize, CronError> {
        let (min, max) = self.bounds();
        let longest = max - min + 1;
        match number(step.text) {
            None if step.text.is_empty() => Err(item.refuse(self.field, "lacks its step", "write it as */15")),
            None => Err(step.refuse(self.field, "is not a step", "after / give a whole number, as in */15")),
            Some(0) => Err(step.refuse(self.field, "is a step that never moves", "give a step of at least 1")),
            Some(step_by) if step_by > longest => {
                let problem = format!("is a step longer than the field, which has {longest} values");
                Err(step.refuse(self.field, problem, format!("give a step of at most {longest}")))
            }
            Some(step_by) => Ok(step_by as usize),
        }
    }

    /// One number or name, found in `item`. A weekday is numbered from Sunday, 0; Sunday as the end
    /// of a range is 7.
    fn value(self, piece: Piece<'_>, side: Side, item: Piece<'_>) -> Result<u32, CronError> {
        let names: &[&str] = match self.field {
            CronField::Month => &MONTHS,
            CronField::DayOfWeek => &WEEKDAYS,
            _ => &[],
        };
        if let Some(at) = names.iter().position(|name| name.eq_ignore_ascii_case(piece.text)) {
            let at = at as u32;
            return Ok(match self.field {
                CronField::Month => at + 1,
                _ if at == 0 && side == Side::End => 7,
                _ => at,
            });
        }
        let (min, max) = match (self.field, self.dialect) {
            (CronField::DayOfWeek, Dialect::Cron) => (0, 7),
            (CronField::DayOfWeek, Dialect::EventBridge) => (1, 7),
            _ => self.bounds(),
        };
        let allowed = self.allowed(min, max);
        match number(piece.text) {
            None if piece.text.is_empty() => Err(item.refuse(self.field, "lacks a value", format!("give {allowed}"))),
            Some(value) if !(min..=max).contains(&value) => {
                Err(piece.refuse(self.field, "is out of range", format!("give {allowed}")))
            }
            Some(value) if self.field == CronField::DayOfWeek && self.dialect == Dialect::EventBridge => Ok(value - 1),
            Some(value) => Ok(value),
            None => Err(piece.refuse(self.field, "is not understood", self.guess(piece.text, names, &allowed))),
        }
    }

    /// What to write instead of a text that is neither a number nor a name.
    fn guess(self, text: &str, names: &[&str], allowed: &str) -> String {
        let small_letter =
            matches!(self.field, CronField::DayOfMonth | CronField::DayOfWeek) && text.ends_with(['l', 'w']);
        let long = names.iter().find(|name| {
            text.len() > 3 && text.is_ascii() && text[..3].eq_ignore_ascii_case(name) && !text.contains('-')
        });
        if let Some(name) = long {
            format!("names have three letters: write {name}")
        } else if small_letter {
            "write L and W in capitals: a small l reads like a 1".to_owned()
        } else if self.field == CronField::DayOfWeek && text.contains('-') {
            "give # and L one weekday each, in a list: MON#2,TUE#2".to_owned()
        } else {
            format!("give {allowed}")
        }
    }

    /// `n` of an `L-n`.
    fn days_before_last(self, item: Piece<'_>) -> Result<u32, CronError> {
        let back = item.skip("L-".len());
        match number(back.text) {
            Some(days @ 1..=30) => Ok(days),
            Some(_) => Err(item.refuse(self.field, "is out of range", "give L-1 to L-30, or L for the last day")),
            None => Err(item.refuse(self.field, "is not understood", "after L- give a number of days, as in L-3")),
        }
    }

    fn allowed(self, min: u32, max: u32) -> String {
        let tail = match self.field {
            CronField::DayOfMonth => ", L, L-3, LW or 15W",
            CronField::Month => " or JAN to DEC",
            CronField::DayOfWeek => ", SUN to SAT, FRI#2 or FRI#L",
            _ => "",
        };
        format!("{min} to {max}{tail}")
    }

    /// The values of `*`. Weekdays are numbered from Sunday, 0, in either dialect.
    fn bounds(self) -> (u32, u32) {
        match self.field {
            CronField::Second | CronField::Minute => (0, 59),
            CronField::Hour => (0, 23),
            CronField::DayOfMonth => (1, 31),
            CronField::Month => (1, 12),
            CronField::DayOfWeek => (0, 6),
            // OCPS 1.2 section 4.2, and EventBridge.
            CronField::Year => (1970, 2199),
        }
    }
}

/// A whole number in decimal digits alone; one too large to hold reads as the largest.
pub(super) fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u32::MAX))
}
