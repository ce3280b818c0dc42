//! The statements about what the page is like to use, each by its id, and the tests that hold it:
//! tests/ids.txt, written from the names of the tests (`UPDATE=1`). A test names its statements at
//! the head of its name, or stands in `ALSO`; a statement without a test stands in `NOT_YET` and
//! says why. A statement in neither fails.
//!
//! Not here: the statements themselves; lessons, messages and offline use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Letter, and the numbers of its statements.
const ALL: &[(&str, &[u32])] = &[
    ("G", &[1, 2, 3, 4, 5, 6]),
    ("L", &[1, 2, 3, 4, 5, 6, 7, 8]),
    ("P", &[1, 2]),
    ("V", &[1, 2, 3, 4]),
    ("M", &[1, 2, 3, 4]),
    ("W", &[1, 2, 3, 4, 5, 6, 7]),
    ("T", &[1, 2, 3, 4, 5, 6, 7]),
    ("I", &[1, 2]),
    ("S", &[1, 2, 3, 4, 5, 6, 7]),
    ("X", &[4, 6, 7]),
    ("N", &[1, 2, 3, 4, 5]),
    ("Y", &[1, 2, 3, 4, 5, 6, 7]),
    ("F", &[1, 2, 3, 4, 5, 6]),
    ("A", &[1, 2, 3, 4, 5, 6, 7]),
    ("K", &[1, 2, 3, 4, 5, 6, 7]),
];

/// Tests whose names say something else first.
const ALSO: &[(&str, &str)] = &[
    ("G-1", "the whole story"),
    ("G-2", "the_same_journal_plays_the_same_film"),
    ("G-3", "the_story_ends_as_it_always_did"),
    ("G-4", "what was done outlives a reload"),
    ("G-4", "undo_takes_back_whole_deeds"),
    ("G-5", "what_is_and_what_is_believed_stand_side_by_side"),
    ("G-5", "belief_and_truth_part_and_nobody_replaces"),
    ("G-6", "first visit"),
    ("V-2", "each_way_out_brings_the_same_name_and_volume_back"),
    ("V-2", "the whole story"),
    ("V-3", "one_plate_an_ordinal_on_the_stage"),
    ("V-3", "two_plates_of_one_ordinal_only_when_both_are_real"),
    ("V-4", "every_state_is_drawn_without_inline_style"),
    ("W-1", "swarm"),
    ("W-2", "the whole story"),
    ("W-3", "transcripts"),
    ("W-4", "transcripts"),
    ("W-4", "n_1_nothing_is_missing_and_nothing_is_idle"),
    ("W-5", "each_way_out_brings_the_same_name_and_volume_back"),
    ("T-1", "steps_lead_to_ready_in_order"),
    ("T-2", "seeking_is_playing"),
    ("T-2", "back_and_forth_comes_back_to_the_same_state"),
    ("T-4", "acting_in_the_past_keeps_the_future_that_was"),
    ("T-4", "eight_branches_at_most"),
    ("S-1", "what_was_written_is_read"),
    ("S-1", "a_changed_text_is_refused_or_read_but_never_more"),
    ("S-2", "unedited_examples_are_named"),
    ("X-4", "X-6 a frame that may only run scripts"),
    ("X-7", "X-6 a frame that may only run scripts"),
    ("N-1", "n_1_nothing_is_missing_and_nothing_is_idle"),
    ("N-2", "n_1_nothing_is_missing_and_nothing_is_idle"),
    ("Y-2", "what_is_wrong_is_said_by_line_and_the_text_stays"),
    ("Y-3", "a manifest with ${what}"),
    ("Y-7", "the_editor_knows_the_fields_of_the_tables"),
    ("F-1", "the document alone tells what is coming"),
    ("F-2", "after 8 s it says that it still loads"),
    ("K-1", "the article's session, word for word"),
    ("K-1", "transcripts_are_as_they_were"),
    ("K-2", "sessions"),
    ("K-2", "transcripts_are_as_they_were"),
    ("K-3", "sessions"),
    ("K-4", "one watches while another acts"),
    ("K-5", "keys of the line"),
    ("K-5", "several pasted lines are shown before they run"),
    ("K-6", "names in what was written pick the object"),
    ("K-7", "sessions"),
];

