//! Words and flags as pflag reads them: `-l app=web`, `-lapp=web`, `--selector=app=web`,
//! `-f -`, `--force`, `-it`.
//!
//! Upstream: github.com/spf13/pflag/flag.go

/// Flags that are followed by a value, by their long names.
const WITH_VALUE: &[&str] = &[
    "cascade",
    "container",
    "containers",
    "current-replicas",
    "field-manager",
    "field-selector",
    "filename",
    "for",
    "from-literal",
    "grace-period",
    "image",
    "label-columns",
    "limits",
    "namespace",
    "output",
    "patch",
    "pod-selector",
    "replicas",
    "requests",
    "resource-version",
    "revision",
    "selector",
    "sort-by",
    "subresource",
    "timeout",
    "to-revision",
    "type",
];

/// Short names.
const SHORT: &[(char, &str)] = &[
    ('A', "all-namespaces"),
    ('L', "label-columns"),
    ('R', "recursive"),
    ('c', "container"),
    ('f', "filename"),
    ('i', "stdin"),
    ('l', "selector"),
    ('n', "namespace"),
    ('o', "output"),
    ('p', "patch"),
    ('t', "tty"),
    ('w', "watch"),
];

/// A command line taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Args {
    /// What is no flag, in order.
    pub words: Vec<String>,
    flags: Vec<(String, String)>,
}

impl Args {
    /// Takes the words of a command line apart. An error is kubectl's own: a flag without its
    /// value.
    pub fn parse(words: &[String]) -> Result<Args, String> {
        let mut args = Args::default();
        let mut rest = words.iter();
        while let Some(word) = rest.next() {
            if word == "--" {
                args.words.extend(rest.cloned());
                break;
            }
            if let Some(long) = word.strip_prefix("--") {
                let (name, value) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_string())),
                    None if WITH_VALUE.contains(&long) => match rest.next() {
                        Some(value) => (long, Some(value.clone())),
                        None => return Err(format!("error: flag needs an argument: --{long}")),
                    },
                    None => (long, None),
                };
                args.flags.push((name.to_string(), value.unwrap_or("true".to_string())));
            } else if word.len() > 1 && word.starts_with('-') {
                args.short(word, &mut rest)?;
            } else {
                args.words.push(word.clone());
            }
        }
        Ok(args)
    }

    fn short<'w>(
        &mut self,
        word: &str,
        rest: &mut impl Iterator<Item = &'w String>,
    ) -> Result<(), String> {
        for (at, letter) in word.char_indices().skip(1) {
            let Some((_, name)) = SHORT.iter().find(|(short, _)| *short == letter) else {
                return Err(format!("error: unknown shorthand flag: {letter:?} in {word}"));
            };
            if !WITH_VALUE.contains(name) {
                self.flags.push((name.to_string(), "true".to_string()));
                continue;
            }
            let tail = &word[at + letter.len_utf8()..];
            let tail = tail.strip_prefix('=').unwrap_or(tail);
            let value = match tail {
                "" => rest.next().cloned().ok_or_else(|| {
                    format!("error: flag needs an argument: {letter:?} in {word}")
                })?,
                tail => tail.to_string(),
            };
            self.flags.push((name.to_string(), value));
            break;
        }
        Ok(())
    }

    /// The last value of a flag.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.flags.iter().rev().find(|(flag, _)| flag == name).map(|(_, value)| value.as_str())
    }

    /// All values of a flag.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.flags.iter().filter(move |(flag, _)| flag == name).map(|(_, value)| value.as_str())
    }

    /// Whether a flag without value is set.
    pub fn is_set(&self, name: &str) -> bool {
        self.get(name) == Some("true")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        let words: Vec<String> = line.split(' ').map(String::from).collect();
        Args::parse(&words)
    }

    #[test]
    fn flags_are_pflag_s() {
        let args = parse("get pods -owide -l app=web --sort-by .x -A --no-headers=true")
            .expect("a good line");
        assert_eq!(args.words, ["get", "pods"]);
        assert_eq!(args.get("output"), Some("wide"));
        assert_eq!(args.get("selector"), Some("app=web"));
        assert_eq!(args.get("sort-by"), Some(".x"));
        assert!(args.is_set("all-namespaces") && args.is_set("no-headers"));
        let error = Err("error: flag needs an argument: 'l' in -l".to_string());
        assert_eq!(parse("get pods -l"), error);
    }
}
