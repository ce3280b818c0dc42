//! The table of commands: their words, their flags, what does them.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/cmd.go and the command's own files

use super::cx::{Cx, Outcome};
use super::flags::{Flag, flags};
use super::refused::{self, refuse};
use super::{apply, change, create, describe, drain, edit, events, expose, get, help, info};
use super::{rollout, run, set, wait};

/// One command.
#[derive(Debug)]
pub struct Command {
    /// Its words after `kubectl`: `get`, `rollout status`.
    pub name: &'static str,
    /// Other words for its last one, separated by blanks.
    pub also: &'static str,
    /// Its own flags; see `flags`. `ANY` if it is not here.
    pub flags: &'static [&'static str],
    /// What does it.
    pub run: fn(&mut Cx<'_, '_>) -> Outcome,
}

/// The flags of every command.
pub const GLOBAL: &str = "as:s as-group:s as-uid:s as-user-extra:s cache-dir:s \
    certificate-authority:s client-certificate:s client-key:s cluster:s context:s \
    disable-compression:b help,h:b insecure-skip-tls-verify:b kubeconfig:s kuberc:s \
    log-flush-frequency:d match-server-version:b namespace,n:s password:s profile:s \
    profile-output:s request-timeout:s server,s:s tls-server-name:s token:s user:s username:s \
    v,v:i vmodule:s warnings-as-errors:b";
/// A command that is not here takes any flag.
pub const ANY: &[&str] = &["*"];
const PRINT: &str = "output,o:s template:s show-managed-fields:b allow-missing-template-keys:b";
const FILES: &str = "filename,f:s kustomize,k:s recursive,R:b";
const DRY: &str = "dry-run:=unchanged";
const CHANGE: &str = "dry-run:=unchanged field-manager:s record:b";
const PICK: &str = "selector,l:s field-selector:s all:b all-namespaces,A:b";
const GET: &str = "all-namespaces,A:b chunk-size:i field-selector:s ignore-not-found:b \
    label-columns,L:s no-headers:b output-watch-events:b raw:s selector,l:s server-print:b \
    show-kind:b show-labels:b sort-by:s subresource:s watch,w:b watch-only:b";
const DELETE: &str = "all:b all-namespaces,A:b cascade:=background field-selector:s force:b \
    grace-period:i ignore-not-found:b interactive,i:b now:b raw:s selector,l:s timeout:d wait:b";
const REPLACE: &str = "cascade:=background force:b grace-period:i raw:s save-config:b \
    subresource:s timeout:d validate:=strict wait:b";
const SAVE: &str = "save-config:b validate:=strict edit:b windows-line-endings:b raw:s";
const APPLY: &str = "all:b applyset:s cascade:=background force:b force-conflicts:b \
    grace-period:i openapi-patch:b overwrite:b prune:b prune-allowlist:s selector,l:s \
    server-side:b subresource:s timeout:d validate:=strict wait:b";
const NEW: &str = "output,o:s template:s show-managed-fields:b allow-missing-template-keys:b \
    dry-run:=unchanged field-manager:s save-config:b validate:=strict";
const RUN: &str = "annotations:s attach:b command:b env:s expose:b image:s image-pull-policy:s \
    labels,l:s leave-stdin-open:b override-type:s overrides:s pod-running-timeout:d port:s \
    privileged:b quiet,q:b restart:s rm:b save-config:b stdin,i:b tty,t:b detach-keys:s \
    cascade:=background force:b grace-period:i timeout:d wait:b";
const EXPOSE: &str = "cluster-ip:s external-ip:s labels,l:s load-balancer-ip:s name:s \
    override-type:s overrides:s port:s protocol:s save-config:b selector:s session-affinity:s \
    target-port:s type:s";
const DRAIN: &str = "chunk-size:i delete-emptydir-data:b disable-eviction:b force:b \
    grace-period:i ignore-daemonsets:b pod-selector:s selector,l:s \
    skip-wait-for-delete-timeout:i timeout:d dry-run:=unchanged";
const FROM: &str = "from-literal:s from-file:s from-env-file:s append-hash:b";
const LABEL: &str = "overwrite:b list:b local:b resource-version:s";
const MAIL: &str = "append-hash:b docker-email:s docker-password:s docker-server:s \
    docker-username:s from-file:s";
