//! Commands and flags that the simulator cannot do: each says so plainly.
//!
//! Not here: the inside of containers, metrics, network.

use super::cx::{Cx, Failure, Outcome, Task};
use super::resource::Known;
use super::running::Stream;
use super::value::{entries, text};
use super::{get, inside, resource};
use crate::api::core::pod::{Pod, PodPhase};
use crate::api::kinds::{Key, Kind};
use crate::api::meta::condition;
use crate::apiserver::status::Status;
use std::rc::Rc;

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
    ("delete", "interactive", "nothing is lost here: undo brings it back"),
    ("diff", "prune", "apply --prune --dry-run=client says what would go"),
    ("edit", "output-patch", "kubectl diff shows changes"),
    ("edit", "subresource", "take kubectl patch --subresource"),
    ("replace", "subresource", "take kubectl patch --subresource"),
];

/// Flags that name parts of the configuration: the one name there is, and what is said of others.
const NAMES: &[(&str, &str, &str)] = &[
    (
        "context",
        super::info::CONTEXT,
        "Error in configuration: context was not found for specified context: {}",
    ),
    ("cluster", super::info::CONTEXT, "error: no server found for cluster \"{}\""),
    ("user", super::info::USER, "error: auth info \"{}\" does not exist"),
    ("kubeconfig", "", "error: stat {}: no such file or directory"),
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
    for (flag, known, words) in NAMES {
        if let Some(name) = args.get(flag).filter(|name| name != known) {
            return Err(Failure::raw(words.replace("{}", name)));
        }
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

/// The Pod that the words name; of what has several, the one that kubectl would take, and how
/// many there are.
fn pod(cx: &Cx<'_, '_>) -> Result<(Key, usize), Failure> {
    let word = cx.args.words.first().map_or("", String::as_str);
    let Some((kind, name)) = word.split_once('/') else {
        return Ok((Key::new(cx.namespace(), word), 1));
    };
    let Known::Here(kind) = resource::kind(kind)? else {
        let plural = kind;
        return Err(resource::not_here(plural));
    };
    let key = cx.key(kind, name);
    if kind == Kind::Pod {
        return Ok((key, 1));
    }
    let found = cx.store().object(kind, &key).cloned();
    let tree = found.ok_or_else(|| get::not_found(cx, kind, name))?.to_value();
    let path = if kind == Kind::Service { "spec.selector" } else { "spec.selector.matchLabels" };
    let pairs: Vec<(&String, String)> =
        entries(&tree, path).map(|(key, value)| (key, text(value))).collect();
    if pairs.is_empty() {
        let does = if cx.name == "logs" { "get the logs from" } else { "attach to" };
        let kind = format!("*{}.{}", kind.info().version, kind.info().name);
        return Err(Failure::new(format!(
            "cannot {does} {kind}: selector for {kind} not implemented"
        )));
    }
    let own = |pod: &&Rc<Pod>| {
        let has = |(key, value): &(&String, String)| {
            pod.meta.label(key).is_some_and(|own| **own == **value)
        };
        pod.meta.namespace == key.namespace && pairs.iter().all(has)
    };
    let pods: Vec<&Rc<Pod>> = cx.store().list::<Pod>().filter(own).collect();
    let restarts = |pod: &Pod| {
        let most = pod.status.container_statuses.iter().map(|own| own.restart_count).max();
        let most = i64::from(most.unwrap_or(0));
        if cx.name == "logs" { -most } else { most }
    };
    let first = pods.iter().min_by_key(|pod| {
        let ready = condition(&pod.status.conditions, "Ready").filter(|own| &*own.status == "True");
        (
            pod.spec.node_name.is_empty(),
            pod.status.phase != PodPhase::Running,
            ready.is_none(),
            cx.name != "logs" && pod.is_terminating(),
            ready.map(|own| own.last_transition_time),
            restarts(pod),
            pod.meta.creation_timestamp,
        )
    });
    match first {
        Some(pod) => Ok((Key::of(&pod.meta), pods.len())),
        None => Err(Failure::new("timed out waiting for the condition")),
    }
}

/// The container that `-c` names, or else the first one.
fn container(cx: &mut Cx<'_, '_>, pod: &Pod) -> Result<String, Failure> {
    let all: Vec<&str> = pod
        .spec
        .containers
        .iter()
        .chain(pod.spec.init_containers.iter())
        .map(|own| &*own.name)
        .collect();
    let first = all.first().copied().unwrap_or("").to_string();
    let Some(wanted) = cx.args.get("container").filter(|name| !name.is_empty()) else {
        if all.len() > 1 && !cx.args.is_set("quiet") {
            cx.warn(format!("Defaulted container {first:?} out of: {}", listed(pod)));
        }
        return Ok(first);
    };
    if all.contains(&wanted) {
        return Ok(wanted.to_string());
    }
    let name = &pod.meta.name;
    let why = format!("container {wanted} is not valid for pod {name}");
    Err(match cx.name {
        "logs" => Failure::new(format!("{why} out of: {}", listed(pod))),
        _ => Status::bad_request(why).into(),
    })
}

/// All containers of a Pod as kubectl lists them.
fn listed(pod: &Pod) -> String {
    let plain = pod.spec.containers.iter().map(|own| own.name.to_string());
    let init = pod.spec.init_containers.iter().map(|own| format!("{} (init)", own.name));
    plain.chain(init).collect::<Vec<String>>().join(", ")
}

/// `kubectl logs`: why there is none, as far as that follows from the Pod.
pub fn logs(cx: &mut Cx<'_, '_>) -> Outcome {
    const HINT: &str =
        "kubectl has logs; this simulator does not: the inside of containers is not simulated.";
    if cx.args.words.is_empty() && cx.args.get("selector").is_none() {
        let text = "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME \
                    is a required argument for the logs command";
        return Err(Failure::usage(text, "logs"));
    }
    if cx.args.get("selector").is_some() {
        return Err(Failure::raw("").hint(HINT));
    }
    let (key, count) = pod(cx)?;
    let (name, namespace) = (&*key.name, &*key.namespace);
    let Some(pod) = cx.store().get::<Pod>(&key).cloned() else {
        let text = format!(
            "error from server (NotFound): pods {name:?} not found in namespace {namespace:?}"
        );
        let hint = get::not_found(cx, Kind::Pod, name).hint;
        return Err(Failure::new(text).hint(hint));
    };
    if count > 1 {
        cx.warn(format!("Found {count} pods, using pod/{name}"));
    }
    let container = container(cx, &pod)?;
    // Nobody has it yet: nothing is written.
    if pod.spec.node_name.is_empty() {
        return Ok(Task::Done);
    }
    let all = pod.status.container_statuses.iter().chain(&pod.status.init_container_statuses);
    let status = all.into_iter().find(|own| *own.name == *container);
    let ended = status.is_some_and(|own| own.last_state.terminated.is_some());
    let why = match status.map(|own| &own.state) {
        _ if cx.args.is_set("previous") && !ended => {
            format!("previous terminated container {container:?} in pod {name:?} not found")
        }
        Some(state) if state.running.is_some() || state.terminated.is_some() || ended => {
            return Err(Failure::raw("").hint(HINT));
        }
        state => {
            let waiting = state.and_then(|state| state.waiting.as_ref());
            let why = match waiting.map_or("ContainerCreating", |waiting| &*waiting.reason) {
                "ErrImagePull" => "image can't be pulled",
                "ImagePullBackOff" => "trying and failing to pull image",
                reason => reason,
            };
            format!("container {container:?} in pod {name:?} is waiting to start: {why}")
        }
    };
    Err(Status::bad_request(why).into())
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
    let (key, _) = pod(cx)?;
    let Some(pod) = cx.store().get::<Pod>(&key).cloned() else {
        return Err(get::not_found(cx, Kind::Pod, &key.name));
    };
    if cx.args.dash.is_none() {
        return Err(Failure::new(
            "exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead",
        )
        .hint(format!("kubectl exec {} -- {}", key.name, command.join(" "))));
    }
    if pod.is_terminal() {
        let phase = &pod.status.phase;
        return Err(Failure::new(format!(
            "cannot exec into a container in a completed pod; current phase is {phase:?}"
        )));
    }
    let container = container(cx, &pod)?;
    let status = pod.status.container_statuses.iter().find(|own| *own.name == *container);
    if status.is_none_or(|status| status.state.running.is_none()) {
        return Err(Failure::new(format!(
            "Internal error occurred: unable to upgrade connection: container not found \
             (\"{container}\")"
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
