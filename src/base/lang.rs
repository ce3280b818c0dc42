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
