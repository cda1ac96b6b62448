//! The walk from local times to instants, through a zone's gaps and overlaps. This is the rule that
//! the module's page states; the calendar and the grammar know nothing of it.
//!
//! A zone is seen as a row of *stretches* in which its offset is constant. Inside one, local time
//! runs like UTC and the calendar's next local time is the next firing. Between two stretches there
//! is a gap, an overlap, or nothing.

use jiff::{
    SignedDuration, Timestamp,
    civil::DateTime,
    tz::{Offset, TimeZone},
};

use super::{Plan, calendar::Calendar};

/// The longest gap whose missing times still fire, at its end: three hours. A longer one is a zone
/// that leaves out a day, and the firings of that day are left out with it.
pub const LONGEST_BRIDGED_GAP: SignedDuration = SignedDuration::from_hours(3);

/// Seconds that are more than any two offsets of one zone differ by (52 hours in jiff). Local times
/// shown at instants further apart than this are in the order of the instants.
const HORIZON: i64 = 72 * 3_600;

/// Something that happens on a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The expression fires.
    Fires(Firing),
    /// A gap was too long to bridge, and what was due in it does not fire. Worth a warning.
    Skips(Skip),
}

/// One firing of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Firing {
    /// The instant, a whole second.
    pub at: Timestamp,
    /// The local time as the expression names it. In a gap this time does not exist; it is the first
    /// of those that were missing.
    pub nominal: DateTime,
    /// Whether the nominal time does not exist, so that `at` is the end of a gap.
    pub moved: bool,
}

/// A gap longer than [`LONGEST_BRIDGED_GAP`] in which the expression was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skip {
    /// The instant of the gap, at which the clock jumps.
    pub at: Timestamp,
    /// The first local time that was due and does not exist.
    pub nominal: DateTime,
    /// The local time at which the gap starts: the first that does not exist.
    pub gap_start: DateTime,
    /// The local time at which the gap ends: the first that exists again.
    pub gap_end: DateTime,
}

/// The events of one expression in one zone, in order. Made by
/// [`CronExpr::events`](super::CronExpr::events).
#[derive(Debug, Clone)]
pub struct Events<'a> {
    plan: &'a Plan,
    zone: &'a TimeZone,
    /// The first second, since the epoch, that has not been looked at.
    cursor: i64,
    /// The stretch that the cursor is in, or at the end of. `None` for a rate, and at the end.
    stretch: Option<Stretch>,
}

impl<'a> Events<'a> {
    pub(super) fn new(plan: &'a Plan, reference: Timestamp, zone: &'a TimeZone) -> Self {
        let mut events = Self { plan, zone, cursor: floor(reference) + 1, stretch: None };
        if let Plan::Calendar(_) = plan {
            // Starting from the stretch of the reference itself makes a gap right after it visible.
            events.stretch = Stretch::containing(zone, events.cursor - 1);
        }
        events
    }

    fn next_of_rate(&mut self, interval: i64) -> Option<Event> {
        let second = (self.cursor - 1).div_euclid(interval).checked_add(1)? * interval;
        let at = Timestamp::from_second(second).ok()?;
        self.cursor = second + 1;
        Some(Event::Fires(Firing { at, nominal: self.zone.to_datetime(at), moved: false }))
    }

    fn next_of_calendar(&mut self, calendar: &Calendar) -> Option<Event> {
        loop {
            let stretch = self.stretch?;
            let due = due_at_or_after(calendar, self.cursor + stretch.offset);
            if let Some(local) = due.filter(|local| *local < stretch.local_end()) {
                self.cursor = local - stretch.offset + 1;
                if calendar.is_fixed() && self.second_pass(stretch, local) {
                    continue;
                }
                return self.fires(local, false);
            }
            // Nothing more is due in this stretch. If it goes on for long enough, then no overlap
            // can show a time again that lies before the cursor.
            let settled = stretch.end - self.cursor > HORIZON;
            match due {
                None if settled => self.stretch = None,
                Some(local) if settled && local - stretch.local_end() > HORIZON => {
                    self.cursor = local - HORIZON;
                    self.stretch = Stretch::containing(self.zone, self.cursor - 1);
                }
                due => {
                    if let Some(event) = self.cross(calendar, stretch, due) {
                        return Some(event);
                    }
                }
            }
        }
    }

