//! The events of libyaml, made safe: what stands where, how it is written, or why it cannot
//! be read. It is the engine inside serde_yaml, which itself keeps neither places nor quotes;
//! so manifests are read through this and written through that.
//!
//! Not here: what the events mean (`compose`).
#![allow(unsafe_code)]

use super::{Fault, Place};
use std::ffi::CStr;
use std::mem::MaybeUninit;
#[allow(clippy::unsafe_removed_from_name)]
use unsafe_libyaml as sys;

/// What stands at a place.
#[derive(Debug)]
pub(super) enum What {
    /// A scalar; whether it is written without quotes.
    Scalar { text: String, plain: bool },
    /// A list begins.
    List,
    /// A map begins.
    Map,
    /// A list or a map ends.
    End,
    /// The node that has this anchor stands here again.
    Alias(String),
    /// A document begins.
    Document,
    /// A document ends.
    DocumentEnd,
    /// The text begins.
    Start,
    /// The text ends.
    Finish,
}

/// One event.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) what: What,
    pub(super) place: Place,
    pub(super) anchor: Option<String>,
    pub(super) tag: Option<String>,
}

/// Why a text cannot be read, and what was being read in which line when that was found.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) fault: Fault,
    pub(super) while_: Option<(String, u32)>,
}

/// Reads a text event by event.
pub(super) struct Events<'t> {
    parser: Box<MaybeUninit<sys::yaml_parser_t>>,
    text: std::marker::PhantomData<&'t str>,
}

impl<'t> Events<'t> {
    /// The events of `text`.
    pub(super) fn new(text: &'t str) -> Events<'t> {
        let mut parser = Box::new(MaybeUninit::<sys::yaml_parser_t>::uninit());
        // SAFETY: the parser lives in a box, so it does not move after it was initialised; the
        // text outlives it by the lifetime; libyaml's initialisation fails only for want of
        // memory, which ends the process here as everywhere.
        unsafe {
            let at = parser.as_mut_ptr();
            let _ = sys::yaml_parser_initialize(at);
            sys::yaml_parser_set_encoding(at, sys::YAML_UTF8_ENCODING);
            sys::yaml_parser_set_input_string(at, text.as_ptr(), text.len() as u64);
        }
        Events { parser, text: std::marker::PhantomData }
    }

    /// The next event. After a fault there is none: the caller must stop.
    pub(super) fn next(&mut self) -> Result<Event, Broken> {
        let mut event = MaybeUninit::<sys::yaml_event_t>::uninit();
        // SAFETY: the parser is initialised; an event is read only if libyaml says that it
        // made one, and is deleted once everything of it is copied.
        unsafe {
            let parser = self.parser.as_mut_ptr();
            if (&*parser).error != sys::YAML_NO_ERROR {
                return Err(fault_of(&*parser));
            }
            if sys::yaml_parser_parse(parser, event.as_mut_ptr()).fail {
                return Err(fault_of(&*parser));
            }
            let copy = copy(&*event.as_ptr());
            sys::yaml_event_delete(event.as_mut_ptr());
            Ok(copy)
        }
    }
}

impl Drop for Events<'_> {
    fn drop(&mut self) {
        // SAFETY: the parser was initialised in `new` and is deleted once.
        unsafe { sys::yaml_parser_delete(self.parser.as_mut_ptr()) }
    }
}

fn place(mark: &sys::yaml_mark_t) -> Place {
    Place { line: mark.line as u32 + 1, column: mark.column as u32 + 1 }
}

/// What libyaml has to say.
///
/// # Safety
/// `parser` must be initialised and in the state of an error.
unsafe fn fault_of(parser: &sys::yaml_parser_t) -> Broken {
    // SAFETY: libyaml's messages are constant texts that end in a zero.
    let said = |text: *const i8| unsafe {
        if text.is_null() { String::new() } else { string(text.cast()) }
    };
    let (problem, context) = (said(parser.problem), said(parser.context));
    let mark = match (parser.problem_mark.line, parser.problem_mark.column) {
        (0, 0) if !context.is_empty() => &parser.context_mark,
        _ => &parser.problem_mark,
    };
    let begun = parser.context_mark.line;
    let while_ = (!context.is_empty() && begun != mark.line).then(|| (context, begun as u32 + 1));
    Broken { fault: Fault { place: place(mark), message: problem, hint: String::new() }, while_ }
}

/// Copies everything of an event.
///
/// # Safety
/// `event` must have been made by libyaml and not yet been deleted.
unsafe fn copy(event: &sys::yaml_event_t) -> Event {
    // SAFETY: the member of the union that is read is the one the type names; texts that are
    // not null end in a zero, and a scalar's value has the length that stands beside it.
    unsafe {
        let optional = |text: *mut u8| (!text.is_null()).then(|| string(text));
        let data = &event.data;
        let (what, anchor, tag) = match event.type_ {
            sys::YAML_SCALAR_EVENT => {
                let scalar = &data.scalar;
                let bytes = std::slice::from_raw_parts(scalar.value, scalar.length as usize);
                let text = String::from_utf8_lossy(bytes).into_owned();
                let plain = scalar.style == sys::YAML_PLAIN_SCALAR_STYLE;
                (What::Scalar { text, plain }, optional(scalar.anchor), optional(scalar.tag))
            }
            sys::YAML_SEQUENCE_START_EVENT => {
                let list = &data.sequence_start;
                (What::List, optional(list.anchor), optional(list.tag))
            }
            sys::YAML_MAPPING_START_EVENT => {
                let map = &data.mapping_start;
                (What::Map, optional(map.anchor), optional(map.tag))
            }
            sys::YAML_ALIAS_EVENT => (What::Alias(string(data.alias.anchor)), None, None),
            sys::YAML_DOCUMENT_START_EVENT => (What::Document, None, None),
            sys::YAML_DOCUMENT_END_EVENT => (What::DocumentEnd, None, None),
            sys::YAML_STREAM_START_EVENT => (What::Start, None, None),
            sys::YAML_STREAM_END_EVENT => (What::Finish, None, None),
            _ => (What::End, None, None),
        };
        Event { what, place: place(&event.start_mark), anchor, tag }
    }
}

/// # Safety
/// `text` must end in a zero.
unsafe fn string(text: *const u8) -> String {
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(text.cast()) }.to_string_lossy().into_owned()
}
