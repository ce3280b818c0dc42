//! `kubectl get`: tables.

use super::args::Args;
use super::print::{self, Look};
use super::running::{Context, Link, Output, Stream};
use crate::api::kinds::{Kind, Object};

/// Runs it and gives the exit code.
pub(super) fn run(words: &[String], cx: &mut Context<'_>, output: &mut Output) -> i32 {
    let args = match Args::parse(words) {
        Ok(args) => args,
        Err(text) => {
            output.write(Stream::Err, &format!("{text}\n"));
            return 1;
        }
    };
    let word = args.words.get(1).map_or("", String::as_str);
    let Some(kind) = Kind::by_word(word) else {
        let text = format!("error: the server doesn't have a resource type {word:?}\n");
        output.write(Stream::Err, &text);
        return 1;
    };
    let store = &cx.hub.server().store;
    let all: Vec<Object> = store.list_objects(kind).cloned().collect();
    let look = Look { wide: args.get("output") == Some("wide"), ..Look::default() };
    let text = print::text(&all, kind, look, cx.hub.now());
    let mut links = Vec::new();
    let mut at = 0;
    for (line, object) in text.split_inclusive('\n').skip(1).zip(&all) {
        let from = text.find('\n').map_or(0, |end| end + 1) + at;
        let range = from..from + object.meta().name.len();
        links.push(Link { range, object: object.reference() });
        at += line.len();
    }
    output.write_linked(Stream::Out, &text, links);
    0
}
