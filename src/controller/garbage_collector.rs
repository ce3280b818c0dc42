//! Owners and dependents: what has lost all its owners goes; an owner that is deleted in the
//! foreground goes after the dependents that block it; one that is deleted as an orphan maker
//! first takes its name off them.
//!
//! The graph of owners is the store's index of dependents. When an owner begins its foreground
//! deletion all its dependents are looked at once; after that only those that came meanwhile, so
//! that ten thousand Pods do not look at one another.
//!
//! Not here: owners of kinds that do not exist here (their dependents stay, as upstream while it
//! cannot look the kind up); the Event about an owner in another namespace.
//!
//! Upstream: pkg/controller/garbagecollector/{garbagecollector,graph_builder,operations}.go

use crate::api::kinds::{Key, Kind, Object, ObjectRef};
use crate::api::meta::{ObjectMeta, OwnerReference, ResourceVersion, Uid};
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::apiserver::{Answer, DeleteOptions, FOREGROUND, ORPHAN, Propagation};
use crate::base::map::{Map, Set};
use crate::base::time::{SimTime, Span};
use crate::client::{ControlPlane, Keys, Requeue};
use crate::controller::Controller;
use crate::trace::{Because, Source, Wait};

/// Between the last dependent that is made an orphan and the end of its owner, which takes calls
/// of their own: time enough for the owner's controller to see what it lost, as recorded.
const ORPHAN_PAUSE: Span = Span::millis(25);

/// Owners and dependents.
#[derive(Clone, Debug, Default)]
pub struct GarbageCollector {
    /// Owners in foreground deletion, each with the dependents that came since it was last
    /// looked at: nobody looks at those before another dependent has gone.
    foreground: Map<Uid, Set<ObjectRef>>,
}

impl Controller for GarbageCollector {
    const COMPONENT: &'static str = "garbage-collector-controller";
    // The object, its owner, and the object once more.
    const READS: u64 = 3;

    fn observe(&mut self, _now: SimTime, change: &Change, cache: &Store, keys: &mut Keys) {
        let old = change.old.as_ref().map(Object::meta);
        let Some(new) = change.new.as_ref().map(Object::meta) else {
            if let Some(old) = old {
                self.observe_removal(old, cache, keys);
            }
            return;
        };
        let item = ObjectRef::new(change.kind, change.key.clone());
        if is_foreground(new) && !old.is_some_and(is_foreground) {
            self.foreground.insert_mut(new.uid, Set::new());
            keys.add(key_of(&item));
            cache.dependents(new.uid).for_each(|dependent| keys.add(key_of(&dependent)));
        }
        if is_orphan_maker(new) && !old.is_some_and(is_orphan_maker) {
            keys.add(key_of(&item));
            cache.dependents(new.uid).for_each(|dependent| keys.add(key_of(&dependent)));
        }
        let before = old.map_or(&[][..], |old| &old.owner_references);
        if *before == new.owner_references[..] {
            return;
        }
        self.observe_owners(&item, new, cache, keys);
        self.release(before, &new.owner_references, cache, &change.key, keys);
    }

    fn reconcile(&mut self, cx: &mut ControlPlane<'_>, key: &Key) -> Answer<Requeue> {
        *cx.visits += 1;
        let Some(item) = item_of(key) else {
            return Ok(Requeue::AwaitChange);
        };
        let found = cx.server.store.find(&item).cloned();
        match &found {
            // Those that still have its name are looked at by themselves.
            Some(object) if is_orphan_maker(object.meta()) => let_orphan_maker_go(cx, object)?,
            Some(object) if is_foreground(object.meta()) => self.let_go(cx, object)?,
            Some(object) => attempt_to_delete(cx, object)?,
            None => {}
        }
        say(cx, &item);
        Ok(Requeue::AwaitChange)
    }
}

/// Nobody has the owner's name any more: it goes.
fn let_orphan_maker_go(cx: &mut ControlPlane<'_>, owner: &Object) -> Answer<()> {
    if cx.server.store.dependents(owner.meta().uid).next().is_none() {
        change(cx, owner, |meta| meta.finalizers.retain(|it| &**it != ORPHAN))?;
    }
    Ok(())
}

impl GarbageCollector {
    /// An object has gone: its dependents may follow, and its owners may have waited for it.
    fn observe_removal(&mut self, old: &ObjectMeta, cache: &Store, keys: &mut Keys) {
        self.foreground.remove_mut(&old.uid);
        for dependent in cache.dependents(old.uid) {
            keys.add(key_of(&dependent));
        }
        self.release(&old.owner_references, &[], cache, &Key::of(old), keys);
    }

