//! Flow collections: `[…]` and `{…}`; JSON is of this kind.

use super::block::key_text;
use super::{Entry, Node, Parsed, Parser, Place, Yaml};
use serde_json::Value;

impl Parser<'_> {
    /// A value inside a flow collection, or a flow collection.
    pub(super) fn flow_node(&mut self) -> Parsed<Node> {
        self.deeper(|parser| {
            let marks = parser.marks()?;
            parser.skip_blank()?;
            let node = match parser.peek() {
                Some(b'[') => parser.flow_list()?,
                Some(b'{') => parser.flow_map()?,
                Some(b'"' | b'\'') => parser.quoted()?,
                Some(b'*') => parser.alias()?,
                Some(b',' | b']' | b'}' | b':') => Node::null(parser.place()),
                _ if parser.plain_starts(true) => parser.plain(0, true)?,
                None => Node::null(parser.place()),
                Some(_) => {
                    return parser.fail("found character that cannot start any token", "");
                }
            };
            Ok(parser.marked(marks, node))
        })
    }

    fn flow_list(&mut self) -> Parsed<Node> {
        let place = self.place();
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.flow_blank()?;
            if self.peek() == Some(b']') {
                self.at += 1;
                return Ok(Node { place, value: Yaml::List(items) });
            }
            if self.peek() == Some(b',') {
                return self.fail("did not find expected node content", "one comma too many");
            }
            let mut item = self.flow_node()?;
            self.flow_blank()?;
            if self.peek() == Some(b':') {
                // `[a: b]` is a list of one map.
                let at = item.place;
                let key = self.flow_key(&item)?;
                self.at += 1;
                self.flow_blank()?;
                let value = self.flow_node()?;
                item = Node { place: at, value: Yaml::Map(vec![Entry { key, place: at, value }]) };
                self.flow_blank()?;
            }
            items.push(item);
            self.flow_comma(place, b']')?;
        }
    }

    fn flow_map(&mut self) -> Parsed<Node> {
        let place = self.place();
        if self.bytes[self.at..].starts_with(b"{{") {
            return self.fail(
                "did not find expected key",
                "this looks like a template (Helm, Go): render it first, and paste the result",
            );
        }
        self.at += 1;
        let mut entries = Vec::new();
        loop {
            self.flow_blank()?;
            if self.peek() == Some(b'}') {
                self.at += 1;
                return Ok(Node { place, value: Yaml::Map(self.merged(entries)?) });
            }
            let at = self.place();
            let item = self.flow_node()?;
            let key = self.flow_key(&item)?;
            self.flow_blank()?;
            let value = if self.peek() == Some(b':') {
                self.at += 1;
                self.flow_blank()?;
                self.flow_node()?
            } else {
                Node::null(at)
            };
            self.add_entry(&mut entries, Entry { key, place: at, value })?;
            self.flow_blank()?;
            self.flow_comma(place, b'}')?;
        }
    }

    fn flow_key(&self, node: &Node) -> Parsed<String> {
        match &node.value {
            Yaml::Scalar(Value::String(text), _) => Ok(text.clone()),
            Yaml::Scalar(_, raw) if !raw.is_empty() => Ok(key_text(raw)),
            _ => self.fail_at(node.place, "did not find expected key", "keys must be plain text"),
        }
    }

    /// Steps to the next byte; inside brackets indentation means nothing, tabs neither.
    fn flow_blank(&mut self) -> Parsed<()> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.step(),
                Some(b'#') => self.to_line_end(),
                _ => return Ok(()),
            }
        }
    }

    fn flow_comma(&mut self, open: Place, close: u8) -> Parsed<()> {
        match self.peek() {
            Some(b',') => {
                self.at += 1;
                Ok(())
            }
            Some(byte) if byte == close => Ok(()),
            _ => {
                let close = char::from(close);
                let message = format!("did not find expected ',' or '{close}'");
                let hint = format!("the bracket opened in line {} is not closed", open.line);
                self.fail(&message, &hint)
            }
        }
    }
}