const ENV: &str = "env,e:s containers,c:s keys:s from:s list:b overwrite:b prefix:s resolve:b";
const SCALE: &str = "all:b record:b current-replicas:i replicas:i resource-version:s selector,l:s \
    timeout:d";
const SET: &str = "all:b local:b selector,l:s";
const DIFF: &str = "selector,l:s server-side:b force-conflicts:b prune:b prune-allowlist:s \
    field-manager:s concurrency:i show-managed-fields:b show-secrets:b";
const EDIT: &str = "field-manager:s record:b validate:=strict windows-line-endings:b";
const LOGS: &str = "all-containers:b all-pods:b container,c:s follow,f:b ignore-errors:b \
    insecure-skip-tls-verify-backend:b limit-bytes:i max-log-requests:i pod-running-timeout:d \
    prefix:b previous,p:b selector,l:s since:d since-time:s tail:i timestamps:b";
const RESOURCES: &str = "api-group:s cached:b categories:s namespaced:b no-headers:b output,o:s \
    show-managed-fields:b sort-by:s verbs:s";
const TOP: &str = "all-namespaces,A:b containers:b field-selector:s no-headers:b selector,l:s \
    show-capacity:b show-swap:b sort-by:s sum:b use-protocol-buffers:b";

/// All commands.
pub static COMMANDS: &[Command] = &[
    c("annotate", "", &[PRINT, FILES, CHANGE, PICK, LABEL], change::annotate),
    c("api-resources", "", &[RESOURCES], info::api_resources),
    c("api-versions", "", &[], info::api_versions),
    c("apply", "", &[PRINT, FILES, CHANGE, APPLY], apply::apply),
    c("apply edit-last-applied", "", &[PRINT, FILES, EDIT], edit::edit),
    c(
        "apply set-last-applied",
        "",
        &[PRINT, DRY, "create-annotation:b filename,f:s"],
        apply::set_last_applied,
    ),
    c(
        "apply view-last-applied",
        "",
        &[FILES, "output,o:s selector,l:s all:b"],
        apply::view_last_applied,
    ),
    c("attach", "", ANY, refuse),
    c(
        "auth can-i",
        "",
        &["all-namespaces,A:b quiet,q:b list:b subresource:s no-headers:b"],
        info::can_i,
    ),
    c("auth reconcile", "", ANY, refuse),
    c("auth whoami", "", &[PRINT], info::whoami),
    c("autoscale", "", ANY, refuse),
    c("certificate approve", "", ANY, refuse),
    c("certificate deny", "", ANY, refuse),
    c("cluster-info", "", &[], info::cluster_info),
    c("cluster-info dump", "", ANY, refuse),
    c("completion", "", ANY, refuse),
    c("config current-context", "", &[], info::current_context),
    c("config delete-cluster", "", ANY, refuse),
    c("config delete-context", "", ANY, refuse),
    c("config delete-user", "", ANY, refuse),
    c("config get-clusters", "", &[], info::get_clusters),
    c("config get-contexts", "", &["no-headers:b output,o:s"], info::get_contexts),
    c("config get-users", "", &[], info::get_users),
    c("config rename-context", "", ANY, refuse),
    c("config set", "", ANY, refuse),
    c("config set-cluster", "", ANY, refuse),
    c("config set-context", "", &["current:b"], info::set_context),
    c("config set-credentials", "", ANY, refuse),
    c("config unset", "", ANY, refuse),
    c("config use-context", "use", &[], info::use_context),
    c("config view", "", &[PRINT, "minify:b raw:b flatten:b merge:b"], info::view),
    c("cordon", "", &[DRY, "selector,l:s"], drain::cordon),
    c("cp", "", ANY, refuse),
    c("create", "", &[PRINT, FILES, CHANGE, SAVE, "selector,l:s"], apply::create),
    c("create clusterrole", "", ANY, refuse),
    c("create clusterrolebinding", "", ANY, refuse),
    c("create configmap", "cm", &[NEW, FROM], create::config_map),
    c("create cronjob", "cj", &[NEW, "image:s schedule:s restart:s"], create::cron_job),
    c("create deployment", "deploy", &[NEW, "image:s replicas,r:i port:i"], create::deployment),
    c("create ingress", "ing", ANY, refuse),
    c("create job", "", &[NEW, "image:s from:s"], create::job),
    c("create namespace", "ns", &[NEW], create::namespace),
    c(
        "create poddisruptionbudget",
        "pdb",
        &[NEW, "selector:s min-available:s max-unavailable:s"],
        create::budget,
    ),
    c(
        "create priorityclass",
        "pc",
        &[NEW, "value:i global-default:b description:s preemption-policy:s"],
        create::priority_class,
    ),
    c("create quota", "resourcequota", &[NEW, "hard:s scopes:s"], create::quota),
    c("create role", "", ANY, refuse),
    c("create rolebinding", "", ANY, refuse),
    c("create secret docker-registry", "", &[NEW, MAIL], create::secret),
    c("create secret generic", "", &[NEW, FROM, "type:s"], create::secret),
    c("create secret tls", "", &[NEW, "append-hash:b cert:s key:s"], create::secret),
    c("create service clusterip", "", &[NEW, "tcp:s clusterip:s"], create::service),
    c("create service externalname", "", &[NEW, "tcp:s external-name:s"], create::service),
    c("create service loadbalancer", "", &[NEW, "tcp:s"], create::service),
    c("create service nodeport", "", &[NEW, "tcp:s node-port:i"], create::service),
    c("create serviceaccount", "sa", &[NEW], create::service_account),
    c("create token", "", ANY, refuse),
    c("debug", "", ANY, refuse),
    c("delete", "", &[DRY, FILES, DELETE, "output,o:s"], apply::delete),
    c(
        "describe",
        "",
        &[FILES, "all-namespaces,A:b chunk-size:i selector,l:s show-events:b"],
        describe::describe,
    ),
    c("diff", "", &[FILES, DIFF], apply::diff),
    c("drain", "", &[DRAIN], drain::drain),
    c("edit", "", &[PRINT, FILES, EDIT, "output-patch:b save-config:b subresource:s"], edit::edit),
    c(
        "events",
        "",
        &[PRINT, "all-namespaces,A:b chunk-size:i for:s no-headers:b types:s watch,w:b"],
        events::events,
    ),
    c(
        "exec",
        "",
        &["filename,f:s container,c:s stdin,i:b tty,t:b quiet,q:b pod-running-timeout:d"],
        refused::exec,
    ),
    c("explain", "", &["api-version:s output,o:s recursive,R:b"], info::explain),
    c("expose", "", &[PRINT, FILES, CHANGE, EXPOSE], expose::expose),
    c("get", "", &[PRINT, FILES, GET], get::get),
    c("kuberc set", "", ANY, refuse),
    c("kuberc view", "", ANY, refuse),
    c("kustomize", "", &["output,o:s load-restrictor:s enable-helm:b"], refused::kustomize),
    c("label", "", &[PRINT, FILES, CHANGE, PICK, LABEL], change::label),
    c("logs", "", &[LOGS], refused::logs),
    c("options", "", &[], help::options),
    c(
        "patch",
        "",
        &[PRINT, FILES, CHANGE, "patch,p:s patch-file:s type:s local:b subresource:s"],
        change::patch,
    ),
    c("plugin list", "", ANY, refuse),
    c("port-forward", "", ANY, refuse),
    c("proxy", "", ANY, refuse),
    c("replace", "", &[PRINT, FILES, CHANGE, REPLACE], apply::replace),
    c("rollout history", "", &[PRINT, FILES, "revision:i selector,l:s"], rollout::history),
    c("rollout pause", "", &[PRINT, FILES, "field-manager:s selector,l:s"], rollout::pause),
    c("rollout restart", "", &[PRINT, FILES, "field-manager:s selector,l:s"], rollout::restart),
    c("rollout resume", "", &[PRINT, FILES, "field-manager:s selector,l:s"], rollout::resume),
    c(
        "rollout status",
        "",
        &[FILES, "revision:i selector,l:s timeout:d watch,w:b"],
        rollout::status,
    ),
    c("rollout undo", "", &[PRINT, FILES, DRY, "selector,l:s to-revision:i"], rollout::undo),
    c("run", "", &[PRINT, FILES, CHANGE, RUN], run::run),
    c("scale", "", &[PRINT, FILES, DRY, SCALE], change::scale),
    c("set env", "", &[PRINT, FILES, CHANGE, SET, ENV], set::env),
    c("set image", "", &[PRINT, FILES, CHANGE, SET], set::image),
    c(
        "set resources",
        "",
        &[PRINT, FILES, CHANGE, SET, "containers,c:s limits:s requests:s"],
        set::resources,
    ),
    c(
        "set selector",
        "",
        &[PRINT, CHANGE, "all:b filename,f:s local:b recursive,R:b resource-version:s"],
        set::selector,
    ),
    c("set serviceaccount", "sa", &[PRINT, FILES, CHANGE, SET], set::service_account),
    c("set subject", "", ANY, refuse),
    c(
        "taint",
        "",
        &[PRINT, CHANGE, "all:b overwrite:b selector,l:s validate:=strict"],
        change::taint,
    ),
    c("top node", "nodes no", &[TOP], refused::top),
    c("top pod", "pods po", &[TOP], refused::top),
    c("uncordon", "", &[DRY, "selector,l:s"], drain::uncordon),
    c("version", "", &["client:b output,o:s"], info::version),
    c("wait", "", &[PRINT, PICK, "filename,f:s for:s local:b recursive,R:b timeout:d"], wait::wait),
];

