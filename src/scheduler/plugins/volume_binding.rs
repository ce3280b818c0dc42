//! Claims and volumes: a Pod is placed only where its volumes can be reached, and claims that
//! wait for their first consumer get a volume that fits the chosen node, or a driver's promise
//! to make one there.
//!
//! Not here: generic ephemeral volumes, scores by how much room is left
//! (StorageCapacityScoring, off in 1.36).
//!
//! Upstream: pkg/scheduler/framework/plugins/volumebinding/{volume_binding,binder}.go,
//! staging/src/k8s.io/component-helpers/storage/volume/pv_helpers.go (FindMatchingVolume)

use super::node_affinity::selects;
use super::{Plugin, Refusal, Rejection, Sources};
use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::core::volume::{ClaimPhase, PersistentVolume, PersistentVolumeClaim, VolumePhase};
use crate::api::kinds::Key;
use crate::api::meta::LabelSelector;
use crate::api::quantity::Quantity;
use crate::api::storage::{CSIDriver, CSIStorageCapacity, StorageClass};
use crate::base::Str;
use crate::base::sorted;
use crate::scheduler::nodes::NodeInfo;
use serde_json::Value;
use std::rc::Rc;

/// Says on a claim which node its volume is to be made for.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

/// The claims of a Pod.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The volumes of those that have one; `None` where the volume does not exist.
    pub bound: Vec<Option<Rc<PersistentVolume>>>,
    /// Those that wait for their first consumer, the smallest wish first.
    pub delayed: Vec<Rc<PersistentVolumeClaim>>,
}

/// What is to become of the claims that wait.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Claims that get an existing volume.
    pub existing: Vec<(Rc<PersistentVolumeClaim>, Rc<PersistentVolume>)>,
    /// Claims whose driver is to make one.
    pub made: Vec<Rc<PersistentVolumeClaim>>,
}

/// Whether the claim has its volume, and both know it.
pub fn is_fully_bound(claim: &PersistentVolumeClaim) -> bool {
    !claim.spec.volume_name.is_empty()
        && (claim.meta.annotations.get(BIND_COMPLETED).is_some() || claim.is_bound())
}

/// The claims of `pod`; `None` if it has none. Refused if one is missing, lost, going away, or
/// has to be bound first.
pub fn plan(pod: &Pod, from: &Sources<'_>) -> Result<Option<Plan>, Box<Refusal>> {
    let mut plan = Plan { bound: Vec::new(), delayed: Vec::new() };
    let mut unbound = None;
    let mut claims = Vec::new();
    for name in pod.claim_names() {
        claims.push(usable_claim(pod, name, from)?);
    }
    if claims.is_empty() {
        return Ok(None);
    }
    for claim in claims {
        if is_fully_bound(&claim) {
            plan.bound.push(from.volumes.volume(from.store, &claim.spec.volume_name));
        } else if claim.spec.volume_name.is_empty() && is_delayed(&claim, from) {
            plan.delayed.push(claim);
        } else {
            unbound.get_or_insert(Key::of(&claim.meta));
        }
    }
    if let Some(claim) = unbound {
        let reason = "pod has unbound immediate PersistentVolumeClaims";
        let rejection = Rejection::unresolvable(Plugin::VolumeBinding, reason);
        return Err(Box::new(Refusal { rejection, claim: Some(claim) }));
    }
    sorted::sort_by_key(&mut plan.delayed, |claim| wish(claim));
    Ok(Some(plan))
}

fn usable_claim(
    pod: &Pod,
    name: &Str,
    from: &Sources<'_>,
) -> Result<Rc<PersistentVolumeClaim>, Box<Refusal>> {
    let key = Key::new(pod.meta.namespace.clone(), name.clone());
    let reason = match from.volumes.claim(from.store, &key) {
        None => format!("persistentvolumeclaim {:?} not found", &**name),
        Some(claim) if claim.status.phase == ClaimPhase::Lost => format!(
            "persistentvolumeclaim {:?} bound to non-existent persistentvolume {:?}",
            &**name, &*claim.spec.volume_name
        ),
        Some(claim) if claim.meta.is_terminating() => {
            format!("persistentvolumeclaim {:?} is being deleted", &**name)
        }
        Some(claim) => return Ok(claim),
    };
    let rejection = Rejection::unresolvable(Plugin::VolumeBinding, reason);
    Err(Box::new(Refusal { rejection, claim: Some(key) }))
}