/// Statements that no test holds yet, or not all of them, and why.
const NOT_YET: &[(&str, &str)] = &[(
    "Y-4",
    "lost indentation is named with what to do; to put it back by the fields' places, shown as a \
     difference first, belongs to the repair of broken pastes",
)];

/// Statements of which one figure is another one for a reason that stays.
const OTHERWISE: &[(&str, &str)] = &[(
    "G-1",
    "2 ordinals, not 3: the first visit shows the article's manifest exactly as it stands, and it \
     asks for 2 replicas",
)];

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("").to_string();
        if path.is_dir() && name != "node_modules" && name != "shots" {
            files(&path, out);
        } else if name.ends_with(".rs") || name.ends_with(".test.mjs") {
            out.push(path);
        }
    }
}

/// Names of tests in a Rust file: the functions that follow `#[test]`.
fn rust_tests(text: &str) -> Vec<String> {
    let after = text.split("#[test]\n").skip(1);
    let name = |part: &str| Some(part.split_once("fn ")?.1.split_once('(')?.0.to_string());
    after.filter_map(name).collect()
}

/// Names of tests in a browser test file: the first argument of what makes them.
fn browser_tests(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    for maker in ["story(", "stories(", "test(", "broken("] {
        for (at, _) in text.match_indices(maker) {
            let before = text[..at].chars().next_back();
            let rest = text[at + maker.len()..].trim_start();
            let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '`')) else {
                continue;
            };
            if before.is_none_or(|c| c.is_whitespace())
                && let Some((name, _)) = rest[1..].split_once(quote)
            {
                out.push(name.to_string());
            }
        }
    }
    out
}

fn ids_in(name: &str) -> Vec<String> {
    let is_id = |word: &&str| {
        word.split_once('-').is_some_and(|(letter, number)| {
            letter.len() == 1
                && letter.chars().all(|c| c.is_ascii_uppercase())
                && !number.is_empty()
                && number.chars().all(|c| c.is_ascii_digit())
        })
    };
    // In Rust a name is one word: p_1_the_figure_stands_in_the_tables.
    let mut parts = name.split('_');
    let one = [parts.next(), parts.next()].map(|part| part.unwrap_or("").to_uppercase()).join("-");
    let first = Some(&*one).filter(|one| is_id(one)).map(String::from);
    first.into_iter().chain(name.split(' ').take_while(is_id).map(String::from)).collect()
}

#[test]
fn every_statement_has_a_test_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let (mut paths, mut tests) = (Vec::new(), BTreeMap::new());
    files(&root, &mut paths);
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let names = match path.extension().is_some_and(|ext| ext == "rs") {
            true => rust_tests(&text),
            false => browser_tests(&text),
        };
        let file = path.strip_prefix(&root).map_or(String::new(), |p| p.display().to_string());
        tests.extend(names.into_iter().map(|name| (name, file.clone())));
    }
    let mut held: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut hold = |id: &str, name: &str, file: &str| {
        held.entry(id.to_string()).or_default().insert(format!("{file}: {name}"));
    };
    for (name, file) in &tests {
        ids_in(name).iter().for_each(|id| hold(id, name, file));
    }
    for (id, name) in ALSO {
        let file = tests.get(*name);
        assert!(file.is_some(), "there is no test {name:?}; it should hold {id}");
        hold(id, name, file.map_or("", |file| file));
    }
    let mut table = String::new();
    for (letter, numbers) in ALL {
        for number in *numbers {
            let id = format!("{letter}-{number}");
            let reason = NOT_YET.iter().find(|(of, _)| *of == id).map(|(_, why)| *why);
            match (held.get(&id), reason) {
                (Some(tests), why) => {
                    tests.iter().for_each(|test| table.push_str(&format!("{id:5} {test}\n")));
                    if let Some(why) = why {
                        table.push_str(&format!("{id:5} in part, not yet: {why}\n"));
                    }
                    if let Some((_, why)) = OTHERWISE.iter().find(|(of, _)| *of == id) {
                        table.push_str(&format!("{id:5} otherwise: {why}\n"));
                    }
                }
                (None, Some(why)) => table.push_str(&format!("{id:5} not yet: {why}\n")),
                (None, None) => panic!("{id} has neither a test nor a reason"),
            }
        }
    }
    let path = root.join("ids.txt");
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(&path, &table).expect("the file can be written");
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(there, table, "UPDATE=1 cargo test --test ids writes it anew");
}
