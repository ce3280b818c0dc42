//! How Go prints an object inside an error: indented JSON of its internal type, and the
//! difference of two such prints.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/util/diff (a unified difference with three
//! lines of context)

use serde_json::Value;

/// A value as Go would print it; fields keep their order.
pub enum Dump<'d> {
    /// Nothing: `null`.
    Nil,
    /// A text.
    Text(String),
    /// A number or truth.
    Plain(String),
    /// A list.
    List(Vec<Dump<'d>>),
    /// An object.
    Fields(Vec<(&'d str, Dump<'d>)>),
}

impl<'d> Dump<'d> {
    /// A JSON tree as it is.
    pub fn tree(value: &'d Value) -> Dump<'d> {
        match value {
            Value::Null => Dump::Nil,
            Value::String(text) => Dump::Text(text.clone()),
            Value::Bool(_) | Value::Number(_) => Dump::Plain(value.to_string()),
            Value::Array(items) => Dump::List(items.iter().map(Dump::tree).collect()),
            Value::Object(map) => {
                Dump::Fields(map.iter().map(|(key, value)| (&**key, Dump::tree(value))).collect())
            }
        }
    }

    /// As text, one field a line, indented by one space a level.
    pub fn print(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out
    }

    fn write(&self, depth: usize, out: &mut String) {
        let line = |out: &mut String, depth: usize| {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', depth));
        };
        let mut items = |items: &mut dyn Iterator<Item = (Option<&str>, &Dump)>,
                         ends: [char; 2]| {
            out.push(ends[0]);
            let mut first = true;
            for (key, item) in items {
                if !std::mem::take(&mut first) {
                    out.push(',');
                }
                line(out, depth + 1);
                if let Some(key) = key {
                    out.push_str(&format!("{key:?}: "));
                }
                item.write(depth + 1, out);
            }
            if !first {
                line(out, depth);
            }
            out.push(ends[1]);
        };
        match self {
            Dump::List(list) => items(&mut list.iter().map(|item| (None, item)), ['[', ']']),
            Dump::Fields(fields) => {
                items(&mut fields.iter().map(|(key, item)| (Some(*key), item)), ['{', '}']);
            }
            Dump::Nil => out.push_str("null"),
            Dump::Text(text) => out.push_str(&format!("{text:?}")),
            Dump::Plain(text) => out.push_str(text),
        }
    }
}

/// The lines that differ, with three lines around them.
pub fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let same = |(a, b): &(&&str, &&str)| a == b;
    let head = old.iter().zip(&new).take_while(same).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(same).count();
    let from = head.saturating_sub(3);
    let after = tail.min(3);
    let (old_end, new_end) = (old.len() - tail, new.len() - tail);
    let mut out = format!(
        "@@ -{},{} +{},{} @@\n",
        from + 1,
        old_end + after - from,
        from + 1,
        new_end + after - from
    );
    let mut lines = |mark: char, lines: &[&str]| {
        lines.iter().for_each(|line| out.push_str(&format!("{mark}{line}\n")));
    };
    lines(' ', &old[from..head]);
    lines('-', &old[head..old_end]);
    lines('+', &new[head..new_end]);
    lines(' ', &old[old_end..old_end + after]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_three_lines_around_them() {
        let old = "a\nb\nc\nd\ne\nf\ng\nh\n";
        let new = "a\nb\nc\nd\nE\nf\ng\nh\n";
        assert_eq!(difference(old, new), "@@ -2,7 +2,7 @@\n b\n c\n d\n-e\n+E\n f\n g\n h\n");
    }
}
