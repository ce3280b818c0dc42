//! What recorded commands printed, and comparing it: `kubectl.txt` of a scenario.
//!
//! A text is kept as it is compared (see `masks`), each line once in a file: `$ time end action
//! code command`, then of its standard output `+line`, `=first` or `=first-last` (lines that
//! stood there before, by number) and of its standard error `!line`. The action is the number of
//! the command among the actions; `-` for one that only reads, `w` for one that watched from the
//! beginning on.

use super::compare::{Outcome, Score};
use super::drive::{Answer, Played};
use super::masks::{items, mask, mask_lines};
use super::scenario::Scenario;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// A recorded command and what it printed, masked.
#[derive(Clone, Debug)]
pub struct Typed {
    /// When it began, in milliseconds from the start.
    pub at: u64,
    /// When it had ended.
    pub end: u64,
    /// Its number among the actions, if it is one.
    pub action: Option<usize>,
    /// Whether it watched from the beginning on.
    pub watches: bool,
    /// The exit code.
    pub code: i64,
    /// The command.
    pub command: String,
    /// Standard output.
    pub stdout: Vec<String>,
    /// Standard error.
    pub stderr: Vec<String>,
}

/// Output, errors and exit code in a recorded text.
fn parts(text: &str) -> (String, String, i64) {
    let body = text.split_once('\n').map_or("", |(_, body)| body);
    let (body, code) = match body.rsplit_once("--- rc ") {
        Some((body, code)) => (body, code.trim().parse().unwrap_or(0)),
        None => (body, 0),
    };
    match body.split_once("--- stderr\n") {
        Some((out, err)) => (out.to_string(), err.to_string(), code),
        None => (body.to_string(), String::new(), code),
    }
}

/// The commands of a raw recording. `kept` tells an action's number if it is kept.
pub fn of_recording(
    folder: &Path,
    actions: &[Value],
    kept: impl Fn(usize) -> Option<usize>,
) -> Vec<Typed> {
    let mut out = Vec::new();
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
    for entry in std::fs::read_dir(folder.join("kubectl")).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(text) = read(&format!("kubectl/{name}")).filter(|_| name.starts_with("00-"))
        else {
            continue;
        };
        let first = text.lines().next().unwrap_or("");
        let Some(command) = first.strip_prefix("$ ").map(str::to_string) else { continue };
        let (stdout, stderr, _) = parts(&text);
        out.push(Typed {
            at: 0,
            end: 0,
            action: None,
            watches: true,
            code: 0,
            stdout: mask(&command, &stdout),
            stderr: mask_lines(&stderr),
            command,
        });
    }
    out.sort_by(|a, b| a.command.cmp(&b.command));
    for (number, action) in actions.iter().enumerate().filter(|(_, a)| a["kind"] == "kubectl") {
        let text = |key: &str| action[key].as_str().unwrap_or("").to_string();
        let (stdout, stderr, code) = match action["file"].as_str().and_then(read) {
            Some(text) => parts(&text),
            None => (text("stdout"), text("stderr"), 0),
        };
        let command = text("cmd");
        out.push(Typed {
            at: action["t_ms"].as_u64().unwrap_or(0),
            end: action["end_ms"].as_u64().unwrap_or(0),
            action: kept(number),
            watches: false,
            code: action["rc"].as_i64().unwrap_or(code),
            stdout: mask(&command, &stdout),
            stderr: mask_lines(&stderr),
            command,
        });
    }
    out
}

/// The text of `kubectl.txt`.
pub fn write(all: &[Typed]) -> String {
    let mut out = String::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for typed in all {
        let action = match (typed.watches, typed.action) {
            (true, _) => "w".to_string(),
            (_, Some(number)) => number.to_string(),
            _ => "-".to_string(),
        };
        let Typed { at, end, code, command, .. } = typed;
        out.push_str(&format!("$ {at} {end} {action} {code} {command}\n"));
        let mut run: Option<(usize, usize)> = None;
        let flush = |run: &mut Option<(usize, usize)>, out: &mut String| match run.take() {
            Some((from, to)) if from == to => out.push_str(&format!("={from}\n")),
            Some((from, to)) => out.push_str(&format!("={from}-{to}\n")),
            None => {}
        };
        for line in &typed.stdout {
            match (known.get(line).copied(), &mut run) {
                (Some(at), Some((_, to))) if at == *to + 1 => *to = at,
                (Some(at), _) => {
                    flush(&mut run, &mut out);
                    run = Some((at, at));
                }
                (None, _) => {
                    flush(&mut run, &mut out);
                    known.insert(line.clone(), known.len());
                    out.push_str(&format!("+{line}\n"));
                }
            }
        }
        flush(&mut run, &mut out);
        typed.stderr.iter().for_each(|line| out.push_str(&format!("!{line}\n")));
    }
    out
}

