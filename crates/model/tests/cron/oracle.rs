//! Properties, against an oracle that shares no code with the product: it walks a zone minute by
//! minute (or second by second), and asks of every local time whether the fields match it.

use std::collections::HashSet;

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, DateTime, Time, Weekday},
    tz::{Offset, TimeZone},
};
use proptest::prelude::*;
use punctual_model::cron::{CronExpr, Event};

use crate::zone;

/// Zones with gaps and overlaps of every kind: an hour, half an hour, two and three hours, at
/// midnight, of a whole day, below zero, with odd seconds.
const ZONES: [&str; 24] = [
    "America/New_York",
    "Europe/Paris",
    "Europe/Dublin",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Africa/Monrovia",
    "America/Nuuk",
    "America/Scoresbysund",
    "America/Havana",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Sitka",
    "Antarctica/Troll",
    "Antarctica/Casey",
    "Antarctica/Davis",
    "Asia/Gaza",
    "Asia/Manila",
    "Asia/Pyongyang",
    "Asia/Tehran",
    "Atlantic/Azores",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Pacific/Guam",
];

/// A time field: its text, and the values that it names.
#[derive(Debug, Clone)]
struct Numbers {
    text: String,
    values: HashSet<i8>,
}

fn numbers(min: i8, max: i8) -> impl Strategy<Value = Numbers> {
    let every = move |step: i8| (min..=max).step_by(step as usize).collect::<HashSet<i8>>();
    let list = prop::collection::vec(min..=max, 1..5).prop_map(|list| Numbers {
        text: list.iter().map(i8::to_string).collect::<Vec<_>>().join(","),
        values: list.into_iter().collect(),
    });
    let range = (min..=max, min..=max, 1..=5_i8, any::<bool>()).prop_map(|(a, b, step, stepped)| {
        let (a, b) = (a.min(b), a.max(b));
        let step = if stepped { step } else { 1 };
        let text = if stepped { format!("{a}-{b}/{step}") } else { format!("{a}-{b}") };
        Numbers { text, values: (a..=b).step_by(step as usize).collect() }
    });
    prop_oneof![
        1 => Just(Numbers { text: "*".to_owned(), values: every(1) }),
        1 => (1..=(max - min + 1)).prop_map(move |step| Numbers { text: format!("*/{step}"), values: every(step) }),
        3 => list,
        2 => range,
    ]
}

/// One item of a day field.
#[derive(Debug, Clone, Copy)]
enum Day {
    Number(i8),
    BeforeLast(i8),
    Nearest(i8),
    LastWeekday,
    Weekday(i8),
    Nth(i8, i8),
    Last(i8),
}

const NAMES: [&str; 7] = ["SUN", "mon", "Tue", "WED", "THU", "FRI", "SAT"];

impl Day {
    fn text(self) -> String {
        match self {
            Self::Number(day) => day.to_string(),
            Self::BeforeLast(0) => "L".to_owned(),
            Self::BeforeLast(back) => format!("L-{back}"),
            Self::Nearest(day) => format!("{day}W"),
            Self::LastWeekday => "LW".to_owned(),
            Self::Weekday(day) => NAMES[day as usize].to_owned(),
            Self::Nth(day, nth) => format!("{day}#{nth}"),
            Self::Last(day) => format!("{}#L", NAMES[day as usize]),
        }
    }

    fn matches(self, date: Date) -> bool {
        let weekday = |day: i8| Weekday::from_sunday_zero_offset(day).unwrap();
        match self {
            Self::Number(day) => date.day() == day,
            Self::BeforeLast(back) => date.last_of_month().checked_sub(i32::from(back).days()).unwrap() == date,
            Self::Nearest(day) => {
                let target = Date::new(date.year(), date.month(), day).ok();
                target.is_some_and(|target| nearest_weekday(target) == date)
            }
            Self::LastWeekday => nearest_weekday(date.last_of_month()) == date,
            Self::Weekday(day) => date.weekday() == weekday(day),
            Self::Nth(day, nth) => date.nth_weekday_of_month(nth, weekday(day)).ok() == Some(date),
            Self::Last(day) => date.nth_weekday_of_month(-1, weekday(day)).unwrap() == date,
        }
    }
}

/// The closest Monday to Friday in the same month: first the day before, then the one after, ...
fn nearest_weekday(target: Date) -> Date {
    let works =
        |date: &Date| date.month() == target.month() && !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    [0, -1, 1, -2, 2].into_iter().map(|days: i32| target.checked_add(days.days()).unwrap()).find(works).unwrap()
}

