//! The language that people are spoken to in: English, which is in the program, or another one,
//! which is a dictionary of whole English sentences.
//!
//! A dictionary is read once and stays for as long as the program runs, so that a language is a
//! plain value. What it does not hold is said in English.
//!
//! Not here: the words themselves; Kubernetes' own, which are never translated.

/// A language.
#[derive(Clone, Copy, Debug, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Another one.
    Other(&'static Dictionary),
}

/// Sentences of another language by the English ones.
#[derive(Debug)]
pub struct Dictionary {
    code: &'static str,
    pairs: Vec<(&'static str, &'static str)>,
}

impl PartialEq for Lang {
    fn eq(&self, other: &Lang) -> bool {
        self.code() == other.code()
    }
}

impl Eq for Lang {}

impl Lang {
    /// The language `code` whose dictionary is this: lines of English, a tab, and the other
    /// language. Without any line it is English.
    pub fn new(code: &str, lines: &str) -> Lang {
        if lines.is_empty() {
            return Lang::En;
        }
        let lines: &'static str = Box::leak(lines.into());
        let mut pairs: Vec<_> =
            lines.split('\n').filter_map(|line| line.split_once('\t')).collect();
        pairs.sort_unstable();
        let code = Box::leak(code.into());
        Lang::Other(Box::leak(Box::new(Dictionary { code, pairs })))
    }

    /// Its name: `en`, `zh-CN`.
    pub fn code(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Other(dictionary) => dictionary.code,
        }
    }

    /// What is said for an English sentence.
    pub fn tr(self, english: &'static str) -> &'static str {
        let Lang::Other(Dictionary { pairs, .. }) = self else { return english };
        let at = pairs.binary_search_by_key(&english, |pair| pair.0);
        at.map_or(english, |at| pairs[at].1)
    }

    /// What is said for an English sentence that was made of one of the dictionary's: an entry that
    /// begins with `~` and has places, `{}`, for what this sentence says there. The one that says
    /// most of it itself.
    pub fn told(self, text: &str) -> String {
        let Lang::Other(Dictionary { pairs, .. }) = self else { return text.into() };
        let from = pairs.partition_point(|pair| pair.0 < "~");
        let made = pairs[from..].iter().filter_map(|(english, other)| {
            let english = english.strip_prefix('~')?;
            let places = unfilled(english, text)?;
            Some((english.len() - 2 * places.len(), places, *other))
        });
        let Some((_, places, other)) = made.max_by_key(|(said, ..)| *said) else {
            return text.into();
        };
        let mut parts = other.split("{}");
        let mut out = parts.next().unwrap_or("").to_string();
        for (part, place) in parts.zip(places) {
            out.push_str(place);
            out.push_str(part);
        }
        out
    }

    /// The same with its places filled: `{name}`.
    pub fn put(self, english: &'static str, places: &[(&str, &str)]) -> String {
        let mut out = String::new();
        let mut rest = self.tr(english);
        while let Some((before, tail)) = rest.split_once('{') {
            let (name, after) = tail.split_once('}').unwrap_or((tail, ""));
            let value = places.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value);
            out.push_str(before);
            out.push_str(value);
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// What `text` says in the places, `{}`, of `pattern`; `None` if it is not made of it.
fn unfilled<'t>(pattern: &str, text: &'t str) -> Option<Vec<&'t str>> {
    let mut parts = pattern.split("{}");
    let mut rest = text.strip_prefix(parts.next()?)?;
    let mut places = Vec::new();
    let parts: Vec<&str> = parts.collect();
    for (n, part) in parts.iter().enumerate() {
        let at =
            if n + 1 == parts.len() { rest.strip_suffix(part)?.len() } else { rest.find(part)? };
        places.push(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    rest.is_empty().then_some(places)
}
