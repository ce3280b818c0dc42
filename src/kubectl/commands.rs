//! The table of commands: their words, their flags, what does them.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/cmd/cmd.go and the command's own files

use super::cx::{Cx, Outcome};
use super::flags::{Flag, flags};
use super::{apply, change, create, describe, drain, edit, events, expose, get, info};
use super::{refused, wait};
use super::{rollout, run, set};

/// One command.
#[derive(Debug)]
pub struct Command {
    /// Its words after `kubectl`: `get`, `rollout status`.
    pub name: &'static str,
    /// Other words for it.
    pub also: &'static str,
    /// Its own flags; see `flags`.
    pub flags: &'static [&'static str],
    /// What does it.
    pub run: fn(&mut Cx<'_, '_>) -> Outcome,
}

const GLOBAL: &str = "namespace,n:s context:s cluster:s user:s kubeconfig:s request-timeout:s \
    server,s:s token:s as:s as-group:s as-uid:s cache-dir:s certificate-authority:s \
    client-certificate:s client-key:s insecure-skip-tls-verify:b match-server-version:b v,v:i \
    warnings-as-errors:b disable-compression:b profile:s help,h:b kuberc:s tls-server-name:s";
const PRINT: &str = "output,o:s template:s show-managed-fields:b allow-missing-template-keys:b";
const FILES: &str = "filename,f:s kustomize,k:s recursive,R:b";
const CHANGE: &str = "dry-run:=unchanged field-manager:s";
const PICK: &str = "selector,l:s field-selector:s all:b all-namespaces,A:b";
const GET: &str = "all-namespaces,A:b chunk-size:i field-selector:s ignore-not-found:b \
    label-columns,L:s no-headers:b output-watch-events:b raw:s selector,l:s server-print:b \
    show-kind:b show-labels:b sort-by:s subresource:s watch,w:b watch-only:b";
const DELETE: &str = "cascade:=background force:b grace-period:i ignore-not-found:b \
    interactive,i:b now:b raw:s timeout:d wait:b";
const SAVE: &str = "save-config:b validate:=strict record:b edit:b windows-line-endings:b raw:s";
const APPLY: &str = "force-conflicts:b openapi-patch:b overwrite:b prune:b prune-allowlist:s \
    server-side:b validate:=strict cascade:=background force:b grace-period:i timeout:d wait:b \
    record:b applyset:s subresource:s";
const CREATE: &str = "save-config:b validate:=strict";
const RUN: &str = "annotations:s attach:b command:b env:s expose:b image:s image-pull-policy:s \
    labels,l:s leave-stdin-open:b override-type:s overrides:s pod-running-timeout:d port:s \
    privileged:b quiet,q:b restart:s rm:b save-config:b stdin,i:b tty,t:b \
    detach-keys:s cascade:=background force:b grace-period:i timeout:d wait:b record:b";
const EXPOSE: &str = "cluster-ip:s external-ip:s labels,l:s load-balancer-ip:s name:s \
    override-type:s overrides:s port:s protocol:s save-config:b selector:s session-affinity:s \
    target-port:s type:s record:b";
const DRAIN: &str = "chunk-size:i delete-emptydir-data:b disable-eviction:b force:b \
    grace-period:i ignore-daemonsets:b pod-selector:s selector,l:s \
    skip-wait-for-delete-timeout:i timeout:d dry-run:=unchanged";
const FROM: &str = "from-literal:s from-file:s from-env-file:s append-hash:b";

