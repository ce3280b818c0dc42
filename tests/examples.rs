//! The examples that are no manifests of others: what is broken on purpose says so step by step
//! and can be mended, and what is blank is blank.
//!
//! Not here: how an empty editor offers them (tests/browser); the manifests of others
//! (tests/screens.rs).

use playground::config::Config;
use playground::session::examples::EXAMPLES;
use playground::session::save::Extent;
use playground::session::{Action, Session};
use playground::view::read::{self, Found, Kept, Show};
use playground::view::{Lang, Screen, plain};

fn screen(session: &Session) -> Screen {
    let show = Show::first(Lang::En);
    read::screen(session, show, &Found::of(session, Lang::En), &mut Kept::default())
}

fn number(id: &str) -> usize {
    EXAMPLES.iter().position(|example| example.id == id).expect("it is on offer")
}

/// Settles; the sentence below the figure holds `words`.
fn says(session: &mut Session, words: &str) {
    session.apply(Action::Settle);
    while session.is_busy() {
        session.apply(Action::Frame(16));
    }
    let text = plain(&screen(session).because.text);
    assert!(text.contains(words), "{words:?}: {text:?}");
}

fn apply(session: &mut Session, text: &str) {
    session.apply(Action::Edit(text.into()));
    session.apply(Action::Apply);
    assert!(!screen(session).editor.can_apply, "it was applied");
}

#[test]
fn f_4_what_is_broken_on_purpose_is_mended_one_cause_after_another() {
    let mut session = Session::default();
    session.apply(Action::Example(number("broken")));
    let seen = screen(&session);
    assert!(!seen.editor.broken && &*seen.title == "Broken on purpose");
    says(&mut session, "there is no StorageClass fast");
    let class = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata:\n  name: fast\n\
                 provisioner: block.example.com\n---\n";
    let broken = session.file().text.clone();
    apply(&mut session, &[class, &*broken].concat());
    says(&mut session, "3 node(s) didn't match Pod's node affinity/selector");
    let mended = broken.replace("      nodeSelector:\n        disk: ssd\n", "");
    apply(&mut session, &mended);
    says(&mut session, "3 Insufficient cpu");
    apply(&mut session, &mended.replace("\"64\"", "100m"));
    says(&mut session, "3 of 3 Pods are Ready");
}

#[test]
fn f_4_blank_is_a_cluster_in_which_nothing_was_done() {
    let mut session = Session::default();
    session.apply(Action::Example(number("blank")));
    let seen = screen(&session);
    assert_eq!((&*seen.title, &*seen.editor.text), ("Blank", ""));
    assert!(seen.stage.heads.is_empty() && session.timeline().journal().is_empty());
    session.apply(Action::Undo);
    assert_eq!(&*screen(&session).title, "Web (nginx)");
    let linked = Session::new(Config::default(), number("blank"));
    assert!(linked.timeline().journal().is_empty() && linked.file().text.is_empty());
    let kept = Session::load(&linked.save(Extent::Moment));
    assert!(kept.is_ok_and(|it| it.session.files() == linked.files()));
}
