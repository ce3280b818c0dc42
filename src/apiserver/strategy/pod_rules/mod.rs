//! The rules for what a Pod wants, of a Pod or of a template.
//!
//! Not here: securityContext, dnsConfig, hostAliases, windows, resourceClaims, and volume
//! kinds without a disk of the cluster: these fields are kept without effect, so any value
//! of the right type is taken.
//!
//! Upstream: pkg/apis/core/validation/validation.go (ValidatePodSpec)

mod containers;
mod placement;

pub use placement::node_selector;

use super::check::{Check, Path};
use super::{meta, names};
use crate::api::core::container::{RestartPolicy, Volume};
use crate::api::core::pod::PodSpec;
use crate::api::json::Rest;
use crate::api::meta::ObjectMeta;
use crate::base::Str;
use crate::base::sorted::SortedSet;
use serde_json::Value;

const DNS_POLICIES: &[&str] = &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];

/// The rules for `spec`; `claims` are volumes that are added when Pods are made.
pub fn spec(check: &mut Check, at: &Path, spec: &PodSpec, _: &ObjectMeta, claims: &[Volume]) {
    let own = spec.volumes.iter().filter(|volume| claims.iter().all(|c| c.name != volume.name));
    let volumes = volumes(check, &at.child("volumes"), own.chain(claims));
    containers::all(check, at, spec, &volumes);
    if let RestartPolicy::Unset | RestartPolicy::Other(_) = spec.restart_policy {
        let word = spec.restart_policy.as_str();
        match word {
            "" => check.required(&at.child("restartPolicy"), ""),
            _ => check.unsupported(&at.child("restartPolicy"), word, RestartPolicy::WORDS),
        }
    }
    if let Some(policy) = spec.rest.get("dnsPolicy").and_then(Value::as_str) {
        check.word(&at.child("dnsPolicy"), policy, DNS_POLICIES);
    }
    meta::labels(check, &at.child("nodeSelector"), &spec.node_selector);
    if let Some(affinity) = &spec.affinity {
        placement::affinity(check, &at.child("affinity"), affinity);
    }
    let gates = at.child("readinessGates");
    for (index, gate) in spec.readiness_gates.iter().enumerate() {
        let at = gates.index(index);
        let problems = names::qualified_name(&gate.condition_type);
        check.all(&at.child("conditionType"), &gate.condition_type, problems);
    }
    let gates = at.child("schedulingGates");
    let mut seen = SortedSet::new();
    for (index, gate) in spec.scheduling_gates.iter().enumerate() {
        let at = gates.index(index);
        check.all(&at, &gate.name, names::qualified_name(&gate.name));
        if !seen.insert(&gate.name) {
            check.duplicate(&at, &gate.name);
        }
    }
    placement::spread(check, &at.child("topologySpreadConstraints"), spec);
    given(check, &at.child("serviceAccountName"), &spec.service_account_name, names::dns_subdomain);
    given(check, &at.child("nodeName"), &spec.node_name, names::dns_subdomain);
    if let Some(seconds) = spec.active_deadline_seconds
        && !(1..=i64::from(i32::MAX)).contains(&seconds)
    {
        let detail = format!("must be between 1 and {}, inclusive", i32::MAX);
        check.plain(&at.child("activeDeadlineSeconds"), seconds, &detail);
    }
    given(check, &at.child("hostname"), &spec.hostname, names::dns_label);
    given(check, &at.child("subdomain"), &spec.subdomain, names::dns_label);
    placement::tolerations(check, &at.child("tolerations"), &spec.tolerations);
    let class = &spec.priority_class_name;
    given(check, &at.child("priorityClassName"), class, names::dns_subdomain);
    let policy = &*spec.preemption_policy;
    if !policy.is_empty() {
        check.word(&at.child("preemptionPolicy"), policy, &["PreemptLowerPriority", "Never"]);
    }
    containers::amounts(check, &at.child("overhead"), &spec.overhead);
}

