//! Schedules as cron writes them: five fields, or `@hourly` and its like. In UTC: the clock here
//! has no other zone.
//!
//! Upstream: the package robfig/cron v3 (parser.go, spec.go), which Kubernetes uses

use super::time::{SimTime, Span};

/// When something is to happen again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// At each minute whose parts are among these bits: minute, hour, day, month, day of week.
    /// The highest bit says that any will do.
    Times([u64; 5]),
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
        Ok(Schedule::Times(bits))
    }

    /// The first time after `from`; `None` if there is none within five years.
    pub fn next(&self, from: SimTime) -> Option<SimTime> {
        let bits = match self {
            Schedule::Every(span) => return Some(from.whole_second() + *span),
            Schedule::Times(bits) => bits,
        };
        let has = |field: usize, value: u64| bits[field] & 1 << value != 0;
        // Every scenario starts at midnight.
        let mut minute = from.0 / MINUTE + 1;
        let last = minute / 1440 + DAYS;
        while minute / 1440 <= last {
            let [month, day, weekday] = SimTime(minute * MINUTE).calendar();
            let (dom, dow) = (has(2, day), has(4, weekday));
            let any = (bits[2] | bits[4]) & STAR != 0;
            let fits = has(3, month) && if any { dom && dow } else { dom || dow };
            let end = (minute / 1440 + 1) * 1440;
            let mut within = minute..if fits { end } else { minute };
            let found = within.find(|at| has(1, at / 60 % 24) && has(0, at % 60));
            if let Some(found) = found {
                return Some(SimTime(found * MINUTE));
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
    use super::*;

    fn next(text: &str, from: &str) -> String {
        let from = SimTime::parse_rfc3339(&format!("{from}Z")).expect("a date");
        match Schedule::parse(text) {
            Ok(schedule) => schedule.next(from).map_or("never".into(), |at| at.rfc3339()),
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
            assert_eq!(next(text, from), wanted, "{text}");
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
            assert_eq!(next(text, "2026-01-01T00:00:00"), wanted);
        }
    }
}
