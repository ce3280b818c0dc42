//! JSONPath as kubectl speaks it: `{range .items[*]}{.metadata.name}{"\n"}{end}`.
//!
//! Not here: numbers with a fraction other than as they are written.
//!
//! Upstream: staging/src/k8s.io/client-go/util/jsonpath

mod eval;
mod parse;

use serde_json::Value;

/// A template that has been read.
#[derive(Clone, Debug, Default)]
pub struct JsonPath {
    blocks: Vec<Block>,
}

/// A piece of a template: text, or what stands between braces.
type Block = Vec<Node>;

#[derive(Clone, Debug, PartialEq)]
enum Node {
    /// Text, or a quoted string.
    Text(String),
    /// A number or a boolean.
    Literal(Value),
    /// `.name`, `['name']`.
    Field(String),
    /// `[from:to:step]`.
    Slice(Option<i64>, Option<i64>, Option<i64>),
    /// `[n]`.
    Index(i64),
    /// `[?(left op right)]`.
    Filter(Block, String, Block),
    /// `.*`.
    Wildcard,
    /// `..`.
    Recursive,
    /// `[a,b]`.
    Union(Vec<Block>),
    /// `range`.
    Range,
    /// `end`.
    End,
}

impl JsonPath {
    /// Reads a template. The error is the parser's own.
    pub fn parse(text: &str) -> Result<JsonPath, String> {
        Ok(JsonPath { blocks: parse::template(text)? })
    }

    /// Reads a field as `--sort-by` and custom columns take it: braces and the first dot may
    /// be left out.
    pub fn relaxed(text: &str) -> Result<JsonPath, String> {
        if text.is_empty() {
            return JsonPath::parse("");
        }
        let inner = match text.strip_prefix('{') {
            Some(inner) => inner.strip_suffix('}').ok_or_else(relaxed_error)?,
            None if text.ends_with('}') => return Err(relaxed_error()),
            None => text,
        };
        let inner = inner.strip_prefix('.').unwrap_or(inner);
        if inner.is_empty() {
            return Err(relaxed_error());
        }
        JsonPath::parse(&format!("{{.{inner}}}"))
    }

    /// Everything it finds in `tree`, group by group. Fields that are missing are an error
    /// only if `strict`.
    pub fn find(&self, tree: &Value, strict: bool) -> Result<Vec<Vec<Value>>, String> {
        let mut out = Vec::new();
        eval::blocks(&self.blocks, tree, strict, &mut out)?;
        let own = |group: Vec<std::borrow::Cow<'_, Value>>| {
            group.into_iter().map(std::borrow::Cow::into_owned).collect()
        };
        Ok(out.into_iter().map(own).collect())
    }

    /// What it prints of `tree`.
    pub fn print(&self, tree: &Value, strict: bool) -> Result<String, String> {
        let mut out = Vec::new();
        eval::blocks(&self.blocks, tree, strict, &mut out)?;
        let words = |group: &Vec<std::borrow::Cow<'_, Value>>| {
            let words: Vec<String> = group.iter().map(|value| shown(value)).collect();
            words.join(" ")
        };
        Ok(out.iter().map(words).collect())
    }
}

/// A value as JSONPath prints it: lists and objects as JSON.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_string(),
        Value::String(text) => text.clone(),
        other => crate::api::apps::go_json(other),
    }
}

fn relaxed_error() -> String {
    "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or \
     '{.name1.name2}'"
        .into()
}
