//! All objects as of one revision, with the indexes that spare everyone a full list. A clone
//! costs a pointer: a component's cache is simply an older `Store`.
//!
//! Not here: rules. Whoever writes here has already decided; see the verbs in `apiserver`.

use super::roster::{Roster, Rosters};
use super::volume_index::VolumeIndex;
use super::watch::Change;
use crate::api::core::event::Event;
use crate::api::core::pod::Pod;
use crate::api::kinds::{Key, Kind, Object, ObjectRef, Resource};
use crate::api::meta::Uid;
use crate::base::Str;
use crate::base::map::{Map, Set};
use std::ops::Bound;
use std::rc::Rc;

/// All objects as of one revision.
#[derive(Clone, Debug, Default)]
pub struct Store {
    tables: Rc<Tables>,
}

/// What is bound to one node. Each write to a Pod there makes a new one, so that whoever holds one
/// knows by the pointer whether any of these Pods has changed, also in another history.
#[derive(Debug, Default)]
pub struct Load {
    /// How many Pods.
    pub pods: u32,
}

#[derive(Clone, Debug, Default)]
struct Tables {
    revision: u64,
    objects: [Map<Key, Object>; Kind::ALL.len()],
    dependents: Map<(Uid, Kind, Key), ()>,
    pods_by_node: Map<(Str, Key), ()>,
    loads: Map<Str, Rc<Load>>,
    told: Map<u64, Key>,
    pods_by_claim: Map<(Key, Key), ()>,
    rosters: Rosters,
    free: Set<(Kind, Key)>,
    volumes: VolumeIndex,
}

impl Store {
    /// The revision of the last write.
    pub fn revision(&self) -> u64 {
        self.tables.revision
    }

    /// The object of type `T` at `key`.
    pub fn get<T: Resource>(&self, key: &Key) -> Option<&Rc<T>> {
        T::unwrap(self.tables.objects[T::KIND as usize].get(key)?)
    }

    /// The object of `kind` at `key`.
    pub fn object(&self, kind: Kind, key: &Key) -> Option<&Object> {
        self.tables.objects[kind as usize].get(key)
    }

    /// The object that `reference` names.
    pub fn find(&self, reference: &ObjectRef) -> Option<&Object> {
        self.object(reference.kind, &reference.key)
    }