/// The rule for a name that may be left out.
fn given(check: &mut Check, at: &Path, name: &str, rule: names::Rule) {
    if !name.is_empty() {
        check.all(at, name, rule(name));
    }
}

/// The rules for volumes; gives back the names of those that are fine, which alone can be
/// mounted.
fn volumes<'v>(
    check: &mut Check,
    at: &Path,
    volumes: impl Iterator<Item = &'v Volume>,
) -> SortedSet<&'v Str> {
    let mut known = SortedSet::new();
    for (index, volume) in volumes.enumerate() {
        let at = at.index(index);
        let before = check.causes.len();
        source(check, &at, volume);
        let name = at.child("name");
        if volume.name.is_empty() {
            check.required(&name, "");
        } else {
            check.all(&name, &volume.name, names::dns_label(&volume.name));
            if known.contains(&volume.name) {
                check.duplicate(&name, &volume.name);
            }
        }
        if check.causes.len() == before {
            known.insert(&volume.name);
        }
    }
    known
}

fn source(check: &mut Check, at: &Path, volume: &Volume) {
    let mut kinds: Vec<&str> = Vec::new();
    if let Some(source) = &volume.empty_dir {
        kinds.push("emptyDir");
        if let Some(limit) = source.rest.get("sizeLimit").and_then(Value::as_str)
            && limit.starts_with('-')
        {
            let detail = "SizeLimit field must be a valid resource quantity";
            check.forbidden(&at.child("emptyDir").child("sizeLimit"), detail);
        }
    }
    let required = |check: &mut Check, source: &str, field: &str, value: &str| {
        let source = at.child(source);
        check.require(!value.is_empty(), &source.child(field));
    };
    if let Some(source) = &volume.secret {
        kinds.push("secret");
        required(check, "secret", "secretName", &source.secret_name);
    }
    if let Some(source) = &volume.persistent_volume_claim {
        kinds.push("persistentVolumeClaim");
        required(check, "persistentVolumeClaim", "claimName", &source.claim_name);
    }
    if let Some(source) = &volume.config_map {
        kinds.push("configMap");
        required(check, "configMap", "name", &source.name);
    }
    for key in volume.rest.0.iter().flat_map(|rest| rest.keys()) {
        kinds.push(key);
    }
    if let Some(Value::Object(host)) = volume.rest.get("hostPath") {
        let path = host.get("path").and_then(Value::as_str).unwrap_or("");
        required(check, "hostPath", "path", path);
    }
    for extra in kinds.iter().skip(1) {
        check.forbidden(&at.child(extra), "may not specify more than 1 volume type");
    }
}

/// The rule for probes and hooks: exactly one way to run them.
fn handler(check: &mut Check, at: &Path, rest: &Rest, typed: usize) {
    let kinds = ["exec", "httpGet", "tcpSocket", "grpc"];
    let given: Vec<&str> = kinds.into_iter().filter(|kind| rest.get(kind).is_some()).collect();
    if given.len() + typed == 0 {
        check.required(at, "must specify a handler type");
    }
    for extra in given.iter().skip(usize::from(typed == 0)) {
        check.forbidden(&at.child(extra), "may not specify more than 1 handler type");
    }
    if let Some(Value::Object(exec)) = rest.get("exec")
        && exec.get("command").and_then(Value::as_array).is_none_or(Vec::is_empty)
    {
        let at = at.child("exec");
        check.required(&at.child("command"), "");
    }
    for kind in ["httpGet", "tcpSocket", "grpc"] {
        if let Some(Value::Object(call)) = rest.get(kind) {
            let at = at.child(kind);
            match call.get("port") {
                Some(Value::String(name)) => {
                    check.all(&at.child("port"), name, names::port_name(name));
                }
                port => check.port(&at.child("port"), port.and_then(Value::as_i64).unwrap_or(0)),
            }
        }
    }
}
