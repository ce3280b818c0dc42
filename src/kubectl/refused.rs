//! Commands that the simulator cannot do: each says so plainly.
//!
//! Not here: the inside of containers, metrics, network.

use super::cx::{Cx, Failure, Outcome, Task};
use super::get;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind};

/// Why a command is not here.
const WHY: &[(&str, &str)] = &[
    ("attach", "the inside of containers is not simulated"),
    ("autoscale", "there are no metrics to scale by: kubectl scale sets a number"),
    ("certificate", "there are no certificates"),
    ("completion", "the Tab key completes here"),
    ("cp", "the inside of containers is not simulated"),
    ("debug", "the inside of containers is not simulated"),
    ("kustomize", "apply the files with -f"),
    ("options", "the flags of a command are shown by --help"),
    ("plugin", "there are no plugins"),
    ("port-forward", "there is no network into containers"),
    ("proxy", "there is no network"),
];

/// A command that is not here.
pub fn refuse(cx: &mut Cx<'_, '_>) -> Outcome {
    let verb = cx.name;
    let why = WHY.iter().find(|(name, _)| *name == verb).map_or("", |(_, why)| why);
    let colon = if why.is_empty() { "" } else { ": " };
    Err(Failure::raw("").hint(format!("kubectl has {verb}; this simulator does not{colon}{why}.")))
}

/// `kubectl top`.
pub fn top(_: &mut Cx<'_, '_>) -> Outcome {
    Err(Failure::new("Metrics API not available")
        .hint("kubectl top needs metrics-server, which is not simulated."))
}

/// The Pod that the words name.
fn pod(cx: &Cx<'_, '_>) -> Result<Key, Failure> {
    let word = cx.args.words.first().map_or("", String::as_str);
    let name = word.rsplit('/').next().unwrap_or("");
    Ok(Key::new(cx.namespace(), name))
}

/// `kubectl logs`.
pub fn logs(cx: &mut Cx<'_, '_>) -> Outcome {
    if cx.args.words.is_empty() && cx.args.get("selector").is_none() {
        let text = "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME \
                    is a required argument for the logs command";
        return Err(Failure::usage(text, "logs"));
    }
    let key = pod(cx)?;
    if cx.args.get("selector").is_none() && cx.store().get::<Pod>(&key).is_none() {
        let (name, namespace) = (&*key.name, &*key.namespace);
        let text = format!(
            "error from server (NotFound): pods {name:?} not found in namespace {namespace:?}"
        );
        let hint = get::not_found(cx, Kind::Pod, name).hint;
        return Err(Failure::new(text).hint(hint));
    }
    Err(Failure::raw("").hint(
        "kubectl has logs; this simulator does not: the inside of containers is not \
               simulated.",
    ))
}

/// `kubectl exec`: the few words whose answer follows from the Pod alone.
pub fn exec(cx: &mut Cx<'_, '_>) -> Outcome {
    let words = cx.args.words.clone();
    if words.is_empty() {
        let text = "pod, type/name or --filename must be specified";
        return Err(Failure::new(text));
    }
    let command = match cx.args.dash {
        Some(dash) => words[dash..].to_vec(),
        None => words[1..].to_vec(),
    };
    if command.is_empty() {
        let text = "you must specify at least one command for the container";
        return Err(Failure::new(text));
    }
    let key = pod(cx)?;
    let Some(pod) = cx.store().get::<Pod>(&key).cloned() else {
        return Err(get::not_found(cx, Kind::Pod, &key.name));
    };
    if cx.args.dash.is_none() {
        return Err(Failure::new(
            "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead",
        )
        .hint(format!("kubectl exec {} -- {}", key.name, command.join(" "))));
    }
    let wanted = cx.args.get("container");
    let all = &pod.spec.containers;
    let chosen = match wanted {
        Some(name) => all.iter().find(|own| *own.name == *name),
        None => all.first(),
    };
    let Some(container) = chosen else {
        let name = wanted.unwrap_or("");
        let text = format!("container {name} is not valid for pod {}", key.name);
        return Err(Failure::new(text));
    };
    let status = pod.status.container_statuses.iter().find(|own| own.name == container.name);
    if status.is_none_or(|status| status.state.running.is_none()) {
        return Err(Failure::new(format!(
            "Internal error occurred: unable to upgrade connection: container not found (\"{}\")",
            container.name
        )));
    }
    let line = command.join(" ");
    let line = match command.iter().position(|word| word == "-c") {
        Some(at) if command[0] == "sh" || command[0].ends_with("sh") => {
            command.get(at + 1).cloned().unwrap_or_default()
        }
        _ => line,
    };
    let hostname = match &*pod.spec.hostname {
        "" => pod.meta.name.to_string(),
        name => name.to_string(),
    };
    match line.trim() {
        "hostname" | "cat /etc/hostname" | "uname -n" => cx.say(hostname),
        "hostname -i" => cx.say(pod.status.pod_ip.clone()),
        _ => {
            return Err(Failure::raw("")
                .hint("The inside of containers is not simulated: exec answers hostname only."));
        }
    }
    Ok(Task::Done)
}
