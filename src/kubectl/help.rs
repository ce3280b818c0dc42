//! What is said of commands and flags that are not known, and short help.
//!
//! Not here: the long help of kubectl's commands, with its examples.
//!
//! Upstream: github.com/spf13/cobra/command.go (suggestions),
//! staging/src/k8s.io/kubectl/pkg/util/templates/templater.go (flag errors),
//! staging/src/k8s.io/kubectl/pkg/cmd/{help,options}

use super::commands::{ANY, COMMANDS, Called, Command, GLOBAL, find, verbs};
use super::cx::{Cx, Failure, Outcome, Task};
use super::flags::{Flag, flags};
use crate::api::manifest::hints::{distance, nearest};

/// What each command takes, and what it does. `[X]` may be missing, `X...` may be several.
const ABOUT: &str = "\
annotate TARGET KEY=VALUE... KEY-: sets and takes away annotations
api-resources: lists the kinds there are
api-versions: lists the versions of the API
apply -f FILE [--prune -l LABEL]: makes objects as the files say
apply edit-last-applied TARGET: opens what was applied last in the editor
apply set-last-applied -f FILE: remembers a file as what was applied last
apply view-last-applied TARGET: shows what was applied last
auth can-i VERB TYPE[/NAME]: says whether you may; --list says all you may
auth whoami: says who you are to the server
cluster-info: says where the server is
config current-context: names the context
config get-clusters: lists the clusters of the configuration
config get-contexts: lists the contexts
config get-users: lists the users
config set-context --current --namespace=NAME: changes the usual namespace
config use-context NAME: changes the context
config view: shows the configuration
cordon NODE: lets no new Pods onto a node
create -f FILE: creates objects from files
create configmap NAME [--from-literal=KEY=VALUE] [--from-file=[KEY=]FILE]: creates a ConfigMap
create cronjob NAME --image=IMAGE --schedule='0 3 * * *' [-- COMMAND]: creates a CronJob
create deployment NAME --image=IMAGE [--replicas=N] [-- COMMAND]: creates a Deployment
create job NAME --image=IMAGE [-- COMMAND] | --from=cronjob/NAME: creates a Job
create namespace NAME: creates a Namespace
create poddisruptionbudget NAME --selector=LABELS --min-available=N: creates a budget
create priorityclass NAME --value=N: creates a PriorityClass
create quota NAME --hard=pods=5: creates a ResourceQuota
create secret docker-registry NAME --docker-username=U --docker-password=P: creates a Secret
create secret generic NAME [--from-literal=KEY=VALUE] [--from-file=[KEY=]FILE]: creates a Secret
create secret tls NAME --cert=FILE --key=FILE: creates a Secret
create service clusterip NAME --tcp=PORT[:TARGET]: creates a Service
create service externalname NAME --external-name=HOST: creates a Service
create service loadbalancer NAME --tcp=PORT[:TARGET]: creates a Service
create service nodeport NAME --tcp=PORT[:TARGET]: creates a Service
create serviceaccount NAME: creates a ServiceAccount
delete TARGET | TYPE --all | TYPE -l LABEL: deletes objects and waits for their end
describe TARGET: tells all about objects
diff -f FILE: shows what apply would change
drain NODE --ignore-daemonsets: evicts all Pods of a node
edit TARGET: opens objects in the editor
events [--for=TYPE/NAME] [--watch]: lists Events
exec POD -- COMMAND: runs a command in a container
explain TYPE[.FIELD...]: tells what a field means
expose TARGET --port=N: creates a Service for what is there
get TYPE[,TYPE...] [NAME...] | TYPE/NAME... | -f FILE: shows objects
kustomize DIR: builds what a kustomization says
label TARGET KEY=VALUE... KEY-: sets and takes away labels
logs POD [-c CONTAINER]: prints what a container wrote
options: lists the flags that every command takes
patch TARGET [--type=merge|json|strategic] -p PATCH: changes fields
replace -f FILE [--force]: puts files in the place of objects
rollout history TARGET [--revision=N]: lists revisions
rollout pause TARGET: pauses a roll-out
rollout restart TARGET: replaces all Pods
rollout resume TARGET: goes on with a roll-out
rollout status TARGET: follows a roll-out to its end
rollout undo TARGET [--to-revision=N]: goes back to an earlier revision
run NAME --image=IMAGE [-it --rm] [-- COMMAND]: creates a Pod
scale TARGET --replicas=N: changes how many Pods there are
set env TARGET KEY=VALUE... KEY- | --from=configmap/NAME: changes environment variables
set image TARGET CONTAINER=IMAGE...: changes images
set resources TARGET [--limits=cpu=1] [--requests=cpu=1]: changes what containers ask for
set selector TARGET KEY=VALUE: changes the selector of a Service
set serviceaccount TARGET NAME: changes the ServiceAccount
taint node NAME KEY=VALUE:EFFECT... KEY-: sets and takes away taints
top node: needs metrics
top pod: needs metrics
uncordon NODE: lets new Pods onto a node again
version: tells versions
wait TARGET --for=condition=Ready | --for=delete | --for=jsonpath='{.a}'=b: waits";

