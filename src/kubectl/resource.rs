//! Which objects a command means: `pod web-0 web-1`, `sts/web`, `sts,svc web`, `-l app=web`,
//! `--all`, `-f web.yaml`.
//!
//! Upstream: staging/src/k8s.io/cli-runtime/pkg/resource/builder.go

use super::cx::{Cx, Failure, Item};
use super::running::Files;
use crate::api::json::MicroTime;
use crate::api::kinds::{Kind, KindInfo, Object, ObjectRef};
use crate::api::manifest::{self, hints::nearest};
use crate::apiserver::selector::Selector;
use crate::apiserver::status::Status;
use crate::base::time::{SimTime, Span};
use std::rc::Rc;

/// What kubectl says when nothing is named.
pub const NOTHING: &str = "You must provide one or more resources by argument or filename.\n\
    Example resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   \
    '<resource> <name>'\n   '<resource>'";

/// The category `all`, in the server's order.
const ALL: &str = "Pod ReplicationController Service DaemonSet Deployment ReplicaSet StatefulSet \
    HorizontalPodAutoscaler CronJob Job";

/// Kinds that Kubernetes has and that are not served here: their words, the plural first, with
/// their groups; `*` for those without namespace.
const FOREIGN: &str = "bindings componentstatuses,cs* podtemplates replicationcontrollers,rc \
    mutatingwebhookconfigurations* validatingwebhookconfigurations* \
    validatingadmissionpolicies* mutatingadmissionpolicies* \
    customresourcedefinitions,crd,crds* apiservices* tokenreviews* \
    horizontalpodautoscalers,hpa \
    certificatesigningrequests,csr* flowschemas* prioritylevelconfigurations* \
    ingressclasses* ingresses,ing networkpolicies,netpol ipaddresses,ip* servicecidrs* \
    runtimeclasses* clusterrolebindings* clusterroles* rolebindings roles \
    deviceclasses* resourceclaims resourceclaimtemplates resourceslices* \
    volumeattributesclasses,vac*";

/// A kind, or one that Kubernetes has and the simulator does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Served.
    Here(Kind),
    /// Not served: its plural, and whether it lives in namespaces.
    Elsewhere(&'static str, bool),
}

/// One thing asked for: a kind, and a name or all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The kind.
    pub kind: Known,
    /// The name; `None` for all.
    pub name: Option<String>,
}

/// As kubectl names an object it has done something to: `statefulset.apps/web`.
pub fn named(object: &ObjectRef) -> String {
    format!("{}/{}", object.kind.info().qualified(), object.key.name)
}

/// The kinds that `word` (which may hold commas) means.
pub fn kinds(word: &str) -> Result<Vec<Known>, Failure> {
    let mut out = Vec::new();
    for one in word.split(',').filter(|one| !one.is_empty()) {
        if one == "all" {
            let all = ALL.split(' ').filter_map(Kind::by_name).map(Known::Here);
            out.extend(all);
            continue;
        }
        out.push(kind(one)?);
    }
    Ok(out)
}

/// The kind that `word` means.
pub fn kind(word: &str) -> Result<Known, Failure> {
    match Kind::by_word(word) {
        Some(kind) => Ok(Known::Here(kind)),
        None => foreign(word).ok_or_else(|| unknown_kind(word)),
    }
}

fn foreign(word: &str) -> Option<Known> {
    let lower = word.to_ascii_lowercase();
    let word = lower.split('.').next().unwrap_or("");
    FOREIGN.split_ascii_whitespace().find_map(|entry| {
        let plain = entry.trim_end_matches('*');
        let plural = plain.split(',').next().unwrap_or("");
        let singular = match plural.strip_suffix("ies") {
            Some(stem) => format!("{stem}y"),
            None if plural.ends_with("sses") => plural.trim_end_matches("es").to_string(),
            None => plural.trim_end_matches('s').to_string(),
        };
        let known = plain.split(',').any(|own| own == word) || singular == word;
        known.then_some(Known::Elsewhere(plural, !entry.ends_with('*')))
    })
}

