//! Commands and flags that the simulator cannot do: each says so plainly.
//!
//! Not here: the inside of containers, metrics, network.

use super::cx::{Cx, Failure, Outcome, Task};
use super::running::Stream;
use super::{get, inside};
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind};

/// Why commands are not here; a family stands for all below it.
const WHY: &[(&str, &str)] = &[
    ("attach cp debug", "the inside of containers is not simulated"),
    ("auth create set", "whoever types here may do everything"),
    ("autoscale", "there are no metrics to scale by: kubectl scale sets a number"),
    ("certificate", "there are no certificates"),
    ("cluster-info", "take kubectl get all -A -o yaml"),
    ("completion", "the Tab key completes here"),
    ("config", "there is one context, and its namespace is all that can be changed"),
    ("create ingress", "there is no network into the cluster"),
    ("kuberc", "there are no settings of your own; the shell has alias"),
    ("plugin", "there are no plugins"),
    ("port-forward", "there is no network into containers"),
    ("proxy", "there is no network: kubectl get --raw reads paths of the API"),
];

/// That the command `name` is not here, and why.
pub fn why(name: &str) -> String {
    let family = name.split(' ').next().unwrap_or("");
    let about = |word: &str| WHY.iter().find(|(names, _)| *names == word);
    let among = |(names, _): &&(&str, &str)| names.split(' ').any(|own| own == family);
    let why = about(name).or_else(|| WHY.iter().find(among)).map_or("", |(_, why)| why);
    format!("kubectl has {name}; this simulator does not: {why}.")
}

/// `kubectl kustomize`.
pub fn kustomize(cx: &mut Cx<'_, '_>) -> Outcome {
    let dir = cx.args.words.first().map_or(".", String::as_str);
    Err(super::resource::kustomize(dir, cx.context.files))
}

/// A command that is not here.
pub fn refuse(cx: &mut Cx<'_, '_>) -> Outcome {
    Err(Failure::raw("").hint(why(cx.name)))
}

/// Flags that kubectl has and the simulator does not: the command or its family, the flag, what
/// to do instead.
const FLAGS: &[(&str, &str, &str)] = &[
    ("apply", "applyset", "take --prune with -l"),
    ("create", "append-hash", "give the name you want"),
    ("create", "edit", "create it, then kubectl edit"),
    ("create", "raw", "create it with -f"),
    ("delete", "interactive", "nothing is lost here: undo brings it back"),
    ("delete", "raw", "delete it by its name"),
    ("diff", "prune", "apply --prune --dry-run=client says what would go"),
    ("edit", "output-patch", "kubectl diff shows changes"),
    ("edit", "subresource", "take kubectl patch --subresource"),
    ("get", "subresource", "take kubectl get --raw PATH/status or PATH/scale"),
    ("replace", "raw", "replace it with -f"),
    ("replace", "subresource", "take kubectl patch --subresource"),
];

/// Whether a flag was given that is not here; whoever acts as another is told so.
pub fn flags(cx: &mut Cx<'_, '_>) -> Result<(), Failure> {
    let args = cx.args;
    let family = cx.name.split(' ').next().unwrap_or("");
    let given = |flag: &str| args.get(flag).is_some_and(|value| value != "false");
    if let Some((_, flag, instead)) =
        FLAGS.iter().find(|(of, flag, _)| *of == family && given(flag))
    {
        return Err(Failure::raw("")
            .hint(format!("kubectl has --{flag}; this simulator does not: {instead}.")));
    }
    if given("record") {
        cx.warn("Flag --record has been deprecated, --record will be removed in the future");
    }
    match (args.get("context"), args.get("cluster"), args.get("user")) {
        (Some(name), ..) if name != super::info::CONTEXT => {
            return Err(Failure::raw(format!(
                "Error in configuration: context was not found for specified context: {name}"
            )));
        }
        (_, Some(name), _) if name != super::info::CONTEXT => {
            return Err(Failure::new(format!("no server found for cluster {name:?}")));
        }
        (.., Some(name)) if name != super::info::USER => {
            return Err(Failure::new(format!("auth info {name:?} does not exist")));
        }
        _ => {}
    }
    if let Some(path) = args.get("kubeconfig") {
        return Err(Failure::new(format!("stat {path}: no such file or directory"))
            .hint("The simulator has one configuration: leave --kubeconfig out."));
    }
    if given("warnings-as-errors") {
        cx.note("Warnings stay warnings here: --warnings-as-errors changes nothing.");
    }
    if given("as") {
        cx.note("Whoever types here may do everything: --as changes nothing.");
    }
    Ok(())
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

/// `kubectl exec`: the few words whose answer follows from what the server holds.
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
    let (said, code) = inside::answer(cx.store(), cx.now(), &key, &line);
    let failed = said.iter().any(|(stream, _)| *stream != Stream::Out);
    said.iter().for_each(|(stream, text)| cx.write(*stream, text));
    match code.unwrap_or(i32::from(failed)) {
        0 => {}
        code if said.iter().any(|(stream, _)| *stream == Stream::Simulator) => cx.code = code,
        code => {
            let text = format!("command terminated with exit code {code}");
            return Err(Failure { code, ..Failure::raw(text) });
        }
    }
    Ok(Task::Done)
}
