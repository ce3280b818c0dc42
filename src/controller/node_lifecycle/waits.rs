//! Says of silent nodes, and of the Pods on them, why nothing happens yet and until when.
//!
//! Not here: what happens after the NoExecute taint (`taint_eviction`).

use super::NodeLifecycleController;
use super::monitor::ready_of;
use super::zones::zone_of;
use crate::api::core::node::{NOT_READY, Node, UNREACHABLE};
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::base::Str;
use crate::base::sorted;
use crate::base::time::SimTime;
use crate::client::ControlPlane;
use crate::trace::{Because, Source, Wait};
use std::rc::Rc;

impl NodeLifecycleController {
    /// Says of each node whether and why it waits, if that has changed.
    pub(super) fn say(&mut self, cx: &mut ControlPlane<'_>) {
        let turns = self.turns(cx.now);
        let mut names: Vec<Str> = self.silent.iter().cloned().collect();
        names.extend(turns.keys().cloned());
        names.extend(self.waiting.keys().cloned());
        sorted::sort(&mut names);
        names.dedup();
        for name in names {
            let node = cx.cache.get::<Node>(&Key::global(name.clone())).cloned();
            let turn = turns.get(&name).copied();
            let found = node.and_then(|node| Some((self.wait_of(cx, &node, turn)?, node)));
            let before = self.waiting.get(&name);
            let stale = self.stale.remove_mut(&name);
            if before == found.as_ref().map(|(wait, _)| wait) && !stale {
                continue;
            }
            let mut waits = Vec::new();
            match found {
                Some(((because, until), node)) => {
                    waits = waits_on(cx, &node, &because, until);
                    self.waiting.insert_mut(name.clone(), (because, until));
                }
                None => drop(self.waiting.remove_mut(&name)),
            }
            cx.say(Source::NodeLifecycle, (Kind::Node, &Key::global(name)), waits);
        }
    }

    fn wait_of(
        &self,
        cx: &ControlPlane<'_>,
        node: &Node,
        turn: Option<Option<SimTime>>,
    ) -> Option<(Because, Option<SimTime>)> {
        let name = node.meta.name.clone();
        let believed = ready_of(node) == Some("True");
        if let Some(due) = self.due(cx, node).filter(|due| believed && *due > cx.now) {
            return Some((Because::NodeGrace { node: name }, Some(due)));
        }
        let tainted = |key: &str| node.taint(key, "NoExecute").is_some();
        if believed || tainted(UNREACHABLE) || tainted(NOT_READY) {
            return None;
        }
        if self.is_stopped(&zone_of(node)) {
            return Some((Because::ZoneDisruption { zone: node.zone().into() }, None));
        }
        turn.map(|at| (Because::EvictionRate { node: name }, at))
    }
}

/// The wait of `node`, and those of its Pods that wait for the same: until the node is known to
/// be silent those that are being deleted, later those that are not yet.
fn waits_on(
    cx: &mut ControlPlane<'_>,
    node: &Rc<Node>,
    because: &Because,
    until: Option<SimTime>,
) -> Vec<Wait> {
    let terminating = matches!(because, Because::NodeGrace { .. });
    let pods: Vec<Rc<Pod>> = cx.cache.pods_on(&node.meta.name).cloned().collect();
    let concerned = pods
        .into_iter()
        .filter(|pod| pod.is_terminating() == terminating && !pod.is_terminal())
        .map(Object::Pod);
    let node = Object::Node(node.clone());
    let mut waits = vec![Wait { until, ..cx.wait(&node, because.clone()) }];
    for pod in concerned {
        *cx.visits += 1;
        let on: Option<ObjectRef> = Some(node.reference());
        waits.push(Wait { on, until, ..cx.wait(&pod, because.clone()) });
    }
    waits
}
