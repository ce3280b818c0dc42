//! From the chosen node to a bound Pod: the node is taken as given at once; claims that waited
//! for their first consumer are given a volume or a node to make one for, and the Pod is bound
//! when they have their volumes, which is looked at once a second.
//!
//! Upstream: pkg/scheduler/schedule_one.go (bindingCycle),
//! pkg/scheduler/framework/plugins/volumebinding/binder.go (BindPodVolumes)

use super::cycle::Failure;
use super::hints::Happening;
use super::plugins::volume_binding::{self, Choice, SELECTED_NODE, is_fully_bound};
use super::plugins::{Sources, State};
use super::{Scheduler, Wake};
use crate::api::core::pod::Pod;
use crate::api::core::volume::{ObjectReference, PersistentVolume, PersistentVolumeClaim};
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::meta::ResourceVersion;
use crate::apiserver::Answer;
use crate::base::Str;
use crate::base::time::{SimTime, Span};
use crate::base::timers::Timers;
use crate::client::ControlPlane;
use crate::client::recorder::EventKind;
use crate::trace::{Because, Source, Wait};
use std::rc::Rc;

const POLL: Span = Span::seconds(1);
const TIMEOUT: Span = Span::seconds(600);
const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";

/// A Pod that has its node and waits for its volumes.
#[derive(Clone, Debug)]
pub(super) struct Binding {
    pod: Rc<Pod>,
    node: Str,
    since: SimTime,
    /// Claims with the volumes they are to get.
    existing: Vec<(Key, Str)>,
    /// Claims whose driver is to make one.
    made: Vec<Key>,
    /// When it is looked at next, because something happened.
    next: Option<SimTime>,
}

impl Binding {
    /// Whether it is looked at then: something happened, or it has waited too long.
    pub fn is_due(&self, at: SimTime) -> bool {
        self.next == Some(at) || at == self.since + TIMEOUT
    }
}

impl Scheduler {
    /// Takes the node as given and goes on to bind.
    pub(super) fn reserve(
        &mut self,
        cx: &mut ControlPlane<'_>,
        key: &Key,
        state: &State,
        slot: usize,
    ) {
        let node = self.nodes.at(slot).clone();
        let choice = match (&state.binding, &node.node) {
            (Some(plan), Some(object)) if !plan.delayed.is_empty() => {
                let from = Sources { store: &cx.cache, nodes: &self.nodes, volumes: &self.volumes };
                volume_binding::choose(plan, object, &from).ok()
            }
            _ => None,
        };
        let pod = &state.info.pod;
        let slot = self.nodes.place(&node.name, &state.info, true);
        self.census.add(slot, &state.info);
        self.queue.nominate(key, None);
        let Some(choice) = choice else {
            return self.bind(cx, pod, &node.name);
        };
        // Tells others where the Pod is about to go, since that will take a while.
        self.write_status(cx, pod, None, Some(Some(node.name.clone())));
        if let Err(message) = self.write_choice(cx, &node.name, &choice) {
            return self.undo(cx, pod, &node.name, &message);
        }
        let of = |claim: &Rc<PersistentVolumeClaim>| Key::of(&claim.meta);
        let pair = |(claim, volume): &(Rc<PersistentVolumeClaim>, Rc<PersistentVolume>)| {
            (of(claim), volume.meta.name.clone())
        };
        let binding = Binding {
            pod: pod.clone(),
            node: node.name.clone(),
            since: cx.now,
            existing: choice.existing.iter().map(pair).collect(),
            made: choice.made.iter().map(of).collect(),
            next: None,
        };
        say_waiting(cx, key, &binding);
        self.asked.push((cx.now + TIMEOUT, Wake::Volumes(key.clone())));
        self.bindings.insert_mut(key.clone(), Rc::new(binding));
    }

