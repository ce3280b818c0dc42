//! What the control plane thinks of a node, as its kubelet sees it: a kubelet that is heard
//! contradicts who calls its node unfit, and of one that is not heard the Pods wait in silence.
//!
//! Upstream: pkg/kubelet/kubelet_node_status.go (tryUpdateNodeStatus)

use super::{Kubelets, Wake};
use crate::api::core::node::Node;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::apiserver::watch::Change;
use crate::base::timers::Timers;
use crate::client::node_plane::NodePlane;
use crate::trace::{Because, Source, Wait};
use std::rc::Rc;

impl Kubelets {
    /// A Node has changed: it may be doubted now, or have its volumes.
    pub(super) fn observe_node(
        &mut self,
        cx: &mut NodePlane<'_>,
        change: &Change,
        timers: &mut Timers<Wake>,
    ) {
        let name = &change.key.name;
        let doubted = |node: Option<&Rc<Node>>| node.is_none_or(|node| is_doubted(node));
        if doubted(change.new()) && !doubted(change.old()) {
            let cache = cx.cache.clone();
            for pod in cache.pods_on(name) {
                *cx.visits += 1;
                if !self.hears(cx, pod) {
                    say_silent(cx, pod);
                }
            }
        }
        if doubted(change.new()) && cx.infra.is_reachable(name) {
            self.touch_node(cx, name, timers);
        }
        let attached = |node: Option<&Rc<Node>>| {
            node.map(|node| node.status.volumes_attached.clone()).unwrap_or_default()
        };
        if attached(change.old()) != attached(change.new()) {
            self.look_at_waiting(cx, name, timers);
        }
    }
}

/// Whether the control plane, too, has noticed that the kubelet does not answer.
pub(super) fn is_doubted(node: &Node) -> bool {
    node.ready() == "Unknown"
}

/// Says of a Pod whose kubelet does not answer what it waits for: if it is to go, for that. Once
/// the control plane has noticed, it says so itself.
pub(super) fn say_silent(cx: &mut NodePlane<'_>, pod: &Pod) {
    let name = &pod.spec.node_name;
    let key = Key::of(&pod.meta);
    let node = cx.cache.get::<Node>(&Key::global(name.clone()));
    let unnoticed = node.is_some_and(|node| !is_doubted(node));
    let waits = (pod.is_terminating() && unnoticed).then(|| Wait {
        subject: ObjectRef::new(Kind::Pod, key.clone()),
        on: Some(ObjectRef::new(Kind::Node, Key::global(name.clone()))),
        because: Because::KubeletSilent { node: name.clone() },
        since: cx.now,
        until: None,
    });
    cx.say(Source::Kubelet, (Kind::Pod, &key), waits.into_iter().collect());
}
