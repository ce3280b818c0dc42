//! What the API server answers when it refuses.
//!
//! Upstream: staging/src/k8s.io/apimachinery/pkg/api/errors/errors.go

use crate::api::kinds::Kind;
use serde_json::{Value, json};

/// A refusal, as the API server's Status object says it.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The HTTP status, such as 404.
    pub code: u16,
    /// Why, in a word: `NotFound`, `Conflict`, `Invalid`, …; empty where upstream has none.
    pub reason: &'static str,
    /// Why, in a sentence.
    pub message: String,
    /// The kind it is about, as `details` names it; for most errors the plural.
    pub kind: String,
    /// The group of that kind.
    pub group: String,
    /// The object it is about.
    pub name: String,
    /// What is wrong, field by field.
    pub causes: Vec<Cause>,
    /// Seconds to wait before trying again; 0 for none.
    pub retry_after: u64,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// `FieldValueInvalid`, `FieldValueRequired`, …
    pub reason: &'static str,
    /// What is wrong, without the field.
    pub message: String,
    /// The field's path.
    pub field: String,
}

impl Status {
    fn about(code: u16, reason: &'static str, kind: Kind, name: &str, message: String) -> Status {
        Status {
            code,
            reason,
            message,
            kind: kind.info().plural.to_string(),
            group: kind.info().group.to_string(),
            name: name.to_string(),
            causes: Vec::new(),
            retry_after: 0,
        }
    }

    /// No such object.
    pub fn not_found(kind: Kind, name: &str) -> Status {
        let message = format!("{} {name:?} not found", kind.info().resource());
        Status::about(404, "NotFound", kind, name, message)
    }

    /// The name is taken.
    pub fn already_exists(kind: Kind, name: &str) -> Status {
        let message = format!("{} {name:?} already exists", kind.info().resource());
        Status::about(409, "AlreadyExists", kind, name, message)
    }

    /// Somebody else was faster, or a precondition does not hold.
    pub fn conflict(kind: Kind, name: &str, why: &str) -> Status {
        let resource = kind.info().resource();
        let message = format!("Operation cannot be fulfilled on {resource} {name:?}: {why}");
        Status::about(409, "Conflict", kind, name, message)
    }

    /// The object was changed since it was read.
    pub fn modified(kind: Kind, name: &str) -> Status {
        let why = "the object has been modified; please apply your changes to the latest \
                   version and try again";
        Status::conflict(kind, name, why)
    }

    /// The object breaks rules.
    pub fn invalid(kind: Kind, name: &str, causes: Vec<Cause>) -> Status {
        let info = kind.info();
        let qualified = match info.group {
            "" => info.name.to_string(),
            group => format!("{}.{group}", info.name),
        };
        let text = match &lines(&causes)[..] {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!("{qualified} {name:?} is invalid: {text}");
        let mut status = Status::about(422, "Invalid", kind, name, message);
        status.kind = info.name.to_string();
        status.causes = causes;
        status
    }

    /// Not allowed.
    pub fn forbidden(kind: Kind, name: &str, why: &str) -> Status {
        let message = format!("{} {name:?} is forbidden: {why}", kind.info().resource());
        Status::about(403, "Forbidden", kind, name, message)
    }

    /// The request makes no sense.
    pub fn bad_request(message: impl Into<String>) -> Status {
        Status {
            code: 400,
            reason: "BadRequest",
            message: message.into(),
            kind: String::new(),
            group: String::new(),
            name: String::new(),
            causes: Vec::new(),
            retry_after: 0,
        }
    }

    /// The options of a request, such as CreateOptions, make no sense.
    pub fn bad_options(options: &str, causes: Vec<Cause>) -> Status {
        let message = match &lines(&causes)[..] {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let group = "meta.k8s.io";
        let mut status =
            Status::bad_request(format!("{options}.{group} \"\" is invalid: {message}"));
        (status.code, status.reason) = (422, "Invalid");
        (status.kind, status.group, status.causes) = (options.into(), group.into(), causes);
        status
    }

    /// A component's own failure: no answer of the server.
    pub fn failure(message: impl Into<String>) -> Status {
        Status { code: 500, reason: "", ..Status::bad_request(message) }
    }

    /// Too many requests, or a budget that forbids more.
    pub fn too_many_requests(message: &str, cause: Cause) -> Status {
        let mut status = Status::bad_request(message);
        status.code = 429;
        status.reason = "TooManyRequests";
        status.causes = vec![cause];
        status
    }

    /// The server cannot go on.
    pub fn internal_error(message: &str) -> Status {
        let mut status = Status::bad_request(format!("Internal error occurred: {message}"));
        status.code = 500;
        status.reason = "InternalError";
        status
    }

    /// The request is well formed and still makes no sense; upstream keeps the reason to
    /// itself.
    pub fn unprocessable() -> Status {
        let mut status =
            Status::bad_request("the server rejected our request due to an error in our request");
        status.code = 422;
        status.reason = "Invalid";
        status
    }

    /// As the API prints it.
    pub fn to_value(&self) -> Value {
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            status["reason"] = json!(self.reason);
        }
        let mut details = serde_json::Map::new();
        let texts = [("name", &self.name), ("group", &self.group), ("kind", &self.kind)];
        for (key, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            details.insert(key.into(), json!(text));
        }
        if !self.causes.is_empty() {
            let cause = |c: &Cause| {
                let mut cause = json!({"reason": c.reason, "message": c.message});
                if !c.field.is_empty() {
                    cause["field"] = json!(c.field);
                }
                cause
            };
            details.insert("causes".into(), self.causes.iter().map(cause).collect());
        }
        if self.retry_after > 0 {
            details.insert("retryAfterSeconds".into(), json!(self.retry_after));
        }
        let generic = ["NotFound", "MethodNotAllowed", "Invalid"].contains(&self.reason);
        if generic || !details.is_empty() {
            status["details"] = Value::Object(details);
        }
        status
    }

    /// Whether it says that the object does not exist.
    pub fn is_not_found(&self) -> bool {
        self.reason == "NotFound"
    }

    /// Whether it says that the name is taken.
    pub fn is_already_exists(&self) -> bool {
        self.reason == "AlreadyExists"
    }

    /// Whether it says that somebody else was faster.
    pub fn is_conflict(&self) -> bool {
        self.reason == "Conflict"
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.message)
    }
}

