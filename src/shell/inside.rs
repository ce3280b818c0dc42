//! `kubectl run -it` and `kubectl exec -it` with a shell: the terminal is the container's until
//! `exit`. kubectl itself makes the Pod, waits for it, and deletes it.
//!
//! Not here: what a command in the container does (`Place::inside`).

use super::Place;
use super::job::Task;
use super::script::Frame;
use super::tasks::kubectl;

/// What a flag of `run` and `exec` is about.
#[derive(Clone, Copy, PartialEq)]
enum About {
    Both,
    Namespace,
    Nothing,
    Removing,
    Stdin,
    Tty,
    /// Something else, with the next word as its value.
    Valued,
}

/// The flags that either may have with a terminal.
const FLAGS: &[(&str, About)] = &[
    ("--stdin", About::Stdin),
    ("-i", About::Stdin),
    ("--tty", About::Tty),
    ("-t", About::Tty),
    ("-it", About::Both),
    ("-ti", About::Both),
    ("--rm", About::Removing),
    ("--attach", About::Nothing),
    ("--command", About::Nothing),
    ("-q", About::Nothing),
    ("--quiet", About::Nothing),
    ("--namespace", About::Namespace),
    ("-n", About::Namespace),
    ("--image", About::Valued),
    ("--restart", About::Valued),
    ("--labels", About::Valued),
    ("-l", About::Valued),
    ("--env", About::Valued),
    ("--port", About::Valued),
    ("--container", About::Valued),
    ("-c", About::Valued),
    ("--image-pull-policy", About::Valued),
    ("--pod-running-timeout", About::Valued),
];

/// What a command that attaches to a container says.
#[derive(Default)]
struct Attached<'w> {
    pod: &'w str,
    namespace: &'w str,
    command: Vec<&'w str>,
    stdin: bool,
    tty: bool,
    removes: bool,
}

fn attached(words: &[String]) -> Option<Attached<'_>> {
    let mut found = Attached::default();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        if word == "--" {
            for word in rest {
                found.command.push(word);
            }
            break;
        }
        let (flag, value) = word.split_once('=').unwrap_or((word, ""));
        let on = value.is_empty() || value == "true";
        let about = FLAGS.iter().find(|(name, _)| *name == flag).map(|(_, about)| *about);
        match about {
            Some(About::Stdin) => found.stdin = on,
            Some(About::Tty) => found.tty = on,
            Some(About::Both) => (found.stdin, found.tty) = (true, true),
            Some(About::Removing) => found.removes = on,
            Some(About::Nothing) => {}
            Some(about) => {
                let value = if value.is_empty() { rest.next()? } else { value };
                if about == About::Namespace {
                    found.namespace = value;
                }
            }
            None if word.starts_with('-') => return None,
            None if found.pod.is_empty() => found.pod = word,
            None => found.command.push(word),
        }
    }
    (!found.pod.is_empty()).then_some(found)
}

/// The script that a command of kubectl means which gives the terminal to a container; `None` if
/// it does not.
pub(super) fn frames(words: &[String], place: &dyn Place) -> Option<Vec<Frame>> {
    let runs = match words.first()?.as_str() {
        "run" => true,
        "exec" => false,
        _ => return None,
    };
    let found = attached(&words[1..])?;
    let interactive = match &found.command[..] {
        [] => runs,
        [one] => matches!(one.rsplit('/').next(), Some("sh" | "bash" | "ash")),
        _ => false,
    };
    if !(found.stdin && found.tty && interactive) || !runs && !place.has_pod(found.pod) {
        return None;
    }
    let namespace = match found.namespace {
        "" => place.namespace(),
        namespace => namespace.to_string(),
    };
    let mut frames = Vec::new();
    if runs && found.removes {
        frames.push(quietly(&["delete", "pod", found.pod, "-n", &namespace]));
    }
    let inside = Task::Inside(namespace, found.pod.to_string(), false);
    frames.push(Frame::Begin(Box::new(inside)));
    if runs {
        let mut made = Vec::new();
        for word in words {
            if !word.starts_with("--rm") {
                made.push(&**word);
            }
        }
        frames.push(quietly(&made));
    }
    Some(frames)
}

/// A command of kubectl of which only errors are shown.
fn quietly(words: &[&str]) -> Frame {
    let mut command = Vec::new();
    for word in words {
        command.push(word.to_string());
    }
    Frame::Begin(Box::new(kubectl(&command, String::new(), true)))
}
