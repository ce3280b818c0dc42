//! `kubectl run -it` and `kubectl exec -it` with a shell: the terminal is the container's until
//! `exit`. kubectl itself makes the Pod, waits for it, and deletes it.
//!
//! Not here: what a command in the container does (`Place::inside`).

use super::Place;
use super::job::{Task, Waits};
use super::script::Frame;
use crate::kubectl::running;

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
struct Attached<'w> {
    pod: &'w str,
    namespace: &'w str,
    command: Vec<&'w str>,
    stdin: bool,
    tty: bool,
    removes: bool,
}

fn attached(words: &[String]) -> Option<Attached<'_>> {
    let mut found = Attached {
        pod: "",
        namespace: "",
        command: Vec::new(),
        stdin: false,
        tty: false,
        removes: false,
    };
    let mut rest = words.iter().skip(1);
    while let Some(word) = rest.next() {
        if word == "--" {
            found.command.extend(rest.map(String::as_str));
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
                let value = match value {
                    "" => rest.next()?,
                    value => value,
                };
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

/// The task that a command of kubectl means which gives the terminal to a container; `None` if
/// it does not.
pub(super) fn task(words: &[String], place: &dyn Place) -> Option<Task> {
    let runs = match words.first()?.as_str() {
        "run" => true,
        "exec" => false,
        _ => return None,
    };
    let found = attached(words)?;
    let shell =
        |word: &&str| ["sh", "bash", "ash"].contains(&word.rsplit('/').next().unwrap_or(""));
    let interactive = match &found.command[..] {
        [] => runs,
        [one] => shell(one),
        _ => false,
    };
    if !(found.stdin && found.tty && interactive) || !runs && !place.has_pod(found.pod) {
        return None;
    }
    let namespace = match found.namespace {
        "" => place.namespace(),
        namespace => namespace.to_string(),
    };
    let inside = Task::Inside(namespace.clone(), found.pod.to_string(), false);
    let mut frames = vec![Frame::Begin(Box::new(inside))];
    if runs {
        let made: Vec<String> =
            words.iter().filter(|word| !word.starts_with("--rm")).cloned().collect();
        frames.push(Frame::Begin(Box::new(quiet(&made))));
        if found.removes {
            let words = ["delete", "pod", found.pod, "-n", &namespace].map(String::from);
            frames.insert(0, Frame::Begin(Box::new(quiet(&words))));
        }
    }
    Some(Task::Script(frames, super::Env::default()))
}

/// kubectl without the simulator's remarks.
fn quiet(words: &[String]) -> Task {
    let line = std::iter::once("kubectl").chain(words.iter().map(String::as_str));
    let line = line.collect::<Vec<_>>().join(" ");
    Task::Kubectl(running::start(words, String::new()), line, Waits::Nothing, true)
}