    /// An object has (other) owners: one that does not exist may be all it has; one that waits
    /// for its dependents has one more.
    fn observe_owners(
        &mut self,
        item: &ObjectRef,
        new: &ObjectMeta,
        cache: &Store,
        keys: &mut Keys,
    ) {
        for reference in &new.owner_references {
            let owner = owner_of(cache, reference, &item.key);
            match owner {
                Owner::There(owner) if !is_orphan_maker(owner.meta()) => {}
                Owner::Unknown => {}
                _ => keys.add(key_of(item)),
            }
            if let Some(late) = self.foreground.get_mut(&reference.uid) {
                late.insert_mut(item.clone());
            }
        }
    }

    /// Lets an owner go that waits for its dependents, when none is left that blocks it.
    fn let_go(&mut self, cx: &mut ControlPlane<'_>, owner: &Object) -> Answer<()> {
        let uid = owner.meta().uid;
        let late = self.foreground.get(&uid).cloned().unwrap_or_else(Set::new);
        // It waits until it has heard that they are gone; of those that came meanwhile it has
        // not heard yet.
        let blocks = |it: &ObjectRef| !late.contains(it) && is_blocking(&cx.cache, uid, it);
        let blocked = cx.cache.dependents(uid).any(|it| blocks(&it));
        if !blocked {
            change(cx, owner, |meta| meta.finalizers.retain(|name| &**name != FOREGROUND))?;
        }
        Ok(())
    }

    /// Asks for owners that wait for their dependents and for which this one no longer counts.
    fn release(
        &mut self,
        before: &[OwnerReference],
        after: &[OwnerReference],
        cache: &Store,
        item: &Key,
        keys: &mut Keys,
    ) {
        let blocks = |reference: &OwnerReference| reference.block_owner_deletion == Some(true);
        for reference in before {
            let still = after.iter().any(|other| other.uid == reference.uid && blocks(other));
            let Owner::There(owner) = owner_of(cache, reference, item) else { continue };
            let waits = key_of(&owner.reference());
            if is_orphan_maker(owner.meta()) {
                keys.add_after(ORPHAN_PAUSE, waits);
            } else if !still && is_foreground(owner.meta()) {
                if let Some(late) = self.foreground.get_mut(&reference.uid) {
                    let late = std::mem::take(late);
                    late.iter().for_each(|dependent| keys.add(key_of(dependent)));
                }
                keys.add(waits);
            }
        }
    }
}

/// What is known of an owner.
enum Owner<'s> {
    /// It exists.
    There(&'s Object),
    /// It does not exist, or another has its name.
    Absent,
    /// Its kind is unknown.
    Unknown,
}

/// Looks for the owner that an object at `item` names.
fn owner_of<'s>(store: &'s Store, reference: &OwnerReference, item: &Key) -> Owner<'s> {
    let kind = Kind::by_name(&reference.kind);
    let Some(kind) = kind.filter(|kind| kind.info().api_version() == *reference.api_version) else {
        return Owner::Unknown;
    };
    let key = match (kind.info().namespaced, item.namespace.is_empty()) {
        // An object of the whole cluster cannot belong to one in a namespace.
        (true, true) => return Owner::Unknown,
        (true, false) => Key::new(item.namespace.clone(), reference.name.clone()),
        (false, _) => Key::global(reference.name.clone()),
    };
    match store.object(kind, &key) {
        Some(owner) if owner.meta().uid == reference.uid => Owner::There(owner),
        _ => Owner::Absent,
    }
}

/// The owner of `item` that makes orphans, if there is one.
fn orphan_maker(store: &Store, item: &Object) -> Option<Uid> {
    let key = item.key();
    let makes = |reference: &&OwnerReference| {
        let owner = owner_of(store, reference, &key);
        matches!(owner, Owner::There(owner) if is_orphan_maker(owner.meta()))
    };
    item.meta().owner_references.iter().find(makes).map(|reference| reference.uid)
}

