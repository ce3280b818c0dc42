//! Schedules as cron writes them: five fields, or `@hourly` and its like, in UTC or where clocks
//! are always as far from it.
//!
//! Not here: zones with summer time, and most names of others.
//!
//! Upstream: the package robfig/cron v3 (parser.go, spec.go), which Kubernetes uses

use super::time::{START_UNIX_SECONDS, SimTime, Span, calendar};

/// When something is to happen again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// At each minute whose parts are among these bits: minute, hour, day, month, day of week.
    /// The highest bit says that any will do. Then by how many minutes the clock is ahead of UTC.
    Times([u64; 5], i64),
    /// So long after the last time.
    Every(Span),
}

/// A day of the month and one of the week: one of them is enough unless the other is `*`.
const STAR: u64 = 1 << 63;
/// The least and the most of each field, and names for its numbers.
const FIELDS: [(u64, u64, &str); 5] = [
    (0, 59, ""),
    (0, 23, ""),
    (1, 31, ""),
    (1, 12, "jan feb mar apr may jun jul aug sep oct nov dec"),
    (0, 6, "sun mon tue wed thu fri sat"),
];
const NAMES: &str = "@yearly=0 0 1 1 *;@annually=0 0 1 1 *;@monthly=0 0 1 * *;@weekly=0 0 * * 0;\
    @daily=0 0 * * *;@midnight=0 0 * * *;@hourly=0 * * * *";
/// Upstream looks no further than five years ahead.
const DAYS: u64 = 5 * 366;
const MINUTE: u64 = 60_000;
/// Zones without summer time: names, and how many minutes they are ahead of UTC.
const ZONES: &str = "UTC=0 GMT=0 Etc/UTC=0 Etc/GMT=0 Etc/UCT=0 Etc/Universal=0 Etc/Zulu=0 \
    Etc/Greenwich=0 Etc/GMT0=0 UCT=0 Universal=0 Zulu=0 Greenwich=0 GMT0=0 GMT+0=0 GMT-0=0 \
    Africa/Abidjan=0 Africa/Accra=0 Africa/Lagos=60 Africa/Algiers=60 Africa/Johannesburg=120 \
    Africa/Nairobi=180 Europe/Istanbul=180 Europe/Minsk=180 Europe/Moscow=180 Asia/Riyadh=180 \
    Asia/Dubai=240 Asia/Karachi=300 Asia/Tashkent=300 Asia/Kolkata=330 Asia/Calcutta=330 \
    Asia/Dhaka=360 Asia/Bangkok=420 Asia/Jakarta=420 Asia/Ho_Chi_Minh=420 Asia/Shanghai=480 \
    Asia/Chongqing=480 Asia/Hong_Kong=480 Asia/Macau=480 Asia/Taipei=480 Asia/Singapore=480 \
    Asia/Kuala_Lumpur=480 Asia/Manila=480 Australia/Perth=480 PRC=480 Asia/Tokyo=540 \
    Asia/Seoul=540 Australia/Brisbane=600 Pacific/Honolulu=-600 America/Phoenix=-420 \
    America/Mexico_City=-360 America/Bogota=-300 America/Lima=-300 America/Caracas=-240 \
    America/Puerto_Rico=-240 America/Sao_Paulo=-180 America/Argentina/Buenos_Aires=-180";

/// By how many minutes the clocks of the zone called `name` are always ahead of UTC; `None` if
/// they are put forward and back, or the name is not known here.
pub fn zone(name: &str) -> Option<i64> {
    // As in POSIX, west of Greenwich counts up.
    if let Some(west) = name.strip_prefix("Etc/GMT").filter(|west| west.starts_with(['+', '-'])) {
        let hours = west.parse::<i64>().ok().filter(|hours| (-14..=12).contains(hours))?;
        return (west.len() == 1 + hours.abs().to_string().len()).then_some(-60 * hours);
    }
    let listed = |entry: &'static str| entry.split_once('=').filter(|(zone, _)| *zone == name);
    ZONES.split(' ').find_map(listed)?.1.parse().ok()
}