fn unknown_kind(word: &str) -> Failure {
    let names =
        |info: &'static KindInfo| info.short.iter().copied().chain([info.plural, info.singular]);
    let all = Kind::ALL.iter().flat_map(|kind| names(kind.info()));
    let word = word.split('.').next().unwrap_or("");
    let text = format!("the server doesn't have a resource type {word:?}");
    let hint = match nearest(word, all.filter(|name| name.len() > 2 && *name != word)) {
        Some(near) => format!("Did you mean {near}?"),
        None => "kubectl api-resources lists the kinds there are.".to_string(),
    };
    Failure::new(text).hint(hint)
}

/// What is said of a kind that Kubernetes has and the simulator has not.
pub fn not_here(plural: &str) -> Failure {
    Failure::new(format!("the server doesn't have a resource type {plural:?}"))
        .hint(format!("Kubernetes has {plural}; this simulator does not simulate them."))
}

/// A kubelet that lives renews its Lease without writing: as somebody reads it now.
pub fn fresh(object: &Object, now: SimTime) -> Object {
    let Object::Lease(lease) = object else { return object.clone() };
    let period = u64::try_from(lease.spec.lease_duration_seconds.unwrap_or(0)).unwrap_or(0) * 250;
    let Some(renewed) = lease.spec.renew_time.filter(|_| lease.spec.renewing && period > 0) else {
        return object.clone();
    };
    let passed = now.since(renewed.0).0 / period * period;
    let mut lease = (**lease).clone();
    lease.spec.renew_time = Some(MicroTime(renewed.0 + Span::millis(passed)));
    Object::Lease(Rc::new(lease))
}

impl Cx<'_, '_> {
    /// What the words of the command line ask for. Names are not looked up.
    pub fn queries(&self, words: &[String]) -> Result<Vec<Query>, Failure> {
        let slashes = words.iter().filter(|word| word.contains('/')).count();
        if slashes > 0 && slashes != words.len() {
            return Err(Failure::new(
                "there is no need to specify a resource type as a separate argument when passing \
                 arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' \
                 instead of 'kubectl get resource resource/<resource_name>'",
            ));
        }
        let mut out = Vec::new();
        if slashes > 0 {
            for word in words {
                let parts: Vec<&str> = word.split('/').collect();
                let [first, name] = parts[..] else {
                    return Err(Failure::new(
                        "arguments in resource/name form may not have more than one slash",
                    ));
                };
                if first.is_empty() || name.is_empty() || first.contains(',') {
                    return Err(Failure::new(
                        "arguments in resource/name form must have a single resource and name",
                    ));
                }
                out.push(Query { kind: kind(first)?, name: Some(name.to_string()) });
            }
            return Ok(out);
        }
        let Some((first, names)) = words.split_first() else { return Ok(out) };
        for kind in kinds(first)? {
            match names {
                [] => out.push(Query { kind, name: None }),
                names => {
                    out.extend(names.iter().map(|name| Query { kind, name: Some(name.clone()) }))
                }
            }
        }
        let selects =
            !self.args.text("selector").is_empty() || !self.args.text("field-selector").is_empty();
        if !names.is_empty() && selects {
            return Err(Failure::new("name cannot be provided when a selector is specified"));
        }
        Ok(out)
    }

    /// The objects of `kind` that the selectors and namespaces choose, ordered by name.
    pub fn select(&self, kind: Kind) -> Result<Vec<Object>, Failure> {
        let everywhere = self.args.is_set("all-namespaces") || !kind.info().namespaced;
        let own = self.namespace();
        self.chosen(kind, (!everywhere).then_some(&*own))
    }

