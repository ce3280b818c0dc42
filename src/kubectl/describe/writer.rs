//! Lines with tabs, from paths into an object.

use crate::base::sorted;
use crate::base::time::SimTime;
use crate::kubectl::value::{at, entries, go, list, text, text_at};
use serde_json::Value;

/// Annotations longer than this get lines of their own.
const LONG: usize = 140;

/// The annotation that is never shown.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Collects the lines about one object.
pub struct Writer<'t> {
    /// The object.
    pub tree: &'t Value,
    /// The lines so far, with tabs.
    pub text: String,
}

/// A date as `describe` prints it: `Mon, 23 Nov 2026 04:31:34 +0000`.
pub fn date(value: &Value) -> String {
    let Some(time) = value.as_str().and_then(SimTime::parse_rfc3339) else {
        return "Mon, 01 Jan 0001 00:00:00 +0000".to_string();
    };
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    let whole = time.rfc3339();
    let part = |from: usize, to: usize| whole.get(from..to).unwrap_or("").to_string();
    let month = part(5, 7).parse::<usize>().unwrap_or(1).clamp(1, 12);
    let day = time.calendar()[2] as usize % 7;
    let (month, year) = (MONTHS[month - 1], part(0, 4));
    format!("{}, {} {month} {year} {} +0000", DAYS[day], part(8, 10), part(11, 19))
}

/// How long ago a deletion was to have ended: those of the future are `<invalid>`.
pub fn lasts(deleted: SimTime, now: SimTime) -> String {
    match deleted > now {
        true => "<invalid>".to_string(),
        false => now.since(deleted).human(),
    }
}

/// Labels as one text: `a=b,c=d`, or `<none>`.
pub fn labels(value: &Value) -> String {
    let pairs: Vec<String> =
        entries(value, "").map(|(key, value)| format!("{key}={}", text(value))).collect();
    or_none(pairs.join(","))
}

/// A LabelSelector as text: `app=web,tier in (a,b)`.
pub fn selector(value: &Value) -> String {
    let mut parts: Vec<(String, String)> = entries(value, "matchLabels")
        .map(|(key, value)| (key.clone(), format!("{key}={}", text(value))))
        .collect();
    for wanted in list(value, "matchExpressions") {
        let key = text_at(wanted, "key");
        let values: Vec<String> = list(wanted, "values").iter().map(text).collect();
        let values = values.join(",");
        let shown = match &*text_at(wanted, "operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.clone(),
            _ => format!("!{key}"),
        };
        parts.push((key, shown));
    }
    sorted::sort_by_key(&mut parts, |(key, _)| key.clone());
    parts.into_iter().map(|(_, shown)| shown).collect::<Vec<_>>().join(",")
}

/// `<none>` for nothing.
pub fn or_none(text: String) -> String {
    if text.is_empty() { "<none>".to_string() } else { text }
}

/// `True` or `False`.
pub fn truth(yes: bool) -> &'static str {
    if yes { "True" } else { "False" }
}

impl<'t> Writer<'t> {
    /// Nothing written yet.
    pub fn new(tree: &'t Value) -> Writer<'t> {
        Writer { tree, text: String::new() }
    }

    /// Writes a line as it is.
    pub fn line(&mut self, line: impl std::fmt::Display) {
        self.text.push_str(&format!("{line}\n"));
    }

    /// Writes a label and a value.
    pub fn pair(&mut self, label: &str, value: impl std::fmt::Display) {
        self.line(format_args!("{label}:\t{value}"));
    }

    /// Writes the fields of a table: `Label:path` entries parted by `;`. Before the path a sign
    /// says how it is shown: `#` labels a line each, `!` annotations, `=` labels in one line,
    /// `~` a selector, `@` a date, `[` a list as Go prints it, `,` a list with commas, `-` with
    /// `<none>` for nothing, `+` with `<unset>` for nothing, `^` `True` or `False`. A label that
    /// begins with `?` is left out if there is no value.
    pub fn fields(&mut self, table: &str) {
        let tree = self.tree;
        for entry in table.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
            let (label, path) = entry.split_once(':').unwrap_or((entry, ""));
            let (label, optional) = match label.strip_prefix('?') {
                Some(label) => (label, true),
                None => (label, false),
            };
            let mut chars = path.chars();
            let sign = chars.next().filter(|c| !c.is_alphabetic());
            let path = if sign.is_some() { chars.as_str() } else { path };
            let value = at(tree, path);
            if optional && value.is_null() {
                continue;
            }
            match sign {
                Some('#') => self.labels(label, "", value),
                Some('!') => self.annotations(label, "", value),
                Some('=') => self.pair(label, labels(value)),
                Some('~') => self.pair(label, selector(value)),
                Some('@') => self.pair(label, date(value)),
                Some('[') => self.pair(label, go(value, false)),
                Some(',') => {
                    let all: Vec<String> =
                        value.as_array().into_iter().flatten().map(text).collect();
                    self.pair(label, or_none(all.join(",")));
                }
                Some('-') => self.pair(label, or_none(text(value))),
                Some('+') if value.is_null() => self.pair(label, "<unset>"),
                Some('^') => self.pair(label, truth(value == &Value::Bool(true))),
                _ => self.pair(label, text(value)),
            }
        }
    }

    /// Labels, a line each.
    pub fn labels(&mut self, label: &str, indent: &str, value: &Value) {
        let lines: Vec<String> =
            entries(value, "").map(|(key, value)| format!("{key}={}", text(value))).collect();
        self.lines(label, indent, &lines);
    }

    /// Values, a line each, the label before the first; `<none>` for none.
    pub fn lines(&mut self, label: &str, indent: &str, lines: &[String]) {
        let first = lines.first().map_or("<none>", String::as_str);
        self.line(format_args!("{indent}{label}:\t{first}"));
        for line in lines.iter().skip(1) {
            self.line(format_args!("{indent}\t{line}"));
        }
    }

    /// Annotations, a line each, long ones in lines of their own.
    pub fn annotations(&mut self, label: &str, indent: &str, value: &Value) {
        let mut lines: Vec<String> = Vec::new();
        for (key, value) in entries(value, "").filter(|(key, _)| *key != LAST_APPLIED) {
            let value = text(value);
            let value = value.strip_suffix('\n').unwrap_or(&value);
            if value.len() + key.len() + 2 <= LONG && !value.contains('\n') {
                lines.push(format!("{key}: {value}"));
                continue;
            }
            lines.push(format!("{key}:"));
            for part in value.split('\n') {
                let end = part.char_indices().nth(LONG - 2).map(|(end, _)| end);
                let dots = if end.is_some() { "..." } else { "" };
                lines.push(format!("  {}{dots}", &part[..end.unwrap_or(part.len())]));
            }
        }
        self.lines(label, indent, &lines);
    }
}
