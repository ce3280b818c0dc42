//! Block collections: what indentation says.

use super::{Entry, MAX_ALIASED, MAX_ALIASES, Node, Parsed, Parser, Place, Yaml};
use serde_json::Value;

/// What stands before a value: an anchor, a tag.
#[derive(Default)]
pub(super) struct Marks {
    anchor: Option<String>,
    text: bool,
}

impl Parser<'_> {
    /// The next value, if it is indented at least `indent`; nothing otherwise. `parent` is
    /// the column of the collection around it.
    pub(super) fn block_node(&mut self, indent: i32, parent: i32) -> Parsed<Node> {
        self.skip_blank()?;
        if self.peek().is_none() || self.column() < indent {
            return Ok(Node::null(self.place()));
        }
        self.deeper(|parser| parser.block_value(indent, parent))
    }

    fn block_value(&mut self, indent: i32, parent: i32) -> Parsed<Node> {
        let start = (self.at, self.line, self.line_start);
        let marks = self.marks()?;
        if marks.anchor.is_some() || marks.text {
            if self.line_is_over() {
                self.to_line_end();
                let node = self.block_node(indent, parent)?;
                return Ok(self.marked(marks, node));
            }
            // Marks before a key belong to the key's map only on a line of their own.
            if self.finds_key()? {
                let node = self.block_map(marks)?;
                return Ok(node);
            }
            let node = self.block_scalar_or_flow(indent, parent)?;
            return Ok(self.marked(marks, node));
        }
        (self.at, self.line, self.line_start) = start;
        if self.dash() {
            return self.block_list();
        }
        if self.peek() == Some(b'?') && matches!(self.peek_at(1), Some(b' ' | b'\n')) {
            return self.fail("did not find expected key", "keys must be plain text");
        }
        if self.finds_key()? {
            return self.block_map(Marks::default());
        }
        self.block_scalar_or_flow(indent, parent)
    }

    fn block_scalar_or_flow(&mut self, indent: i32, parent: i32) -> Parsed<Node> {
        match self.peek() {
            Some(b'|' | b'>') => self.block_scalar(parent),
            _ => {
                let node = self.inline_value(indent)?;
                self.expect_line_end()?;
                Ok(node)
            }
        }
    }

    /// A value that is no block collection.
    fn inline_value(&mut self, indent: i32) -> Parsed<Node> {
        match self.peek() {
            Some(b'[' | b'{') => self.flow_node(),
            Some(b'"' | b'\'') => self.quoted(),
            Some(b'*') => self.alias(),
            _ if self.plain_starts(false) => self.plain(indent, false),
            Some(b'%' | b'@' | b'`') => {
                let hint = "quote the value: it begins with a character that YAML keeps for itself";
                self.fail("found character that cannot start any token", hint)
            }
            Some(b'-') => self.fail(
                "block sequence entries are not allowed in this context",
                "a list under a key begins on the next line",
            ),
            _ => self.fail("did not find expected node content", ""),
        }
    }

    fn expect_line_end(&mut self) -> Parsed<()> {
        if self.line_is_over() {
            return Ok(());
        }
        self.skip_spaces();
        if self.peek() == Some(b':') {
            return self.fail("mapping values are not allowed in this context", "");
        }
        self.fail("did not find expected key", "something follows the end of the value")
    }

    fn dash(&self) -> bool {
        self.peek() == Some(b'-')
            && matches!(self.peek_at(1), None | Some(b' ' | b'\t' | b'\n' | b'\r'))
    }

    /// Whether a key stands here: something on one line that a colon follows.
    fn finds_key(&mut self) -> Parsed<bool> {
        let saved = (self.at, self.line, self.line_start);
        let found = match self.peek() {
            Some(b'"' | b'\'') => self.quoted().is_ok_and(|_| self.line == saved.1),
            _ if self.plain_starts(false) => {
                self.plain_line(false);
                true
            }
            _ => false,
        };
        self.skip_spaces();
        let found = found && self.colon_ends_key(false);
        (self.at, self.line, self.line_start) = saved;
        Ok(found)
    }

    fn key(&mut self) -> Parsed<(String, Place)> {
        let place = self.place();
        let key = match self.peek() {
            Some(b'"' | b'\'') => match self.quoted()?.value {
                Yaml::Scalar(Value::String(text), _) => text,
                _ => String::new(),
            },
            _ => key_text(self.plain_line(false)),
        };
        self.skip_spaces();
        self.at += 1;
        Ok((key, place))
    }

    fn block_map(&mut self, marks: Marks) -> Parsed<Node> {
        let place = self.place();
        // With marks before it, the first key stands further right than the others would.
        let column = self.column();
        let mut entries: Vec<Entry> = Vec::new();
        let mut marks = Some(marks).filter(|marks| marks.anchor.is_some());
        loop {
            let (key, at) = self.key()?;
            let mut value = self.map_value(column)?;
            if let Some(marks) = marks.take() {
                // `&a key: value` marks the key; nobody refers to keys.
                value = self.marked(Marks { anchor: marks.anchor, text: false }, value);
            }
            self.add_entry(&mut entries, Entry { key, place: at, value })?;
            self.skip_blank()?;
            if self.peek().is_none() || self.column() < column {
                break;
            }
            if self.column() > column || self.dash() || !self.finds_key()? {
                return self.not_a_key(column);
            }
        }
        Ok(Node { place, value: Yaml::Map(self.merged(entries)?) })
    }

    fn not_a_key<T>(&mut self, column: i32) -> Parsed<T> {
        if self.column() > column {
            let hint = format!(
                "this line is indented by {}, the keys around it by {column}",
                self.column()
            );
            return self.fail("did not find expected key", &hint);
        }
        if self.dash() {
            return self.fail(
                "did not find expected key",
                "a list item stands among keys: it belongs under a key",
            );
        }
        let line = self.text[self.at..].split('\n').next().unwrap_or("");
        let hint = match line.find('：') {
            Some(_) => "the colon is a full-width one: use a plain colon and a space",
            None if line.contains(':') => "a space is missing after the colon",
            None => "a key must be followed by a colon",
        };
        self.fail("could not find expected ':'", hint)
    }

    /// What follows a key in a map whose keys stand in `column`.
    fn map_value(&mut self, column: i32) -> Parsed<Node> {
        if !self.line_is_over() {
            self.skip_spaces();
        }
        let here = self.place();
        let marks = self.marks()?;
        let node = if self.line_is_over() {
            self.to_line_end();
            self.skip_blank()?;
            if self.peek().is_some() && self.column() == column && self.dash() {
                self.deeper(Self::block_list)?
            } else if self.peek().is_some() && self.column() > column {
                self.block_node(column + 1, column)?
            } else {
                Node::null(here)
            }
        } else if matches!(self.peek(), Some(b'|' | b'>')) {
            self.block_scalar(column)?
        } else if self.dash() {
            return self.fail(
                "block sequence entries are not allowed in this context",
                "a list under a key begins on the next line",
            );
        } else {
            let node = self.deeper(|parser| parser.inline_value(column + 1))?;
            self.expect_line_end()?;
            node
        };
        Ok(self.marked(marks, node))
    }

    fn block_list(&mut self) -> Parsed<Node> {
        let (place, column) = (self.place(), self.column());
        let mut items = Vec::new();
        loop {
            self.at += 1;
            let item = if self.line_is_over() {
                let here = self.place();
                self.to_line_end();
                self.skip_blank()?;
                if self.column() > column && self.peek().is_some() {
                    self.block_node(column + 1, column)?
                } else {
                    Node::null(here)
                }
            } else {
                self.block_node(column + 1, column)?
            };
            items.push(item);
            self.skip_blank()?;
            if self.peek().is_none()
                || self.column() < column
                || self.column() == column && !self.dash()
            {
                break;
            }
            if self.column() > column {
                let hint =
                    format!("this line is indented by {}, the list by {column}", self.column());
                return self.fail("did not find expected '-' indicator", &hint);
            }
        }
        Ok(Node { place, value: Yaml::List(items) })
    }

    /// Anchors and tags before a value.
    pub(super) fn marks(&mut self) -> Parsed<Marks> {
        let mut marks = Marks::default();
        loop {
            match self.peek() {
                Some(b'&') => {
                    self.at += 1;
                    marks.anchor = Some(self.anchor()?);
                }
                Some(b'!') => {
                    let tag = self.word();
                    marks.text = matches!(&*tag, "!" | "!!str");
                }
                _ => return Ok(marks),
            }
            self.skip_spaces();
        }
    }

    fn word(&mut self) -> String {
        let start = self.at;
        let ends = |byte: u8| {
            matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b'[' | b']' | b'{' | b'}')
        };
        while self.peek().is_some_and(|byte| !ends(byte)) {
            self.at += 1;
        }
        self.text[start..self.at].to_string()
    }

    /// The name of an anchor.
    fn anchor(&mut self) -> Parsed<String> {
        let start = self.at;
        let part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        while self.peek().is_some_and(part) {
            self.at += 1;
        }
        let ends = |byte: u8| b" \t\n\r?:,]}%@`".contains(&byte);
        if self.at == start || !self.peek().is_none_or(ends) {
            return self.fail(
                "did not find expected alphabetic or numeric character",
                "quote the value if it is meant to begin with & or *",
            );
        }
        Ok(self.text[start..self.at].to_string())
    }

    /// Does what the marks before `node` ask for.
    pub(super) fn marked(&mut self, marks: Marks, mut node: Node) -> Node {
        if marks.text
            && let Yaml::Scalar(value, raw) = &mut node.value
        {
            *value = Value::String(raw.clone());
        }
        if let Some(anchor) = marks.anchor {
            self.anchors.insert(anchor, node.clone());
        }
        node
    }

    /// `*name`: what stood behind `&name`, again.
    pub(super) fn alias(&mut self) -> Parsed<Node> {
        let place = self.place();
        self.at += 1;
        let name = self.anchor()?;
        let Some(node) = self.anchors.get(&name) else {
            let message = format!("unknown anchor '{name}' referenced");
            return self.fail_at(place, &message, "quote the value if it is meant to begin with *");
        };
        let node = Node { place, value: node.value.clone() };
        self.aliases += 1;
        self.aliased += node.size();
        if self.aliases > MAX_ALIASES || self.aliased > MAX_ALIASED {
            return self.fail_at(place, "document contains excessive aliasing", "");
        }
        Ok(node)
    }
}

/// Keys are text: numbers and truths become it as Kubernetes does.
pub(super) fn key_text(text: &str) -> String {
    match super::resolve::resolve(text) {
        Value::Bool(value) => value.to_string(),
        Value::Number(number) if number.is_i64() => number.to_string(),
        _ => text.to_string(),
    }
}
