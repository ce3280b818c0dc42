//! Every language says everything: each dictionary of static/ has an entry for each word of the
//! page, each wait, each way out, each fault, and each sentence of the scripts beside the page;
//! with the same places, and nothing that nobody says.

use playground::explain::{AROUND, INCIDENTS, OUTCOMES, TEMPLATES, WAYS};
use playground::infra::fault::WORDS;
use playground::session::examples::EXAMPLES;
use playground::view::{Lang, Word};
use std::collections::{BTreeMap, BTreeSet};

const CHINESE: &str = include_str!("../static/zh-CN.json");
const SCRIPTS: [&str; 4] = [
    include_str!("../static/boot.js"),
    include_str!("../static/parts.js"),
    include_str!("../static/share.js"),
    include_str!("../static/tools.js"),
];

fn dictionary() -> BTreeMap<String, String> {
    serde_json::from_str(CHINESE).expect("the dictionary is JSON: English to the other language")
}

/// What scripts say: `say("...")`.
fn said() -> impl Iterator<Item = &'static str> {
    let parts = SCRIPTS.iter().flat_map(|script| script.split("say(\"").skip(1));
    parts.filter_map(|part| part.split_once('"')).map(|(text, _)| text)
}

/// Sentences that are made in the program and known again by the dictionary, `~` before them: each
/// piece between places stands in a source.
fn made_somewhere(sentence: &str, sources: &str) -> bool {
    sentence.split("{}").all(|piece| sources.contains(piece.trim()))
}

/// All sources, with strings that are broken over lines as they are read, and names in places gone.
fn sources() -> String {
    let mut folders = vec![std::path::PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))];
    let mut all = String::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the sources").flatten() {
            match entry.file_type().expect("a type").is_dir() {
                true => folders.push(entry.path()),
                false => all.push_str(&std::fs::read_to_string(entry.path()).expect("text")),
            }
        }
    }
    let mut lines = all.lines();
    let mut out = String::new();
    while let Some(line) = lines.next() {
        let mut line = line.to_string();
        while line.ends_with('\\') {
            line.pop();
            line.push_str(lines.next().unwrap_or_default().trim_start());
        }
        out.push_str(&line.replace("\\\"", "\""));
        out.push('\n');
    }
    out
}

#[test]
fn n_1_sentences_of_the_program_are_known_again() {
    let sources = sources();
    for (english, _) in dictionary() {
        let Some(made) = english.strip_prefix('~') else { continue };
        assert!(made_somewhere(made, &sources), "nobody says this any more: {made:?}");
    }
    let lang = Lang::new("zh-CN", &lines());
    for (english, other) in [
        ("taken back: apply web.yaml", "已撤销：apply web.yaml"),
        ("did you mean \"replicas\"?", "你是指 \"replicas\" 吗？"),
        (
            "YAML reads yes as true or false: write \"yes\"",
            "YAML 会把 yes 读成 true 或 false：请写成 \"yes\"",
        ),
        ("no pods found", "no pods found"),
    ] {
        assert_eq!(lang.told(english), other);
    }
}

/// The dictionary as boot.js hands it over.
fn lines() -> String {
    let pairs = dictionary().into_iter().map(|(english, other)| format!("{english}\t{other}"));
    pairs.collect::<Vec<_>>().join("\n")
}

/// Words and fields that are explained.
#[test]
fn i_2_every_fact_is_explained_in_both_languages() {
    let glossary: serde_json::Value =
        serde_json::from_str(include_str!("../static/glossary.json")).expect("JSON");
    let facts = Word::ALL.iter().filter(|word| format!("{word:?}").starts_with("Fact"));
    let aside = ["FactsNow", "FactsAttachments"];
    for word in facts.filter(|word| !aside.contains(&&*format!("{word:?}"))) {
        assert!(glossary["terms"][word.en()].is_array(), "add to static/glossary.json: {word:?}");
    }
    for (group, least) in [("terms", 3), ("fields", 2)] {
        for (name, entry) in glossary[group].as_object().expect("a table") {
            let entry = entry.as_array().expect("sentences");
            let texts: Vec<&str> = entry.iter().filter_map(|text| text.as_str()).collect();
            assert!(texts.len() >= least && texts.len() == entry.len(), "{name}");
            assert!(texts[0].is_ascii() && texts[0].ends_with('.'), "{name}");
            assert!(!texts[1].is_ascii() && texts[1].ends_with('。'), "{name}");
        }
    }
}

fn everything() -> BTreeSet<&'static str> {
    let words = Word::ALL.iter().map(|word| word.en());
    let waits = [TEMPLATES, AROUND, INCIDENTS, &OUTCOMES[..]].concat();
    let faults = WORDS.iter().map(|word| word.says);
    let ways = WAYS.iter().flatten().copied();
    let titles = EXAMPLES.iter().map(|example| example.title);
    words.chain(waits).chain(faults).chain(ways).chain(titles).chain(said()).collect()
}

/// `{node}`, `{}`, sorted; and how many stars.
fn places(text: &str) -> (Vec<&str>, usize) {
    let ends = text.split('{').skip(1).filter_map(|part| part.split_once('}'));
    let mut names: Vec<&str> = ends.map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    (names, text.matches('*').count())
}

#[test]
fn n_1_nothing_is_missing_and_nothing_is_idle() {
    let (dictionary, all) = (dictionary(), everything());
    let missing: Vec<_> = all.iter().filter(|text| !dictionary.contains_key(**text)).collect();
    assert!(missing.is_empty(), "add these to static/zh-CN.json: {missing:#?}");
    let mut idle: Vec<_> = dictionary.keys().filter(|text| !all.contains(text.as_str())).collect();
    idle.retain(|text| !text.starts_with('~'));
    assert!(idle.is_empty(), "nobody says these any more: {idle:#?}");
}

#[test]
fn n_1_places_are_the_same() {
    for (english, other) in dictionary() {
        if english != "zh-CN" {
            assert_eq!(places(&english), places(&other), "{english:?}: {other:?}");
        }
        assert!(!english.contains(['\t', '\n']) && !other.contains(['\t', '\n']), "{english:?}");
    }
}

#[test]
fn a_language_is_a_dictionary_and_english_the_rest() {
    let lang = Lang::new("zh-CN", "Ready\tR\nUndo: {what}\t撤销：{what}");
    assert_eq!((lang.code(), lang.tr("Ready"), lang.tr("Pending")), ("zh-CN", "R", "Pending"));
    assert_eq!(lang.fill(Word::UndoWhat, &[("what", "x")]), "撤销：x");
    assert_eq!(Lang::new("en", "").code(), "en");
}