/// A day field: its text, whether it is restricted, and what it names.
#[derive(Debug, Clone)]
struct Days {
    text: String,
    restricted: bool,
    items: Vec<Day>,
}

impl Days {
    fn matches(&self, date: Date) -> bool {
        self.items.iter().any(|item| item.matches(date))
    }
}

fn days(all: Vec<Day>, item: impl Strategy<Value = Day> + 'static) -> impl Strategy<Value = Days> {
    let items = prop::collection::vec(item, 1..4).prop_map(|items| Days {
        text: items.iter().map(|item| item.text()).collect::<Vec<_>>().join(","),
        restricted: true,
        items,
    });
    let every = all.clone();
    let stepped = (1..=all.len()).prop_map(move |step| Days {
        text: format!("*/{step}"),
        restricted: false,
        items: all.iter().step_by(step).copied().collect(),
    });
    let star = prop::sample::select(vec!["*", "?"]).prop_map(move |text| Days {
        text: text.to_owned(),
        restricted: false,
        items: every.clone(),
    });
    prop_oneof![3 => star, 1 => stepped, 3 => items]
}

/// An expression as the oracle understands it.
#[derive(Debug, Clone)]
struct Spec {
    second: Option<Numbers>,
    minute: Numbers,
    hour: Numbers,
    month_day: Days,
    month: Numbers,
    week_day: Days,
    forced_and: bool,
}

impl Spec {
    fn text(&self) -> String {
        let second = self.second.as_ref().map(|field| format!("{} ", field.text)).unwrap_or_default();
        let plus = if self.forced_and { "+" } else { "" };
        let Self { minute, hour, month_day, month, week_day, .. } = self;
        format!("{second}{} {} {} {} {plus}{}", minute.text, hour.text, month_day.text, month.text, week_day.text)
    }

    fn fixed(&self) -> bool {
        let fields = [self.second.as_ref(), Some(&self.minute), Some(&self.hour)];
        !fields.into_iter().flatten().any(|field| field.text.starts_with('*'))
    }

    fn matches(&self, local: DateTime) -> bool {
        let second = self.second.as_ref().map_or(local.second() == 0, |field| field.values.contains(&local.second()));
        if !second || !self.minute.values.contains(&local.minute()) || !self.hour.values.contains(&local.hour()) {
            return false;
        }
        let (by_number, by_weekday) = (self.month_day.matches(local.date()), self.week_day.matches(local.date()));
        let both = self.forced_and || !self.month_day.restricted || !self.week_day.restricted;
        let day = if both { by_number && by_weekday } else { by_number || by_weekday };
        day && self.month.values.contains(&local.month())
    }
}

fn spec() -> impl Strategy<Value = Spec> {
    let month_day = days(
        (1..=31).map(Day::Number).collect(),
        prop_oneof![
            4 => (1..=31_i8).prop_map(Day::Number),
            1 => (0..=30_i8).prop_map(Day::BeforeLast),
            1 => (1..=31_i8).prop_map(Day::Nearest),
            1 => Just(Day::LastWeekday),
        ],
    );
    let week_day = days(
        (0..=6).map(Day::Weekday).collect(),
        prop_oneof![
            4 => (0..=6_i8).prop_map(Day::Weekday),
            1 => (0..=6_i8, 1..=5_i8).prop_map(|(day, nth)| Day::Nth(day, nth)),
            1 => (0..=6_i8).prop_map(Day::Last),
        ],
    );
    let month =
        prop_oneof![4 => Just(Numbers { text: "*".to_owned(), values: (1..=12).collect() }), 1 => numbers(1, 12)];
    // Hours near those at which clocks change.
    let hour = prop_oneof![2 => numbers(0, 23), 3 => numbers(0, 4), 1 => numbers(22, 23)];
    let second = prop_oneof![4 => Just(None), 1 => numbers(0, 59).prop_map(Some)];
    (second, numbers(0, 59), hour, month_day, month, week_day, any::<bool>()).prop_map(
        |(second, minute, mut hour, month_day, month, week_day, plus)| {
            // `*` over a part of the hours is written as what it means.
            if hour.text.starts_with('*') && !(hour.values.contains(&0) && hour.values.iter().any(|hour| *hour > 4)) {
                hour = Numbers { text: "*".to_owned(), values: (0..=23).collect() };
            }
            let forced_and = plus && week_day.restricted;
            Spec { second, minute, hour, month_day, month, week_day, forced_and }
        },
    )
}

