//! What is said of the selected object, the figure and its tables, what stops a session: read off
//! the page's data, without a browser.
//!
//! Not here: markup (tests/views.rs), the story itself (tests/screens.rs).

use playground::api::kinds::Kind;
use playground::base::time::{SimTime, Span};
use playground::cluster::input::Input;
use playground::config::Config;
use playground::session::{Action, Session};
use playground::view::read::{self, Found, Kept, Show};
use playground::view::{Lang, PodKind, Screen, Subject, TABLES, Tab, Text, plain, subject};

fn does(session: &mut Session, action: Action) {
    session.apply(action);
    while session.is_busy() {
        session.apply(Action::Frame(16));
    }
}

fn screen(session: &Session, table: Kind, tab: Tab) -> Screen {
    let found = Found::of(session, Lang::En);
    read::screen(
        session,
        Show { table, tab, ..Show::first(Lang::En) },
        &found,
        &mut Kept::default(),
    )
}

/// The word of the figure for each row of a table.
fn words(session: &Session, kind: Kind) -> Vec<(Subject, Text)> {
    let table = screen(session, kind, Tab::Now).table;
    let rows = table.rows.iter().filter(|row| row.2.len() == table.heads.len());
    rows.filter_map(|row| Some((row.0.clone()?, row.2.last()?.clone()))).collect()
}

/// Everything the figure draws, with its word.
fn drawn(session: &Session) -> Vec<(Subject, Text)> {
    let stage = screen(session, Kind::Pod, Tab::Now).stage;
    let nodes = stage.nodes.iter().filter(|node| node.known);
    let mut all: Vec<_> =
        nodes.map(|node| (node.subject.clone(), Text::from(&*node.word))).collect();
    let cards = stage.nodes.iter().flat_map(|node| &node.pods.shown).chain(&stage.tray.pods);
    let living = cards.filter(|card| matches!(card.kind, PodKind::Seated | PodKind::Anonymous));
    all.extend(living.map(|card| (card.subject.clone(), card.word.clone())));
    all.extend(stage.drums.iter().map(|drum| (drum.subject.clone(), drum.word.clone())));
    all
}

#[test]
fn p_1_the_figure_stands_in_the_tables() {
    let mut session = Session::default();
    does(&mut session, Action::Settle);
    let mut looked = 0;
    let deeds = [
        Action::Do(Input::power("node-b", false)),
        Action::Forward(Span::seconds(30)),
        Action::Forward(Span::seconds(30)),
        Action::Settle,
        Action::Do(Input::power("node-b", true)),
        Action::Forward(Span::seconds(20)),
        Action::Settle,
    ];
    for deed in deeds {
        does(&mut session, deed);
        let tables: Vec<_> = TABLES.iter().flat_map(|(kind, _)| words(&session, *kind)).collect();
        for one in drawn(&session) {
            assert!(tables.contains(&one), "{one:?} is drawn, and stands in no table");
            looked += 1;
        }
    }
    assert!(looked >= 7 * 7, "three nodes, two Pods, two volumes each time");
}

#[test]
fn t_7_a_limit_is_said_and_passed_by_pressing_again() {
    let mut session = Session::new(Config::default().with_machines(1), 0);
    does(&mut session, Action::Settle);
    does(&mut session, Action::Seek(SimTime(8 * 24 * 60 * 60 * 1_000)));
    assert!(session.was_refused() && !session.is_playing());
    assert!(session.said().starts_with("7 simulated days"), "{}", session.said());
    assert_eq!(screen(&session, Kind::Pod, Tab::Now).notice.as_ref(), Some(session.said()));
    let before = session.timeline().now();
    does(&mut session, Action::Forward(Span::seconds(60)));
    assert!(!session.was_refused() && session.timeline().now() > before);
}

#[test]
fn t_7_a_manifest_of_more_than_a_mebibyte_is_not_read() {
    let mut session = Session::default();
    does(&mut session, Action::Open("long.yaml".into(), " ".repeat(1024 * 1024 + 1).into()));
    let found = Found::of(&session, Lang::En);
    assert!(found.unreadable && found.list[0].message.contains("1024 KiB"));
}