/// Takes the name of an owner that makes orphans off `item`; deletes it if none of its owners is
/// left, or all of those wait for their dependents.
fn attempt_to_delete(cx: &mut ControlPlane<'_>, item: &Object) -> Answer<()> {
    let meta = item.meta();
    let key = item.key();
    if let Some(owner) = orphan_maker(&cx.server.store, item) {
        return change(cx, item, |meta| meta.owner_references.retain(|it| it.uid != owner));
    }
    if meta.is_terminating() || meta.owner_references.is_empty() {
        return Ok(());
    }
    let (mut solid, mut waiting, mut gone) = (false, false, Vec::new());
    for reference in &meta.owner_references {
        *cx.visits += 1;
        match owner_of(&cx.server.store, reference, &key) {
            Owner::Unknown => return Ok(()),
            Owner::There(owner) if is_foreground(owner.meta()) => {
                waiting = true;
                gone.push(reference.uid);
            }
            Owner::There(_) => solid = true,
            Owner::Absent => gone.push(reference.uid),
        }
    }
    if solid {
        if !gone.is_empty() {
            change(cx, item, |meta| {
                meta.owner_references.retain(|reference| !gone.contains(&reference.uid));
            })?;
        }
        return Ok(());
    }
    let is_owner = cx.server.store.dependents(meta.uid).next().is_some();
    let propagation = if waiting && is_owner {
        if has_foreground_dependent(&cx.server.store, meta.uid) {
            // It could be waiting for this one in a circle.
            change(cx, item, |meta| {
                for reference in &mut meta.owner_references {
                    reference.block_owner_deletion = Some(false);
                }
            })?;
        }
        Propagation::Foreground
    } else if has(meta, ORPHAN) {
        Propagation::Orphan
    } else if has(meta, FOREGROUND) {
        Propagation::Foreground
    } else {
        Propagation::Background
    };
    let options = DeleteOptions { propagation, uid: Some(meta.uid), ..DeleteOptions::default() };
    match cx.client().delete(item.kind(), &key, &options) {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}

fn has_foreground_dependent(store: &Store, uid: Uid) -> bool {
    let mut dependents = store.dependents(uid).filter_map(|it| store.find(&it));
    dependents.any(|dependent| is_foreground(dependent.meta()))
}

/// Changes the metadata of `object` as it is now, unless it is gone.
fn change(
    cx: &mut ControlPlane<'_>,
    object: &Object,
    change: impl FnOnce(&mut ObjectMeta),
) -> Answer<()> {
    let fresh = cx.server.store.find(&object.reference()).cloned();
    let Some(mut fresh) = fresh.filter(|fresh| fresh.meta().uid == object.meta().uid) else {
        return Ok(());
    };
    change(fresh.meta_mut());
    fresh.meta_mut().resource_version = ResourceVersion(0);
    cx.server.update(cx.now, fresh).map(drop)
}

/// Says whether an owner waits for its dependents, and for which first.
fn say(cx: &mut ControlPlane<'_>, item: &ObjectRef) {
    let owner = cx.server.store.find(item).filter(|owner| is_foreground(owner.meta())).cloned();
    let waits = owner.and_then(|owner| {
        let on = blocking(&cx.server.store, owner.meta().uid)?;
        let because = Because::Finalizer { finalizer: FOREGROUND.into() };
        Some(vec![Wait { on: Some(on), ..cx.wait(&owner, because) }])
    });
    cx.say(Source::GarbageCollector, (item.kind, &item.key), waits.unwrap_or_default());
}

/// The first dependent that the owner `uid` has to wait for.
fn blocking(store: &Store, uid: Uid) -> Option<ObjectRef> {
    store.dependents(uid).find(|dependent| is_blocking(store, uid, dependent))
}

fn is_blocking(store: &Store, uid: Uid, dependent: &ObjectRef) -> bool {
    store.find(dependent).is_some_and(|object| {
        let mut owners = object.meta().owner_references.iter();
        owners.any(|it| it.uid == uid && it.block_owner_deletion == Some(true))
    })
}

fn has(meta: &ObjectMeta, finalizer: &str) -> bool {
    meta.finalizers.iter().any(|name| &**name == finalizer)
}

fn is_orphan_maker(meta: &ObjectMeta) -> bool {
    meta.is_terminating() && has(meta, ORPHAN)
}

fn is_foreground(meta: &ObjectMeta) -> bool {
    meta.is_terminating() && has(meta, FOREGROUND)
}

/// The queue's key of an object of any kind.
fn key_of(item: &ObjectRef) -> Key {
    let name = format!("{}/{}", item.kind.info().name, item.key.name);
    Key::new(item.key.namespace.clone(), name)
}

fn item_of(key: &Key) -> Option<ObjectRef> {
    let (kind, name) = key.name.split_once('/')?;
    Some(ObjectRef::new(Kind::by_name(kind)?, Key::new(key.namespace.clone(), name)))
}
