//! What was found of each node for Pods that ask for the same: whether the node by itself takes
//! such a Pod, and the scores that depend on nothing but the node. A node that has not changed
//! since is not looked at again; decisions are the same as if it were.
//!
//! Not here: rules that look beyond one node (volumes, spreading, neighbours), which are worked
//! out anew for each Pod.
//!
//! Upstream has a like memory for Pods with equal signatures:
//! pkg/scheduler/framework/runtime/batch.go, KEP-5598

use super::nodes::{NodeInfo, PodInfo};
use super::plugins::{Raw, Rejection, State};
use crate::api::core::pod::PodSpec;
use crate::api::core::scheduling::NodeAffinity;
use std::rc::Rc;

/// So many different wishes are kept.
const KEPT: usize = 4;

/// What was found, wish by wish, the last one first.
#[derive(Clone, Debug, Default)]
pub(super) struct Memo(Vec<Sheet>);

/// What was found of the nodes for one wish.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    /// A Pod with that wish.
    wish: Rc<PodInfo>,
    /// By slot.
    found: Rc<Vec<Found>>,
}

/// What was found of one node.
#[derive(Clone, Debug)]
struct Found {
    /// The node's generation then; 0 for never.
    generation: u64,
    verdict: Result<(), Rejection>,
    raw: Option<Raw>,
}

impl Memo {
    /// The sheet of Pods like `info`, to be given back with `close`.
    pub fn open(&mut self, info: &Rc<PodInfo>) -> Sheet {
        match self.0.iter().position(|sheet| is_alike(&sheet.wish, info)) {
            Some(at) => self.0.remove(at),
            None => Sheet { wish: info.clone(), found: Rc::default() },
        }
    }

    /// Keeps the sheet.
    pub fn close(&mut self, sheet: Sheet) {
        self.0.truncate(KEPT - 1);
        self.0.insert(0, sheet);
    }
}

impl Sheet {
    /// Whether `node` by itself takes the Pod.
    pub fn verdict(
        &mut self,
        state: &State,
        node: &NodeInfo,
        visits: &mut u64,
    ) -> Result<(), Rejection> {
        match self.found.get(node.slot).filter(|found| found.generation == node.generation) {
            Some(found) => found.verdict.clone(),
            None => {
                *visits += 1;
                let verdict = state.filter_alone(node);
                let fresh = || Found { generation: 0, verdict: Ok(()), raw: None };
                let all = Rc::make_mut(&mut self.found);
                all.resize_with(all.len().max(node.slot + 1), fresh);
                all[node.slot] =
                    Found { generation: node.generation, verdict: verdict.clone(), raw: None };
                verdict
            }
        }
    }

    /// The scores of `node`, whose verdict was asked for before, that depend on nothing else.
    pub fn raw(&mut self, state: &State, node: &NodeInfo) -> Raw {
        let known = self.found.get(node.slot).filter(|found| found.generation == node.generation);
        if let Some(raw) = known.and_then(|found| found.raw) {
            return raw;
        }
        let raw = state.raw(node);
        if known.is_some() {
            Rc::make_mut(&mut self.found)[node.slot].raw = Some(raw);
        }
        raw
    }
}

/// Whether two Pods ask the same of a node, as far as it concerns the node alone.
fn is_alike(a: &PodInfo, b: &PodInfo) -> bool {
    let (one, other) = (&a.pod.spec, &b.pod.spec);
    fn affinity(spec: &PodSpec) -> Option<&NodeAffinity> {
        spec.affinity.as_ref()?.node_affinity.as_ref()
    }
    a.requests == b.requests
        && a.nonzero == b.nonzero
        && a.ports == b.ports
        && one.tolerations == other.tolerations
        && one.node_selector == other.node_selector
        && affinity(one) == affinity(other)
}
