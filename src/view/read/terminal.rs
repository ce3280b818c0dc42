//! The terminal.

use super::Eye;
use crate::session::terminal::Tab;
use crate::view::terminal::{Terminal, Told};
use crate::view::{Text, Word, clock};

/// The terminal shown.
pub(super) fn terminal(eye: &Eye<'_>) -> Terminal {
    let terminal = eye.session.terminal();
    let tab = terminal.tab();
    let busy = tab.job.is_some();
    let dropped = match tab.dropped {
        0 => "".into(),
        n => eye.fill(Word::TermDropped, &[("n", &n.to_string())]),
    };
    Terminal {
        tabs: terminal.tabs.iter().map(|tab| (tab.number, tab.job.is_some())).collect(),
        shown: terminal.shown,
        told: tab.entries.iter().cloned().map(Told).collect(),
        dropped,
        prompt: prompt(eye, tab),
        busy,
        reads: busy && tab.wish.reads,
        waits: if busy { waits(eye, tab) } else { "".into() },
        history: terminal.history.clone(),
    }
}

fn prompt(eye: &Eye<'_>, tab: &Tab) -> Text {
    match (tab.job.is_some(), tab.pending.is_empty()) {
        (true, _) => "".into(),
        (false, false) => ">".into(),
        (false, true) => format!("t={} $", clock(eye.world.now.0)).into(),
    }
}

/// What the command that runs waits for.
fn waits(eye: &Eye<'_>, tab: &Tab) -> Text {
    let wish = &tab.wish;
    let timed = wish.until.is_some();
    eye.say(if wish.edits.is_some() {
        Word::TermEdits
    } else if wish.reads {
        Word::TermReads
    } else if !eye.session.is_playing() && !eye.session.is_busy() && (wish.watches || timed) {
        match eye.session.timeline().is_settled() && !timed {
            true => Word::TermSettled,
            false => Word::TermHeld,
        }
    } else {
        Word::TermRuns
    })
}