impl Schedule {
    /// Reads a schedule, or says in upstream's words what is wrong with it.
    pub fn parse(text: &str) -> Result<Schedule, String> {
        let zone = ["TZ=", "CRON_TZ="].iter().any(|zone| text.starts_with(zone));
        let text = if zone { text.split_once(' ').map_or("", |(_, rest)| rest) } else { text };
        if text.is_empty() {
            return Err("empty spec string".into());
        }
        if let Some(length) = text.strip_prefix("@every ") {
            let span = Span::parse_go(length).ok_or_else(|| {
                format!("failed to parse duration {text}: time: invalid duration {length:?}")
            })?;
            return Ok(Schedule::Every(Span::seconds((span.0 / 1000).max(1))));
        }
        let named = |entry: &'static str| entry.split_once('=').filter(|(name, _)| *name == text);
        let text = match NAMES.split(';').find_map(named) {
            Some((_, fields)) => fields,
            None if text.starts_with('@') => {
                return Err(format!("unrecognized descriptor: {text}"));
            }
            None => text,
        };
        let fields: Vec<&str> = text.split_whitespace().collect();
        let mut bits = [0; 5];
        if fields.len() != bits.len() {
            let (count, fields) = (fields.len(), fields.join(" "));
            return Err(format!("expected exactly 5 fields, found {count}: [{fields}]"));
        }
        for (n, field) in fields.iter().enumerate() {
            for part in field.split(',').filter(|part| !part.is_empty()) {
                bits[n] |= range(part, FIELDS[n])?;
            }
        }
        Ok(Schedule::Times(bits, 0))
    }

    /// The same where clocks are so many minutes ahead of UTC.
    pub fn ahead(self, zone: i64) -> Schedule {
        match self {
            Schedule::Times(bits, _) => Schedule::Times(bits, zone),
            every => every,
        }
    }

    /// The first time after `from`; `None` if there is none within five years.
    pub fn next(&self, from: SimTime) -> Option<SimTime> {
        let (bits, zone) = match self {
            Schedule::Every(span) => return Some(from.whole_second() + *span),
            Schedule::Times(bits, zone) => (bits, zone),
        };
        let has = |field: usize, value: u64| bits[field] & 1 << value != 0;
        // Minutes since 1970 on the zone's clock.
        let origin = (START_UNIX_SECONDS / 60).saturating_add_signed(*zone);
        let mut minute = origin + from.0 / MINUTE + 1;
        let last = minute / 1440 + DAYS;
        while minute / 1440 <= last {
            let [month, day, weekday] = calendar(minute / 1440);
            let (dom, dow) = (has(2, day), has(4, weekday));
            let any = (bits[2] | bits[4]) & STAR != 0;
            let fits = has(3, month) && if any { dom && dow } else { dom || dow };
            let end = (minute / 1440 + 1) * 1440;
            let mut within = minute..if fits { end } else { minute };
            let found = within.find(|at| has(1, at / 60 % 24) && has(0, at % 60));
            if let Some(found) = found {
                return Some(SimTime((found - origin) * MINUTE));
            }
            minute = end;
        }
        None
    }
}

