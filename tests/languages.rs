//! Every language says everything: each dictionary of static/ has an entry for each word of the
//! page, each wait, each way out, each fault, and each sentence of the scripts beside the page;
//! with the same places, and nothing that nobody says.

use playground::explain::{AROUND, INCIDENTS, OUTCOMES, TEMPLATES, WAYS};
use playground::infra::fault::WORDS;
use playground::view::{Lang, Word};
use std::collections::{BTreeMap, BTreeSet};

const CHINESE: &str = include_str!("../static/zh-CN.json");
const SCRIPTS: [&str; 3] = [
    include_str!("../static/boot.js"),
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

fn everything() -> BTreeSet<&'static str> {
    let words = Word::ALL.iter().map(|word| word.en());
    let waits = [TEMPLATES, AROUND, INCIDENTS, &OUTCOMES[..]].concat();
    let faults = WORDS.iter().map(|word| word.says);
    let ways = WAYS.iter().flatten().copied();
    words.chain(waits).chain(faults).chain(ways).chain(said()).collect()
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
    let idle: Vec<_> = dictionary.keys().filter(|text| !all.contains(text.as_str())).collect();
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
