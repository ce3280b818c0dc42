//! What one line at the terminal wrote: lines of text, with the objects named in them.
//!
//! It is bounded: the oldest lines go, and how many went is known.

use crate::api::kinds::ObjectRef;
use crate::base::Str;
use crate::kubectl::running::{Link, Stream};
use std::rc::Rc;

/// Lines kept of one command.
const LINES_MAX: usize = 1_000;

/// Bytes of one line; the rest goes to the next.
const LINE_MAX: usize = 4_000;

/// A line of output.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Who speaks.
    pub stream: Stream,
    /// The text, without its end.
    pub text: String,
    /// Which bytes name which objects.
    pub links: Vec<Link>,
    /// Its end was written.
    pub ended: bool,
}

/// All lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Screen {
    /// The lines, oldest first.
    pub lines: Vec<Rc<Line>>,
    /// How many older ones went.
    pub dropped: u32,
    /// Everything before was wiped: `clear` was called.
    pub wiped: bool,
    /// Where what a `watch` shows begins.
    frame: Option<usize>,
    /// Names seen in output that was piped on, so that what comes out of the pipe has links.
    names: Vec<(Str, ObjectRef)>,
}

impl Screen {
    /// Writes text.
    pub fn write(&mut self, stream: Stream, text: &str, links: &[Link]) {
        let mut at = 0;
        for part in text.split_inclusive('\n') {
            let end = at + part.len();
            let mut own = Vec::new();
            for Link { range, object } in links {
                if (at..end).contains(&range.start) {
                    let range = range.start - at..range.end.min(end) - at;
                    own.push(Link { range, object: object.clone() });
                }
            }
            at = end;
            self.part(stream, part, own);
        }
    }

    fn part(&mut self, stream: Stream, part: &str, mut links: Vec<Link>) {
        let text = part.trim_end_matches(['\n', '\r']);
        if links.is_empty() && !self.names.is_empty() {
            links = self.named(text);
        }
        let goes_on = self
            .lines
            .last()
            .is_some_and(|last| !last.ended && last.stream == stream && last.text.len() < LINE_MAX);
        if !goes_on {
            let (text, links) = (String::new(), Vec::new());
            self.lines.push(Rc::new(Line { stream, text, links, ended: false }));
        }
        if self.lines.len() > LINES_MAX {
            self.lines.drain(..LINES_MAX / 10);
            self.dropped += (LINES_MAX / 10) as u32;
            self.frame = self.frame.map(|at| at.saturating_sub(LINES_MAX / 10));
        }
        let Some(last) = self.lines.last_mut() else { return };
        let last = Rc::make_mut(last);
        for link in &mut links {
            link.range.start += last.text.len();
            link.range.end += last.text.len();
        }
        last.links.append(&mut links);
        last.text.push_str(text);
        last.ended = part.ends_with('\n');
    }

    /// Forgets everything shown.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.frame = None;
        self.wiped = true;
    }

    /// What is written from now on takes the place of what was written since this was last
    /// called.
    pub fn begin_frame(&mut self) {
        match self.frame {
            Some(at) => self.lines.truncate(at),
            None => self.frame = Some(self.lines.len()),
        }
    }

    /// Remembers which objects a text names that is piped on.
    pub fn remember(&mut self, text: &str, links: &[Link]) {
        for link in links {
            let Some(name) = text.get(link.range.clone()) else { continue };
            if self.names.len() < 500 && self.names.iter().all(|(known, _)| **known != *name) {
                self.names.push((name.into(), link.object.clone()));
            }
        }
    }

    fn named(&self, text: &str) -> Vec<Link> {
        let mut links = Vec::new();
        for word in text.split_whitespace() {
            // The word is a part of the text.
            let start = word.as_ptr() as usize - text.as_ptr() as usize;
            if let Some((_, object)) = self.names.iter().find(|(name, _)| **name == *word) {
                links.push(Link { range: start..start + word.len(), object: object.clone() });
            }
        }
        links
    }

    /// Everything shown, as text.
    pub fn text(&self) -> String {
        self.lines.iter().flat_map(|line| [&*line.text, "\n"]).collect()
    }
}
