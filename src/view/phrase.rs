//! Words put together: an entry of the table with its places filled and its strong words marked,
//! moments and lengths of time.
//!
//! Not here: the words (see `words`).

use super::{Subject, Text, Word};
pub use crate::base::lang::Lang;

impl Lang {
    /// A word as it stands.
    pub fn say(self, word: Word) -> &'static str {
        self.tr(word.en())
    }

    /// A sentence with its places filled, without marks.
    pub fn fill(self, word: Word, places: &[(&str, &str)]) -> String {
        let mut out = String::new();
        pieces(self.say(word), |piece| match piece {
            Piece::Text(text, _) => out.push_str(text),
            Piece::Place(name, _) => out.push_str(find(places, name)),
        });
        out
    }

    /// A sentence with its places filled; places named in `objects` can be pressed.
    pub fn sentence(
        self,
        word: Word,
        places: &[(&str, &str)],
        objects: &[(&str, Subject)],
    ) -> Sentence {
        let mut out = Vec::new();
        pieces(self.say(word), |piece| match piece {
            Piece::Text(text, strong) => out.push(run(text, strong)),
            Piece::Place(name, strong) => match objects.iter().find(|(key, _)| *key == name) {
                Some((_, subject)) => out.push(Run::Object(subject.clone())),
                None => out.push(run(find(places, name), strong)),
            },
        });
        out
    }
}

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// Plain words.
    Plain(Text),
    /// Words that matter most.
    Strong(Text),
    /// An object, by its name; can be pressed.
    Object(Subject),
}

/// A sentence in parts.
pub type Sentence = Vec<Run>;

/// A sentence as one string.
pub fn plain(sentence: &[Run]) -> String {
    let mut out = String::new();
    for run in sentence {
        match run {
            Run::Plain(text) | Run::Strong(text) => out.push_str(text),
            Run::Object(subject) => out.push_str(&subject.key.name),
        }
    }
    out
}

/// A moment or duration in digits: "07:22", "1:02:03" from an hour on.
pub fn clock(ms: u64) -> String {
    let seconds = ms / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

/// A duration as people say it: "12 s", "5:52", "1:02:03".
pub fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    if seconds < 60 {
        format!("{seconds} s")
    } else if seconds < 3600 {
        format!("{}:{:02}", seconds / 60, seconds % 60)
    } else {
        clock(ms)
    }
}

enum Piece<'a> {
    Text(&'a str, bool),
    Place(&'a str, bool),
}

fn pieces<'a>(mut text: &'a str, mut each: impl FnMut(Piece<'a>)) {
    let mut strong = false;
    while let Some(at) = text.find(['{', '*']) {
        if at > 0 {
            each(Piece::Text(&text[..at], strong));
        }
        let rest = &text[at + 1..];
        if text.as_bytes()[at] == b'*' {
            strong = !strong;
            text = rest;
        } else {
            let end = rest.find('}').unwrap_or(rest.len());
            each(Piece::Place(&rest[..end], strong));
            text = rest.get(end + 1..).unwrap_or("");
        }
    }
    if !text.is_empty() {
        each(Piece::Text(text, strong));
    }
}

fn run(text: &str, strong: bool) -> Run {
    if strong { Run::Strong(text.into()) } else { Run::Plain(text.into()) }
}

fn find<'a>(places: &[(&str, &'a str)], name: &str) -> &'a str {
    places.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::Kind;
    use crate::view::subject;

    #[test]
    fn every_sentence_closes_its_marks() {
        for word in Word::ALL {
            let text = Lang::En.say(*word);
            assert_eq!(text.matches('*').count() % 2, 0, "{word:?}");
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{word:?}");
        }
    }

    #[test]
    fn places_and_marks() {
        assert_eq!(Lang::En.fill(Word::Of, &[("ready", "2"), ("all", "3")]), "2 of 3 ready");
        let web = subject(Kind::StatefulSet, "default", "web");
        let runs = Lang::En.sentence(Word::SeatsOf, &[], &[("set", web.clone())]);
        assert_eq!(runs, [Run::Plain("Seats of StatefulSet ".into()), Run::Object(web)]);
        assert_eq!(plain(&runs), "Seats of StatefulSet web");
    }

    #[test]
    fn times() {
        assert_eq!(clock(442_000), "07:22");
        assert_eq!(clock(3_723_000), "1:02:03");
        assert_eq!(span(12_000), "12 s");
        assert_eq!(span(352_000), "5:52");
    }
}