/// The bits of `*`, `5`, `1-5`, `*/15` or `mon-fri`.
fn range(text: &str, (least, most, names): (u64, u64, &str)) -> Result<u64, String> {
    let number = |word: &str| {
        let named = names.split(' ').position(|name| name == word.to_lowercase());
        named.filter(|_| !word.is_empty()).map_or_else(|| whole(word), |at| Ok(at as u64 + least))
    };
    let parts: Vec<&str> = text.split('/').collect();
    let ends: Vec<&str> = parts[0].split('-').collect();
    let mut star = 0;
    let (from, mut to) = match ends[..] {
        ["*" | "?", ..] => {
            star = STAR;
            (least, most)
        }
        [one] => (number(one)?, number(one)?),
        [from, to] => (number(from)?, number(to)?),
        _ => return Err(format!("too many hyphens: {text}")),
    };
    let step = match parts[..] {
        [_] => 1,
        [_, step] => {
            if ends.len() == 1 {
                to = most;
            }
            whole(step)?
        }
        _ => return Err(format!("too many slashes: {text}")),
    };
    if step > 1 {
        star = 0;
    }
    if from < least {
        return Err(format!("beginning of range ({from}) below minimum ({least}): {text}"));
    }
    if to > most {
        return Err(format!("end of range ({to}) above maximum ({most}): {text}"));
    }
    if from > to {
        return Err(format!("beginning of range ({from}) beyond end of range ({to}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    let stepped = (from..=to).filter(|at| (at - from) % step == 0);
    Ok(stepped.fold(star, |bits, at| bits | 1 << at))
}

fn whole(word: &str) -> Result<u64, String> {
    let number = word.parse::<i64>().map_err(|_| {
        format!("failed to parse int from {word}: strconv.Atoi: parsing {word:?}: invalid syntax")
    })?;
    u64::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {word}"))
}

#[cfg(test)]
mod tests {
    use super::zone as zone_of;
    use super::*;

    fn next(text: &str, from: &str, ahead: i64) -> String {
        let from = SimTime::parse_rfc3339(&format!("{from}Z")).expect("a date");
        match Schedule::parse(text) {
            Ok(schedule) => {
                schedule.ahead(ahead).next(from).map_or("never".into(), |at| at.rfc3339())
            }
            Err(why) => why,
        }
    }

    /// 2026-01-01 is a Thursday.
    #[test]
    fn schedules_mean_what_cron_means() {
        for (text, from, wanted) in [
            ("*/5 * * * *", "2026-01-01T00:00:00", "2026-01-01T00:05:00Z"),
            ("*/5 * * * *", "2026-01-01T00:04:59", "2026-01-01T00:05:00Z"),
            ("0 3 * * *", "2026-01-01T03:00:00", "2026-01-02T03:00:00Z"),
            ("30 6-16/4 * * 1-5", "2026-01-02T14:31:00", "2026-01-05T06:30:00Z"),
            ("0 0 13 * fri", "2026-01-01T00:00:00", "2026-01-02T00:00:00Z"),
            ("0 0 13 * *", "2026-01-01T00:00:00", "2026-01-13T00:00:00Z"),
            ("0 12 29 feb ?", "2026-01-01T00:00:00", "2028-02-29T12:00:00Z"),
            ("59 23 31 2 *", "2026-01-01T00:00:00", "never"),
            ("@weekly", "2026-01-01T00:00:00", "2026-01-04T00:00:00Z"),
            ("@every 1h30m", "2026-01-01T00:00:07", "2026-01-01T01:30:07Z"),
            ("1,31 0-1 * * *", "2026-01-01T01:31:00", "2026-01-02T00:01:00Z"),
        ] {
            assert_eq!(next(text, from, 0), wanted, "{text}");
        }
        for (zone, text, wanted) in [
            ("Asia/Shanghai", "30 6 * * *", "2026-01-01T22:30:00Z"),
            ("Etc/GMT-3", "0 2 * * *", "2026-01-01T23:00:00Z"),
            ("Etc/GMT+5", "0 20 31 12 *", "2026-01-01T01:00:00Z"),
            ("Asia/Kolkata", "0 0 * * fri", "2026-01-01T18:30:00Z"),
            ("Pacific/Honolulu", "@monthly", "2026-01-01T10:00:00Z"),
        ] {
            let ahead = zone_of(zone).expect("a zone");
            assert_eq!(next(text, "2026-01-01T00:00:00", ahead), wanted, "{zone} {text}");
        }
        for name in ["Europe/Berlin", "Etc/GMT+13", "Etc/GMT+03", "Etc/GMT-", "utc", ""] {
            assert_eq!(zone_of(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused_in_the_parser_s_words() {
        for (text, wanted) in [
            ("", "empty spec string"),
            ("* * *", "expected exactly 5 fields, found 3: [* * *]"),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
            ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
            ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
            ("@often", "unrecognized descriptor: @often"),
            (
                "x * * * *",
                "failed to parse int from x: strconv.Atoi: parsing \"x\": invalid syntax",
            ),
        ] {
            assert_eq!(next(text, "2026-01-01T00:00:00", 0), wanted);
        }
    }
}
