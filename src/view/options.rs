//! What an address asks for behind its question mark: what is shown at first and how.
//!
//! Unknown names and values that make no sense change nothing.
//!
//! Not here: what only concerns looks (`embed`, `controls`, `panes`, `motion`, `font`, `lang`;
//! static/boot.js puts those on the document; `hl`: static/tools.js), and messages between pages.

use super::{Pane, Subject, Theme, subject};
use crate::api::kinds::Kind;
use crate::base::time::{SimTime, Span};
use crate::config::Config;
use crate::session::examples::EXAMPLES;
use crate::session::{Action, Session};

/// More machines than this one does not get.
const NODES_MAX: usize = 1000;

/// Nobody is taken further than this at once.
const LATEST: Span = Span::minutes(7 * 24 * 60);

/// What an address asks for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The number of the example.
    pub example: Option<usize>,
    /// The moment, in milliseconds; `None` for when it has settled.
    pub at: Option<Option<u64>>,
    /// Time runs.
    pub play: bool,
    /// Simulated seconds per second.
    pub speed: Option<u32>,
    /// Machines.
    pub nodes: Option<usize>,
    /// Seed.
    pub seed: Option<u64>,
    /// What is picked.
    pub select: Option<Subject>,
    /// The colours.
    pub theme: Option<Theme>,
    /// The pane shown.
    pub view: Option<Pane>,
    /// Nothing can be changed.
    pub readonly: bool,
}

impl Options {
    /// Reads what `query` says for each name.
    pub fn read(query: impl Fn(&str) -> Option<String>) -> Options {
        let moment = |name| query(name).as_deref().and_then(moment);
        Options {
            example: query("example")
                .and_then(|id| EXAMPLES.iter().position(|example| example.id == id)),
            at: moment("t").or_else(|| moment("until")),
            play: query("play").as_deref() == Some("1"),
            speed: query("speed").and_then(|text| text.parse().ok()),
            nodes: query("nodes").and_then(|text| text.parse().ok()).filter(|n| *n <= NODES_MAX),
            seed: query("seed").and_then(|text| text.parse().ok()),
            select: query("select").as_deref().and_then(picked),
            theme: query("theme")
                .map(|key| Theme::of(&key))
                .or_else(|| query("present").map(|_| Theme::Contrast)),
            view: query("view").as_deref().and_then(Pane::of),
            readonly: query("readonly").as_deref() == Some("1"),
        }
    }

    /// Whether they ask for a cluster of their own.
    pub fn asks(&self) -> bool {
        self.example.is_some() || self.nodes.is_some() || self.seed.is_some()
    }

    /// A first visit with them.
    pub fn session(&self) -> Session {
        let mut config = Config::default();
        config.seed = self.seed.unwrap_or(config.seed);
        if let Some(count) = self.nodes {
            config = config.with_machines(count);
        }
        Session::new(config, self.example.unwrap_or(0))
    }

    /// Goes to the moment they ask for, in what was opened.
    pub fn apply(&self, session: &mut Session) {
        if let Some(speed) = self.speed {
            session.apply(Action::Speed(speed));
        }
        match self.at {
            Some(Some(at)) => session.apply(Action::Seek(SimTime(at.min(LATEST.0)))),
            Some(None) => session.apply(Action::Settle),
            None => {}
        }
        if let Some(subject) = &self.select {
            session.apply(Action::Select(Some(subject.clone())));
        }
        if self.play {
            session.apply(Action::Play);
        }
    }
}

/// `90s`, `2m30s`, `1h`, `90`, `settled`.
fn moment(text: &str) -> Option<Option<u64>> {
    if text == "settled" {
        return Some(None);
    }
    let (mut total, mut number) = (0u64, None::<u64>);
    for letter in text.chars() {
        let unit = match letter {
            '0'..='9' => {
                let digit = u64::from(letter.to_digit(10)?);
                number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(digit)?);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return None,
        };
        total = total.checked_add(number.take()?.checked_mul(unit)?)?;
    }
    let total = total.checked_add(number.unwrap_or(0))?;
    Some(Some(total.checked_mul(1000)?))
}

/// `pod/web-1`, `node/node-b`.
fn picked(text: &str) -> Option<Subject> {
    let (kind, name) = text.split_once('/')?;
    let kind = Kind::by_name(kind)
        .or_else(|| Kind::ALL.iter().copied().find(|one| one.info().singular == kind))?;
    let namespace = if kind.info().namespaced { "default" } else { "" };
    Some(subject(kind, namespace, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Options {
        let find = |name: &str| pairs.iter().find(|(key, _)| *key == name);
        Options::read(|name| find(name).map(|(_, value)| value.to_string()))
    }

    #[test]
    fn moments() {
        for (text, expected) in [
            ("0", Some(Some(0))),
            ("90s", Some(Some(90_000))),
            ("2m30s", Some(Some(150_000))),
            ("1h", Some(Some(3_600_000))),
            ("settled", Some(None)),
            ("m", None),
            ("1x", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(moment(text), expected, "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_changes_nothing() {
        let odd = [("example", "?"), ("t", "soon"), ("nodes", "-1"), ("select", "x"), ("view", "")];
        assert_eq!(of(&odd), Options::default());
    }

    #[test]
    fn an_address_leads_to_a_moment() {
        let options =
            of(&[("example", "web"), ("t", "settled"), ("nodes", "5"), ("select", "pod/web-1")]);
        let mut session = options.session();
        options.apply(&mut session);
        assert!(session.timeline().is_settled());
        assert_eq!(session.timeline().world().infra.machines.size(), 5);
        assert_eq!(session.selected().map(|one| &*one.key.name), Some("web-1"));
    }
}
