//! Makes a tree of libyaml's events: anchors and merge keys expanded within bounds, the same
//! key twice refused, plain words read as YAML 1.1 reads them.

use super::events::{Broken, Event, Events, What};
use super::resolve::resolve;
use super::{Entry, Fault, MAX_ALIASED, MAX_ALIASES, MAX_DEPTH, Node, Place, Yaml};
use crate::base::sorted::SortedMap;
use serde_json::Value;

type Parsed<T> = Result<T, Fault>;

/// Composes one document.
pub(super) struct Composer<'t> {
    events: Events<'t>,
    /// The line of the whole text before the document's first.
    above: u32,
    depth: usize,
    anchors: SortedMap<String, Node>,
    aliases: usize,
    aliased: usize,
    /// Where something was copied for the first time.
    pub(super) copied: Option<Place>,
}

impl<'t> Composer<'t> {
    /// Composes `text`, whose first line is line `line` of the whole.
    pub(super) fn new(text: &'t str, line: u32) -> Composer<'t> {
        Composer {
            events: Events::new(text),
            above: line - 1,
            depth: 0,
            anchors: SortedMap::new(),
            aliases: 0,
            aliased: 0,
            copied: None,
        }
    }

    /// The document's tree.
    pub(super) fn document(&mut self) -> Parsed<Node> {
        loop {
            let event = self.next()?;
            match event.what {
                What::Start | What::Document => {}
                What::Finish | What::DocumentEnd | What::End => {
                    return Ok(Node::null(event.place));
                }
                _ => {
                    let node = self.node(event)?;
                    return self.after(node);
                }
            }
        }
    }

    /// Nothing may follow the document.
    fn after(&mut self, node: Node) -> Parsed<Node> {
        loop {
            match self.next()?.what {
                What::Finish => return Ok(node),
                What::DocumentEnd | What::Document => {}
                _ => return Ok(node),
            }
        }
    }

    fn next(&mut self) -> Parsed<Event> {
        let above = self.above;
        match self.events.next() {
            Ok(mut event) => {
                event.place.line += above;
                Ok(event)
            }
            Err(Broken { mut fault, while_ }) => {
                fault.place.line += above;
                if let Some((what, line)) = while_ {
                    fault.message += &format!(", {what} that begins in line {}", line + above);
                }
                Err(fault)
            }
        }
    }

    fn node(&mut self, event: Event) -> Parsed<Node> {
        let Event { what, place, anchor, tag } = event;
        if self.depth >= MAX_DEPTH {
            return fail(place, "exceeded max depth of 64".to_string());
        }
        self.depth += 1;
        let value = match what {
            What::Scalar { text, plain } => scalar(text, plain, tag.as_deref()),
            What::List => self.list()?,
            What::Map => self.map()?,
            What::Alias(name) => self.alias(&name, place)?,
            _ => Yaml::Scalar(Value::Null, String::new()),
        };
        self.depth -= 1;
        let node = Node { place, value };
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self) -> Parsed<Yaml> {
        let mut items = Vec::new();
        loop {
            let event = self.next()?;
            if matches!(event.what, What::End) {
                return Ok(Yaml::List(items));
            }
            items.push(self.node(event)?);
        }
    }

    fn map(&mut self) -> Parsed<Yaml> {
        let mut entries: Vec<Entry> = Vec::new();
        // Their places in the order of their keys.
        let mut order: Vec<usize> = Vec::new();
        loop {
            let event = self.next()?;
            if matches!(event.what, What::End) {
                return merged(entries).map(Yaml::Map);
            }
            let place = event.place;
            let key = match self.node(event)?.value {
                Yaml::Scalar(_, text) => text,
                _ => return fail(place, "a key must be a plain text".to_string()),
            };
            let value = self.next()?;
            let value = self.node(value)?;
            if key == "<<" {
                self.copied.get_or_insert(place);
            } else {
                match order.binary_search_by(|at| entries[*at].key.cmp(&key)) {
                    Err(at) => order.insert(at, entries.len()),
                    Ok(at) => {
                        let first = entries[order[at]].place.line;
                        let hint = format!("it stands in line {first} already");
                        let message = format!("key {key:?} already set in map");
                        return Err(Fault { place, message, hint });
                    }
                }
            }
            entries.push(Entry { key, place, value });
        }
    }

    fn alias(&mut self, name: &str, place: Place) -> Parsed<Yaml> {
        let Some(node) = self.anchors.get(name) else {
            return fail(place, format!("unknown anchor '{name}' referenced"));
        };
        self.copied.get_or_insert(place);
        self.aliases += 1;
        self.aliased += node.size();
        if self.aliases > MAX_ALIASES || self.aliased > MAX_ALIASED {
            return fail(place, "document contains excessive aliasing".to_string());
        }
        Ok(node.value.clone())
    }
}

fn fail<T>(place: Place, message: String) -> Parsed<T> {
    Err(Fault { place, message, hint: String::new() })
}

fn scalar(text: String, plain: bool, tag: Option<&str>) -> Yaml {
    let value = match tag {
        Some("tag:yaml.org,2002:str" | "!") => Value::String(text.clone()),
        Some(_) => resolve(&text),
        None if plain => resolve(&text),
        None => Value::String(text.clone()),
    };
    Yaml::Scalar(value, text)
}

/// Puts the keys that `<<` brings in where they are not given.
fn merged(entries: Vec<Entry>) -> Parsed<Vec<Entry>> {
    let (merges, mut own): (Vec<Entry>, Vec<Entry>) =
        entries.into_iter().partition(|entry| entry.key == "<<");
    for merge in merges {
        let maps = match merge.value.value {
            Yaml::List(items) => items,
            value => vec![Node { place: merge.place, value }],
        };
        for map in maps {
            let Yaml::Map(others) = map.value else {
                let message = "map merge requires map or sequence of maps as the value";
                return fail(merge.place, message.to_string());
            };
            for other in others {
                if own.iter().all(|entry| entry.key != other.key) {
                    own.push(other);
                }
            }
        }
    }
    Ok(own)
}
