//! Who belongs to a controller's object: what it manages and still selects, and what nobody
//! manages that it selects, which it adopts.
//!
//! Not here: StatefulSets, whose Pods must have the right names as well.
//!
//! Upstream: pkg/controller/controller_ref_manager.go

use crate::api::json::Rest;
use crate::api::kinds::{Key, Kind, Resource};
use crate::api::meta::{LabelSelector, ObjectMeta, OwnerReference};
use crate::apiserver::Answer;
use crate::apiserver::status::Status;
use crate::client::ControlPlane;
use std::rc::Rc;

/// A reference by which `owner` manages something.
pub fn controller_ref(kind: Kind, owner: &ObjectMeta) -> OwnerReference {
    OwnerReference {
        api_version: kind.info().api_version().into(),
        kind: kind.info().name.into(),
        name: owner.name.clone(),
        uid: owner.uid,
        controller: Some(true),
        block_owner_deletion: Some(true),
        rest: Rest::default(),
    }
}

/// Asks the server, not the cache, whether `owner`, an `O`, may still adopt: not if it is gone
/// or being deleted, lest the garbage collector take what somebody just made an orphan.
pub fn can_adopt<O: Resource>(cx: &mut ControlPlane<'_>, owner: &ObjectMeta) -> Answer<()> {
    let key = Key::of(owner);
    let fresh = cx.client().get::<O>(&key)?;
    let fresh = fresh.meta();
    if fresh.uid != owner.uid {
        let (kind, got, wanted) = (O::KIND.info().name, fresh.uid, owner.uid);
        return Err(Status::failure(format!(
            "original {kind} {key} is gone: got uid {got}, wanted {wanted}"
        )));
    }
    match fresh.deletion_timestamp {
        Some(at) => {
            let at = at.rfc3339();
            Err(Status::failure(format!("{key} has just been deleted at {at}")))
        }
        None => Ok(()),
    }
}

/// Changes who owns an object, unless it is another one by now.
pub fn patch_owners<T: Resource>(
    cx: &mut ControlPlane<'_>,
    object: &ObjectMeta,
    change: impl FnOnce(&mut Vec<OwnerReference>),
) -> Answer<()> {
    let key = Key::of(object);
    match cx.client().get::<T>(&key) {
        Ok(newest) if newest.meta().uid == object.uid => {
            let change = |newest: &mut T| change(&mut newest.meta_mut().owner_references);
            match cx.client().patch(&key, change) {
                Err(status) if status.is_not_found() => Ok(()),
                answer => answer.map(drop),
            }
        }
        Ok(_) => Err(Status::conflict(T::KIND, &key.name, "Precondition failed: UID")),
        Err(_) => Ok(()),
    }
}

/// Those of `candidates` that belong to `owner`, an `O`, after letting go those it no longer
/// selects and adopting those that nobody manages.
pub fn claim<O: Resource, T: Resource>(
    cx: &mut ControlPlane<'_>,
    owner: &ObjectMeta,
    selector: &Option<LabelSelector>,
    candidates: Vec<Rc<T>>,
) -> Answer<Vec<Rc<T>>> {
    let (mut out, mut result, mut allowed) = (Vec::new(), Ok(()), None);
    for object in candidates {
        *cx.visits += 1;
        let meta = object.meta();
        let selected = selector.as_ref().is_some_and(|s| s.matches(&meta.labels));
        match meta.controller_of() {
            Some(manager) if manager.uid != owner.uid => {}
            Some(_) if selected => out.push(object),
            Some(_) if owner.is_terminating() => {}
            Some(_) => {
                let release = |owners: &mut Vec<OwnerReference>| {
                    owners.retain(|reference| reference.uid != owner.uid);
                };
                result = result.and(patch_owners::<T>(cx, meta, release));
            }
            None if !selected || owner.is_terminating() || meta.is_terminating() => {}
            None => {
                let answer = match allowed.get_or_insert_with(|| can_adopt::<O>(cx, owner)).clone()
                {
                    Ok(()) => patch_owners::<T>(cx, meta, |owners| {
                        owners.push(controller_ref(O::KIND, owner));
                    }),
                    Err(status) => {
                        let (kind, key) = (T::KIND.info().name, Key::of(meta));
                        let what = format!("can't adopt {kind} {key}");
                        Err(Status::failure(format!("{what}: {}", status.message)))
                    }
                };
                if answer.is_ok() {
                    out.push(object);
                }
                result = result.and(answer);
            }
        }
    }
    result.map(|()| out)
}
