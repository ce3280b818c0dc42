//! The page's words through the main story, without a browser: a session is walked through it and
//! each screen is held to what a person must be able to read there.
//!
//! Not here: markup (tests/views.rs), presses (tests/browser).

use playground::api::kinds::Kind;
use playground::base::time::Span;
use playground::cluster::input::{Cascade, Input};
use playground::session::{Action, Session};
use playground::view::read::{self, Found, Kept, Show};
use playground::view::{
    DrumKind, Intent, Lang, PodKind, Screen, Severity, State, Subject, TABLES, plain, subject,
};
use std::collections::BTreeMap;

/// A person at the page.
struct Visit {
    session: Session,
}

fn scale(replicas: i32) -> Action {
    let name = "web".to_string();
    Action::Do(Input::Scale { namespace: "default".into(), name, replicas })
}

impl Visit {
    fn new() -> Visit {
        Visit { session: Session::default() }
    }

    fn screen_of(&self, table: Kind) -> Screen {
        let found = Found::of(&self.session, Lang::En);
        read::screen(
            &self.session,
            Show { table, ..Show::first(Lang::En) },
            &found,
            &mut Kept::default(),
        )
    }

    fn screen(&self) -> Screen {
        self.screen_of(Kind::Pod)
    }

    /// Does something, to its end, and looks at the page; what always holds is checked each time.
    fn does(&mut self, action: Action) -> Screen {
        self.session.apply(action);
        while self.session.is_busy() {
            self.session.apply(Action::Frame(16));
        }
        let screen = self.screen();
        one_plate_each(&screen, false);
        self.tables_say_the_same(&screen);
        screen
    }

    fn settles(&mut self) -> Screen {
        let screen = self.does(Action::Settle);
        assert!(!screen.transport.can_step, "settled");
        assert_eq!(&*screen.transport.settled, "Settled: nothing will happen until you act");
        screen
    }

    fn powers(&mut self, node: &str, on: bool) -> Screen {
        self.does(Action::Do(Input::power(node, on)))
    }

    /// Takes the way out with this label, from the pane on the right.
    fn takes(&mut self, label: &str) -> Screen {
        let screen = self.screen();
        let (_, subject) = screen.because.ways.clone().expect("there are ways out");
        let screen = self.does(Action::Select(Some(subject)));
        let ways = &screen.inspector.ways;
        let way = ways.iter().find(|way| &*way.label == label).expect("the way is offered");
        assert!(!plain(&way.price).is_empty(), "{label} has its price");
        let Intent::Do(input) = &way.intent else { panic!("{label} does something") };
        let input = input.clone();
        self.does(Action::Do(input))
    }

    /// Everything the figure draws stands in its table with the same words.
    fn tables_say_the_same(&self, screen: &Screen) {
        let mut said: BTreeMap<Kind, BTreeMap<Subject, String>> = BTreeMap::new();
        for (kind, _) in TABLES {
            let table = self.screen_of(kind).table;
            assert!(table.rows.len() <= 100);
            let rows = table.rows.iter().filter(|row| row.2.len() == table.heads.len());
            let last = rows.filter_map(|row| Some((row.0.clone()?, row.2.last()?.to_string())));
            said.insert(kind, last.collect());
        }
        let holds = |object: &Subject, word: &str| {
            let table = said[&object.kind].get(object);
            assert_eq!(table.map(String::as_str), Some(word), "{object:?}");
        };
        let stage = &screen.stage;
        for node in stage.nodes.iter().filter(|node| node.known) {
            holds(&node.subject, &node.word);
        }
        let cards = stage.nodes.iter().flat_map(|node| &node.pods.shown).chain(&stage.tray.pods);
        for card in cards.filter(|card| matches!(card.kind, PodKind::Seated | PodKind::Anonymous)) {
            holds(&card.subject, &card.word);
        }
        for drum in &stage.drums {
            holds(&drum.subject, &drum.word);
        }
        for head in &stage.heads {
            holds(&head.subject, &format!("{} of {} ready", head.ready, head.replicas));
        }
    }
}

/// One plate for each ordinal, but when a process outlives its Pod object: then two, and both real.
fn one_plate_each(screen: &Screen, forced: bool) {
    let mut plates: BTreeMap<&Subject, u32> = BTreeMap::new();
    let cards = screen.stage.nodes.iter().flat_map(|node| &node.pods.shown);
    for card in cards.chain(&screen.stage.tray.pods) {
        match card.kind {
            PodKind::Seated => *plates.entry(&card.subject).or_default() += 1,
            PodKind::Orphan if forced => *plates.entry(&card.subject).or_default() += 1,
            _ => {}
        }
    }
    let most = plates.values().max().copied().unwrap_or(0);
    assert!(most <= if forced { 2 } else { 1 }, "{plates:?}");
}

