//! What is to be said about the manifest in the editor: what keeps it from being read, what the
//! API server refused when it was applied, what is worth knowing.
//!
//! Not here: finding it (see `api::manifest` and `apiserver::apply`).

use crate::api::manifest::{self, Notice, Problem};
use crate::apiserver::apply::ApplyReport;
use crate::session::{Session, mend};
use crate::view::{Diagnostic, Lang, Severity, Text, Word};
use std::rc::Rc;

/// Findings that are listed.
const FOUND_MAX: usize = 200;

/// What was found in a text.
#[derive(Clone, Debug)]
pub struct Found {
    /// The text.
    pub text: Text,
    /// What was found, by line.
    pub list: Rc<Vec<Diagnostic>>,
    /// How many of what.
    pub summary: Text,
    /// It cannot be read: applying it would do nothing.
    pub unreadable: bool,
    report: Option<Rc<ApplyReport>>,
}

impl Found {
    /// Looks through the manifest shown.
    pub fn of(session: &Session, lang: Lang) -> Found {
        let text = session.file().text.clone();
        let read = manifest::read(&text);
        let report = session.report().cloned();
        let mends = |document: usize| {
            let from = read.objects.partition_point(|one| one.document < document);
            let mut all = read.objects[from..].iter();
            all.next()
                .filter(|one| one.document == document && mend::can_mend(one))
                .is_some()
                .then(|| u32::try_from(document).ok())
                .flatten()
        };
        let problem = |lang, one: &Problem| {
            let mend = (one.path == "spec.selector").then(|| mends(one.document)).flatten();
            Diagnostic { mend, ..problem(lang, one) }
        };
        // Where nothing was written yet, nothing is wrong.
        let fresh = report.is_none() && text.is_empty();
        let problems = read.problems.iter().filter(|_| !fresh);
        let mut list: Vec<Diagnostic> = problems.map(|one| problem(lang, one)).collect();
        if let Some(report) = &report {
            let refused = report.problems.iter().filter(|one| !read.problems.contains(one));
            list.extend(refused.map(|one| problem(lang, one)));
            list.extend(report.warnings.iter().map(|text| warning(lang, text)));
            let more = report.notices.iter().filter(|one| !read.notices.contains(one));
            let warns = |one| Diagnostic { severity: Severity::Warning, ..notice(lang, one) };
            list.extend(more.map(warns));
        }
        list.extend(read.notices.iter().map(|one| {
            let mend = (one.path == "apiVersion").then(|| mends(one.document)).flatten();
            Diagnostic { mend, ..notice(lang, one) }
        }));
        list.sort_by_key(|one| (one.severity != Severity::Error, one.line));
        let summary = summary(lang, &list);
        list.truncate(FOUND_MAX);
        let unreadable = !read.problems.is_empty();
        Found { text, list: Rc::new(list), summary, unreadable, report }
    }

    /// Whether it still is about what the session shows.
    pub fn is_of(&self, session: &Session) -> bool {
        let same = match (&self.report, session.report()) {
            (Some(mine), Some(now)) => Rc::ptr_eq(mine, now),
            (None, None) => true,
            _ => false,
        };
        same && self.text == session.file().text
    }
}

/// The field and what is said about it, the field once.
fn parts(field: &str, message: &str) -> (Text, Text) {
    match message.strip_prefix(field) {
        Some(rest) if rest.starts_with(": ") => (field.into(), rest[2..].into()),
        Some(_) => ("".into(), message.into()),
        None => (field.into(), message.into()),
    }
}

fn problem(lang: Lang, problem: &Problem) -> Diagnostic {
    let (field, message) = parts(&problem.path, &problem.message);
    Diagnostic {
        severity: Severity::Error,
        line: problem.place.line,
        field,
        message: lang.told(message.trim_start()).into(),
        hint: lang.told(&problem.hint).into(),
        mend: None,
    }
}

fn notice(lang: Lang, notice: &Notice) -> Diagnostic {
    let (field, message) = parts(&notice.path, &notice.message);
    Diagnostic {
        severity: Severity::Note,
        line: notice.place.line,
        field,
        message: lang.told(message.trim_start()).into(),
        hint: "".into(),
        mend: None,
    }
}

fn warning(lang: Lang, text: &str) -> Diagnostic {
    Diagnostic {
        severity: Severity::Warning,
        line: 0,
        field: "".into(),
        message: lang.told(text).into(),
        hint: "".into(),
        mend: None,
    }
}

/// "2 errors, 1 note".
fn summary(lang: Lang, list: &[Diagnostic]) -> Text {
    let kinds = [
        (Severity::Error, Word::OneError, Word::Errors),
        (Severity::Warning, Word::OneWarning, Word::Warnings),
        (Severity::Note, Word::OneNote, Word::Notes),
    ];
    let mut parts = Vec::new();
    for (severity, one, many) in kinds {
        let count = list.iter().filter(|found| found.severity == severity).count();
        match count {
            0 => {}
            1 => parts.push(lang.say(one).to_string()),
            _ => parts.push(lang.fill(many, &[("n", &count.to_string())])),
        }
    }
    parts.join(", ").into()
}