/// What the oracle saw: the firings, and how many gaps were too long.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    firings: Vec<Timestamp>,
    long_gaps: usize,
}

/// Walks from well before `reference` to `end`, and tells what happens after `reference`.
fn walk(spec: &Spec, zone: &TimeZone, reference: Timestamp, end: Timestamp, step: SignedDuration) -> Seen {
    let mut shown: HashSet<DateTime> = HashSet::new();
    let mut seen = Seen { firings: Vec::new(), long_gaps: 0 };
    let mut now = reference - SignedDuration::from_hours(60);
    now = Timestamp::from_second(now.as_second().div_euclid(step.as_secs()) * step.as_secs()).unwrap();
    let mut expected = zone.to_datetime(now);
    while now <= end {
        let local = zone.to_datetime(now);
        let gap = local.duration_since(expected);
        let long = gap > SignedDuration::from_hours(3);
        let mut missing = false;
        while expected < local {
            missing |= spec.matches(expected) && !shown.contains(&expected);
            if spec.fixed() && !long {
                shown.insert(expected);
            }
            expected += step;
        }
        let bridged = missing && !long && spec.fixed();
        let due = spec.matches(local) && (shown.insert(local) || !spec.fixed());
        if now > reference {
            seen.long_gaps += usize::from(missing && long);
            if bridged || due {
                seen.firings.push(now);
            }
        }
        expected = local + step;
        now += step;
    }
    seen
}

fn product(expr: &CronExpr, zone: &TimeZone, reference: Timestamp, end: Timestamp) -> Seen {
    let mut seen = Seen { firings: Vec::new(), long_gaps: 0 };
    for event in expr.events(reference, zone) {
        match event {
            Event::Fires(firing) if firing.at > end => break,
            Event::Skips(skip) if skip.at > end => break,
            Event::Fires(firing) => seen.firings.push(firing.at),
            Event::Skips(_) => seen.long_gaps += 1,
        }
    }
    seen
}

/// The changes of a zone's offset from 1840 to 2045.
fn changes(zone: &TimeZone) -> Vec<Timestamp> {
    let instant = |text: &str| text.parse::<Timestamp>().unwrap();
    let end = instant("2045-01-01T00:00:00Z");
    let all = zone.following(instant("1840-01-01T00:00:00Z")).take_while(|change| change.timestamp() < end);
    all.map(|change| change.timestamp()).collect()
}