    /// The same in one namespace, or in all.
    pub fn chosen(&self, kind: Kind, namespace: Option<&str>) -> Result<Vec<Object>, Failure> {
        let (labels, fields) = (self.args.text("selector"), self.args.text("field-selector"));
        let selector = Selector::parse(kind, labels, fields).map_err(|status| {
            let info = kind.info();
            let group = match info.group {
                "" => format!("/{}", info.version),
                group => format!("{group}/{}", info.version),
            };
            Failure::from(Status::bad_request(format!(
                "Unable to find \"{group}, Resource={}\" that match label selector {labels:?}, \
                 field selector {fields:?}: {}",
                info.plural, status.message
            )))
        })?;
        let chosen = |object: &&Object| {
            namespace.is_none_or(|own| *object.meta().namespace == *own) && selector.matches(object)
        };
        let all = self.store().list_objects(kind).filter(chosen);
        Ok(all.map(|object| fresh(object, self.now())).collect())
    }

    /// The objects that the words after the command and its flags mean. With `all`, a kind
    /// alone means all its objects; otherwise it takes `--all` or a selector.
    pub fn items(&self, words: &[String], all: bool) -> Result<Vec<Item>, Failure> {
        if let Some(items) = self.items_of_files(words)? {
            return Ok(items);
        }
        if words.is_empty() {
            return Err(Failure::new(NOTHING));
        }
        let everything = all
            || self.args.is_set("all")
            || self.args.get("selector").is_some()
            || self.args.get("field-selector").is_some();
        let mut out = Vec::new();
        let item = |target: ObjectRef| Item { target, manifest: None, source: String::new() };
        for query in self.queries(words)? {
            let kind = match query.kind {
                Known::Here(kind) => kind,
                Known::Elsewhere(plural, _) => return Err(not_here(plural)),
            };
            match query.name {
                Some(_) if self.args.is_set("all-namespaces") => {
                    return Err(Failure::new(
                        "a resource cannot be retrieved by name across all namespaces",
                    ));
                }
                Some(name) => out.push(item(ObjectRef::new(kind, self.key(kind, &name)))),
                None if everything => {
                    out.extend(self.select(kind)?.iter().map(|o| item(o.reference())));
                }
                None => {
                    return Err(Failure::new(
                        "resource(s) were provided, but no name was specified",
                    ));
                }
            }
        }
        Ok(out)
    }

    /// The objects in the files that `-f` names; `None` without `-f`.
    pub fn items_of_files(&self, words: &[String]) -> Result<Option<Vec<Item>>, Failure> {
        if let Some(dir) = self.args.get("kustomize") {
            return Err(kustomize(dir, self.context.files));
        }
        let names = self.args.all("filename");
        if names.is_empty() {
            return Ok(None);
        }
        if !words.is_empty() {
            return Err(Failure::new(
                "when paths, URLs, or stdin is provided as resource input, you may not specify \
                 resource arguments as well",
            ));
        }
        let mut out = Vec::new();
        for name in names {
            for (source, text) in self.texts(name)? {
                self.read(&source, &text, &mut out)?;
            }
        }
        Ok(Some(out))
    }

    /// The texts that one `-f` names, with what kubectl calls each.
    fn texts(&self, name: &str) -> Result<Vec<(String, String)>, Failure> {
        if name == "-" {
            return Ok(vec![("STDIN".to_string(), self.stdin.to_string())]);
        }
        let files = self.context.files;
        if let Some(text) = files.get(name) {
            return Ok(vec![(name.to_string(), text.to_string())]);
        }
        let folder = format!("{}/", name.trim_start_matches("./").trim_end_matches('/'));
        let folder = if folder == "./" || folder == "/" { String::new() } else { folder };
        let deep = self.args.is_set("recursive");
        let within: Vec<(String, String)> = files
            .iter()
            .filter(|(path, _)| {
                let rest = path.strip_prefix(&*folder);
                let ends = [".yaml", ".yml", ".json"].iter().any(|end| path.ends_with(end));
                ends && rest.is_some_and(|rest| deep || !rest.contains('/'))
            })
            .map(|(path, text)| (path.to_string(), text.to_string()))
            .collect();
        if !within.is_empty() && (name.ends_with('/') || name == "." || !folder.is_empty()) {
            return Ok(within);
        }
        Err(no_file(name, files))
    }

