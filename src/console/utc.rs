//! The time as a person writes it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Date and time in UTC, as in 2026-11-28T06:05:04Z (RFC 3339).
pub fn seconds(time: SystemTime) -> String {
    format!("{}Z", without_zone(since_epoch(time).as_secs()))
}

/// As [`seconds`], to the millisecond: 2026-11-28T06:05:04.012Z.
pub fn millis(time: SystemTime) -> String {
    of_unix_millis(u64::try_from(since_epoch(time).as_millis()).unwrap_or(u64::MAX))
}

/// As [`millis`], of so many milliseconds since 1970. Whatever the number, it is a date: the largest is one in the year
/// 584,556,019.
pub fn of_unix_millis(since: u64) -> String {
    format!("{}.{:03}Z", without_zone(since / 1000), since % 1000)
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn without_zone(seconds: u64) -> String {
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

/// The Gregorian date so many days after 1970-01-01. Years are counted from March, so that the leap day ends one: an
/// era of 400 years then has 146,097 days, and the months' lengths repeat every five (Howard Hinnant's
/// `civil_from_days`).
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_798_761_599, "2026-12-31T23:59:59Z"),
            (1_798_761_600, "2027-01-01T00:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(super::seconds(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn milliseconds_have_three_digits() {
        assert_eq!(of_unix_millis(1_795_867_200_007), "2026-11-28T12:00:00.007Z");
        assert_eq!(of_unix_millis(u64::MAX), "584556019-04-03T14:25:51.615Z");
        for (millis, expected) in [(0, "00.000Z"), (59_012, "59.012Z"), (59_999, "59.999Z")] {
            let time = super::millis(UNIX_EPOCH + Duration::from_millis(millis));
            assert_eq!(time, format!("1970-01-01T00:00:{expected}"));
        }
    }
}
