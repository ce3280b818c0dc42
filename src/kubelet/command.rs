//! When and how a container ends by itself.
//!
//! Words in its image's name say so first: `crash` ends at once with code 1, `exit0` and `exit1`
//! after `Timing::run_time`. Then its command does, as far as it is made of `sleep`, `exit`,
//! `true`, `false` and commands that only say or prepare something, alone or in a shell
//! (`sh -c "echo hello; sleep 5; exit 1"`). What else is run goes on for ever, except in init
//! containers and in Pods of Jobs, which are there to come to an end: those end well after
//! `run_time`.
//!
//! Not here: loops, conditions, pipes and jobs in the background; what they run is not known.

use crate::api::core::container::Container as Spec;
use crate::api::core::pod::Pod;
use crate::base::time::{SimTime, Span};
use crate::client::node_plane::NodePlane;

/// Commands that take no time and succeed.
const QUICK: &[&str] = &[
    "", "#", ":", "true", "echo", "printf", "date", "cat", "ls", "pwd", "env", "id", "hostname",
    "uname", "whoami", "set", "export", "cd", "mkdir", "touch", "chmod", "chown", "rm", "cp",
];

/// When and with which code a container that starts now ends by itself; `None` if it does not.
pub(super) fn own_end(
    cx: &NodePlane<'_>,
    pod: &Pod,
    spec: &Spec,
    init: bool,
) -> Option<(SimTime, i32)> {
    let (now, image) = (cx.now, &spec.image);
    let told = pod.meta.annotations.get(&cx.config.replay.run_time);
    let told = told.and_then(|seconds| seconds.parse().ok()).map(Span::seconds);
    let later = now + told.unwrap_or(cx.config.timing.run_time);
    let of_job = pod.meta.controller_of().is_some_and(|owner| &*owner.kind == "Job");
    let words: Vec<&str> = spec.command.iter().chain(&spec.args).map(|word| &**word).collect();
    match run(&words) {
        _ if image.contains("crash") => Some((now, 1)),
        _ if image.contains("exit1") => Some((later, 1)),
        _ if image.contains("exit0") => Some((later, 0)),
        Some((span, code)) if !words.is_empty() => Some((now + span, code)),
        _ if (init || of_job) && !image.contains("neverready") => Some((later, 0)),
        _ => None,
    }
}

/// How long a command runs, and its code; `None` if nobody knows.
fn run(words: &[&str]) -> Option<(Span, i32)> {
    let name = |word: &&str| word.rsplit('/').next().unwrap_or("").to_string();
    let first = words.first().map(name).unwrap_or_default();
    if matches!(&*first, "sh" | "bash" | "ash" | "dash") {
        let flag = words.iter().position(|word| word.starts_with('-') && word.contains('c'))?;
        return script(words.get(flag + 1)?, words[flag].contains('e'));
    }
    match (&*first, &words[1.min(words.len())..]) {
        ("sleep", times) => {
            let spans: Option<Vec<u64>> = times.iter().map(|time| seconds(time)).collect();
            Some((Span::seconds(spans?.into_iter().sum()), 0))
        }
        ("false", _) => Some((Span::ZERO, 1)),
        ("exit", []) => Some((Span::ZERO, 0)),
        ("exit", [code, ..]) => Some((Span::ZERO, code.parse().ok()?)),
        (quick, _) if QUICK.contains(&quick) => Some((Span::ZERO, 0)),
        // A variable is set.
        (_, []) if words.first().is_some_and(|word| word.contains('=')) => Some((Span::ZERO, 0)),
        _ => None,
    }
}

/// `5`, `5s`, `1m`, `2h`, `1d`.
fn seconds(time: &str) -> Option<u64> {
    let units = [("s", 1), ("m", 60), ("h", 3600), ("d", 86400)];
    let unit = units.iter().find_map(|(unit, span)| Some((time.strip_suffix(unit)?, *span)));
    let (number, span) = unit.unwrap_or((time, 1));
    number.parse::<u32>().ok().map(|number| u64::from(number) * span)
}

/// A script of commands one after the other; a `strict` one ends when one fails.
fn script(text: &str, mut strict: bool) -> Option<(Span, i32)> {
    let (mut total, mut code) = (Span::ZERO, 0);
    for (only_after_success, command) in commands(text)? {
        if only_after_success && code != 0 {
            continue;
        }
        let words = shlex::split(&command)?;
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (span, result) = run(&words)?;
        (total, code) = (Span(total.0 + span.0), result);
        let first = words.first().copied().unwrap_or("");
        strict |= first == "set" && words.iter().any(|w| w.starts_with('-') && w.contains('e'));
        if first == "exit" || strict && code != 0 {
            break;
        }
    }
    Some((total, code))
}

/// The commands of a script, and whether each runs only if the one before it succeeded; `None`
/// if it has more than that.
fn commands(text: &str) -> Option<Vec<(bool, String)>> {
    let (mut out, mut command, mut quote, mut depth) = (Vec::new(), String::new(), None, 0);
    let (mut after_success, mut letters) = (false, text.chars().peekable());
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        let plain = quote.is_none() && depth == 0;
        let and = plain && letter == '&' && letters.peek() == Some(&'&');
        match letter {
            '\'' | '"' if quote.is_none() => quote = Some(letter),
            '\'' | '"' if quote == Some(letter) => quote = None,
            '(' if before == '$' || depth > 0 => depth += 1,
            ')' if depth > 0 => depth -= 1,
            '|' | '(' | '`' | '{' if plain && before != '$' => return None,
            '&' if plain && !and && before != '>' => return None,
            _ => {}
        }
        before = letter;
        if and || plain && matches!(letter, ';' | '\n') {
            letters.next_if(|next| and && *next == '&');
            out.push((after_success, std::mem::take(&mut command)));
            after_success = and;
        } else {
            command.push(letter);
        }
    }
    out.push((after_success, command));
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_end_when_they_say() {
        /// A command, and after how many seconds and with which code it ends.
        type Case<'c> = (&'c [&'c str], Option<(u64, i32)>);
        let ends: &[Case<'_>] = &[
            (&["sleep", "30"], Some((30, 0))),
            (&["sleep", "infinity"], None),
            (&["/bin/true"], Some((0, 0))),
            (&["/bin/sh", "-c", "echo hello > /data/x; sleep 1m && exit 3"], Some((60, 3))),
            (&["bash", "-ec", "false\nsleep 5"], Some((0, 1))),
            (&["sh", "-c", "set -e; false; sleep 5"], Some((0, 1))),
            (&["sh", "-c", "false && sleep 5"], Some((0, 1))),
            (&["sh", "-c", "echo \"a; b | c\" $(date; ls)"], Some((0, 0))),
            (&["sh", "-c", "while true; do sleep 1; done"], None),
            (&["sh", "-c", "[[ $HOSTNAME =~ -0 ]] || exit 1"], None),
            (&["sh", "-c", "nginx -g 'daemon off;'"], None),
            (&["perl", "-wle", "print bpi(2000)"], None),
        ];
        for (words, end) in ends {
            let end = end.map(|(seconds, code)| (Span::seconds(seconds), code));
            assert_eq!(run(words), end, "{words:?}");
        }
    }
}