/// What a command takes and what it does.
fn about(command: &Command) -> Option<(&'static str, &'static str)> {
    let own = |line: &'static str| {
        let (takes, does) = line.rsplit_once(": ")?;
        let rest = takes.strip_prefix(command.name)?;
        let is_longer = rest.trim_start().starts_with(|c: char| c.is_ascii_lowercase());
        let fits = !is_longer || command.name == "taint";
        (fits && (rest.is_empty() || rest.starts_with(' '))).then_some((takes, does))
    };
    ABOUT.lines().find_map(own)
}

/// What is said of a first word that is no command.
pub fn unknown(word: &str) -> Failure {
    let lower = word.to_lowercase();
    let near: Vec<&str> = verbs()
        .into_iter()
        .filter(|verb| distance(&lower, verb, false) <= 2 || verb.starts_with(&lower))
        .collect();
    let mut text = format!("unknown command {word:?} for \"kubectl\"");
    if !near.is_empty() {
        text.push_str("\n\nDid you mean this?");
        near.iter().for_each(|verb| text.push_str(&format!("\n\t{verb}")));
    }
    let hint = match near.is_empty() {
        true => format!("The commands here: {}", verbs().join(", ")),
        false => String::new(),
    };
    Failure::new(text).hint(hint)
}

/// The commands below `name`, the words after it, each once.
fn below(name: &str) -> Vec<&'static str> {
    let rest = |command: &Command| -> Option<&'static str> {
        let rest = match name {
            "" => command.name,
            name => command.name.strip_prefix(name)?.strip_prefix(' ')?,
        };
        rest.split(' ').next()
    };
    let mut names: Vec<&str> = COMMANDS.iter().filter_map(rest).collect();
    names.dedup();
    names
}

/// What is said of a command that needs another word.
pub fn family(name: &str, word: Option<&str>) -> Failure {
    let names = below(name);
    let all = format!("The commands here: {}", names.join(", "));
    let Some(word) = word else {
        let text = match name {
            "" => "kubectl controls the Kubernetes cluster manager.".to_string(),
            name => format!("Usage:\n  kubectl {name} [flags] [options]"),
        };
        let more = if name.is_empty() { "" } else { &format!("{name} ") };
        let hint = format!("{all}\nkubectl {more}NAME -h tells more of one.");
        return Failure { code: 0, ..Failure::raw(text).hint(hint) };
    };
    let hint = match nearest(word, names.iter().copied()) {
        Some(near) => format!("Did you mean kubectl {name} {near}?"),
        None => all,
    };
    Failure::usage(format!("unknown command {word:?}"), name).hint(hint)
}

/// What is said of a flag that cannot be read.
pub fn flag(command: &Command, known: &[Flag], why: &str) -> Failure {
    let text = format!("{why}\nSee 'kubectl {} --help' for usage.", command.name);
    let name = why.strip_prefix("unknown flag: --");
    let near = name.and_then(|name| nearest(name, known.iter().map(|flag| flag.name)));
    let hint = match (name, near) {
        (Some(_), Some(near)) => format!("Did you mean --{near}?"),
        (Some(_), None) => titles(&flags(command.flags)),
        _ => String::new(),
    };
    Failure::new(text).hint(hint)
}

/// The names of flags in one line.
fn titles(all: &[Flag]) -> String {
    let title = |flag: &Flag| {
        let letter = flag.letter.map_or(String::new(), |letter| format!("-{letter}/"));
        format!("{letter}--{}", flag.name)
    };
    format!("Flags: {}", all.iter().map(title).collect::<Vec<String>>().join(" "))
}

/// What a command takes, in the simulator's voice.
pub fn usage(command: &Command) -> Failure {
    let mut lines = Vec::new();
    if command.flags == ANY {
        lines.push(super::refused::why(command.name));
    } else if let Some((takes, does)) = about(command) {
        lines.push(format!("kubectl {takes}"));
        lines.push(format!("  {does}."));
        if takes.contains("TARGET") {
            lines.push("TARGET: TYPE NAME... | TYPE/NAME... | -f FILE".to_string());
        }
    }
    let names = below(command.name);
    if !names.is_empty() {
        lines.push(format!("Below it: {}", names.join(", ")));
    }
    let own = flags(command.flags);
    if !own.is_empty() && command.flags != ANY {
        lines.push(titles(&own));
    }
    Failure { code: 0, ..Failure::raw("").hint(lines.join("\n")) }
}

/// `kubectl help WORDS`.
pub fn help(words: &[String]) -> Failure {
    match find(words) {
        Called::Command(command, _) => usage(command),
        Called::Family(name, _) => family(&name, None),
        Called::Unknown(word) => {
            let hint = family("", None).hint;
            Failure { code: 0, ..Failure::raw(format!("Unknown help topic [`{word}`]")).hint(hint) }
        }
    }
}

/// `kubectl options`.
pub fn options(cx: &mut Cx<'_, '_>) -> Outcome {
    cx.say("The following options can be passed to any command:\n");
    cx.note(titles(&flags(&[GLOBAL])));
    Ok(Task::Done)
}
