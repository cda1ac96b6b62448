//! From the text of an expression to a checked [`CronExpr`]: which form it is, its fields by place,
//! and the refusal of what no date can match. The grammar of a field is in [`super::field`].

use std::collections::BTreeSet;

use super::{
    CronError, CronExpr, CronField, MAX_BYTES, Plan,
    calendar::{Calendar, DayRule, MonthDays, WeekDays},
    field::{Dialect, FieldReader, Piece, number},
};

/// The nicknames (OCPS 1.1 section 4.1) and what they stand for.
const NICKNAMES: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// The longest interval of a rate: 365 days.
const LONGEST_RATE: i64 = 365 * 86_400;

pub(super) fn expression(text: &str) -> Result<CronExpr, CronError> {
    if text.len() > MAX_BYTES {
        let shown: String = text.chars().take(20).chain(['.'; 3]).collect();
        let problem = format!("is {} bytes long, more than {MAX_BYTES}", text.len());
        return Err(CronError::new(None, 1, shown, problem, "split it into several schedules"));
    }
    if let Some((column, strange)) = text.chars().enumerate().find(|(_, c)| !matches!(c, ' '..='~' | '\t')) {
        let help = "write it in plain ASCII, on one line";
        return Err(CronError::new(None, column + 1, strange, "has no meaning in an expression", help));
    }
    let body = text.trim();
    let whole = Piece { text: body, offset: text.len() - text.trim_start().len() };
    if body.starts_with('@') {
        let plan = calendar(&fields(Piece { text: nickname(whole)?, offset: 0 }), whole, Dialect::Cron)?;
        return Ok(CronExpr { text: body.to_owned(), plan });
    }
    if let Some((name, inner)) = whole.split_once('(')
        && !name.text.is_empty()
        && name.text.bytes().all(|byte| byte.is_ascii_alphabetic())
    {
        return event_bridge(whole, name, inner);
    }
    let fields = fields(whole);
    let plan = calendar(&fields, whole, Dialect::Cron)?;
    Ok(CronExpr { text: joined(&fields), plan })
}