    /// How many objects of `kind` there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.tables.objects[kind as usize].size()
    }

    /// All objects of type `T`, ordered by namespace and name. A full list: for people, and
    /// for components when they start, never in a reconcile.
    pub fn list<T: Resource>(&self) -> impl Iterator<Item = &Rc<T>> {
        self.tables.objects[T::KIND as usize].values().filter_map(T::unwrap)
    }

    /// All objects of `kind`, ordered by namespace and name.
    pub fn list_objects(&self, kind: Kind) -> impl Iterator<Item = &Object> {
        self.tables.objects[kind as usize].values()
    }

    /// All objects of type `T` in `namespace`, ordered by name.
    pub fn list_in<'s, T: Resource>(
        &'s self,
        namespace: &'s Str,
    ) -> impl Iterator<Item = &'s Rc<T>> + 's {
        let from = Key { namespace: namespace.clone(), name: "".into() };
        let table = &self.tables.objects[T::KIND as usize];
        let all = table.range((Bound::Included(from), Bound::Unbounded));
        all.take_while(move |(key, _)| key.namespace == *namespace)
            .filter_map(|(_, object)| T::unwrap(object))
    }

    /// All objects that name `owner` among their owners.
    pub fn dependents(&self, owner: Uid) -> impl Iterator<Item = ObjectRef> + '_ {
        let from = (owner, Kind::ALL[0], Key::new("", ""));
        let all = self.tables.dependents.range((Bound::Included(from), Bound::Unbounded));
        all.take_while(move |((uid, _, _), ())| *uid == owner)
            .map(|((_, kind, key), ())| ObjectRef::new(*kind, key.clone()))
    }

    /// The Pods that name `owner` among their owners, ordered by name.
    pub fn pods_of(&self, owner: Uid) -> impl Iterator<Item = &Rc<Pod>> {
        let from = (owner, Kind::Pod, Key::new("", ""));
        let all = self.tables.dependents.range((Bound::Included(from), Bound::Unbounded));
        all.take_while(move |((uid, kind, _), ())| *uid == owner && *kind == Kind::Pod)
            .filter_map(|((_, _, key), ())| self.get::<Pod>(key))
    }

    /// The objects of type `T` that name `owner` among their owners, ordered by name.
    pub fn dependents_of<T: Resource>(&self, owner: Uid) -> impl Iterator<Item = &Rc<T>> {
        let from = (owner, T::KIND, Key::new("", ""));
        let all = self.tables.dependents.range((Bound::Included(from), Bound::Unbounded));
        all.take_while(move |((uid, kind, _), ())| *uid == owner && *kind == T::KIND)
            .filter_map(|((_, _, key), ())| self.get::<T>(key))
    }

    /// The Pods of the StatefulSet with this uid, by ordinal.
    pub fn roster(&self, set: Uid) -> Roster {
        self.tables.rosters.of(set)
    }

    /// The Pods in `namespace` that nobody manages and whose names a StatefulSet called `set`
    /// gives, by ordinal.
    pub fn orphans<'s>(
        &'s self,
        namespace: &'s Str,
        set: &'s Str,
    ) -> impl Iterator<Item = &'s Rc<Pod>> + 's {
        self.tables.rosters.orphans(namespace, set).filter_map(|key| self.get::<Pod>(&key))
    }

    /// The objects of type `T` in `namespace` that nobody manages, ordered by name; of the kinds
    /// that controllers adopt.
    pub fn free<'s, T: Resource>(
        &'s self,
        namespace: &'s Str,
    ) -> impl Iterator<Item = &'s Rc<T>> + 's {
        let from = (T::KIND, Key { namespace: namespace.clone(), name: "".into() });
        let all = self.tables.free.range(from..);
        all.take_while(move |(kind, key)| *kind == T::KIND && key.namespace == *namespace)
            .filter_map(|(_, key)| self.get(key))
    }

    /// The Pods bound to `node`, ordered by namespace and name; the empty name gives those that
    /// have no node.
    pub fn pods_on<'s>(&'s self, node: &'s Str) -> impl Iterator<Item = &'s Rc<Pod>> + 's {
        let from = (node.clone(), Key::new("", ""));
        let all = self.tables.pods_by_node.range((Bound::Included(from), Bound::Unbounded));
        all.take_while(move |((name, _), ())| name == node)
            .filter_map(|((_, key), ())| self.get::<Pod>(key))
    }

    /// All Events, in the order in which they were last written.
    pub fn told(&self) -> impl DoubleEndedIterator<Item = &Rc<Event>> {
        self.tables.told.values().filter_map(|key| self.get(key))
    }

    /// What is bound to `node`; the empty name stands for none. `None` if never anything was.
    pub fn load(&self, node: &str) -> Option<&Rc<Load>> {
        self.tables.loads.get(node)
    }

    /// The Pods that use the claim at `claim`, ordered by name.
    pub fn pods_using<'s>(&'s self, claim: &'s Key) -> impl Iterator<Item = &'s Rc<Pod>> + 's {
        let from = (claim.clone(), Key::new("", ""));
        let all = self.tables.pods_by_claim.range((Bound::Included(from), Bound::Unbounded));
        all.take_while(move |((name, _), ())| name == claim)
            .filter_map(|((_, key), ())| self.get::<Pod>(key))
    }

    pub(super) fn volumes(&self) -> &VolumeIndex {
        &self.tables.volumes
    }

    /// Moves on by one change, for somebody who hears of them one by one.
    pub fn follow(&mut self, change: &Change) {
        self.put(change.revision, change.kind, &change.key, change.new.clone());
    }

    /// Puts `new` in the place of what was there (`None` removes it) at `revision`, and
    /// keeps the indexes. Gives back what was there.
    pub(super) fn put(
        &mut self,
        revision: u64,
        kind: Kind,
        key: &Key,
        new: Option<Object>,
    ) -> Option<Object> {
        let tables = Rc::make_mut(&mut self.tables);
        tables.revision = revision;
        let old = tables.objects[kind as usize].get(key).cloned();
        tables.reindex_owners(kind, key, old.as_ref(), new.as_ref());
        tables.volumes.reindex(kind, key, old.as_ref(), new.as_ref());
        if kind == Kind::Pod {
            let pod = |object: &Option<Object>| object.as_ref().and_then(Object::typed).cloned();
            let (before, after) = (pod(&old), pod(&new));
            tables.rosters.note(before.as_deref(), after.as_deref());
            tables.weigh(before.as_deref(), after.as_deref());
            tables.reindex_pod(key, before, after);
        }
        if kind == Kind::Event {
            let written = |object: &Object| object.meta().resource_version.0;
            if let Some(old) = &old {
                tables.told.remove_mut(&written(old));
            }
            if let Some(new) = &new {
                tables.told.insert_mut(written(new), key.clone());
            }
        }
        if matches!(kind, Kind::Pod | Kind::ReplicaSet | Kind::ControllerRevision) {
            let is_free = |object: &Option<Object>| {
                object.as_ref().is_some_and(|object| object.meta().controller_of().is_none())
            };
            match (is_free(&old), is_free(&new)) {
                (false, true) => tables.free.insert_mut((kind, key.clone())),
                (true, false) => drop(tables.free.remove_mut(&(kind, key.clone()))),
                _ => {}
            }
        }
        match new {
            Some(object) => tables.objects[kind as usize].insert_mut(key.clone(), object),
            None => drop(tables.objects[kind as usize].remove_mut(key)),
        }
        old
    }
}

