//! What is said of commands and flags that are not known, and short help.
//!
//! Not here: the long help of kubectl's commands.
//!
//! Upstream: github.com/spf13/cobra/command.go (suggestions),
//! staging/src/k8s.io/kubectl/pkg/util/templates/templater.go (flag errors)

use super::commands::{COMMANDS, Command, verbs};
use super::cx::Failure;
use super::flags::Flag;
use crate::api::manifest::hints::nearest;

/// Letters to be added, removed or changed, as cobra counts them.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.to_lowercase().chars().collect();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.to_lowercase().chars().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let change = last[j] + usize::from(x != *y);
            row.push(change.min(last[j + 1] + 1).min(row[j] + 1));
        }
        last = row;
    }
    last[b.len()]
}

/// What is said of a first word that is no command.
pub fn unknown(word: &str) -> Failure {
    let lower = word.to_lowercase();
    let near: Vec<&str> = verbs()
        .into_iter()
        .filter(|verb| distance(word, verb) <= 2 || verb.starts_with(&lower))
        .collect();
    let mut text = format!("unknown command {word:?} for \"kubectl\"");
    if !near.is_empty() {
        text.push_str("\n\nDid you mean this?");
        near.iter().for_each(|verb| text.push_str(&format!("\n\t{verb}")));
    }
    let hint = match near.is_empty() {
        true => format!("The commands here: {}", verbs().join(", ")),
        false => String::new(),
    };
    Failure::new(text).hint(hint)
}

/// What is said of a command that needs another word.
pub fn family(name: &str, word: Option<&str>) -> Failure {
    let below =
        |command: &&Command| name.is_empty() || command.name.starts_with(&format!("{name} "));
    let mut names: Vec<&str> = COMMANDS
        .iter()
        .filter(below)
        .map(|command| match name {
            "" => command.name.split(' ').next().unwrap_or(""),
            _ => command.name,
        })
        .collect();
    names.dedup();
    let last = |name: &&&str| name.rsplit(' ').next().unwrap_or("").to_string();
    let known: Vec<String> = names.iter().map(|name| last(&name)).collect();
    let Some(word) = word else {
        let usage = Failure::raw(match name {
            "" => "kubectl controls the Kubernetes cluster manager.".to_string(),
            name => format!("Usage:\n  kubectl {name} [flags] [options]"),
        });
        let hint = format!("The commands here: {}", names.join(", "));
        return Failure { code: 0, ..usage.hint(hint) };
    };
    let hint = match nearest(word, known.iter().map(String::as_str)) {
        Some(near) => format!("Did you mean kubectl {name} {near}?"),
        None => format!("The commands here: {}", names.join(", ")),
    };
    Failure::usage(format!("unknown command {word:?}"), name).hint(hint)
}

/// What is said of a flag that cannot be read.
pub fn flag(command: &Command, known: &[Flag], why: &str) -> Failure {
    let text = format!("{why}\nSee 'kubectl {} --help' for usage.", command.name);
    let name = why.strip_prefix("unknown flag: --");
    let near = name.and_then(|name| nearest(name, known.iter().map(|flag| flag.name)));
    let hint = match (name, near) {
        (Some(_), Some(near)) => format!("Did you mean --{near}?"),
        (Some(_), None) => usage(command).hint,
        _ => String::new(),
    };
    Failure::new(text).hint(hint)
}

/// The flags of a command, in the simulator's voice.
pub fn usage(command: &Command) -> Failure {
    let own = super::flags::flags(command.flags);
    let names: Vec<String> = own.iter().map(|flag| format!("--{}", flag.name)).collect();
    let list = match names.is_empty() {
        true => "no flags of its own".to_string(),
        false => names.join(" "),
    };
    let hint = format!("kubectl {}: {list}", command.name);
    Failure { code: 0, ..Failure::raw("").hint(hint) }
}
