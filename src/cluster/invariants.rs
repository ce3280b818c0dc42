//! The referee: what must hold after every wake, looked up in what is, not in what is said.
//!
//! Two processes of one name are possible, but only as the learner's doing (a Pod deleted by
//! force while its machine could not be heard); then they are reported, not forbidden.
//!
//! `findings` needs only the moment; `Referee` remembers what was and finds what may not become.

use super::incidents::{Incident, LetGo};
use super::world::{Process, World};
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::core::pod::Pod;
use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::kinds::{Key, Kind};
use crate::api::meta::{Uid, condition};
use crate::api::policy::PodDisruptionBudget;
use crate::apiserver::watch::Change;
use crate::base::Str;
use crate::base::map::Map;
use crate::base::sorted;
use crate::base::time::{SimTime, Span};
use crate::infra::Double;
use crate::infra::disk::Reach;
use crate::infra::fault::FaultKind;

/// Something that is so and should not be, at least not unnoticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// Two live processes of one Pod name.
    TwoProcesses {
        /// The name.
        pod: Key,
        /// The machines they run on: first of the one that ran, then of the one that came.
        nodes: [Str; 2],
        /// Since when.
        at: SimTime,
        /// Whose doing it is; `None` may never be.
        cause: Option<LetGo>,
    },
    /// Two live processes have one disk mounted that only one node may have.
    TwoWriters {
        /// The driver's handle of the disk.
        disk: Str,
        /// The machines they run on.
        nodes: Vec<Str>,
    },
    /// A claim that had one volume has another.
    ClaimMoved {
        /// The claim.
        claim: Key,
        /// The volume it had.
        from: Str,
        /// The volume it has.
        to: Str,
    },
    /// A set's Pod whose name, labels or claims are not those of its ordinal.
    WrongIdentity {
        /// The Pod.
        pod: Key,
        /// What is wrong.
        what: Str,
    },
    /// An ordered set made a Pod while one below it was missing, not Ready or going.
    OutOfOrder {
        /// The Pod.
        pod: Key,
        /// The Pod below it.
        before: Key,
    },
    /// An eviction was granted that leaves fewer healthy Pods than the budget asks for.
    BudgetBroken {
        /// The Pod.
        pod: Key,
        /// The budget.
        budget: Key,
    },
}

/// Everything the referee finds in `world` now.
pub fn findings(world: &World) -> Vec<Finding> {
    let mut out = Vec::new();
    for Incident { double, cause, lasts } in world.incidents() {
        if lasts {
            let Double { key: pod, nodes, at, .. } = double;
            out.push(Finding::TwoProcesses { pod, nodes, at, cause });
        }
    }
    for disk in world.infra.disks.values().filter(|disk| disk.reach != Reach::Shared) {
        let writing = disk.mounts.values().filter(|mount| mount.writing.is_some() && !mount.fenced);
        let mut nodes: Vec<Str> = writing.map(|mount| mount.node.clone()).collect();
        sorted::sort(&mut nodes);
        nodes.dedup();
        if nodes.len() > 1 {
            out.push(Finding::TwoWriters { disk: disk.handle.clone(), nodes });
        }
    }
    out
}

/// A controller acts on what it heard, and news needs some time to reach it.
const NEWS: Span = Span::millis(10);
/// So long after its start the controller manager knows how things are.
const RECOVERED: Span = Span::seconds(1);

/// Watches a world from its start on; to be asked after every wake.
#[derive(Clone, Debug, Default)]
pub struct Referee {
    cursor: u64,
    volumes: Map<Uid, Str>,
    /// When each Pod was last Ready and not going; a Pod that still is has the present time.
    healthy: Map<Key, SimTime>,
    /// Since when the controller manager runs.
    managed: Option<SimTime>,
    /// How late it ever heard of changes.
    lag: Span,
}

impl Referee {
    /// What became so since it was last asked and may not be, and what is so and should not be.
    pub fn look(&mut self, world: &World) -> Vec<Finding> {
        let mut out = findings(world);
        let lag = world.infra.faults.delay(FaultKind::Lag, "kube-controller-manager");
        self.lag = self.lag.max(lag);
        self.managed = match world.is_running(Process::ControllerManager) {
            true => self.managed.or(Some(world.now)),
            false => None,
        };
        for change in world.server.log.after(self.cursor) {
            match change.kind {
                Kind::Pod => self.pod_changed(world, change, &mut out),
                Kind::PersistentVolumeClaim => self.claim_changed(change, &mut out),
                _ => {}
            }
        }
        self.cursor = world.store().revision();
        out
    }

    fn claim_changed(&mut self, change: &Change, out: &mut Vec<Finding>) {
        let Some(claim) = change.new::<PersistentVolumeClaim>() else { return };
        if claim.spec.volume_name.is_empty() {
            return;
        }
        let to = claim.spec.volume_name.clone();
        let uid = claim.meta.uid;
        if let Some(from) = self.volumes.get(&uid).filter(|from| **from != to).cloned() {
            out.push(Finding::ClaimMoved { claim: change.key.clone(), from, to: to.clone() });
        }
        self.volumes.insert_mut(uid, to);
    }

