//! What a tab keeps and a link holds: it is read back as it was written, it is short, and text that
//! is no session is refused in words.

use playground::base::prng::Prng;
use playground::base::time::Span;
use playground::cluster::input::Input;
use playground::config::Config;
use playground::session::save::Extent;
use playground::session::{Action, BRANCHES_MAX, Session};

fn used() -> Session {
    let mut session = Session::new(Config { seed: 9, ..Config::default() }.with_machines(5), 0);
    session.apply(Action::Settle);
    session.apply(Action::Do(Input::power("node-b", false)));
    session.apply(Action::Forward(Span::minutes(2)));
    session.apply(Action::Edit("=web\n# 数".into()));
    session.apply(Action::Open("other.yaml".into(), "'quoted".into()));
    session
}

/// As text, without what only marks the moment.
fn text(session: &Session) -> String {
    session.save(Extent::Moment)
}

#[test]
fn what_was_written_is_read() {
    let session = used();
    let again = Session::load(&text(&session)).expect("what was saved can be loaded");
    assert!(again.same);
    assert_eq!(&*again.made_with, env!("CARGO_PKG_VERSION"));
    assert_eq!(text(&again.session), text(&session));
    assert_eq!(again.session.files(), session.files());
    assert_eq!(again.session.timeline().world().hash(), session.timeline().world().hash());
}

#[test]
fn unedited_examples_are_named() {
    let session = Session::default();
    let text = text(&session);
    assert!(text.len() < 100, "{text}");
    assert!(Session::load(&text).is_ok_and(|it| it.session.files() == session.files()));
}

#[test]
fn from_the_beginning_and_manifests_only() {
    let session = used();
    let start = Session::load(&session.save(Extent::Start)).expect("it can be loaded").session;
    assert_eq!(start.timeline().now().0, 0);
    assert_eq!(start.timeline().journal(), session.timeline().journal());
    let bare = Session::load(&session.save(Extent::Manifests)).expect("it can be loaded").session;
    assert_eq!(bare.timeline().journal().len(), 1);
    assert_eq!(bare.file().text, session.file().text);
}

#[test]
fn a_changed_text_is_refused_or_read_but_never_more() {
    let text = text(&used());
    let mut prng = Prng::new(3);
    for _ in 0..300 {
        let mut bytes = text.clone().into_bytes();
        let at = prng.below(bytes.len() as u64) as usize;
        match prng.below(3) {
            0 => bytes.truncate(at),
            1 => bytes[at] = b' ' + prng.below(90) as u8,
            _ => drop(bytes.remove(at)),
        }
        let Ok(text) = String::from_utf8(bytes) else { continue };
        if let Err(why) = Session::load(&text) {
            assert!(!why.is_empty());
        }
    }
    for text in [
        "",
        "{",
        "[]",
        "{\"v\":\"1\",\"t\":[],\"j\":[{\"at\":0,\"input\":{\"Apply\":{\"text\":\"0\"}}}]}",
    ] {
        assert!(Session::load(text).is_err(), "{text}");
    }
}

#[test]
fn acting_in_the_past_keeps_the_future_that_was() {
    let mut session = Session::default();
    session.apply(Action::Settle);
    let settled = session.timeline().now();
    session.apply(Action::Do(Input::power("node-b", false)));
    session.apply(Action::Forward(Span::minutes(10)));
    let (first, end) = (session.timeline().world().hash(), session.timeline().now());

    session.apply(Action::Seek(settled));
    assert!(session.others().is_empty(), "moving about in time begins no branch");
    session.apply(Action::Do(Input::power("node-c", false)));
    assert_eq!((session.number(), session.others().len()), (2, 1));
    assert_eq!(&**session.label(), "poweroff node-c");
    session.apply(Action::Compare(Some(1)));
    session.apply(Action::Forward(Span::minutes(10)));
    let beside = session.beside().expect("the first is shown beside it");
    assert_eq!(beside.timeline().now(), session.timeline().now());
    assert_ne!(beside.timeline().world().hash(), session.timeline().world().hash());

    session.apply(Action::Seek(end));
    session.apply(Action::Branch(1));
    assert_eq!((session.number(), session.compared()), (1, Some(2)));
    assert_eq!(session.timeline().world().hash(), first);
    let again = Session::load(&text(&session)).expect("it can be loaded").session;
    assert_eq!(again.others().len(), 1);
    assert_eq!(again.timeline().world().hash(), first);

    session.apply(Action::Undo);
    assert!(session.others().is_empty(), "undo takes the branch back");
}

#[test]
fn eight_branches_at_most() {
    let mut session = Session::default();
    session.apply(Action::Settle);
    let settled = session.timeline().now();
    for n in 0..12 {
        session.apply(Action::Seek(settled));
        session.apply(Action::Do(Input::Scale {
            namespace: "default".into(),
            name: "web".into(),
            replicas: 3 + n,
        }));
        session.apply(Action::Forward(Span::minutes(1)));
    }
    assert_eq!(session.others().len(), BRANCHES_MAX);
    assert_eq!(session.number(), 12);
    assert!(session.others().iter().all(|one| one.number != 1));
}