impl Tables {
    fn reindex_owners(
        &mut self,
        kind: Kind,
        key: &Key,
        old: Option<&Object>,
        new: Option<&Object>,
    ) {
        let owners = |object: Option<&Object>| {
            object.map(|object| object.meta().owner_references.clone()).unwrap_or_default()
        };
        let (before, after) = (owners(old), owners(new));
        if before == after {
            return;
        }
        for owner in before {
            self.dependents.remove_mut(&(owner.uid, kind, key.clone()));
        }
        for owner in after {
            self.dependents.insert_mut((owner.uid, kind, key.clone()), ());
        }
    }

    /// Notes on which nodes a Pod was written.
    fn weigh(&mut self, old: Option<&Pod>, new: Option<&Pod>) {
        let place = |pod: Option<&Pod>| pod.map(|pod| pod.spec.node_name.clone());
        let (before, after) = (place(old), place(new));
        let stays = before == after;
        let pods = |tables: &Tables, node: &Str| tables.loads.get(node).map_or(0, |it| it.pods);
        if let Some(node) = before.filter(|_| !stays) {
            let pods = pods(self, &node).saturating_sub(1);
            self.loads.insert_mut(node, Rc::new(Load { pods }));
        }
        if let Some(node) = after {
            let pods = pods(self, &node) + u32::from(!stays);
            self.loads.insert_mut(node, Rc::new(Load { pods }));
        }
    }

    fn reindex_pod(&mut self, key: &Key, old: Option<Rc<Pod>>, new: Option<Rc<Pod>>) {
        if let (Some(old), Some(new)) = (&old, &new)
            && Rc::ptr_eq(&old.spec, &new.spec)
        {
            return;
        }
        for pod in old.iter() {
            self.pods_by_node.remove_mut(&(pod.spec.node_name.clone(), key.clone()));
            for claim in pod.claim_names() {
                let claim = Key::new(key.namespace.clone(), claim.clone());
                self.pods_by_claim.remove_mut(&(claim, key.clone()));
            }
        }
        for pod in new.iter() {
            self.pods_by_node.insert_mut((pod.spec.node_name.clone(), key.clone()), ());
            for claim in pod.claim_names() {
                let claim = Key::new(key.namespace.clone(), claim.clone());
                self.pods_by_claim.insert_mut((claim, key.clone()), ());
            }
        }
    }
}