const fn c(
    name: &'static str,
    also: &'static str,
    flags: &'static [&'static str],
    run: fn(&mut Cx<'_, '_>) -> Outcome,
) -> Command {
    Command { name, also, flags, run }
}

impl Command {
    /// All flags it takes.
    pub fn all_flags(&self) -> Vec<Flag> {
        let mut tables = if self.flags == ANY { Vec::new() } else { self.flags.to_vec() };
        tables.push(GLOBAL);
        flags(&tables)
    }

    fn is(&self, words: &[&str]) -> bool {
        let (parent, own) = self.name.rsplit_once(' ').unwrap_or(("", self.name));
        let Some((last, before)) = words.split_last().filter(|(last, _)| !last.is_empty()) else {
            return false;
        };
        // `kubectl create svc nodeport`, `kubectl create deploy`.
        let before = before.join(" ").replace("create svc", "create service");
        parent == before && (own == *last || self.also.split(' ').any(|also| also == *last))
    }
}

/// What the words of a command line call.
pub enum Called {
    /// This command, whose words are at these places.
    Command(&'static Command, Vec<usize>),
    /// A command that only has others below it, and the word that is none of them.
    Family(String, Option<String>),
    /// Nothing: the first word is no command.
    Unknown(String),
}

/// Finds the command that `words` begin with; flags may stand before and between.
pub fn find(words: &[String]) -> Called {
    let globals = flags(&[GLOBAL]);
    let mut places = Vec::new();
    let mut at = 0;
    while at < words.len() && places.len() < 4 && words[at] != "--" {
        let word = &words[at];
        if !word.starts_with('-') {
            places.push(at);
        } else if !word.contains('=') {
            let takes = |flag: &&Flag| {
                let long = word.strip_prefix("--") == Some(flag.name);
                let short = word.strip_prefix('-').and_then(|rest| rest.strip_prefix(flag.letter?));
                (long || short == Some("")) && flag.alone().is_none()
            };
            // Before the first word only global flags are known.
            at += usize::from(globals.iter().any(|flag| takes(&flag)));
        }
        at += 1;
    }
    for count in (1..=places.len().min(3)).rev() {
        let called: Vec<&str> = places[..count].iter().map(|&at| &*words[at]).collect();
        if let Some(command) = COMMANDS.iter().find(|command| command.is(&called)) {
            return Called::Command(command, places[..count].to_vec());
        }
    }
    let Some(first) = places.first().map(|&at| &words[at]) else {
        return Called::Family(String::new(), None);
    };
    let family = format!("{first} ");
    if COMMANDS.iter().any(|command| command.name.starts_with(&family)) {
        return Called::Family(first.clone(), places.get(1).map(|&at| words[at].clone()));
    }
    Called::Unknown(first.clone())
}

/// The first words of all commands, in order, each once.
pub fn verbs() -> Vec<&'static str> {
    let first = |command: &Command| command.name.split(' ').next().unwrap_or("");
    let mut all: Vec<&str> = COMMANDS.iter().map(first).collect();
    all.dedup();
    all
}