fn class<'s>(claim: &PersistentVolumeClaim, from: &Sources<'s>) -> Option<&'s Rc<StorageClass>> {
    let name = claim.spec.storage_class_name.as_ref()?;
    from.store.get::<StorageClass>(&Key::global(name.clone()))
}

fn is_delayed(claim: &PersistentVolumeClaim, from: &Sources<'_>) -> bool {
    let mode = class(claim, from).and_then(|class| class.volume_binding_mode.as_deref());
    mode == Some("WaitForFirstConsumer")
}

fn wish(claim: &PersistentVolumeClaim) -> Quantity {
    claim.spec.resources.requests.get("storage").cloned().unwrap_or_default()
}

/// Whether `node` can reach the volume.
pub fn reaches(node: &Node, volume: &PersistentVolume) -> bool {
    let required = volume.spec.node_affinity.as_ref().and_then(|a| a.required.as_ref());
    required.is_none_or(|selector| selects(selector, node))
}

/// Whether all volumes the Pod has can be reached from the node, and those it waits for can be
/// found or made there.
pub fn filter(plan: &Plan, node: &NodeInfo, from: &Sources<'_>) -> Result<(), Rejection> {
    let Some(object) = &node.node else { return Ok(()) };
    let (mut reasons, mut full) = (Vec::new(), None);
    if plan.bound.iter().flatten().any(|volume| !reaches(object, volume)) {
        reasons.push("node(s) didn't match PersistentVolume's node affinity".into());
    }
    if let Err(lack) = choose(plan, object, from) {
        reasons.push(lack.reason.into());
        full = lack.full;
    }
    if plan.bound.iter().any(Option::is_none) {
        let reason = "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)";
        reasons.push(reason.into());
    }
    if reasons.is_empty() {
        return Ok(());
    }
    Err(Rejection { plugin: Plugin::VolumeBinding, unresolvable: true, reasons, full })
}

const NO_VOLUME: &str = "node(s) didn't find available persistent volumes to bind";
const NO_SPACE: &str = "node(s) did not have enough free storage";

/// Why a claim can get no volume on a node.
#[derive(Clone, Debug)]
pub struct Lack {
    /// In upstream's words.
    reason: &'static str,
    /// The claim, if the driver has no room for it.
    full: Option<Key>,
}

impl From<&'static str> for Lack {
    fn from(reason: &'static str) -> Lack {
        Lack { reason, full: None }
    }
}

/// What becomes of the waiting claims on `node`; why not, if one can get no volume there.
pub fn choose(plan: &Plan, node: &Node, from: &Sources<'_>) -> Result<Choice, Lack> {
    let mut choice = Choice::default();
    for claim in &plan.delayed {
        match claim.meta.annotations.get(SELECTED_NODE) {
            Some(selected) if *selected != node.meta.name => return Err(NO_VOLUME.into()),
            Some(_) => choice.made.push(claim.clone()),
            None => match best_volume(claim, node, &choice, from) {
                Some(volume) => choice.existing.push((claim.clone(), volume)),
                None => choice.made.push(claim.clone()),
            },
        }
    }
    choice.made.iter().try_for_each(|claim| can_be_made(claim, node, from))?;
    Ok(choice)
}