    /// Writes to volumes and claims what was chosen for them.
    fn write_choice(
        &mut self,
        cx: &mut ControlPlane<'_>,
        node: &Str,
        choice: &Choice,
    ) -> Result<(), String> {
        for (claim, volume) in &choice.existing {
            let mut volume = (**volume).clone();
            let spec = Rc::make_mut(&mut volume.spec);
            if spec.claim_ref.as_ref().is_some_and(|kept| kept.uid == claim.meta.uid) {
                continue;
            }
            spec.claim_ref = Some(ObjectReference {
                kind: "PersistentVolumeClaim".into(),
                namespace: claim.meta.namespace.clone(),
                name: claim.meta.name.clone(),
                uid: claim.meta.uid,
                api_version: "v1".into(),
                resource_version: resource_version(claim.meta.resource_version),
                ..ObjectReference::default()
            });
            volume.meta.annotations.set(BOUND_BY_CONTROLLER, "yes");
            let written: Answer<Rc<PersistentVolume>> = cx.client().update(volume);
            self.volumes.assume_volume(written.map_err(|status| status.message)?);
        }
        for claim in &choice.made {
            let mut claim = (**claim).clone();
            claim.meta.annotations.set(SELECTED_NODE, node.clone());
            let written: Answer<Rc<PersistentVolumeClaim>> = cx.client().update(claim);
            self.volumes.assume_claim(written.map_err(|status| status.message)?);
        }
        Ok(())
    }

    /// Something happened to what the Pod at `key` waits for: it is looked at when the next
    /// second since the wait's begin is full.
    pub(super) fn volumes_changed(&mut self, now: SimTime, key: &Key, timers: &mut Timers<Wake>) {
        let Some(binding) = self.bindings.get(key) else { return };
        let next = now.next_tick(binding.since + POLL, POLL);
        if binding.next.is_none_or(|planned| planned < now || planned > next) {
            let binding = Binding { next: Some(next), ..(**binding).clone() };
            self.bindings.insert_mut(key.clone(), Rc::new(binding));
            timers.at(next, Wake::Volumes(key.clone()));
        }
    }

    /// Looks whether the Pod at `key` has its volumes.
    pub(super) fn check_volumes(&mut self, cx: &mut ControlPlane<'_>, key: &Key) {
        let Some(binding) = self.bindings.get(key).cloned() else { return };
        if !binding.is_due(cx.now) {
            return;
        }
        let done = match are_bound(cx, key, &binding) {
            Ok(false) if cx.now.since(binding.since) >= TIMEOUT => {
                Err("context deadline exceeded".to_string())
            }
            Ok(false) => return,
            done => done,
        };
        self.bindings.remove_mut(key);
        match done {
            Ok(_) => self.bind(cx, &binding.pod, &binding.node),
            Err(why) => {
                // A claim that its driver gave back: it had no room for it there.
                let given_back = |claim: &&Key| is_given_back(cx, claim, &binding.node);
                for claim in binding.made.iter().filter(given_back) {
                    self.decisions.put_full(key, binding.node.clone(), claim.clone());
                }
                let why =
                    format!("running PreBind plugin \"VolumeBinding\": binding volumes: {why}");
                self.undo(cx, &binding.pod, &binding.node, &why);
            }
        }
    }

    /// Binds the Pod.
    fn bind(&mut self, cx: &mut ControlPlane<'_>, pod: &Rc<Pod>, node: &Str) {
        let key = Key::of(&pod.meta);
        let newest = cx.client().get::<Pod>(&key);
        let bound = match newest {
            Ok(newest) if newest.meta.uid != pod.meta.uid => Err(format!(
                "Operation cannot be fulfilled on pods/binding {:?}: uid mismatch",
                &*key.name
            )),
            Ok(_) => cx.client().bind(&key, node).map_err(|status| status.message),
            Err(status) => Err(status.message),
        };
        if let Err(why) = bound {
            let why = format!("running Bind plugin \"DefaultBinder\": {why}");
            return self.undo(cx, pod, node, &why);
        }
        cx.say(Source::Scheduler, (Kind::Pod, &key), Vec::new());
        let text = format!("Successfully assigned {}/{} to {node}", key.namespace, key.name);
        let object = Object::Pod(pod.clone());
        cx.event(&object, EventKind::Normal, "Scheduled", &text);
    }

