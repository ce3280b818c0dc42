//! Simulated time in whole milliseconds. There is no wall clock: the scenario starts at one
//! fixed instant that only matters when a date is printed.

use std::fmt;
use std::ops::{Add, Sub};

/// An instant: milliseconds since the scenario's start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SimTime(pub u64);

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub u64);

/// What date the scenario's start is printed as: 2026-01-01T00:00:00Z, in Unix seconds.
pub const START_UNIX_SECONDS: u64 = 1_767_225_600;

impl SimTime {
    /// The scenario's start.
    pub const ZERO: SimTime = SimTime(0);

    /// How long ago `earlier` was; zero if it is not earlier.
    pub fn since(self, earlier: SimTime) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The same instant without its fraction of a second, as API objects keep it.
    pub fn whole_second(self) -> SimTime {
        SimTime(self.0 / 1000 * 1000)
    }

    /// The first instant at or after this one that is `phase` plus a multiple of `period`:
    /// when a loop that ticks in that rhythm comes by next.
    pub fn next_tick(self, phase: SimTime, period: Span) -> SimTime {
        if self <= phase || period.0 == 0 {
            return if self <= phase { phase } else { self };
        }
        SimTime(phase.0 + (self.0 - phase.0).div_ceil(period.0) * period.0)
    }

    /// As a date to the second: `2026-01-01T00:01:42Z`.
    pub fn rfc3339(self) -> String {
        self.rfc3339_in(0)
    }

    /// As a date to the second where clocks are so many minutes ahead of UTC, at most a day:
    /// `2026-01-01T08:01:42+08:00`.
    pub fn rfc3339_in(self, zone: i64) -> String {
        let unix = (START_UNIX_SECONDS + self.0 / 1000).saturating_add_signed(zone * 60);
        let (year, month, day) = civil_from_days(unix / 86_400);
        let (h, m, s) = (unix / 3600 % 24, unix / 60 % 60, unix % 60);
        let zone = match (zone, zone.unsigned_abs()) {
            (0, _) => "Z".to_string(),
            (_, ahead) => {
                let sign = if zone < 0 { '-' } else { '+' };
                format!("{sign}{:02}:{:02}", ahead / 60, ahead % 60)
            }
        };
        format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}{zone}")
    }

    /// As a date to the microsecond: `2026-01-01T00:01:42.250000Z`.
    pub fn rfc3339_micro(self) -> String {
        let mut text = self.rfc3339();
        text.pop();
        text.push_str(&format!(".{:06}Z", self.0 % 1000 * 1000));
        text
    }

    /// Reads what `rfc3339` or `rfc3339_micro` prints; `None` if it is no date, or one
    /// before the scenario's start.
    pub fn parse_rfc3339(text: &str) -> Option<SimTime> {
        let number = |from: usize, to: usize| text.get(from..to)?.parse::<u64>().ok();
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (h, m, s) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let shape = text.as_bytes();
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if marks.iter().any(|&(at, mark)| shape[at] != mark) || !text.ends_with('Z') {
            return None;
        }
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) || h > 23 || m > 59 || s > 60 {
            return None;
        }
        let fraction = text.get(19..text.len() - 1).unwrap_or("");
        let millis = match fraction.strip_prefix('.') {
            Some(digits) => format!("{digits:0<3}").get(0..3)?.parse::<u64>().ok()?,
            None if fraction.is_empty() => 0,
            None => return None,
        };
        let days = days_from_civil(year, month, day)?;
        let unix = days * 86_400 + h * 3600 + m * 60 + s;
        Some(SimTime(unix.checked_sub(START_UNIX_SECONDS)? * 1000 + millis))
    }

    /// The month, the day of it and the day of the week (0 is Sunday).
    pub fn calendar(self) -> [u64; 3] {
        calendar(self.date_parts().0)
    }

    fn date_parts(self) -> (u64, u64) {
        let unix = START_UNIX_SECONDS + self.0 / 1000;
        (unix / 86_400, unix % 86_400)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// Whole seconds.
    pub const fn seconds(n: u64) -> Span {
        Span(n * 1000)
    }

    /// Milliseconds.
    pub const fn millis(n: u64) -> Span {
        Span(n)
    }

    /// Whole minutes.
    pub const fn minutes(n: u64) -> Span {
        Span(n * 60_000)
    }

    /// As kubectl prints an age: `7s`, `2m5s`, `12m`, `3h2m`, `26h`, `3d4h`.
    ///
    /// Upstream: staging/src/k8s.io/apimachinery/pkg/util/duration/duration.go
    pub fn human(self) -> String {
        let seconds = self.0 / 1000;
        let (minutes, hours) = (seconds / 60, seconds / 3600);
        let pair = |big: u64, unit: char, small: u64, small_unit: char| match small {
            0 => format!("{big}{unit}"),
            _ => format!("{big}{unit}{small}{small_unit}"),
        };
        match seconds {
            0..=119 => format!("{seconds}s"),
            _ if minutes < 10 => pair(minutes, 'm', seconds % 60, 's'),
            _ if minutes < 180 => format!("{minutes}m"),
            _ if hours < 8 => pair(hours, 'h', minutes % 60, 'm'),
            _ if hours < 48 => format!("{hours}h"),
            _ if hours < 192 => pair(hours / 24, 'd', hours % 24, 'h'),
            _ if hours < 24 * 365 * 2 => format!("{}d", hours / 24),
            _ if hours < 24 * 365 * 8 => pair(hours / 24 / 365, 'y', hours / 24 % 365, 'd'),
            _ => format!("{}y", hours / 24 / 365),
        }
    }

    /// As Go prints it: `1.8s`, `300ms`, `1m20s`.
    pub fn go(self) -> String {
        let (seconds, millis) = (self.0 / 1000, self.0 % 1000);
        if seconds == 0 {
            return if millis == 0 { "0s".into() } else { format!("{millis}ms") };
        }
        let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let fraction = match millis {
            0 => String::new(),
            millis => format!(".{millis:03}").trim_end_matches('0').to_string(),
        };
        match (h, m) {
            (0, 0) => format!("{s}{fraction}s"),
            (0, m) => format!("{m}m{s}{fraction}s"),
            (h, m) => format!("{h}h{m}m{s}{fraction}s"),
        }
    }

    /// What Go reads as a length of time: whole numbers with the units `h`, `m`, `s`, `ms`, one
    /// after the other. `None` for anything else and for more than a thousand years.
    pub fn parse_go(text: &str) -> Option<Span> {
        let (mut rest, mut sum) = (text, 0u64);
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let (number, tail) = rest.split_at(digits);
            let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
            let unit = match &tail[..end] {
                "h" => 3_600_000,
                "m" => 60_000,
                "s" => 1000,
                "ms" => 1,
                _ => return None,
            };
            sum = number.parse::<u64>().ok()?.checked_mul(unit)?.checked_add(sum)?;
            rest = &tail[end..];
        }
        (!text.is_empty() && sum < 1 << 45).then_some(Span(sum))
    }

    /// As a clock: `01:42`, with hours once there are any: `1:01:42`.
    pub fn clock(self) -> String {
        let seconds = self.0 / 1000;
        let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        if h == 0 { format!("{m:02}:{s:02}") } else { format!("{h}:{m:02}:{s:02}") }
    }
}