/// All commands.
pub static COMMANDS: &[Command] = &[
    command("annotate", "", &[PRINT, FILES, CHANGE, PICK, LABEL], change::annotate),
    command("api-resources", "", &[RESOURCES], info::api_resources),
    command("api-versions", "", &[], info::api_versions),
    command("apply", "", &[PRINT, FILES, CHANGE, "selector,l:s all:b", APPLY], apply::apply),
    command(
        "apply view-last-applied",
        "",
        &[PRINT, FILES, "selector,l:s all:b"],
        apply::view_last_applied,
    ),
    command("attach", "", &["container,c:s stdin,i:b tty,t:b quiet,q:b"], refused::refuse),
    command(
        "auth can-i",
        "",
        &["all-namespaces,A:b quiet,q:b list:b subresource:s \
        no-headers:b"],
        info::can_i,
    ),
    command("auth whoami", "", &[PRINT], info::whoami),
    command(
        "autoscale",
        "",
        &[
            PRINT,
            FILES,
            CHANGE,
            "min:i max:i cpu-percent:i cpu:s memory:s \
        name:s",
        ],
        refused::refuse,
    ),
    command("certificate", "", &[FILES, PRINT], refused::refuse),
    command("cluster-info", "", &[], info::cluster_info),
    command("completion", "", &[], refused::refuse),
    command("config current-context", "", &[], info::current_context),
    command("config get-clusters", "", &[], info::get_clusters),
    command("config get-contexts", "", &["no-headers:b output,o:s"], info::get_contexts),
    command("config get-users", "", &[], info::get_users),
    command("config set-context", "", &["current:b"], info::set_context),
    command("config use-context", "use", &[], info::use_context),
    command("config view", "", &[PRINT, "minify:b raw:b flatten:b merge:b"], info::view),
    command("cordon", "", &["selector,l:s dry-run:=unchanged"], drain::cordon),
    command("cp", "", &["container,c:s no-preserve:b retries:i"], refused::refuse),
    command("create", "", &[PRINT, FILES, CHANGE, "selector,l:s", SAVE], apply::create),
    command("create configmap", "cm", &[PRINT, CHANGE, CREATE, FROM], create::config_map),
    command(
        "create cronjob",
        "cj",
        &[PRINT, CHANGE, CREATE, "image:s schedule:s restart:s"],
        create::cron_job,
    ),
    command(
        "create deployment",
        "deploy",
        &[
            PRINT,
            CHANGE,
            CREATE,
            "image:s replicas,r:i \
        port:i",
        ],
        create::deployment,
    ),
    command("create job", "", &[PRINT, CHANGE, CREATE, "image:s from:s"], create::job),
    command("create namespace", "ns", &[PRINT, CHANGE, CREATE], create::namespace),
    command(
        "create poddisruptionbudget",
        "pdb",
        &[
            PRINT,
            CHANGE,
            CREATE,
            "selector:s \
        min-available:s max-unavailable:s",
        ],
        create::budget,
    ),
    command(
        "create priorityclass",
        "pc",
        &[
            PRINT,
            CHANGE,
            CREATE,
            "value:i global-default:b \
        description:s preemption-policy:s",
        ],
        create::priority_class,
    ),
    command(
        "create quota",
        "resourcequota",
        &[PRINT, CHANGE, CREATE, "hard:s scopes:s"],
        create::quota,
    ),
    command(
        "create secret docker-registry",
        "",
        &[
            PRINT,
            CHANGE,
            CREATE,
            "docker-username:s \
        docker-password:s docker-server:s docker-email:s",
        ],
        refused::refuse,
    ),
    command("create secret generic", "", &[PRINT, CHANGE, CREATE, FROM, "type:s"], create::secret),
    command("create secret tls", "", &[PRINT, CHANGE, CREATE, "cert:s key:s"], refused::refuse),
    command(
        "create service clusterip",
        "",
        &[PRINT, CHANGE, CREATE, "tcp:s clusterip:s"],
        create::service,
    ),
    command(
        "create service externalname",
        "",
        &[
            PRINT,
            CHANGE,
            CREATE,
            "tcp:s \
        external-name:s",
        ],
        create::service,
    ),
    command("create service loadbalancer", "", &[PRINT, CHANGE, CREATE, "tcp:s"], create::service),
    command(
        "create service nodeport",
        "",
        &[PRINT, CHANGE, CREATE, "tcp:s node-port:i"],
        create::service,
    ),
    command("create serviceaccount", "sa", &[PRINT, CHANGE, CREATE], create::service_account),
    command(
        "debug",
        "",
        &["image:s stdin,i:b tty,t:b target:s container,c:s copy-to:s \
        profile:s"],
        refused::refuse,
    ),
    command("delete", "", &["output,o:s dry-run:=unchanged", FILES, PICK, DELETE], apply::delete),
    command(
        "describe",
        "",
        &[
            FILES,
            "all-namespaces,A:b chunk-size:i selector,l:s \
        show-events:b",
        ],
        describe::describe,
    ),
    command(
        "diff",
        "",
        &[
            FILES,
            "selector,l:s server-side:b force-conflicts:b prune:b \
        field-manager:s concurrency:i show-managed-fields:b show-secrets:b",
        ],
        apply::diff,
    ),
    command("drain", "", &[DRAIN], drain::drain),
    command(
        "edit",
        "",
        &[
            PRINT,
            FILES,
            "field-manager:s output-patch:b record:b save-config:b \
        subresource:s validate:=strict windows-line-endings:b",
        ],
        edit::edit,
    ),
    command(
        "events",
        "",
        &[
            PRINT,
            "all-namespaces,A:b chunk-size:i for:s no-headers:b types:s \
        watch,w:b",
        ],
        events::events,
    ),
    command(
        "exec",
        "",
        &[
            FILES,
            "container,c:s stdin,i:b tty,t:b quiet,q:b \
        pod-running-timeout:d",
        ],
        refused::exec,
    ),
    command("explain", "", &["api-version:s output,o:s recursive:b"], info::explain),
    command("expose", "svc", &[PRINT, FILES, CHANGE, EXPOSE], expose::expose),
    command("get", "", &[PRINT, FILES, GET], get::get),
    command("kustomize", "", &["output,o:s"], refused::refuse),
    command("label", "", &[PRINT, FILES, CHANGE, PICK, LABEL], change::label),
    command(
        "logs",
        "",
        &["all-containers:b container,c:s follow,f:b previous,p:b since:s \
        since-time:s tail:i timestamps:b selector,l:s prefix:b limit-bytes:i all-pods:b \
        ignore-errors:b max-log-requests:i pod-running-timeout:d"],
        refused::logs,
    ),
    command("options", "", &[], refused::refuse),
    command(
        "patch",
        "",
        &[
            PRINT,
            FILES,
            CHANGE,
            "patch,p:s patch-file:s type:s local:b \
        record:b subresource:s",
        ],
        change::patch,
    ),
    command("plugin", "", &[], refused::refuse),
    command("port-forward", "", &["address:s pod-running-timeout:d"], refused::refuse),
    command("proxy", "", &["port,p:i address:s www,w:s"], refused::refuse),
    command(
        "replace",
        "",
        &[
            PRINT,
            FILES,
            CHANGE,
            "save-config:b subresource:s \
        validate:=strict raw:s",
            DELETE,
        ],
        apply::replace,
    ),
    command("rollout history", "", &[PRINT, FILES, "revision:i selector,l:s"], rollout::history),
    command("rollout pause", "", &[PRINT, FILES, CHANGE, "selector,l:s"], rollout::pause),
    command("rollout restart", "", &[PRINT, FILES, CHANGE, "selector,l:s"], rollout::restart),
    command("rollout resume", "", &[PRINT, FILES, CHANGE, "selector,l:s"], rollout::resume),
    command(
        "rollout status",
        "",
        &[FILES, "revision:i selector,l:s timeout:d watch,w:b"],
        rollout::status,
    ),
    command(
        "rollout undo",
        "",
        &[PRINT, FILES, CHANGE, "selector,l:s to-revision:i"],
        rollout::undo,
    ),
    command("run", "", &[PRINT, FILES, CHANGE, RUN], run::run),
    command(
        "scale",
        "",
        &[
            PRINT,
            FILES,
            "dry-run:=unchanged all:b current-replicas:i record:b \
        replicas:i resource-version:s selector,l:s timeout:d",
        ],
        change::scale,
    ),
    command(
        "set env",
        "",
        &[
            PRINT,
            FILES,
            CHANGE,
            SET,
            "env,e:s containers,c:s keys:s from:s \
        list:b overwrite:b prefix:s resolve:b",
        ],
        set::env,
    ),
    command("set image", "", &[PRINT, FILES, CHANGE, SET], set::image),
    command(
        "set resources",
        "",
        &[
            PRINT,
            FILES,
            CHANGE,
            SET,
            "containers,c:s limits:s \
        requests:s",
        ],
        set::resources,
    ),
    command(
        "set selector",
        "",
        &[
            PRINT,
            FILES,
            CHANGE,
            "all:b local:b record:b \
        resource-version:s",
        ],
        set::selector,
    ),
    command("set serviceaccount", "sa", &[PRINT, FILES, CHANGE, SET], set::service_account),
    command(
        "taint",
        "",
        &[
            PRINT,
            "dry-run:=unchanged field-manager:s selector,l:s all:b \
        overwrite:b validate:=strict",
        ],
        change::taint,
    ),
    command(
        "top",
        "",
        &["all-namespaces,A:b selector,l:s containers:b sort-by:s \
        no-headers:b"],
        refused::top,
    ),
    command("uncordon", "", &["selector,l:s dry-run:=unchanged"], drain::uncordon),
    command("version", "", &["client:b output,o:s"], info::version),
    command("wait", "", &[PRINT, FILES, PICK, "for:s timeout:d local:b"], wait::wait),
];

const LABEL: &str = "overwrite:b list:b local:b record:b resource-version:s";
const SET: &str = "all:b local:b record:b selector,l:s";
const RESOURCES: &str = "api-group:s cached:b categories:s namespaced:b no-headers:b output,o:s \
    sort-by:s verbs:s";

const fn command(
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
        let mut tables = self.flags.to_vec();
        tables.push(GLOBAL);
        flags(&tables)
    }

    fn is(&self, words: &[&str]) -> bool {
        let (parent, own) = self.name.rsplit_once(' ').unwrap_or(("", self.name));
        let Some((last, before)) = words.split_last() else { return false };
        // `kubectl create svc nodeport`, `kubectl create deploy`.
        let before = before.join(" ").replace("create svc", "create service");
        parent == before && (own == *last || !self.also.is_empty() && self.also == *last)
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
