//! The two worlds: which Pods want which volume on which node, and which volumes are, or may be,
//! attached where. Also what Node.status.volumesAttached is to say.
//!
//! Upstream: pkg/controller/volume/attachdetach/cache/{desired,actual}_state_of_world.go

use crate::api::core::pod::Pod;
use crate::api::meta::Uid;
use crate::base::Str;
use crate::base::map::{Map, Set};
use crate::base::sorted::SortedSet;
use crate::base::time::SimTime;
use std::ops::Bound;
use std::rc::Rc;

/// A volume on a node, by unique name and node.
pub(super) type Place = (Str, Str);

/// What is known of a volume beyond its name.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Volume {
    /// Its PersistentVolume.
    pub object: Str,
    /// Whether several nodes may have it at once.
    pub shareable: bool,
}

/// Pods that want a volume on a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    /// The Pods, in the order in which they came.
    pub pods: Rc<Vec<Rc<Pod>>>,
    /// Whether they were told that another node has it.
    pub told: bool,
}

/// A volume that is, or may be, attached to a node.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attachment {
    /// Whether it surely is. After a failed attach or detach nobody knows.
    pub confirmed: bool,
    /// Whether the node's kubelet uses it, as far as it has said; until it has, it does.
    pub in_use: bool,
    /// Since when nobody wants it there.
    pub unwanted: Option<SimTime>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Worlds {
    volumes: Map<Str, Volume>,
    desired: Map<Place, Wanted>,
    of_pod: Map<Uid, Rc<Vec<Place>>>,
    actual: Map<Place, Attachment>,
    /// The actual world by node.
    by_node: Set<(Str, Str)>,
    /// Those of it of which the node has not said yet whether it uses them.
    unheard: Set<(Str, Str)>,
    /// What each node's status is to list.
    reports: Map<Str, Rc<SortedSet<Str>>>,
    /// The nodes whose status does not list it yet.
    stale: Set<Str>,
}

impl Worlds {
    /// Notes that `pod` wants a volume on its node; says whether that is news.
    pub fn want(&mut self, name: &Str, node: &Str, pod: &Rc<Pod>, known: Volume) -> bool {
        self.know(name, known);
        let place = (name.clone(), node.clone());
        let mut wanted = self.desired.get(&place).cloned().unwrap_or_default();
        if wanted.pods.iter().any(|other| other.meta.uid == pod.meta.uid) {
            return false;
        }
        Rc::make_mut(&mut wanted.pods).push(pod.clone());
        self.desired.insert_mut(place.clone(), wanted);
        let mut places = self.of_pod.get(&pod.meta.uid).cloned().unwrap_or_default();
        Rc::make_mut(&mut places).push(place);
        self.of_pod.insert_mut(pod.meta.uid, places);
        true
    }