/// What a seat keeps, as it stands on the page.
fn kept(screen: &Screen, ordinal: u32) -> String {
    let seat = seat(screen, ordinal);
    let claim = seat.claim.clone().unwrap_or_default();
    format!(
        "{} {} {}{} {claim} {}",
        ordinal, seat.subject.key.name, seat.dns, seat.domain, seat.volume
    )
}

fn seat(screen: &Screen, ordinal: u32) -> &playground::view::Seat {
    let mut seats = screen.seats.iter().flat_map(|window| &window.shown);
    seats.find(|seat| seat.ordinal == ordinal).expect("the seat is shown")
}

fn writes(screen: &Screen, ordinal: u32) -> u64 {
    let stamp = seat(screen, ordinal).stamp.as_ref().expect("there is data");
    stamp.0.parse().expect("a number")
}

fn because(screen: &Screen) -> String {
    plain(&screen.because.text)
}

/// Two Pods Ready for a minute, so that there is data to keep; then the machine of `web-1` goes off
/// and everything that happens by itself has happened.
fn stuck() -> (Visit, Screen, String) {
    let mut visit = Visit::new();
    visit.settles();
    let before = visit.does(Action::Forward(Span::minutes(1)));
    let place = &seat(&before, 1).occupant.as_ref().expect("web-1 runs").place;
    let node = place.split(',').next().expect("its node").to_string();
    visit.powers(&node, false);
    let screen = visit.settles();
    (visit, screen, node)
}

/// What holds once `web-1` has come back elsewhere.
fn came_back(before: &Screen, after: &Screen) {
    assert_eq!(kept(before, 1), kept(after, 1), "what is kept is string-equal");
    let (old, new) = (seat(before, 1), seat(after, 1));
    let (old, new) = (
        old.occupant.as_ref().expect("there was one"),
        new.occupant.as_ref().expect("there is one"),
    );
    assert_eq!(new.state, State::Ready);
    assert!(new.place.ends_with("Pod #2"), "{}", new.place);
    assert_ne!(old.place, new.place);
    assert_ne!(old.ip, new.ip);
    assert_eq!(new.was.as_ref(), Some(&old.ip));
    assert!(writes(after, 1) >= writes(before, 1) && writes(before, 1) > 0, "its data is there");
    assert_eq!(because(after), "web has what it wants: 2 of 2 Pods are Ready.");
    assert!(after.because.calm && after.because.ways.is_none());
    assert_eq!(after.stage.heads[0].ready, 2);
}

#[test]
fn a_first_visit_waits_for_step() {
    let mut visit = Visit::new();
    let screen = visit.screen();
    assert_eq!(&*screen.transport.clock, "00:00");
    assert!(!screen.transport.playing && screen.transport.can_step);
    assert!(!screen.transport.yield_primary);
    assert_eq!(screen.stage.nodes.len(), 3);
    assert!(screen.stage.nodes.iter().all(|node| &*node.word == "Ready" && !node.shifted));
    assert_eq!(&*seat(&screen, 0).dns, "web-0.nginx");
    let step = visit.does(Action::Step);
    assert_ne!(step.stage, screen.stage);
    assert_eq!(read::news(Lang::En, &screen, &step), "At 00:00. web-0: Pending".into());
    assert!(because(&step).starts_with("web-1 is not created yet: web-0 is not Ready"));
}

#[test]
fn steps_lead_to_ready_in_order() {
    let mut visit = Visit::new();
    let mut first_ready = None;
    for _ in 0..60 {
        let screen = visit.does(Action::Step);
        let ready = |ordinal| {
            seat(&screen, ordinal).occupant.as_ref().is_some_and(|one| one.state == State::Ready)
        };
        assert!(!ready(1) || ready(0), "web-1 only after web-0");
        if ready(0) {
            first_ready.get_or_insert(screen.transport.clock.clone());
        }
        if !screen.transport.can_step {
            break;
        }
    }
    let screen = visit.screen();
    assert!(first_ready.is_some());
    assert_eq!(because(&screen), "web has what it wants: 2 of 2 Pods are Ready.");
    assert!(screen.stage.drums.iter().all(|drum| drum.kind == DrumKind::Attached));
}

