//! Time travel is exact: the same journal plays the same film, and any moment sought is the
//! moment played through.

use playground::base::prng::Prng;
use playground::base::time::{SimTime, Span};
use playground::config::Config;
use playground::session::save::Extent;
use playground::session::{Action, Session};
use playground::timeline::{Entry, Progress, Timeline};

#[path = "golden/story.rs"]
mod story;
use story::{HASH, apply, play, power, story};

#[test]
fn the_same_journal_plays_the_same_film() {
    let (one, two) = (play(story(), 1500), play(story(), 1500));
    assert_eq!(one.world().hash(), two.world().hash());
    let other = play(vec![Entry { at: 0, input: apply(1) }], 1500);
    assert_ne!(one.world().hash(), other.world().hash());
}

#[test]
fn the_story_ends_as_it_always_did() {
    let hash = play(story(), 1500).world().hash().to_string();
    if std::env::var("UPDATE").is_ok() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/story.hash");
        std::fs::write(path, &hash).expect("the file can be written");
        return;
    }
    assert_eq!(hash, HASH, "UPDATE=1 writes it anew; the wasm build is held to the same number");
}

#[test]
fn seeking_is_playing() {
    let whole = play(story(), 1500);
    let mut prng = Prng::new(7);
    let mut sought = whole.clone();
    for _ in 0..40 {
        let at = prng.below(1500);
        sought.seek(SimTime(at * 1000));
        let played = play(story(), at);
        assert_eq!(sought.world().hash(), played.world().hash(), "at {at} s");
    }
    sought.seek(SimTime(1500 * 1000));
    assert_eq!(sought.world().hash(), whole.world().hash());
}

#[test]
fn back_and_forth_comes_back_to_the_same_state() {
    let mut timeline = Timeline::new(Config::default(), vec![]);
    assert!(!timeline.act(apply(0)).refused);
    let mut hashes = vec![timeline.world().hash()];
    for _ in 0..12 {
        assert_eq!(timeline.step(100_000), Progress::Done);
        hashes.push(timeline.world().hash());
    }
    for expected in hashes.iter().rev().skip(1) {
        assert!(timeline.step_back());
        assert_eq!(timeline.world().hash(), *expected);
    }
    for expected in hashes.iter().skip(1) {
        assert_eq!(timeline.step(100_000), Progress::Done);
        assert_eq!(timeline.world().hash(), *expected);
    }
}

#[test]
fn acting_in_the_past_begins_another_future() {
    let mut timeline = play(story(), 1500);
    timeline.seek(SimTime(100_000));
    assert!(timeline.is_past());
    assert!(!timeline.act(power("node-c", false)).refused);
    assert!(!timeline.is_past());
    assert_eq!(timeline.journal().len(), 2);
    timeline.run_until(SimTime(900_000), 10_000_000);
    let entry = |at: u64, input| Entry { at: at * 1000, input };
    let same = play(vec![entry(0, apply(0)), entry(100, power("node-c", false))], 900);
    assert_eq!(timeline.world().hash(), same.world().hash());
}

#[test]
fn a_refused_input_changes_nothing() {
    let mut timeline = play(story(), 60);
    timeline.seek(SimTime(30_000));
    let (before, journal) = (timeline.world().hash(), timeline.journal().len());
    let outcome = timeline.act(power("node-z", false));
    assert!(outcome.refused);
    let said = "there is no machine \"node-z\"; there are: node-a, node-b, node-c";
    assert_eq!(outcome.lines, [said]);
    assert_eq!((timeline.world().hash(), timeline.journal().len()), (before, journal));
    assert!(timeline.is_past());
}

#[test]
fn a_reload_loses_nothing() {
    let mut session = Session::default();
    session.apply(Action::Settle);
    session.apply(Action::Do(power("node-b", false)));
    session.apply(Action::Forward(Span::minutes(2)));
    session.apply(Action::Edit("# half a thought".into()));
    let again = session.save(Extent::Moment);
    let again = Session::load(&again).expect("what was saved can be loaded");
    assert!(again.same);
    let again = again.session;
    assert_eq!(again.timeline().world().hash(), session.timeline().world().hash());
    assert_eq!(again.files(), session.files());
    assert!(Session::load("{").is_err());
}

#[test]
fn undo_takes_back_whole_deeds() {
    let mut session = Session::default();
    session.apply(Action::Settle);
    let (before, now) = (session.timeline().world().hash(), session.timeline().now());
    session.apply(Action::Do(power("node-b", false)));
    session.apply(Action::Forward(Span::minutes(10)));
    assert_eq!(session.undo_label().map(|label| &**label), Some("poweroff node-b"));
    session.apply(Action::Undo);
    assert_eq!((session.timeline().world().hash(), session.timeline().now()), (before, now));
    assert_eq!(session.undo_label(), None);
}

/// Work in pieces may stop between the wakes of one instant, and somebody may act then.
#[test]
fn a_deed_between_two_pieces_of_work_is_played_again_as_it_was() {
    for budget in 1..60 {
        let mut timeline = Timeline::new(Config::default(), vec![]);
        assert!(!timeline.act(apply(0)).refused);
        let (until, end) = (SimTime(10_000), 120);
        assert_eq!(timeline.run_until(until, budget), Progress::More);
        assert!(!timeline.act(power("node-b", false)).refused);
        let journal = timeline.journal().to_vec();
        assert_eq!(timeline.run_until(SimTime(end * 1000), 100_000), Progress::Done);
        let again = play(journal, end);
        assert_eq!(timeline.world().hash(), again.world().hash(), "after {budget} wakes");
    }
}