/// The volume kept for the claim, or else the smallest free one that is large enough.
fn best_volume(
    claim: &PersistentVolumeClaim,
    node: &Node,
    choice: &Choice,
    from: &Sources<'_>,
) -> Option<Rc<PersistentVolume>> {
    let class = claim.spec.storage_class_name.clone().unwrap_or_else(|| "".into());
    let wish = wish(claim);
    let mut best: Option<(Quantity, Rc<PersistentVolume>)> = None;
    for name in from.volumes.free(&class) {
        let Some(volume) = from.volumes.volume(from.store, name) else { continue };
        let size = volume.spec.capacity.get("storage").cloned().unwrap_or_default();
        let chosen = choice.existing.iter().any(|(_, other)| other.meta.uid == volume.meta.uid);
        if chosen || size < wish || !modes_match(claim, &volume) || volume.meta.is_terminating() {
            continue;
        }
        if volume.spec.claim_ref.is_some() {
            if is_kept_for(&volume, claim) {
                return reaches(node, &volume).then_some(volume);
            }
            continue;
        }
        let selected = claim.spec.selector.as_ref().is_none_or(|s| s.matches(&volume.meta.labels));
        let usable = volume.status.phase == VolumePhase::Available && selected;
        let access = |mode| volume.spec.access_modes.contains(mode);
        if usable && reaches(node, &volume) && claim.spec.access_modes.iter().all(access) {
            let smaller = best.as_ref().is_none_or(|(least, _)| size < *least);
            if smaller {
                best = Some((size, volume));
            }
        }
    }
    best.map(|(_, volume)| volume)
}

fn modes_match(claim: &PersistentVolumeClaim, volume: &PersistentVolume) -> bool {
    let mode = |text: &Str| if text.is_empty() { Str::from("Filesystem") } else { text.clone() };
    mode(&claim.spec.volume_mode) == mode(&volume.spec.volume_mode)
}

fn is_kept_for(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    volume.spec.claim_ref.as_ref().is_some_and(|kept| {
        kept.name == claim.meta.name
            && kept.namespace == claim.meta.namespace
            && (kept.uid.0 == 0 || kept.uid == claim.meta.uid)
    })
}

/// Whether the claim's driver can make a volume for `node`; why not.
fn can_be_made(claim: &PersistentVolumeClaim, node: &Node, from: &Sources<'_>) -> Result<(), Lack> {
    let class = class(claim, from).ok_or(NO_VOLUME)?;
    if class.provisioner.is_empty() || &*class.provisioner == NO_PROVISIONER {
        return Err(NO_VOLUME.into());
    }
    let somewhere = match class.rest.get("allowedTopologies") {
        Some(Value::Array(terms)) if !terms.is_empty() => {
            terms.iter().any(|term| topology_holds(term, node))
        }
        _ => true,
    };
    match somewhere {
        false => Err(NO_VOLUME.into()),
        true if !has_room(claim, class, node, from) => {
            Err(Lack { reason: NO_SPACE, full: Some(Key::of(&claim.meta)) })
        }
        true => Ok(()),
    }
}

/// Whether the driver, if it says how much room it has, has enough for the claim where `node`
/// reaches it.
fn has_room(
    claim: &PersistentVolumeClaim,
    class: &StorageClass,
    node: &Node,
    from: &Sources<'_>,
) -> bool {
    let Some(size) = claim.spec.resources.requests.get("storage") else { return true };
    let driver = from.store.get::<CSIDriver>(&Key::global(class.provisioner.clone()));
    if driver.is_none_or(|driver| driver.spec.storage_capacity != Some(true)) {
        return true;
    }
    from.store.list::<CSIStorageCapacity>().any(|room| {
        let reached = |selector: &LabelSelector| selector.matches(&node.meta.labels);
        room.storage_class_name == class.meta.name
            && room.limit().is_some_and(|limit| limit >= size)
            && room.node_topology.as_ref().is_some_and(reached)
    })
}

fn topology_holds(term: &Value, node: &Node) -> bool {
    let none = Vec::new();
    let list = |value: &'_ Value, key: &str| -> Vec<Value> {
        value.get(key).and_then(Value::as_array).unwrap_or(&none).clone()
    };
    list(term, "matchLabelExpressions").iter().all(|wanted| {
        let key = wanted.get("key").and_then(Value::as_str).unwrap_or("");
        let value = node.meta.label(key);
        let among = |value: &Str| list(wanted, "values").iter().any(|v| v.as_str() == Some(value));
        value.is_some_and(among)
    })
}