    fn pod_changed(&mut self, world: &World, change: &Change, out: &mut Vec<Finding>) {
        let is_well = |pod: &Pod| pod.is_ready() && !pod.is_terminating();
        if change.old::<Pod>().is_some_and(|pod| is_well(pod))
            || change.new::<Pod>().is_some_and(|pod| is_well(pod))
        {
            self.healthy.insert_mut(change.key.clone(), world.now);
        }
        let Some(pod) = change.new::<Pod>() else { return };
        if let Some(set) = set_of(world, pod) {
            out.extend(wrong_identity(set, pod));
            if change.is_added() {
                out.extend(self.out_of_order(world, set, pod));
            }
        }
        let was_evicted = change.old::<Pod>().is_some_and(|pod| is_evicted(pod));
        let was_well = change.old::<Pod>().is_some_and(|pod| is_well(pod));
        if is_evicted(pod) && !was_evicted && was_well {
            self.budgets(world, pod, out);
        }
    }

    /// Whether the Pod at `key` is well, or was until news of the contrary were under way.
    fn seems_well(&self, world: &World, key: &Key) -> bool {
        let found = world.store().get::<Pod>(key);
        found.is_some_and(|pod| pod.is_ready() && !pod.is_terminating())
            || self.healthy.get(key).is_some_and(|&at| world.now.since(at) <= NEWS + self.lag)
    }

    fn out_of_order(&self, world: &World, set: &StatefulSet, pod: &Pod) -> Option<Finding> {
        if set.allows_burst() {
            return None;
        }
        let ordinal = ordinal(set, pod)?;
        let first = u32::try_from(set.start_ordinal()).unwrap_or(0);
        let mut lower = (first..ordinal).map(|below| {
            Key::new(pod.meta.namespace.clone(), format!("{}-{below}", set.meta.name))
        });
        let before = lower.find(|key| !self.seems_well(world, key))?;
        Some(Finding::OutOfOrder { pod: Key::of(&pod.meta), before })
    }

    fn budgets(&self, world: &World, pod: &Pod, out: &mut Vec<Finding>) {
        // A budget nobody keeps up to date may be wrong.
        if self.managed.is_none_or(|since| world.now.since(since) < RECOVERED + self.lag) {
            return;
        }
        let store = world.store();
        for budget in store.list_in::<PodDisruptionBudget>(&pod.meta.namespace) {
            let means = |pod: &Pod| {
                budget.spec.selector.as_ref().is_some_and(|all| all.matches(&pod.meta.labels))
            };
            if !means(pod) || budget.status.observed_generation < budget.meta.generation {
                continue;
            }
            let others = store.list_in::<Pod>(&pod.meta.namespace);
            let well = others.filter(|other| {
                means(other) && !is_evicted(other) && self.seems_well(world, &Key::of(&other.meta))
            });
            let fresh = |at: &SimTime| world.now.since(*at) <= NEWS + self.lag;
            let gone = self.healthy.iter().filter(|(key, at)| {
                key.namespace == pod.meta.namespace && fresh(at) && store.get::<Pod>(key).is_none()
            });
            let known = well.count() + gone.count();
            if (known as i64) < i64::from(budget.status.desired_healthy) {
                let (pod, budget) = (Key::of(&pod.meta), Key::of(&budget.meta));
                out.push(Finding::BudgetBroken { pod, budget });
            }
        }
    }
}

fn is_evicted(pod: &Pod) -> bool {
    condition(&pod.status.conditions, "DisruptionTarget")
        .is_some_and(|it| &*it.status == "True" && &*it.reason == "EvictionByEvictionAPI")
}

fn set_of<'w>(world: &'w World, pod: &Pod) -> Option<&'w StatefulSet> {
    let owner = pod.meta.controller_of().filter(|owner| &*owner.kind == "StatefulSet")?;
    let key = Key::new(pod.meta.namespace.clone(), owner.name.clone());
    let set = world.store().get::<StatefulSet>(&key)?;
    (set.meta.uid == owner.uid).then_some(&**set)
}

fn ordinal(set: &StatefulSet, pod: &Pod) -> Option<u32> {
    let rest = pod.meta.name.strip_prefix(&*set.meta.name)?.strip_prefix('-')?;
    rest.parse().ok()
}

/// A set's Pod is named and labelled after its ordinal, and its claims are those of the ordinal.
fn wrong_identity(set: &StatefulSet, pod: &Pod) -> Option<Finding> {
    let wrong =
        |what: String| Some(Finding::WrongIdentity { pod: Key::of(&pod.meta), what: what.into() });
    let Some(ordinal) = ordinal(set, pod) else {
        return wrong(format!("its name is no ordinal of {}", set.meta.name));
    };
    let number = ordinal.to_string();
    let labels = [
        ("statefulset.kubernetes.io/pod-name", &*pod.meta.name),
        ("apps.kubernetes.io/pod-index", &number),
    ];
    for (key, wanted) in labels {
        if pod.meta.label(key).is_none_or(|value| **value != *wanted) {
            return wrong(format!("its label {key} is not {wanted}"));
        }
    }
    if *pod.spec.hostname != *pod.meta.name {
        return wrong("its host name is another".into());
    }
    let claims: Vec<&Str> = pod.claim_names().collect();
    let templates = set.spec.volume_claim_templates.iter();
    let mut wanted = templates.map(|template| format!("{}-{}", template.meta.name, pod.meta.name));
    let missing = wanted.find(|name| claims.iter().all(|claim| ***claim != *name.as_str()))?;
    wrong(format!("it does not use the claim {missing}"))
}