#[test]
fn belief_and_truth_part_and_nobody_replaces() {
    let mut visit = Visit::new();
    visit.settles();
    let before = visit.does(Action::Forward(Span::minutes(1)));
    let place = seat(&before, 1).occupant.as_ref().expect("web-1 runs").place.clone();
    let node = place.split(',').next().expect("its node");
    let screen = visit.powers(node, false);
    let card = |screen: &Screen| {
        let found = screen.stage.nodes.iter().find(|card| *card.subject.key.name == *node);
        found.expect("it is drawn").clone()
    };
    assert!(card(&screen).shifted && !card(&screen).on);
    assert!(card(&screen).word.starts_with("Ready, "), "{}", card(&screen).word);
    assert_eq!(card(&screen).really.as_ref().map(|(what, _)| &**what), Some("powered off"));
    assert_eq!(
        because(&screen),
        format!("{node} is powered off. The API server has not noticed yet.")
    );
    let screen = visit.does(Action::Forward(Span::seconds(10)));
    assert!(because(&screen).starts_with(&format!("{node} has stopped answering")));
    let screen = visit.does(Action::Forward(Span::minutes(1)));
    assert!(card(&screen).word.starts_with("Unknown for "));
    assert_eq!(seat(&screen, 1).occupant.as_ref().map(|one| one.state), Some(State::Unknown));
    let screen = visit.settles();
    assert_eq!(seat(&screen, 1).occupant.as_ref().map(|one| one.state), Some(State::Terminating));
    assert!(screen.transport.yield_primary, "the filled button is the way out");
    assert!(!screen.because.calm);
    let (label, _) = screen.because.ways.clone().expect("there are ways out");
    assert_eq!(&*label, "Four ways out");
    assert!(because(&screen).starts_with("web-1 cannot be replaced: "));
    assert_eq!(kept(&before, 1), kept(&screen, 1));
}

#[test]
fn each_way_out_brings_the_same_name_and_volume_back() {
    for way in ["Power on {}", "Mark {} out of service", "Delete Node object {}"] {
        let (mut visit, before, node) = stuck();
        let way = way.replace("{}", &node);
        visit.takes(&way);
        let after = visit.settles();
        came_back(&before, &after);
        let replaced = after.inspector.replaced.as_ref().expect("the card of a replacement");
        assert_eq!(&*replaced.title, "Pod #2 in seat 1");
        let story: Vec<&str> = replaced.story.iter().map(|(_, text)| &**text).collect();
        assert!(story[0].ends_with("was marked for deletion"), "{story:?}");
        assert!(story[1].starts_with("You: "), "{story:?}");
        assert_eq!(story[2], "Pod #2 was created");
        assert!(story[3].starts_with("Pod #2 was given to "), "{story:?}");
        assert_eq!(story[4..], ["Pod #2 became Ready"]);
        assert!(after.stage.ribbon.is_some(), "{way}: a ribbon from the socket to the plate");
    }
}

#[test]
fn a_forced_deletion_waits_for_the_volume_and_says_so() {
    let (mut visit, before, _) = stuck();
    visit.takes("Force delete web-1");
    let screen = visit.does(Action::Forward(Span::minutes(1)));
    assert!(because(&screen).contains("after 6 minutes it is detached by force"), "{screen:?}");
    let after = visit.settles();
    came_back(&before, &after);
}

#[test]
fn two_plates_of_one_ordinal_only_when_both_are_real() {
    let mut visit = Visit::new();
    visit.settles();
    let before = visit.does(Action::Forward(Span::minutes(1)));
    let place = seat(&before, 1).occupant.as_ref().expect("web-1 runs").place.clone();
    let node = place.split(',').next().expect("its node").to_string();
    visit.does(Action::Do(Input::network(&node, false)));
    visit.settles();
    visit.takes("Force delete web-1");
    let screen = visit.settles();
    one_plate_each(&screen, true);
    let mut cards = screen.stage.nodes.iter().flat_map(|node| &node.pods.shown);
    let orphan = cards.find(|card| card.kind == PodKind::Orphan).expect("the old process is drawn");
    assert_eq!((orphan.ordinal, orphan.incarnation), (Some(1), 1));
    assert!(orphan.said.starts_with("web-1 still runs on "), "{}", orphan.said);
}

#[test]
fn seats_come_and_go_in_order_and_volumes_stay() {
    let mut visit = Visit::new();
    visit.settles();
    visit.does(scale(4));
    let screen = visit.settles();
    assert_eq!((screen.stage.heads[0].ready, screen.stage.drums.len()), (4, 4));
    visit.does(scale(1));
    let screen = visit.settles();
    assert_eq!((screen.stage.heads[0].ready, screen.stage.drums.len()), (1, 4));
    let kinds: Vec<DrumKind> = screen.stage.drums.iter().map(|drum| drum.kind).collect();
    assert_eq!(kinds[0], DrumKind::Attached);
    assert!(kinds[1..].iter().all(|kind| *kind == DrumKind::Free), "{kinds:?}");
}