/// Minutes will do when the clock shows whole minutes on both sides of a change, and the expression
/// has no seconds.
fn minutes_will_do(spec: &Spec, zone: &TimeZone, around: Timestamp) -> bool {
    let days = SignedDuration::from_hours(24 * 5);
    let whole = |instant: Timestamp| zone.to_offset(instant).seconds() % 60 == 0;
    spec.second.is_none()
        && around.as_second() % 60 == 0
        && whole(around - days)
        && whole(around + days)
        && whole(around - SignedDuration::from_secs(1))
        && whole(around)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]

    #[test]
    fn gaps_and_overlaps_are_as_the_oracle_says(
        spec in spec(),
        zone_name in prop::sample::select(ZONES.to_vec()),
        change in any::<prop::sample::Index>(),
        before in prop_oneof![3 => -30_i64..=40, 1 => Just(0)],
        fraction in prop_oneof![3 => 0_i64..3600, 1 => 0_i64..=1],
    ) {
        let Ok(expr) = CronExpr::parse(&spec.text()) else {
            // Only what never fires is refused: the oracle finds no day in a cycle of leap years.
            let error = CronExpr::parse(&spec.text()).unwrap_err();
            prop_assert_eq!(error.problem(), "never fires", "{}: {}", spec.text(), error);
            return Ok(());
        };
        prop_assert_eq!(expr.is_fixed(), spec.fixed(), "{}", expr);
        let zone = zone(zone_name);
        let changes = changes(&zone);
        let change = changes[change.index(changes.len())];
        let reference = change - SignedDuration::from_secs(before * 3600 + fraction);
        let minutes = minutes_will_do(&spec, &zone, change);
        let (step, hours) = if minutes { (60, 60) } else { (1, 34) };
        let end = reference + SignedDuration::from_hours(hours);
        let expected = walk(&spec, &zone, reference, end, SignedDuration::from_secs(step));
        prop_assert_eq!(product(&expr, &zone, reference, end), expected, "`{}` in {} after {}", expr, zone_name, reference);
    }

    #[test]
    fn a_zone_without_changes_is_utc_shifted(spec in spec(), minutes in -12 * 60..=14 * 60_i32, start in 0_i64..4_000_000_000) {
        let Ok(expr) = CronExpr::parse(&spec.text()) else { return Ok(()) };
        let offset = Offset::from_seconds(minutes * 60).unwrap();
        let shift = SignedDuration::from_mins(minutes.into());
        let reference = Timestamp::from_second(start).unwrap();
        let here = TimeZone::fixed(offset);
        let shifted: Vec<_> = expr.firings(reference, &here).take(20).map(|firing| firing + shift).collect();
        let in_utc: Vec<_> = expr.firings(reference + shift, &TimeZone::UTC).take(20).collect();
        prop_assert_eq!(shifted, in_utc);
    }

    #[test]
    fn a_day_has_a_firing_when_the_fields_name_it(spec in spec(), start in 0_i64..8_000_000_000) {
        let Ok(expr) = CronExpr::parse(&spec.text()) else { return Ok(()) };
        let some = |field: &Numbers| *field.values.iter().next().unwrap();
        let (hour, minute) = (some(&spec.hour), some(&spec.minute));
        let second = spec.second.as_ref().map_or(0, some);
        let first = Offset::UTC.to_datetime(Timestamp::from_second(start).unwrap()).date();
        for day in first.series(1.day()).take(800) {
            let midnight = Offset::UTC.to_timestamp(day.to_datetime(Time::midnight())).unwrap();
            let next = expr.next_after(midnight - SignedDuration::from_secs(1), &TimeZone::UTC);
            let fires = next.is_some_and(|next| Offset::UTC.to_datetime(next).date() == day);
            prop_assert_eq!(fires, spec.matches(day.at(hour, minute, second, 0)), "{} on {}", expr, day);
        }
    }

    #[test]
    fn firings_increase_and_a_chain_of_questions_gives_the_same(
        spec in spec(),
        zone_name in prop::sample::select(ZONES.to_vec()),
        start in -4_000_000_000_i64..4_000_000_000,
        nanos in 0..1_000_000_000_i32,
    ) {
        let Ok(expr) = CronExpr::parse(&spec.text()) else { return Ok(()) };
        let zone = zone(zone_name);
        let reference = Timestamp::new(start, if start < 0 { -nanos } else { nanos }).unwrap();
        let firings: Vec<_> = expr.firings(reference, &zone).take(50).collect();
        let mut previous = reference;
        for firing in firings {
            prop_assert!(firing > previous);
            prop_assert_eq!(firing.subsec_nanosecond(), 0);
            prop_assert_eq!(expr.next_after(previous, &zone), Some(firing), "{} after {}", expr, previous);
            previous = firing;
        }
    }

    #[test]
    fn any_text_is_parsed_or_refused_in_words(text in "\\PC{0,60}|.{0,300}") {
        if let Err(error) = CronExpr::parse(&text) {
            prop_assert!(error.column() >= 1 && error.column() <= text.chars().count() + 1);
            prop_assert!(!error.to_string().contains('\n'));
        }
    }

    #[test]
    fn one_strange_field_is_understood_or_named(
        spec in spec(),
        place in any::<prop::sample::Index>(),
        strange in "[*?+]?(MON|JAN|L|W|[0-9]{1,2})?([-/#,](FRI|L|W|[0-9]{1,2}))?[LW]?",
    ) {
        let text = spec.text();
        let mut fields: Vec<&str> = text.split(' ').collect();
        let place = place.index(fields.len());
        fields[place] = if strange.is_empty() { "," } else { &strange };
        let text = fields.join(" ");
        match CronExpr::parse(&text) {
            Ok(expr) => {
                prop_assert_eq!(&CronExpr::parse(expr.as_str()).unwrap(), &expr);
                prop_assert_eq!(expr.as_str(), text);
                prop_assert!(expr.next_after(Timestamp::UNIX_EPOCH, &TimeZone::UTC).is_some(), "{}", expr);
            }
            Err(error) if error.problem() == "never fires" => {}
            Err(error) => {
                let start = fields[..place].iter().map(|field| field.len() + 1).sum::<usize>();
                let in_field = start..=start + fields[place].len();
                prop_assert!(in_field.contains(&(error.column() - 1)), "{} in {}", error, text);
                prop_assert!(fields[place].contains(error.text()), "{} in {}", error, text);
            }
        }
    }
}