/// The five fields that a nickname stands for.
fn nickname(whole: Piece<'_>) -> Result<&'static str, CronError> {
    if let Some((_, stands_for)) = NICKNAMES.iter().find(|(name, _)| *name == whole.text) {
        return Ok(stands_for);
    }
    let lower = whole.text.to_ascii_lowercase();
    let help = if let Some((name, _)) = NICKNAMES.iter().find(|(name, _)| *name == lower) {
        format!("write {name}, in lower case")
    } else if let Some(name) = crate::nearest::nearest(&lower, NICKNAMES.iter().map(|(name, _)| *name)) {
        format!("did you mean {name}?")
    } else {
        "write @hourly, @daily, @weekly, @monthly or @yearly, or five fields".to_owned()
    };
    Err(whole.refuse(None, "is not a nickname", help))
}

/// `cron(...)` and `rate(...)`, as in Amazon EventBridge.
fn event_bridge(whole: Piece<'_>, name: Piece<'_>, inner: Piece<'_>) -> Result<CronExpr, CronError> {
    let Some(inner_text) = inner.text.strip_suffix(')') else {
        return Err(whole.refuse(None, "has no closing bracket at its end", "write cron(...) or rate(...)"));
    };
    let fields = fields(Piece { text: inner_text, ..inner });
    let plan = match name.text {
        "cron" => calendar(&fields, whole, Dialect::EventBridge)?,
        "rate" => Plan::Every(rate(&fields, whole)?),
        _ => return Err(name.refuse(None, "is neither cron nor rate", "write cron(0 8 ? * MON *) or rate(5 minutes)")),
    };
    Ok(CronExpr { text: format!("{}({})", name.text, joined(&fields)), plan })
}

/// The seconds of `5 minutes`. As EventBridge has it, 1 goes with the singular alone.
fn rate(fields: &[Piece<'_>], whole: Piece<'_>) -> Result<i64, CronError> {
    let [count, unit] = fields else {
        return Err(whole.refuse(None, "is not a number and a unit", "write it as rate(5 minutes)"));
    };
    let number = match number(count.text) {
        Some(number @ 1..) => number,
        _ => return Err(count.refuse(None, "is not a number above 0", "give a whole number, as in rate(5 minutes)")),
    };
    let (singular, seconds) = match unit.text.strip_suffix('s').unwrap_or(unit.text) {
        "minute" => ("minute", 60),
        "hour" => ("hour", 3_600),
        "day" => ("day", 86_400),
        _ => return Err(unit.refuse(None, "is not a unit of a rate", "give minutes, hours or days")),
    };
    let expected = if number == 1 { singular.to_owned() } else { format!("{singular}s") };
    if unit.text != expected {
        return Err(unit.refuse(None, format!("does not go with {number}"), format!("write {number} {expected}")));
    }
    let interval = i64::from(number) * seconds;
    if interval > LONGEST_RATE {
        return Err(count.refuse(None, "makes a rate of more than 365 days", "use a cron expression with a month"));
    }
    Ok(interval)
}

/// The pieces between spaces and tabs.
fn fields(whole: Piece<'_>) -> Vec<Piece<'_>> {
    let mut fields: Vec<Piece<'_>> = Vec::with_capacity(7);
    let mut rest = whole;
    loop {
        rest = rest.skip(rest.text.len() - rest.text.trim_start().len());
        let end = rest.text.find([' ', '\t']).unwrap_or(rest.text.len());
        if end == 0 {
            return fields;
        }
        fields.push(Piece { text: &rest.text[..end], ..rest });
        rest = rest.skip(end);
    }
}

fn joined(fields: &[Piece<'_>]) -> String {
    fields.iter().map(|field| field.text).collect::<Vec<_>>().join(" ")
}

/// The fields by their place; a field that was left out has its usual text.
struct Places<'a> {
    second: Option<Piece<'a>>,
    minute: Piece<'a>,
    hour: Piece<'a>,
    month_day: Piece<'a>,
    month: Piece<'a>,
    week_day: Piece<'a>,
    year: Option<Piece<'a>>,
}

impl<'a> Places<'a> {
    fn new(fields: &[Piece<'a>], whole: Piece<'_>, dialect: Dialect) -> Result<Self, CronError> {
        let (second, [minute, hour, month_day, month, week_day], year) = match (dialect, fields) {
            (Dialect::Cron, &[a, b, c, d, e]) => (None, [a, b, c, d, e], None),
            (Dialect::Cron, &[second, a, b, c, d, e]) => (Some(second), [a, b, c, d, e], None),
            (Dialect::Cron, &[second, a, b, c, d, e, year]) => (Some(second), [a, b, c, d, e], Some(year)),
            (Dialect::EventBridge, &[a, b, c, d, e, year]) => (None, [a, b, c, d, e], Some(year)),
            _ => return Err(wrong_number(fields.len(), whole, dialect)),
        };
        Ok(Self { second, minute, hour, month_day, month, week_day, year })
    }
}

fn wrong_number(count: usize, whole: Piece<'_>, dialect: Dialect) -> CronError {
    let problem = match count {
        0 => "is empty".to_owned(),
        1 => "has 1 field".to_owned(),
        _ => format!("has {count} fields"),
    };
    let help = match dialect {
        Dialect::Cron => {
            "write minute, hour, day of month, month and day of week, with a second before them and a year after if needed"
        }
        Dialect::EventBridge => "write cron(minute hour day-of-month month day-of-week year)",
    };
    whole.refuse(None, problem, help)
}

fn calendar(fields: &[Piece<'_>], whole: Piece<'_>, dialect: Dialect) -> Result<Plan, CronError> {
    let places = Places::new(fields, whole, dialect)?;
    let reader = |field| FieldReader { field, dialect };
    let set = |field, piece| -> Result<u64, CronError> {
        let mut set = 0;
        reader(field).numbers(piece, |value| set |= 1_u64 << value)?;
        Ok(set)
    };
    let starred = |piece: Piece<'_>| piece.text.starts_with(['*', '?']);
    let (both, week_day) = match places.week_day.text.strip_prefix('+') {
        Some(rest) if !rest.starts_with(['*', '?']) => (true, places.week_day.skip(1)),
        _ => (starred(places.month_day) || starred(places.week_day), places.week_day),
    };
    let calendar = Calendar {
        seconds: places.second.map_or(Ok(1), |piece| set(CronField::Second, piece))?,
        minutes: set(CronField::Minute, places.minute)?,
        hours: set(CronField::Hour, places.hour)? as u32,
        month_days: reader(CronField::DayOfMonth).month_days(places.month_day)?,
        months: set(CronField::Month, places.month)? as u16,
        week_days: reader(CronField::DayOfWeek).week_days(week_day)?,
        day_rule: if both { DayRule::Both } else { DayRule::Either },
        years: places.year.map_or(Ok(None), |piece| years(reader(CronField::Year), piece))?,
        fixed: ![places.second, Some(places.minute), Some(places.hour)].into_iter().flatten().any(starred),
    };
    if calendar.fires_ever() { Ok(Plan::Calendar(Box::new(calendar))) } else { Err(never(&calendar, &places)) }
}

fn years(reader: FieldReader, piece: Piece<'_>) -> Result<Option<BTreeSet<i16>>, CronError> {
    let mut years = BTreeSet::new();
    reader.numbers(piece, |year| {
        years.insert(year as i16);
    })?;
    Ok((piece.text != "*").then_some(years))
}

/// Says which field keeps an expression from ever firing.
fn never(calendar: &Calendar, places: &Places<'_>) -> CronError {
    let without = |change: &dyn Fn(&mut Calendar)| {
        let mut relaxed = calendar.clone();
        change(&mut relaxed);
        relaxed.fires_ever()
    };
    let problem = "never fires";
    if let Some(year) = places.year
        && without(&|calendar| calendar.years = None)
    {
        return year.refuse(CronField::Year, problem, "no such year has a day that matches; choose other years");
    }
    if !without(&|calendar| calendar.week_days = WeekDays::every()) {
        let help = "none of the chosen months has such a day; choose a day that exists, or L for the last one";
        return places.month_day.refuse(CronField::DayOfMonth, problem, help);
    }
    let help = if without(&|calendar| calendar.month_days = MonthDays::every()) {
        "no day matches both day fields; leave one of them as *"
    } else {
        "none of the chosen months has such a day"
    };
    places.week_day.refuse(CronField::DayOfWeek, problem, help)
}