    /// Strikes a Pod out; gives the volumes it wanted.
    pub fn forget(&mut self, pod: Uid) -> Vec<Str> {
        let Some(places) = self.of_pod.get(&pod).cloned() else { return Vec::new() };
        self.of_pod.remove_mut(&pod);
        for place in places.iter() {
            let Some(mut wanted) = self.desired.get(place).cloned() else { continue };
            Rc::make_mut(&mut wanted.pods).retain(|other| other.meta.uid != pod);
            if wanted.pods.is_empty() {
                self.desired.remove_mut(place);
            } else {
                self.desired.insert_mut(place.clone(), wanted);
            }
        }
        places.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Learns what a volume is.
    pub fn know(&mut self, name: &Str, known: Volume) {
        if self.volumes.get(name) != Some(&known) {
            self.volumes.insert_mut(name.clone(), known);
        }
    }

    /// What is known of a volume.
    pub fn volume(&self, name: &Str) -> Option<&Volume> {
        self.volumes.get(name)
    }

    /// Whether several nodes may have it at once; a volume nobody knows is not held back.
    pub fn is_shareable(&self, name: &Str) -> bool {
        self.volumes.get(name).is_none_or(|volume| volume.shareable)
    }

    /// Who wants a volume on a node.
    pub fn wanted(&self, name: &Str, node: &Str) -> Option<&Wanted> {
        self.desired.get(&(name.clone(), node.clone()))
    }

    /// The nodes on which a volume is wanted.
    pub fn wanted_on(&self, name: &Str) -> Vec<Str> {
        nodes_of(&self.desired, name)
    }

    /// Notes that the Pods on that node were told that another node has the volume.
    pub fn told(&mut self, name: &Str, node: &Str) {
        let place = (name.clone(), node.clone());
        if let Some(wanted) = self.desired.get(&place).cloned() {
            self.desired.insert_mut(place, Wanted { told: true, ..wanted });
        }
    }

    /// A volume on a node.
    pub fn attachment(&self, name: &Str, node: &Str) -> Option<&Attachment> {
        self.actual.get(&(name.clone(), node.clone()))
    }

    /// The nodes to which a volume is, or may be, attached.
    pub fn attached_to(&self, name: &Str) -> Vec<Str> {
        nodes_of(&self.actual, name)
    }

    /// The nodes to which a volume surely is attached.
    pub fn surely_attached_to(&self, name: &Str) -> Vec<Str> {
        let mut nodes = self.attached_to(name);
        nodes.retain(|node| self.attachment(name, node).is_some_and(|it| it.confirmed));
        nodes
    }

    /// Notes that a volume is attached (`confirmed`), or that nobody knows any more.
    pub fn attach(&mut self, name: &Str, node: &Str, confirmed: bool) {
        let place = (name.clone(), node.clone());
        let new = Attachment { confirmed, in_use: true, unwanted: None };
        let new = match self.actual.get(&place) {
            Some(old) => Attachment { confirmed, ..old.clone() },
            None => {
                self.unheard.insert_mut((node.clone(), name.clone()));
                new
            }
        };
        self.actual.insert_mut(place, new);
        self.by_node.insert_mut((node.clone(), name.clone()));
    }

    /// Notes that a volume is attached no more.
    pub fn detach(&mut self, name: &Str, node: &Str) {
        self.actual.remove_mut(&(name.clone(), node.clone()));
        self.by_node.remove_mut(&(node.clone(), name.clone()));
        self.unheard.remove_mut(&(node.clone(), name.clone()));
        self.unreport(name, node);
        if self.attached_to(name).is_empty() && self.wanted_on(name).is_empty() {
            self.volumes.remove_mut(name);
        }
    }

    /// Notes since when nobody wants a volume on a node; `None` when somebody does.
    pub fn set_unwanted(&mut self, name: &Str, node: &Str, unwanted: Option<SimTime>) {
        let place = (name.clone(), node.clone());
        if let Some(it) = self.actual.get(&place).filter(|it| it.unwanted != unwanted).cloned() {
            self.actual.insert_mut(place, Attachment { unwanted, ..it });
        }
    }

    /// A Node object was written: what its kubelet uses is known again, as `now` says and as
    /// `before` said, if it was there before. Gives the volumes nobody wants there for which that
    /// matters.
    pub fn heard_from(&mut self, node: &Str, before: Option<&[Str]>, now: &[Str]) -> Vec<Str> {
        let open = if before.is_some() { &self.unheard } else { &self.by_node };
        let mut names: SortedSet<Str> = on_node(open, node).into_iter().collect();
        if let Some(before) = before.filter(|before| *before != now) {
            let new = now.iter().filter(|name| !before.contains(name));
            let gone = before.iter().filter(|name| !now.contains(name));
            names.extend(new.chain(gone).cloned());
        }
        let mut concerned = Vec::new();
        for name in names {
            self.unheard.remove_mut(&(node.clone(), name.clone()));
            let place = (name.clone(), node.clone());
            let Some(it) = self.actual.get(&place).cloned() else { continue };
            let in_use = now.contains(&name);
            if it.in_use != in_use {
                self.actual.insert_mut(place.clone(), Attachment { in_use, ..it });
                if !self.desired.contains_key(&place) {
                    concerned.push(name);
                }
            }
        }
        concerned
    }

    /// The volumes on a node that nobody wants there.
    pub fn unwanted_on(&self, node: &Str) -> Vec<Str> {
        let mut names = on_node(&self.by_node, node);
        names.retain(|name| !self.desired.contains_key(&(name.clone(), node.clone())));
        names
    }

    /// A Node object was added: what its status lists must be written again.
    pub fn node_appeared(&mut self, node: &Str) {
        if self.reports.contains_key(node) {
            self.stale.insert_mut(node.clone());
        }
    }

    /// The node's status is to list the volume.
    pub fn report(&mut self, name: &Str, node: &Str) {
        let mut report = self.reports.get(node).cloned().unwrap_or_default();
        if Rc::make_mut(&mut report).insert(name.clone()) {
            self.reports.insert_mut(node.clone(), report);
            self.stale.insert_mut(node.clone());
        }
    }

    /// The node's status is not to list the volume any more.
    pub fn unreport(&mut self, name: &Str, node: &Str) {
        let Some(mut report) = self.reports.get(node).cloned() else { return };
        if Rc::make_mut(&mut report).remove(name) {
            self.reports.insert_mut(node.clone(), report);
            self.stale.insert_mut(node.clone());
        }
    }

    /// Whether some node's status is to be written.
    pub fn has_stale_nodes(&self) -> bool {
        !self.stale.is_empty()
    }

    /// The nodes whose status is to be written.
    pub fn stale_nodes(&self) -> Vec<Str> {
        self.stale.iter().cloned().collect()
    }

    /// What the node's status is to list, if that must be written; it counts as written then.
    pub fn take_report(&mut self, node: &Str) -> Option<Rc<SortedSet<Str>>> {
        self.stale.remove_mut(node).then(|| self.reports.get(node).cloned().unwrap_or_default())
    }

    /// Writing the node's status failed.
    pub fn report_again(&mut self, node: &Str) {
        self.stale.insert_mut(node.clone());
    }
}

fn on_node(set: &Set<(Str, Str)>, node: &Str) -> Vec<Str> {
    let from = (node.clone(), Str::from(""));
    let all = set.range((Bound::Included(from), Bound::Unbounded));
    all.take_while(|(at, _)| at == node).map(|(_, name)| name.clone()).collect()
}

fn nodes_of<V: Clone + 'static>(map: &Map<Place, V>, name: &Str) -> Vec<Str> {
    let from = (name.clone(), Str::from(""));
    let all = map.range((Bound::Included(from), Bound::Unbounded));
    all.take_while(|((at, _), _)| at == name).map(|((_, node), _)| node.clone()).collect()
}
