//! Spreading schedules that share a minute: a shift that every node computes alike. Owns the
//! arithmetic only; how wide a schedule may be spread is the schedule's own setting.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use sha2::Sha256;

use super::CronExpr;

/// The shift of one firing: at least `-width` and less than `width`, in whole milliseconds.
///
/// It is derived from HMAC-SHA256, the key being the schedule's id and the message the firing's
/// instant as a big-endian count of seconds since the epoch. So it is the same on every node and
/// after every restart, and differs from one firing to the next.
pub fn jitter(schedule: &str, at: Timestamp, width: Duration) -> SignedDuration {
    let mut mac = Hmac::<Sha256>::new_from_slice(schedule.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(&at.as_second().to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let head: [u8; 8] = digest[..8].try_into().expect("a SHA-256 digest has 32 bytes");
    let width = i64::try_from(width.as_millis()).unwrap_or(i64::MAX / 2).min(i64::MAX / 2);
    // Multiply and shift maps 64 random bits evenly onto 0..2 * width.
    let spread = (u128::from(u64::from_be_bytes(head)) * (2 * width as u128)) >> 64;
    SignedDuration::from_millis(spread as i64 - width)
}

impl CronExpr {
    /// When a firing is due once it is spread by at most `width` to either side, and by at most half
    /// the interval to its nearest neighbour, so that firings keep their order.
    ///
    /// `schedule` is the schedule's id, `at` one of the expression's firings in `zone`.
    pub fn jittered(&self, schedule: &str, at: Timestamp, width: Duration, zone: &TimeZone) -> Timestamp {
        let shift = jitter(schedule, at, self.room(at, width, zone));
        at.saturating_add(shift).unwrap_or(at)
    }

    /// `width`, or half the interval to the nearest other firing if that is less.
    fn room(&self, at: Timestamp, width: Duration, zone: &TimeZone) -> Duration {
        // Neighbours further off than twice the width don't limit it.
        let reach = SignedDuration::try_from(width.saturating_mul(2)).unwrap_or(SignedDuration::MAX);
        let from = at.saturating_sub(reach).unwrap_or(Timestamp::MIN);
        let before = self.firings(from, zone).take_while(|other| *other < at).last();
        let after = self.next_after(at, zone);
        [before, after]
            .into_iter()
            .flatten()
            .map(|other| at.duration_since(other).unsigned_abs() / 2)
            .fold(width, Duration::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extreme_widths_do_not_overflow() {
        for width in [Duration::MAX, Duration::from_millis(1), Duration::from_nanos(1)] {
            for at in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
                let shift = jitter("s", at, width);
                assert!(shift.unsigned_abs() <= width);
            }
        }
    }
}