/// The tabs of the selected object as text.
fn told(session: &Session, tab: Tab) -> String {
    let view = screen(session, Kind::Pod, tab).inspector;
    let mut out = String::new();
    for (changed, line) in &view.lines {
        out.push_str(&format!("{}{line}", if *changed { "* " } else { "" }));
    }
    for event in view.events.iter() {
        out.push_str(&format!("{} {} {}\n", event.at, event.reason, event.message));
    }
    for facts in &view.facts {
        out.push_str(&format!("{}\n", facts.title));
        for fact in &facts.facts {
            out.push_str(&format!("  {}: {}\n", fact.name, fact.value));
        }
    }
    out
}

#[test]
fn the_tabs_of_an_object() {
    let mut session = Session::default();
    does(&mut session, Action::Settle);
    let pod = subject(Kind::Pod, "default", "web-1");
    let delete = Input::Delete {
        kind: "Pod".into(),
        namespace: "default".into(),
        name: "web-1".into(),
        grace: None,
        cascade: playground::cluster::input::Cascade::Background,
    };
    does(&mut session, Action::Do(delete));
    does(&mut session, Action::Settle);
    does(&mut session, Action::Select(Some(pod)));
    let history = told(&session, Tab::History);
    let set = subject(Kind::StatefulSet, "default", "web");
    let scale = Input::Scale { namespace: "default".into(), name: "web".into(), replicas: 3 };
    let events = told(&session, Tab::Events);
    let describe = told(&session, Tab::Describe);
    assert!(describe.starts_with("Name:             web-1\n"), "{describe}");
    assert!(describe.contains("\nEvents:\n"), "{describe}");
    does(&mut session, Action::Do(scale));
    does(&mut session, Action::Select(Some(set)));
    let yaml = told(&session, Tab::Yaml);
    let marked: Vec<&str> = yaml.lines().filter(|line| line.starts_with("* ")).collect();
    assert_eq!(marked, ["*   replicas: 3"], "{yaml}");
    let revisions = told(&session, Tab::History);
    let text = format!("web-1, History\n{history}web-1, Events\n{events}web, History\n{revisions}");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/editor/tabs.txt");
    if std::env::var("UPDATE").is_ok() {
        std::fs::write(path, &text).expect("the file can be written");
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(there, text, "UPDATE=1 cargo test --test inspect writes it anew");
}

/// Of many events the newest are listed; how many older ones there are is said, and they are had.
#[test]
fn of_many_events_of_an_object_none_is_lost() {
    let mut session = Session::default();
    for replicas in 0..210 {
        let (namespace, name) = ("default".into(), "web".into());
        does(&mut session, Action::Do(Input::Scale { namespace, name, replicas }));
    }
    let set = subject(Kind::StatefulSet, "default", "web");
    does(&mut session, Action::Select(Some(set)));
    let of = |pages: usize| {
        let found = Found::of(&session, Lang::En);
        let show = Show { tab: Tab::Events, pages, ..Show::first(Lang::En) };
        let view = read::screen(&session, show, &found, &mut Kept::default()).inspector;
        (view.events.len(), view.events_more)
    };
    let [(first, older), then] = [of(1), of(2)];
    assert_eq!((first, then.1), (200, 0));
    assert!(older >= 10 && first + older as usize == then.0, "{older} older ones, {then:?}");
}

#[test]
fn what_to_do_first_is_what_leads_on() {
    let hint = |session: &Session| {
        let inspector = screen(session, Kind::Pod, Tab::Now).inspector;
        plain(&inspector.hint)
    };
    let mut session = Session::default();
    assert!(hint(&session).starts_with("Press Step until all Pods are Ready."));
    does(&mut session, Action::Settle);
    assert!(hint(&session).starts_with("Nothing more happens by itself. Try one of these"));
    does(&mut session, Action::Do(Input::power("node-b", false)));
    does(&mut session, Action::Settle);
    let stuck = "Nothing more happens by itself: the ways out below the figure lead on.";
    assert_eq!(hint(&session), stuck);
}

#[test]
fn a_command_of_many_requests_is_listed_once() {
    let mut session = Session::default();
    does(&mut session, Action::Settle);
    does(&mut session, Action::Type("kubectl drain node-b --ignore-daemonsets".into()));
    let events = screen(&session, Kind::Pod, Tab::Now).events;
    let drains = events.iter().filter(|event| event.message.starts_with("kubectl drain"));
    assert_eq!(drains.count(), 1);
    assert!(session.timeline().journal().len() > 2);
}