/// The causes as sentences; the same one only once.
fn lines(causes: &[Cause]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::with_capacity(causes.len());
    for line in causes.iter().map(Cause::to_string) {
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// As kubectl prints it: `Error from server (NotFound): pods "web-0" not found`, or, with
/// several causes, a list.
impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.reason {
            "" => write!(f, "Error from server: {}", self.message),
            "Invalid" => {
                match &*self.kind {
                    "" => f.write_str("The request is invalid: ")?,
                    kind => write!(f, "The {kind} {:?} is invalid: ", self.name)?,
                }
                match &lines(&self.causes)[..] {
                    [] => f.write_str(&self.message),
                    [one] => f.write_str(one),
                    many => many.iter().try_for_each(|line| write!(f, "\n* {line}")),
                }
            }
            reason => write!(f, "Error from server ({reason}): {}", self.message),
        }
    }
}

impl Cause {
    /// A required value is missing.
    pub fn required(field: impl Into<String>, detail: &str) -> Cause {
        let tail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        let message = format!("Required value{tail}");
        Cause { reason: "FieldValueRequired", message, field: field.into() }
    }

    /// A value breaks a rule. `shown` is the value as upstream prints it.
    pub fn invalid(field: impl Into<String>, shown: impl std::fmt::Display, detail: &str) -> Cause {
        let tail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
        let message = format!("Invalid value: {shown}{tail}");
        Cause { reason: "FieldValueInvalid", message, field: field.into() }
    }

    /// A value may not be given here.
    pub fn forbidden(field: impl Into<String>, detail: &str) -> Cause {
        let message = format!("Forbidden: {detail}");
        Cause { reason: "FieldValueForbidden", message, field: field.into() }
    }

    /// A value is none of the known ones, which are listed in order.
    pub fn unsupported(field: impl Into<String>, value: &str, known: &[&str]) -> Cause {
        let list: Vec<String> = known.iter().map(|word| format!("{word:?}")).collect();
        let message =
            format!("Unsupported value: {value:?}: supported values: {}", list.join(", "));
        Cause { reason: "FieldValueNotSupported", message, field: field.into() }
    }

    /// A value names something that is not there.
    pub fn not_found(field: impl Into<String>, value: &str) -> Cause {
        let message = format!("Not found: {value:?}");
        Cause { reason: "FieldValueNotFound", message, field: field.into() }
    }

    /// A value stands twice. `shown` is the value as upstream prints it.
    pub fn duplicate(field: impl Into<String>, shown: impl std::fmt::Display) -> Cause {
        let message = format!("Duplicate value: {shown}");
        Cause { reason: "FieldValueDuplicate", message, field: field.into() }
    }
}
