//! What could stand where the cursor is.

use super::commands::{COMMANDS, Called, Command, find, verbs};
use super::running::Files;
use crate::api::kinds::{Kind, Object};
use crate::apiserver::ApiServer;

const OUTPUTS: &[&str] = &[
    "wide",
    "yaml",
    "json",
    "kyaml",
    "name",
    "jsonpath=",
    "jsonpath-file=",
    "go-template=",
    "custom-columns=",
];

/// What could stand in the place of the last of `words` (those after `kubectl`; the last one is
/// begun, perhaps empty): whole words, in order. Verbs, kinds, names, flags, files. Names are
/// those of the namespace that `-n` says, or else of `own`.
pub fn complete(words: &[String], own: &str, server: &ApiServer, files: &Files) -> Vec<String> {
    let after = |flag: &&str| words.windows(2).find(|pair| pair[0] == *flag).map(|p| &*p[1]);
    let namespace = ["-n", "--namespace"].iter().find_map(after).unwrap_or(own);
    let (last, before) = words.split_last().map_or(("", &[][..]), |(last, b)| (&**last, b));
    let begins = |all: Vec<String>| -> Vec<String> {
        let mut all: Vec<String> = all.into_iter().filter(|word| word.starts_with(last)).collect();
        all.sort();
        all.dedup();
        all
    };
    let texts = |all: &[&str]| all.iter().map(|word| word.to_string()).collect::<Vec<String>>();
    let called = find(before);
    match before.last().map(String::as_str) {
        Some("-f" | "--filename") => {
            return begins(files.iter().map(|(name, _)| name.to_string()).collect());
        }
        Some("-o" | "--output") => return begins(texts(OUTPUTS)),
        Some("-n" | "--namespace") => return begins(names(server, Kind::Namespace, "", "")),
        _ => {}
    }
    let (command, places) = match called {
        Called::Command(command, places) => (command, places),
        Called::Family(family, _) => {
            let inner = |name: &str| {
                let rest = match &*family {
                    "" => name,
                    family => name.strip_prefix(family)?.strip_prefix(' ')?,
                };
                rest.split(' ').next().map(str::to_string)
            };
            let below = COMMANDS.iter().filter_map(|command| inner(command.name));
            return begins(below.collect());
        }
        Called::Unknown(_) => return begins(texts(&verbs())),
    };
    if last.starts_with('-') {
        let flags = command.all_flags().into_iter();
        return begins(flags.map(|flag| format!("--{}", flag.name)).collect());
    }
    if let Some((kind, _)) = last.split_once('/') {
        let found = Kind::by_word(kind).into_iter();
        let all = found.flat_map(|found| names(server, found, namespace, &format!("{kind}/")));
        return begins(all.collect());
    }
    begins(below(command, &places, before, last, server, namespace))
}

/// Kinds, or names of the kind that stands there, or the other words of a family.
fn below(
    command: &Command,
    places: &[usize],
    before: &[String],
    last: &str,
    server: &ApiServer,
    namespace: &str,
) -> Vec<String> {
    let flags = command.all_flags();
    let words: Vec<&String> = before
        .iter()
        .enumerate()
        .filter(|(at, word)| {
            let value = *at > 0 && takes(&flags, &before[at - 1]);
            !places.contains(at) && !word.starts_with('-') && !value
        })
        .map(|(_, word)| word)
        .collect();
    if takes(&flags, before.last().map_or("", String::as_str)) {
        return Vec::new();
    }
    let path = words.iter().fold(command.name.to_string(), |path, word| format!("{path} {word}"));
    let inner: Vec<String> = COMMANDS
        .iter()
        .filter_map(|other| other.name.strip_prefix(&*path)?.strip_prefix(' '))
        .map(|rest| rest.split(' ').next().unwrap_or("").to_string())
        .collect();
    let fixed = match command.name {
        "cordon" | "uncordon" | "drain" => Some(Kind::Node),
        "exec" | "logs" | "attach" | "port-forward" => Some(Kind::Pod),
        _ => None,
    };
    match (fixed, words.first()) {
        (None, _) if !inner.is_empty() => inner,
        (Some(kind), _) => names(server, kind, namespace, ""),
        (None, None) => {
            let plural = |kind: &Kind| kind.info().plural.to_string();
            let mut all: Vec<String> = Kind::ALL.iter().map(plural).collect();
            let short = Kind::ALL.iter().flat_map(|kind| kind.info().short);
            all.extend(short.filter(|_| !last.is_empty()).map(|word| word.to_string()));
            all
        }
        (None, Some(kind)) => {
            let kinds = kind.split(',').filter_map(Kind::by_word);
            kinds.flat_map(|kind| names(server, kind, namespace, "")).collect()
        }
    }
}

/// Whether `word` is a flag that a value follows.
fn takes(flags: &[super::flags::Flag], word: &str) -> bool {
    let flag = flags.iter().find(|flag| {
        let short = flag.letter.is_some_and(|letter| *word == format!("-{letter}"));
        word.strip_prefix("--") == Some(flag.name) || short
    });
    flag.is_some_and(|flag| flag.alone().is_none())
}

fn names(server: &ApiServer, kind: Kind, namespace: &str, prefix: &str) -> Vec<String> {
    let own = |object: &&Object| !kind.info().namespaced || *object.meta().namespace == *namespace;
    let all = server.store.list_objects(kind).filter(own);
    all.map(|object| format!("{prefix}{}", object.meta().name)).collect()
}