    /// Takes the node back after an error.
    fn undo(&mut self, cx: &mut ControlPlane<'_>, pod: &Rc<Pod>, _node: &Str, why: &str) {
        let key = Key::of(&pod.meta);
        if self.nodes.is_assumed(&key, pod.meta.uid)
            && let Some((slot, info)) = self.nodes.displace(&key)
        {
            self.census.remove(slot, &info);
            self.happened(cx, &Happening::PodLeft(pod.clone()));
        }
        let failure = Failure {
            message: why.to_string(),
            plugins: Vec::new(),
            error: true,
            on: None,
            nominate: Some(None),
        };
        self.fail(cx, &key, pod, failure);
    }
}

fn resource_version(version: ResourceVersion) -> Str {
    version.0.to_string().into()
}

fn say_waiting(cx: &mut ControlPlane<'_>, key: &Key, binding: &Binding) {
    let subject = ObjectRef::new(Kind::Pod, key.clone());
    let claims = binding.existing.iter().map(|(claim, _)| claim).chain(&binding.made);
    let wait = |claim: &Key| Wait {
        subject: subject.clone(),
        on: Some(ObjectRef::new(Kind::PersistentVolumeClaim, claim.clone())),
        because: Because::ClaimUnbound,
        since: cx.now,
        until: None,
    };
    let waits = claims.map(wait).collect();
    cx.say(Source::Scheduler, (Kind::Pod, key), waits);
}

/// Whether the claim is no longer meant for the node that was chosen for it.
fn is_given_back(cx: &ControlPlane<'_>, claim: &Key, node: &Str) -> bool {
    let found = cx.cache.get::<PersistentVolumeClaim>(claim);
    found.is_some_and(|claim| claim.meta.annotations.get(SELECTED_NODE) != Some(node))
}

/// Whether all claims have their volumes; an error means that they will not get them there.
fn are_bound(cx: &ControlPlane<'_>, key: &Key, binding: &Binding) -> Result<bool, String> {
    let same = |pod: &&Rc<Pod>| pod.meta.uid == binding.pod.meta.uid;
    if cx.cache.get::<Pod>(key).filter(same).is_none() {
        return Err(format!("pod does not exist any more: pod {:?} not found", &*key.name));
    }
    let global = Key::global(binding.node.clone());
    let Some(node) = cx.cache.get::<crate::api::core::node::Node>(&global) else {
        let name = &*binding.node;
        return Err(format!("failed to get node {name:?}: node {name:?} not found"));
    };
    let claim_of = |claim: &Key| {
        let found = cx.cache.get::<PersistentVolumeClaim>(claim);
        found.ok_or_else(|| format!("could not find v1.PersistentVolumeClaim {claim:?}"))
    };
    let mut all = true;
    for (claim, volume) in &binding.existing {
        let Some(volume) = cx.cache.get::<PersistentVolume>(&Key::global(volume.clone())) else {
            return Err(format!("could not find v1.PersistentVolume {volume:?}"));
        };
        if volume.spec.claim_ref.as_ref().is_none_or(|kept| kept.uid.0 == 0) {
            return Err(format!("ClaimRef got reset for pv {:?}", &*volume.meta.name));
        }
        all &= is_fully_bound(claim_of(claim)?);
    }
    for key in &binding.made {
        let claim = claim_of(key)?;
        if is_given_back(cx, key, &binding.node) {
            return Err(format!("provisioning failed for PVC {:?}", &*claim.meta.name));
        }
        if !claim.spec.volume_name.is_empty() {
            let volume = Key::global(claim.spec.volume_name.clone());
            match cx.cache.get::<PersistentVolume>(&volume) {
                None => return Ok(false),
                Some(volume) if !volume_binding::reaches(node, volume) => {
                    return Err(format!(
                        "pv {:?} node affinity doesn't match node {:?}",
                        &*volume.meta.name, &*node.meta.name
                    ));
                }
                Some(_) => {}
            }
        }
        all &= is_fully_bound(claim);
    }
    Ok(all)
}
