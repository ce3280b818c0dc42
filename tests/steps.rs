//! What a picture costs: how much of the cluster is read anew for it is counted, never timed. What
//! is kept from the picture before must not show: from nothing the same one is made.
//!
//! Not here: what a press does to the cluster (tests/inputs.rs), drawing.

#[path = "bench/machines.rs"]
mod machines;

use machines::cluster;
use playground::api::kinds::{Key, Kind, ObjectRef};
use playground::base::time::Span;
use playground::cluster::input::{Cascade, Input};
use playground::config::Config;
use playground::session::{Action, Session, examples::EXAMPLES};
use playground::view::read::{self, Found, Kept, Read, Show};
use playground::view::{Lang, Screen};
use std::rc::Rc;

/// A person at the page, and the picture there is.
struct Visit {
    session: Session,
    kept: Kept,
}

impl Visit {
    fn new(session: Session) -> Visit {
        Visit { session, kept: Kept::default() }
    }

    fn screen(&self, kept: &mut Kept) -> Screen {
        let show = Show::first(Lang::En);
        read::screen(&self.session, show, &Found::of(&self.session, Lang::En), kept)
    }

    /// Does it to its end, and looks at the page.
    fn does(&mut self, action: Action) -> Screen {
        self.session.apply(action);
        while self.session.is_busy() {
            self.session.apply(Action::Frame(16));
        }
        let mut kept = std::mem::take(&mut self.kept);
        let screen = self.screen(&mut kept);
        self.kept = kept;
        screen
    }

    /// The same, and what is kept does not show.
    fn sees(&mut self, action: Action) {
        let what = format!("{action:?}");
        let kept = self.does(action);
        assert_eq!(kept, self.screen(&mut Kept::default()), "{what}");
    }
}

fn delete(name: &str, grace: Option<i64>) -> Action {
    let (kind, namespace, name) = ("Pod".into(), "default".into(), name.into());
    Action::Do(Input::Delete { kind, namespace, name, grace, cascade: Cascade::Background })
}

fn scale(name: &str, replicas: i32) -> Action {
    let (namespace, name) = ("default".into(), name.into());
    Action::Do(Input::Scale { namespace, name, replicas })
}

fn pick(kind: Kind, name: &str) -> Action {
    let namespace = if kind == Kind::Node { "" } else { "default" };
    Action::Select(Some(ObjectRef::new(kind, Key::new(namespace, name))))
}

/// So many Pods at once, all of them Ready.
fn many(pods: i32, nodes: u32) -> Visit {
    let mut visit = Visit::new(Session::new(cluster(nodes), 0));
    let parallel = "  podManagementPolicy: Parallel\n  replicas: 2";
    let parallel = visit.session.file().text.replace("  replicas: 2", parallel);
    visit.session.apply(Action::Edit(parallel.as_str().into()));
    visit.session.apply(Action::Reset);
    visit.does(scale("web", pods));
    visit.does(Action::Settle);
    visit
}

/// A walk with most of what can happen to a picture.
fn walk(visit: &mut Visit, node: &str) {
    let pod = visit.does(Action::Step).seats[0].shown[0].subject.key.name.clone();
    let set = pod.rsplit_once('-').map_or("", |(set, _)| set).to_string();
    for action in [Action::Step, Action::Step, Action::Step, Action::Back, Action::Settle] {
        visit.sees(action);
    }
    visit.sees(pick(Kind::Pod, &pod));
    visit.sees(delete(&pod, None));
    for action in [Action::Step, Action::Step, Action::Step, Action::Back, Action::Step] {
        visit.sees(action);
    }
    visit.sees(Action::Do(Input::power(node, false)));
    visit.sees(Action::Step);
    visit.sees(Action::Forward(Span::minutes(1)));
    visit.sees(pick(Kind::Node, node));
    visit.sees(Action::Settle);
    visit.sees(delete(&pod, Some(0)));
    visit.sees(Action::Settle);
    visit.sees(Action::Back);
    visit.sees(Action::Back);
    visit.sees(scale(&set, 9));
    visit.sees(Action::Step);
    visit.sees(Action::Compare(Some(1)));
    visit.sees(Action::Settle);
    visit.sees(Action::Branch(1));
    visit.sees(Action::Do(Input::power(node, true)));
    visit.sees(Action::Settle);
    visit.sees(Action::Undo);
    visit.sees(Action::Start);
    visit.sees(Action::Step);
    visit.sees(Action::Select(None));
    visit.sees(Action::Reset);
    visit.sees(Action::Step);
}

#[test]
fn what_is_kept_does_not_show() {
    for (n, example) in EXAMPLES.iter().enumerate().filter(|(_, example)| !example.text.is_empty())
    {
        println!("{}", example.title);
        let mut visit = Visit::new(Session::new(Config::default(), n));
        if visit.does(Action::Step).seats.is_empty() {
            continue;
        }
        walk(&mut visit, "node-b");
    }
}

#[test]
fn what_is_kept_of_many_does_not_show() {
    walk(&mut many(300, 10), "node-3");
}

/// The most of each that one picture read, over some steps.
fn most(visit: &mut Visit, steps: u32) -> Read {
    let mut most = Read::default();
    for _ in 0..steps {
        visit.does(Action::Step);
        let read = visit.kept.read;
        most.nodes = most.nodes.max(read.nodes);
        most.pods = most.pods.max(read.pods);
        most.events = most.events.max(read.events);
    }
    most
}

#[test]
fn a_picture_reads_what_has_changed() {
    for (pods, nodes) in [(300, 10), (1_000, 100)] {
        let mut visit = many(pods, nodes);
        // What was told in the last second is so no more.
        visit.does(Action::Forward(Span::seconds(5)));
        visit.does(delete("web-7", None));
        assert!(visit.kept.read.nodes <= 1, "{:?}", visit.kept.read);
        let most = most(&mut visit, 8);
        println!("{pods} Pods on {nodes} nodes: {most:?}");
        assert!(most.nodes <= 2, "the old node and the new one: {most:?}");
        assert!(most.pods <= 2 * (pods as u64 / u64::from(nodes) + 1), "{most:?}");
        assert!(most.events <= 12, "{most:?}");
        visit.does(Action::Settle);
        visit.does(Action::Back);
        assert!(visit.kept.read.nodes <= 2, "back: {:?}", visit.kept.read);
    }
}

#[test]
fn what_says_the_same_is_the_same() {
    let mut visit = many(300, 10);
    visit.does(Action::Forward(Span::seconds(5)));
    let before = visit.does(delete("web-7", None));
    let after = visit.does(Action::Step);
    let same = |one: &[Rc<playground::view::Event>], other: &[Rc<playground::view::Event>]| {
        one.iter().filter(|one| other.iter().any(|other| Rc::ptr_eq(one, other))).count()
    };
    assert_eq!(before.events.len(), 40);
    assert!(same(&before.events, &after.events) >= 30);
    let rows = before.table.rows.iter();
    let kept = rows.filter(|row| after.table.rows.iter().any(|other| Rc::ptr_eq(row, other)));
    assert!(kept.count() >= 90);
    assert!(Rc::ptr_eq(&before.editor, &after.editor));
}