    /// Goes on to the next stretch; `due` is the first local time that is due after this one. Gives
    /// the event of the gap between them, if there is one.
    fn cross(&mut self, calendar: &Calendar, stretch: Stretch, due: Option<i64>) -> Option<Event> {
        self.stretch = stretch.after(self.zone);
        let next = self.stretch?;
        self.cursor = next.start;
        let local = due.filter(|local| *local < next.local_start())?;
        if !next.bridges_from(stretch) {
            return Some(Event::Skips(Skip {
                at: Timestamp::from_second(next.start).ok()?,
                nominal: civil(local)?,
                gap_start: civil(stretch.local_end())?,
                gap_end: civil(next.local_start())?,
            }));
        }
        if !calendar.is_fixed() {
            return None;
        }
        let missing = std::iter::successors(Some(local), |local| due_at_or_after(calendar, local + 1))
            .take_while(|local| *local < next.local_start())
            .find(|local| !self.second_pass(next, *local))?;
        self.cursor += 1;
        self.fires(missing, true)
    }

    fn fires(&mut self, local: i64, moved: bool) -> Option<Event> {
        let at = Timestamp::from_second(self.cursor - 1).ok()?;
        Some(Event::Fires(Firing { at, nominal: civil(local)?, moved }))
    }

    /// Whether a local time of this stretch, or of the gap before it, was already passed: shown by
    /// an earlier stretch, or in an earlier gap that was bridged.
    fn second_pass(&self, stretch: Stretch, local: i64) -> bool {
        let mut later = stretch;
        while let Some(earlier) = later.before(self.zone)
            && self.cursor - earlier.end <= HORIZON
        {
            let in_gap = later.start < stretch.start
                && (earlier.local_end()..later.local_start()).contains(&local)
                && later.bridges_from(earlier);
            if in_gap || (earlier.local_start()..earlier.local_end()).contains(&local) {
                return true;
            }
            later = earlier;
        }
        false
    }
}

impl Iterator for Events<'_> {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        match self.plan {
            Plan::Calendar(calendar) => self.next_of_calendar(calendar),
            Plan::Every(interval) => self.next_of_rate(*interval),
        }
    }
}

impl std::iter::FusedIterator for Events<'_> {}

/// A stretch of time with one offset. All in seconds; local times count as if they were UTC.
#[derive(Debug, Clone, Copy)]
struct Stretch {
    /// The first instant; [`NEVER_STARTED`](Self::NEVER_STARTED) if nothing goes before.
    start: i64,
    /// The instant after the last; [`NEVER_ENDS`](Self::NEVER_ENDS) if nothing follows.
    end: i64,
    /// Local time less UTC.
    offset: i64,
}

impl Stretch {
    // Far outside of what a timestamp can hold, and far inside of what an i64 can.
    const NEVER_STARTED: i64 = i64::MIN / 4;
    const NEVER_ENDS: i64 = i64::MAX / 4;

    fn containing(zone: &TimeZone, second: i64) -> Option<Self> {
        let instant = Timestamp::from_second(second).ok()?;
        let after = Timestamp::from_second(second + 1).unwrap_or(Timestamp::MAX);
        let start = zone.preceding(after).next().map(|change| floor(change.timestamp()));
        let end = zone.following(instant).next().map(|change| floor(change.timestamp()));
        Some(Self {
            start: start.unwrap_or(Self::NEVER_STARTED),
            end: end.unwrap_or(Self::NEVER_ENDS),
            offset: zone.to_offset(instant).seconds().into(),
        })
    }

    fn after(self, zone: &TimeZone) -> Option<Self> {
        if self.end == Self::NEVER_ENDS {
            return None;
        }
        Self::containing(zone, self.end).map(|next| Self { start: self.end, ..next })
    }

    fn before(self, zone: &TimeZone) -> Option<Self> {
        if self.start == Self::NEVER_STARTED {
            return None;
        }
        Self::containing(zone, self.start - 1).map(|previous| Self { end: self.start, ..previous })
    }

    fn local_start(self) -> i64 {
        self.start + self.offset
    }

    fn local_end(self) -> i64 {
        self.end + self.offset
    }

    /// Whether the gap between the stretch before and this one, if any, is short enough to fire at
    /// its end.
    fn bridges_from(self, before: Self) -> bool {
        self.offset - before.offset <= LONGEST_BRIDGED_GAP.as_secs()
    }
}

/// The whole second that an instant is in, since the epoch.
fn floor(instant: Timestamp) -> i64 {
    instant.as_second() - i64::from(instant.subsec_nanosecond() < 0)
}

/// A count of seconds as the local time it stands for.
fn civil(local: i64) -> Option<DateTime> {
    Timestamp::from_second(local).ok().map(|instant| Offset::UTC.to_datetime(instant))
}

fn due_at_or_after(calendar: &Calendar, local: i64) -> Option<i64> {
    let due = calendar.at_or_after(civil(local)?)?;
    Offset::UTC.to_timestamp(due).ok().map(Timestamp::as_second)
}