impl Add<Span> for SimTime {
    type Output = SimTime;
    fn add(self, span: Span) -> SimTime {
        SimTime(self.0.saturating_add(span.0))
    }
}

impl Sub<Span> for SimTime {
    type Output = SimTime;
    fn sub(self, span: Span) -> SimTime {
        SimTime(self.0.saturating_sub(span.0))
    }
}

impl Add<Span> for Span {
    type Output = Span;
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for SimTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Span(self.0).clock())
    }
}

/// As `SimTime::calendar`, of a day counted from 1970-01-01.
pub fn calendar(days: u64) -> [u64; 3] {
    let (_, month, day) = civil_from_days(days);
    // 1970 began on a Thursday.
    [month, day, (days + 4) % 7]
}

/// Year, month, day of a day counted from 1970-01-01 (Gregorian calendar).
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let era = z / 146_097;
    let doe = z % 146_097;
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + u64::from(month <= 2);
    (year, month, doy - (153 * mp + 2) / 5 + 1)
}

fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    let y = if month <= 2 { year.checked_sub(1)? } else { year };
    let yoe = y % 400;
    let mp = (month + 9) % 12;
    let doy = (153 * mp + 2) / 5 + day - 1;
    (y / 400 * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_back() {
        let t = SimTime(102_250);
        assert_eq!(t.rfc3339(), "2026-01-01T00:01:42Z");
        assert_eq!(t.rfc3339_micro(), "2026-01-01T00:01:42.250000Z");
        assert_eq!(SimTime::parse_rfc3339(&t.rfc3339_micro()), Some(t));
        assert_eq!(SimTime::parse_rfc3339("2026-01-01"), None);
        assert_eq!(SimTime(86_400_000 * 59).rfc3339(), "2026-03-01T00:00:00Z");
    }

    #[test]
    fn ages_are_kubectl_s() {
        let age = |s: u64| Span::seconds(s).human();
        assert_eq!(age(119), "119s");
        assert_eq!(age(120), "2m");
        assert_eq!(age(125), "2m5s");
        assert_eq!(age(725), "12m");
        assert_eq!(age(3 * 3600), "3h");
        assert_eq!(age(3 * 3600 + 120), "3h2m");
        assert_eq!(age(50 * 3600), "2d2h");
    }

    #[test]
    fn lengths_are_go_s() {
        for text in ["1h1m1.5s", "300ms", "1m20s", "2m0s", "0s"] {
            let whole = text.replace("1.5s", "1s500ms");
            assert_eq!(Span::parse_go(&whole).map(Span::go).as_deref(), Some(text));
        }
        assert_eq!(["", "5", "s", "1d", "-1s"].map(Span::parse_go), [None; 5]);
    }

    #[test]
    fn ticks_come_by_in_their_rhythm() {
        let tick = |t: u64| SimTime(t).next_tick(SimTime(1000), Span(5000)).0;
        assert_eq!([tick(0), tick(1000), tick(1001), tick(6000)], [1000, 1000, 6000, 6000]);
    }
}