    fn read(&self, source: &str, text: &str, out: &mut Vec<Item>) -> Result<(), Failure> {
        let own = self.namespace();
        let loose = match self.args.get("validate") {
            None | Some("strict" | "true" | "1" | "t") => false,
            Some("ignore" | "warn" | "false" | "0" | "f") => true,
            Some(other) => {
                return Err(Failure::new(format!(
                    "invalid - validate option {other:?}; must be one of: strict (or true), warn, \
                     ignore (or false)"
                )));
            }
        };
        let read = manifest::read_as(text, &own, loose);
        if !read.problems.is_empty() {
            let lines = read.said.iter().map(|line| line.replace("{}", source));
            let text = lines.collect::<Vec<String>>().join("\n");
            let place = &read.problems[0];
            let hint = match (place.place.line, &*place.hint) {
                (0, hint) => hint.to_string(),
                (line, "") => format!("{source}, line {line}"),
                (line, hint) => format!("{source}, line {line}: {hint}"),
            };
            let nothing = text.replace("passed to apply", &format!("passed to {}", self.name));
            return Err(Failure::raw(nothing).hint(hint));
        }
        let selector = Selector::of_labels(self.args.text("selector")).map_err(Failure::new)?;
        for manifest in read.objects {
            let object = manifest.object();
            let target = object.reference();
            let namespace = &*target.key.namespace;
            if self.args.get("namespace").is_some() && !namespace.is_empty() && *namespace != own {
                return Err(Failure::new(format!(
                    "the namespace from the provided object {namespace:?} does not match the \
                     namespace {own:?}. You must pass '--namespace={namespace}' to perform this \
                     operation."
                )));
            }
            if selector.matches(&object) {
                out.push(Item { target, manifest: Some(manifest), source: source.to_string() });
            }
        }
        Ok(())
    }
}

/// What is said of `-k` and `kubectl kustomize`: kubectl's words where it would find nothing.
pub fn kustomize(dir: &str, files: &Files) -> Failure {
    let place = dir.trim_start_matches("./").trim_end_matches('/');
    let here = if matches!(place, "" | ".") { "" } else { &format!("{place}/") };
    let names = ["kustomization.yaml", "kustomization.yml", "Kustomization"];
    if names.iter().any(|name| files.get(&*format!("{here}{name}")).is_some()) {
        return Failure::raw("").hint(
            "kubectl builds kustomizations; this simulator does not: name their resources with -f.",
        );
    }
    let path = format!("/playground/{here}");
    Failure::new(format!(
        "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in \
         directory '{}'",
        path.trim_end_matches('/')
    ))
    .hint("This simulator builds no kustomizations: name files with -f.")
}

/// What is said of a file that is not there.
pub fn no_file(name: &str, files: &Files) -> Failure {
    if let Some(rest) = name.strip_prefix("https://").or(name.strip_prefix("http://")) {
        let host = rest.split('/').next().unwrap_or("");
        let text =
            format!("Unable to connect to the server: dial tcp: lookup {host}: no such host");
        return Failure::raw(text)
            .hint("The simulator has no network: open the file here and name it with -f.");
    }
    let mut names = files.iter().map(|(name, _)| &**name);
    let hint = match nearest(name, names.clone()) {
        Some(near) => format!("Did you mean {near}?"),
        None if names.next().is_none() => "There are no files here.".to_string(),
        None => {
            let all: Vec<&str> = files.iter().map(|(name, _)| &**name).take(8).collect();
            format!("The files here: {}", all.join(", "))
        }
    };
    Failure::new(format!("the path {name:?} does not exist")).hint(hint)
}
