//! One name that runs twice: when, where, and by whose deed. The infrastructure notes the
//! instant a second process of a name starts; this file notes who told the API server that the
//! first one is gone while it was not.
//!
//! Not here: whether that is allowed (`invariants`), what it does to disks (`infra`).

use super::world::World;
use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind};
use crate::api::meta::{Uid, condition};
use crate::base::Str;
use crate::base::map::Map;
use crate::base::time::{SimTime, Span};
use crate::infra::Double;
use crate::infra::fault::FaultKind;

/// The taint by which somebody promises that a machine is off.
const OUT_OF_SERVICE: &str = "node.kubernetes.io/out-of-service";

/// What somebody did so that a Pod was forgotten while its process ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Deleted the Pod by force.
    ForceDelete,
    /// Deleted the Node object.
    DeleteNode,
    /// Marked the node out of service.
    OutOfService,
}

/// A Pod that the API server has forgotten while its process ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetGo {
    /// By what deed.
    pub deed: Deed,
    /// When that was done.
    pub at: SimTime,
    /// The machine on which the process ran.
    pub node: Str,
}

/// A name that ran twice, or still does.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// The name, both processes, and since when.
    pub double: Double,
    /// Whose doing it is; `None` would be a fault of the simulator.
    pub cause: Option<LetGo>,
    /// Whether both still run.
    pub lasts: bool,
}

/// What was noted.
#[derive(Clone, Debug, Default)]
pub(super) struct Notes {
    /// The store's revision up to which changes were looked at.
    seen: u64,
    /// When a node was last deleted or marked.
    marked: Map<(Str, bool), SimTime>,
    let_go: Map<Uid, LetGo>,
}

impl World {
    /// Every name that ever ran twice, oldest first.
    pub fn incidents(&self) -> Vec<Incident> {
        let runs = |uid: &Uid| self.infra.processes.contains_key(uid);
        let incident = |double: &Double| Incident {
            double: double.clone(),
            cause: self.notes.let_go.get(&double.pods[0]).cloned(),
            lasts: double.pods.iter().all(runs),
        };
        self.infra.doubles.iter().map(incident).collect()
    }

    /// Looks at what has changed for Pods that were forgotten while they ran.
    pub(super) fn note(&mut self) {
        let mut notes = std::mem::take(&mut self.notes);
        for change in self.server.log.after(notes.seen) {
            match change.kind {
                Kind::Node => {
                    let out = |node: Option<&std::rc::Rc<Node>>| node.is_some_and(|n| is_out(n));
                    let name = change.key.name.clone();
                    if change.is_removed() {
                        notes.marked.insert_mut((name, false), self.now);
                    } else if out(change.new()) && !out(change.old()) {
                        notes.marked.insert_mut((name, true), self.now);
                    }
                }
                Kind::Pod if change.is_removed() => {
                    let Some(pod) = change.old::<Pod>() else { continue };
                    if self.may_run(pod) {
                        notes.let_go.insert_mut(pod.meta.uid, self.who_let_go(&notes, pod));
                    }
                }
                _ => {}
            }
        }
        notes.seen = self.server.store.revision();
        self.notes = notes;
    }

    /// Whether a Pod that has just been forgotten runs, or may still be started by a kubelet that
    /// has not heard of that.
    fn may_run(&self, pod: &Pod) -> bool {
        let uid = pod.meta.uid;
        self.infra.processes.contains_key(&uid)
            || self.kubelets.knows(uid)
            || self.infra.faults.delay(FaultKind::Lag, "kubelet") > Span::ZERO
    }

    fn who_let_go(&self, notes: &Notes, pod: &Pod) -> LetGo {
        let node = pod.spec.node_name.clone();
        let target = condition(&pod.status.conditions, "DisruptionTarget");
        let orphaned = target.is_some_and(|target| &*target.reason == "DeletionByPodGC");
        let known = self.store().get::<Node>(&Key::global(node.clone()));
        let deed = match orphaned {
            true => Deed::DeleteNode,
            false if known.is_some_and(|node| is_out(node)) => Deed::OutOfService,
            false => Deed::ForceDelete,
        };
        let marked = |out: bool| notes.marked.get(&(node.clone(), out)).copied();
        let at = match deed {
            Deed::ForceDelete => None,
            deed => marked(deed == Deed::OutOfService),
        };
        LetGo { deed, at: at.unwrap_or(self.now), node }
    }
}

fn is_out(node: &Node) -> bool {
    node.spec.taints.iter().any(|taint| &*taint.key == OUT_OF_SERVICE)
}