#[test]
fn the_zookeeper_of_old_is_taken_as_it_was_meant() {
    let mut visit = Visit::new();
    let screen = visit.does(Action::Example(1));
    assert!(!screen.editor.broken && !screen.editor.can_apply);
    let notes = screen.editor.found.iter().filter(|one| one.severity == Severity::Note);
    assert!(notes.count() >= 4 && screen.editor.found.iter().all(|one| one.line > 0));
    visit.settles();
    let screen = visit.does(Action::Select(Some(subject(Kind::Pod, "default", "zk-2"))));
    assert_eq!(screen.stage.heads[0].ready, 3);
    let budget = screen.stage.heads[0].budget.as_ref().expect("the budget is shown");
    assert_eq!((budget.healthy, budget.needs, budget.allowed), (3, 2, 1));
    let facts: Vec<_> = screen.inspector.facts.iter().flat_map(|facts| &facts.facts).collect();
    let fact = |name: &str| facts.iter().find(|fact| &*fact.name == name).map(|fact| &*fact.value);
    assert_eq!(fact("Requests"), Some("cpu 1, memory 4Gi"));
    assert_eq!(fact("ZK_CLIENT_PORT"), Some("2181"));
}

#[test]
fn what_is_wrong_is_said_by_line_and_the_text_stays() {
    let cases = [
        ("kind: Service\n\tname: x\n", 2, ""),
        (
            "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: web\nspec:\n  replica: 3\n",
            6,
            "spec.replica",
        ),
        ("", 1, ""),
    ];
    for (text, line, field) in cases {
        let mut visit = Visit::new();
        visit.settles();
        let before = visit.screen().stage;
        let screen = visit.does(Action::Edit(text.into()));
        assert!(!screen.editor.can_apply, "{text}");
        // Where nothing is written yet, nothing is wrong before it is applied.
        assert_eq!(screen.editor.broken, !text.is_empty());
        if let Some(first) = screen.editor.found.first() {
            assert_eq!((first.severity, first.line, &*first.field), (Severity::Error, line, field));
            assert!(!first.hint.is_empty(), "{text}");
        }
        let screen = visit.does(Action::Apply);
        assert_eq!((&*screen.editor.text, &screen.stage), (text, &before), "nothing happened");
        assert!(screen.notice.is_some());
    }
}

#[test]
fn what_the_api_server_refuses_is_said_by_line_too() {
    let mut visit = Visit::new();
    let text = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata:\n  name: db\nspec:\n  \
                serviceName: db\n  template:\n    metadata:\n      labels:\n        app: db\n    \
                spec:\n      containers:\n      - name: db\n        image: db\n";
    let screen = visit.does(Action::Edit(text.into()));
    assert!(screen.editor.can_apply, "it can be read");
    let screen = visit.does(Action::Apply);
    let first = &screen.editor.found[0];
    assert_eq!(first.severity, Severity::Error);
    assert_eq!(
        (first.line, &*first.field, &*first.message),
        (5, "spec.selector", "Required value")
    );
    assert_eq!(&*screen.editor.text, text);
}

#[test]
fn what_is_not_listed_can_be_asked_for() {
    let mut visit = Visit::new();
    visit.settles();
    visit.does(scale(30));
    visit.settles();
    let listed = |pages: usize| {
        let found = Found::of(&visit.session, Lang::En);
        let show = Show { pages, ..Show::first(Lang::En) };
        let screen = read::screen(&visit.session, show, &found, &mut Kept::default());
        (screen.events.len(), screen.events_more as usize)
    };
    let (first, more) = listed(1);
    assert_eq!(first, 40);
    assert_eq!(listed(2), (80, more - 40));
    assert_eq!(listed(100), (40 + more, 0));
}

/// Of many seats those around what happens are shown, and stay in sight when all is well again.
#[test]
fn a_seat_stays_in_sight_when_its_pod_is_back() {
    let shown = |screen: &Screen| {
        let seats = screen.seats[0].shown.iter();
        seats.map(|seat| seat.ordinal.to_string()).collect::<Vec<_>>().join(" ")
    };
    let mut visit = Visit::new();
    visit.settles();
    visit.does(scale(20));
    assert_eq!(shown(&visit.settles()), "15 16 17 18 19", "the last that came");
    for (pod, around) in
        [("web-7", "6 7 8 9 10"), ("web-9", "8 9 10 11 12"), ("web-0", "0 1 2 3 4")]
    {
        let deleted = visit.does(Action::Do(Input::Delete {
            kind: "Pod".into(),
            namespace: "default".into(),
            name: pod.into(),
            grace: None,
            cascade: Cascade::Background,
        }));
        assert_eq!(shown(&deleted), around, "{pod} is deleted");
        assert_eq!(shown(&visit.settles()), around, "{pod} is back");
    }
}
