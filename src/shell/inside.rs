//! `kubectl run -it` and `kubectl exec -it` with a shell: the terminal is the container's until
//! `exit`. kubectl itself makes the Pod, waits for it, and deletes it.
//!
//! Not here: what a command in the container does (`Place::inside`).

use super::Place;
use super::job::Task;
use super::script::Frame;
use super::tasks::kubectl;

/// Flags of `run` and `exec` that take the next word as their value.
const WITH_VALUE: [&str; 12] = [
    "--image",
    "--restart",
    "--namespace",
    "-n",
    "--labels",
    "-l",
    "--env",
    "--port",
    "--container",
    "-c",
    "--image-pull-policy",
    "--pod-running-timeout",
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
        match flag {
            "--stdin" | "-i" => found.stdin = on,
            "--tty" | "-t" => found.tty = on,
            "-it" | "-ti" => (found.stdin, found.tty) = (true, true),
            "--rm" => found.removes = on,
            "--attach" | "--command" | "-q" | "--quiet" => {}
            _ if WITH_VALUE.contains(&flag) => {
                let value = if value.is_empty() { rest.next()? } else { value };
                if matches!(flag, "--namespace" | "-n") {
                    found.namespace = value;
                }
            }
            _ if word.starts_with('-') => return None,
            _ if found.pod.is_empty() => found.pod = word,
            _ => found.command.push(word),
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