/// Reads `kubectl.txt`.
pub fn read(text: &str) -> Vec<Typed> {
    let mut out: Vec<Typed> = Vec::new();
    let mut known: Vec<String> = Vec::new();
    for line in text.lines() {
        if let Some(head) = line.strip_prefix("$ ") {
            let mut words = head.splitn(5, ' ');
            let mut next = || words.next().unwrap_or("").to_string();
            let (at, end, action, code) = (next(), next(), next(), next());
            out.push(Typed {
                at: at.parse().unwrap_or(0),
                end: end.parse().unwrap_or(0),
                action: action.parse().ok(),
                watches: action == "w",
                code: code.parse().unwrap_or(0),
                command: next(),
                stdout: Vec::new(),
                stderr: Vec::new(),
            });
            continue;
        }
        let Some(last) = out.last_mut() else { continue };
        match line.split_at_checked(1) {
            Some(("+", line)) => {
                known.push(line.to_string());
                last.stdout.push(line.to_string());
            }
            Some(("=", range)) => {
                let (from, to) = range.split_once('-').unwrap_or((range, range));
                let (from, to) = (from.parse().unwrap_or(0), to.parse().unwrap_or(0));
                last.stdout.extend(known.get(from..=to).into_iter().flatten().cloned());
            }
            Some(("!", line)) => last.stderr.push(line.to_string()),
            _ => {}
        }
    }
    out
}

/// What a typed command answered in the replay.
fn answer<'p>(played: &'p Played, number: usize, typed: &Typed) -> Option<&'p Answer> {
    match typed.action {
        Some(action) => played.answers.iter().find(|answer| answer.number == action),
        None => played.typed.iter().find(|answer| answer.number == number),
    }
}

/// Writes what each command printed in the replay into `folder`, one file a command, in the
/// recordings' form and by the name it has there; others are numbered.
pub fn write_files(scenario: &Scenario, played: &Played, folder: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let mut count = 0;
    for (number, typed) in scenario.typed.iter().enumerate() {
        let Some(answer) = answer(played, number, typed) else { continue };
        let action = typed.action.and_then(|action| scenario.actions.get(action));
        let file = action.and_then(|action| action["file"].as_str());
        let command = typed.command.trim_start_matches("kubectl ");
        let slug: String = command.replace([' ', '/'], "_").chars().take(80).collect();
        let own = if typed.watches {
            format!("00-{slug}.txt")
        } else {
            format!("command-{number:03}-{slug}.txt")
        };
        let name = file.map_or(own, |file| file.trim_start_matches("kubectl/").to_string());
        let mut text = format!("$ {}\n{}", typed.command, answer.stdout);
        if !answer.stderr.is_empty() {
            text.push_str(&format!("--- stderr\n{}", answer.stderr));
        }
        if answer.code != 0 {
            text.push_str(&format!("--- rc {}\n", answer.code));
        }
        std::fs::write(folder.join(name), text)?;
        count += 1;
    }
    Ok(count)
}

/// Compares what all commands printed.
pub fn compare(typed: &[Typed], played: &Played, outcome: &mut Outcome) {
    let mut score = Score::default();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, wanted) in typed.iter().enumerate() {
        let count = seen.entry(&wanted.command).or_default();
        *count += 1;
        let name = match *count {
            1 => format!("printed {}", wanted.command),
            n => format!("printed {} ({n})", wanted.command),
        };
        score.total += 1;
        let Some(got) = answer(played, number, wanted) else {
            outcome.differences.insert(name, "    was not played\n".to_string());
            continue;
        };
        let stdout = mask(&wanted.command, &got.stdout);
        let stderr = mask_lines(&got.stderr);
        let code = wanted.watches || wanted.code == got.code;
        if items(&stdout) == items(&wanted.stdout) && stderr == wanted.stderr && code {
            score.equal += 1;
            continue;
        }
        let mut text = String::new();
        if !code {
            text.push_str(&format!("    code {} expected, got {}\n", wanted.code, got.code));
        }
        for (what, wanted, got) in
            [("out", &wanted.stdout, &stdout), ("err", &wanted.stderr, &stderr)]
        {
            if wanted != got {
                text.push_str(&format!("    {what}:\n{}", difference(wanted, got)));
            }
        }
        outcome.differences.insert(name, text);
    }
    outcome.kubectl = score;
}

/// The lines that differ, with `-` and `+`.
fn difference(wanted: &[String], got: &[String]) -> String {
    let (wanted, got) = (wanted.join("\n") + "\n", got.join("\n") + "\n");
    let text = playground::kubectl::diff::unified(&wanted, &got);
    let lines = text.lines().filter(|line| line.starts_with(['-', '+', '@']));
    lines.take(30).map(|line| format!("      {line}\n")).collect()
}
