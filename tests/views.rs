//! The page drawn natively: every sample state becomes HTML, which must hold what the style sheet,
//! the content security policy and people who do not see the figure rely on.
//!
//! With `VIEWS_OUT=folder` each state is also written there as a file that a browser can open.
//!
//! Not here: looks, presses, anything that needs a browser.

use playground::api::kinds::Kind;
use playground::session::{Action, Session};
use playground::ui::{Cx, Page, PageProps, Styles, StylesProps};
use playground::view::read::{self, Found, Kept, Show};
use playground::view::{Lang, Look, Pane, Screen, sample, subject};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use yew::{Callback, ServerRenderer};

struct Unpark(std::thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// A state by name, and what makes it.
type Made = (&'static str, fn() -> Screen);

const STATES: &[Made] = &[
    ("running", sample::running),
    ("node-down", sample::node_down),
    ("replaced", sample::replaced),
    ("replaced-left", replaced_left),
    ("zookeeper", sample::zookeeper),
    ("many", sample::many),
    ("five", sample::five),
    ("faults", sample::faults),
];

/// A replacement to the left: node-b's Pod comes back beside web-0.
fn replaced_left() -> Screen {
    let mut screen = sample::replaced();
    let stage = Rc::make_mut(&mut screen.stage);
    let (mut left, mut right) = ((*stage.nodes[0]).clone(), (*stage.nodes[2]).clone());
    left.pods.shown.push(right.pods.shown.remove(0));
    stage.nodes[0] = Rc::new(left);
    stage.nodes[2] = Rc::new(right);
    stage.drums[1].node = Some(0);
    stage.drums[1].user = Some((0, 1));
    stage.drums[2].user = Some((2, 0));
    stage.ribbon = Some(((1, 0), (0, 1)));
    screen
}

fn cx() -> Cx {
    Cx { lang: Lang::En, act: Callback::noop() }
}

fn page(screen: fn() -> Screen, pane: Pane) -> String {
    let props = move || {
        let look = Look { pane, ..Look::default() };
        PageProps { cx: cx(), screen: screen(), look, note: None, choices: None }
    };
    block_on(ServerRenderer::<Page>::with_props(props).hydratable(false).render())
}

/// The drawings that the page uses, out of the document that ships.
fn sprite() -> String {
    let document = std::fs::read_to_string("index.html").expect("index.html");
    let from = document.find("<svg class=\"sprite\"").expect("the sprite");
    let to = document[from..].find("</svg>\n").expect("its end") + from;
    document[from..to + 6].to_string()
}

fn write(name: &str, theme: &str, body: &str) {
    let Ok(folder) = std::env::var("VIEWS_OUT") else { return };
    let root = std::env::current_dir().expect("the project");
    let mut head = String::new();
    for sheet in ["tokens", "page"] {
        head.push_str(&format!(
            "<link rel=\"stylesheet\" href=\"file://{}/static/{sheet}.css\">",
            root.display()
        ));
    }
    let text = format!(
        "<!doctype html><html lang=\"en\" data-theme=\"{theme}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{head}</head>\
         <body>{}<div id=\"app\">{body}</div></body></html>",
        sprite()
    );
    std::fs::write(format!("{folder}/{name}-{theme}.html"), text).expect("a folder to write to");
}

#[test]
fn every_state_is_drawn_without_inline_style() {
    for (name, state) in STATES {
        for pane in Pane::ALL {
            let html = page(*state, pane);
            for theme in ["light", "dark", "contrast"] {
                write(&format!("{name}-{}", pane.key()), theme, &html);
            }
            assert!(!html.contains(" style="), "{name}: a style attribute");
            assert!(!html.contains("<script"), "{name}: a script");
            assert_eq!(html.matches("<button").count(), html.matches("type=\"button\"").count());
        }
    }
}

#[test]
fn every_drawing_exists() {
    let sprite = sprite();
    for (name, state) in STATES {
        for part in page(*state, Pane::Cluster).split("href=\"#").skip(1) {
            let id = part.split('"').next().unwrap_or_default();
            let here = sprite.contains(&format!("id=\"{id}\"")) || id == "figure";
            assert!(here, "{name}: no drawing {id}");
        }
    }
}

#[test]
fn one_plate_an_ordinal_on_the_stage() {
    let html = page(sample::replaced, Pane::Cluster);
    let stage = html.split("class=\"strip\"").next().unwrap_or_default();
    assert_eq!(stage.matches("class=\"plate\">1<").count(), 1);
    assert_eq!(stage.matches("class=\"plate socket\">1<").count(), 1);
}

/// The story settled, after a line at the terminal; web-1 is picked.
fn picked() -> Screen {
    let mut session = Session::default();
    let pick = Action::Select(Some(subject(Kind::Pod, "default", "web-1")));
    for action in [Action::Settle, Action::Type("kubectl get pods".into()), pick] {
        session.apply(action);
        while session.is_busy() {
            session.apply(Action::Frame(16));
        }
    }
    let show = Show::first(Lang::En);
    read::screen(&session, show, &Found::of(&session, Lang::En), &mut Kept::default())
}

#[test]
fn p_2_what_is_picked_is_marked_in_every_record() {
    let html = page(picked, Pane::Cluster);
    let after = |text: &str| html.find(text).map_or("", |at| &html[at..]).to_string();
    for (place, start, end, named) in [
        ("tablepane", "<tr", "</tr>", ">web-1<"),
        ("term-log", "<span role=\"button\"", "/span>", ">web-1<"),
        ("class=\"ev\"", "<li", "</li>", ">pod/web-1<"),
    ] {
        let part = after(place).split("</section>").next().unwrap_or_default().to_string();
        let items = part.split(start).skip(1).filter_map(|item| item.split_once(end));
        let (mut marked, mut all) = (0, 0);
        for (item, _) in items {
            let tag = item.split('>').next().unwrap_or_default();
            assert_eq!(tag.contains("is-picked"), item.contains(named), "{place}: {item}");
            marked += u32::from(item.contains(named));
            all += 1;
        }
        assert!(0 < marked && marked < all, "{place}: {marked} of {all}");
    }
}

#[test]
fn what_is_and_what_is_believed_stand_side_by_side() {
    let html = page(sample::node_down, Pane::Cluster);
    assert!(html.contains("as the API server sees it"));
    assert!(html.contains("Node node-b, zone-b. Unknown for 5:12. Really: powered off 5:52 ago."));
}

#[test]
fn one_filled_button() {
    for (name, state) in STATES {
        let html = page(*state, Pane::Cluster);
        let filled = html.matches("btn-primary").count();
        // The way out is drawn twice, beside the sentence and in the small page's bar.
        let expected = if *name == "node-down" { 2 } else { 1 };
        let settled = name.starts_with("replaced");
        assert_eq!(filled, if settled { 0 } else { expected }, "{name}");
    }
}

#[test]
fn every_component_has_its_place_on_the_style_page() {
    let props = || StylesProps { cx: cx() };
    let html = block_on(ServerRenderer::<Styles>::with_props(props).hydratable(false).render());
    for theme in ["light", "dark", "contrast"] {
        write("styles", theme, &html);
    }
    assert!(!html.contains(" style="));
    for state in playground::view::State::ALL {
        assert!(html.contains(&format!("s-{}", state.key())), "{state:?}");
    }
}
