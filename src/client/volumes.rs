//! What claims, volumes and classes mean to each other: the rules that the controllers of
//! volumes and the drivers share.
//!
//! Not here: in-tree volume types, of which none can be attached any more in 1.36.
//!
//! Upstream: staging/src/k8s.io/component-helpers/storage/volume/{helpers,pv_helpers}.go and
//! pkg/volume/util/util.go

use crate::api::core::pod::Pod;
use crate::api::core::volume::{
    ObjectReference, PersistentVolume, PersistentVolumeClaim, VolumePhase,
};
use crate::api::kinds::Key;
use crate::api::quantity::Quantity;
use crate::api::storage::{CSIDriver, StorageClass};
use crate::apiserver::store::Store;
use crate::base::Str;
use crate::base::sha256;
use crate::base::sorted;
use std::rc::Rc;

pub use crate::apiserver::volume_index::{claim_class, claim_of, volume_class};

/// On a claim: binding it is complete.
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// On a claim or a volume: a controller bound it, not its author.
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// On a volume: the driver that made it.
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// On a claim: the driver that is to make its volume.
pub const STORAGE_PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
/// The older twin of `STORAGE_PROVISIONER`.
pub const BETA_STORAGE_PROVISIONER: &str = "volume.beta.kubernetes.io/storage-provisioner";
/// On a claim: the node that the scheduler chose for its first Pod.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// On a class: claims that name none get it.
pub const DEFAULT_CLASS: &str = "storageclass.kubernetes.io/is-default-class";
/// The older twin of `DEFAULT_CLASS`.
pub const BETA_DEFAULT_CLASS: &str = "storageclass.beta.kubernetes.io/is-default-class";
/// The finalizer of claims.
pub const CLAIM_PROTECTION: &str = "kubernetes.io/pvc-protection";
/// The finalizer of volumes.
pub const VOLUME_PROTECTION: &str = "kubernetes.io/pv-protection";

/// What a claim asks for.
pub fn requested(claim: &PersistentVolumeClaim) -> Quantity {
    claim.spec.resources.requests.get("storage").cloned().unwrap_or_default()
}

/// How large a volume is.
pub fn capacity(volume: &PersistentVolume) -> Quantity {
    volume.spec.capacity.get("storage").cloned().unwrap_or_default()
}

/// Whether `volume` refers to `claim`: by name, and by uid where it names one.
pub fn is_bound_to(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    volume.spec.claim_ref.as_ref().is_some_and(|to| {
        to.name == claim.meta.name
            && to.namespace == claim.meta.namespace
            && (to.uid.0 == 0 || to.uid == claim.meta.uid)
    })
}

/// A reference to `claim` as volumes keep it.
pub fn reference_to(claim: &PersistentVolumeClaim) -> ObjectReference {
    ObjectReference {
        kind: "PersistentVolumeClaim".into(),
        namespace: claim.meta.namespace.clone(),
        name: claim.meta.name.clone(),
        uid: claim.meta.uid,
        api_version: "v1".into(),
        resource_version: claim.meta.resource_version.0.to_string().into(),
        ..ObjectReference::default()
    }
}

/// The class that claims without one get: the newest of those marked as default, and of
/// several the first by name.
pub fn default_class(store: &Store) -> Option<Rc<StorageClass>> {
    let marked = |class: &&Rc<StorageClass>| {
        let is = |key: &str| class.meta.annotations.get(key).is_some_and(|v| **v == *"true");
        is(DEFAULT_CLASS) || is(BETA_DEFAULT_CLASS)
    };
    let mut best: Option<&Rc<StorageClass>> = None;
    for class in store.list::<StorageClass>().filter(marked) {
        if best.is_none_or(|best| class.meta.creation_timestamp > best.meta.creation_timestamp) {
            best = Some(class);
        }
    }
    best.cloned()
}

/// Whether volumes of the class `name` are bound only once a Pod that uses them has a node.
pub fn waits_for_consumer(store: &Store, name: &Str) -> bool {
    let class = store.get::<StorageClass>(&Key::global(name.clone()));
    let mode = class.and_then(|class| class.volume_binding_mode.clone());
    mode.is_some_and(|mode| *mode == *"WaitForFirstConsumer")
}

/// The volume for `claim`: one that refers to it, else the smallest free one that fits, of those
/// with the fewest access modes. `candidates` are the volumes that refer to the claim and the free
/// ones of its class. With `delay` only one that refers to it counts: the others are the
/// scheduler's to choose from.
pub fn find_volume(
    claim: &PersistentVolumeClaim,
    candidates: &[Rc<PersistentVolume>],
    delay: bool,
) -> Option<Rc<PersistentVolume>> {
    let wants = &claim.spec.access_modes;
    let offers = |volume: &Rc<PersistentVolume>| {
        wants.iter().all(|mode| volume.spec.access_modes.contains(mode))
    };
    let mut fitting: Vec<&Rc<PersistentVolume>> = candidates.iter().filter(|v| offers(v)).collect();
    sorted::sort_by_key(&mut fitting, |volume| (volume.spec.access_modes.len(), capacity(volume)));
    let class = claim_class(claim);
    let mut smallest: Option<&Rc<PersistentVolume>> = None;
    for volume in fitting {
        let bound = is_bound_to(volume, claim);
        if (volume.spec.claim_ref.is_some() && !bound)
            || capacity(volume) < requested(claim)
            || mode_of(&volume.spec.volume_mode) != mode_of(&claim.spec.volume_mode)
            || volume.meta.is_terminating()
        {
            continue;
        }
        if bound {
            return Some(volume.clone());
        }
        let selected = || {
            let selector = claim.spec.selector.as_ref();
            selector.is_none_or(|selector| selector.matches(&volume.meta.labels))
        };
        if smallest.is_none()
            && !delay
            && volume.status.phase == VolumePhase::Available
            && selected()
            && volume_class(volume) == class
        {
            smallest = Some(volume);
        }
    }
    smallest.cloned()
}

/// The volumes that `find_volume` has to look at.
pub fn candidates(store: &Store, claim: &PersistentVolumeClaim) -> Vec<Rc<PersistentVolume>> {
    let (key, class) = (Key::of(&claim.meta), claim_class(claim));
    store.volumes_of(&key).chain(store.volumes_free(&class)).cloned().collect()
}

/// Whether a claim and a volume disagree about file system or raw block.
pub fn modes_differ(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    mode_of(&volume.spec.volume_mode) != mode_of(&claim.spec.volume_mode)
}

fn mode_of(mode: &str) -> &str {
    if mode.is_empty() { "Filesystem" } else { mode }
}

/// A volume as the attach/detach controller and the kubelets name it.
pub fn unique_name(driver: &str, handle: &str) -> Str {
    format!("kubernetes.io/csi/{driver}^{handle}").into()
}

/// Driver and handle of a unique name.
pub fn split_unique_name(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix("kubernetes.io/csi/")?.split_once('^')
}

/// The name of the VolumeAttachment of a volume on a node: always the same for the same two.
pub fn attachment_name(driver: &str, handle: &str, node: &str) -> Str {
    format!("csi-{}", sha256::hex(format!("{handle}{driver}{node}").as_bytes())).into()
}

/// The unique name of `volume` if its driver must attach it before it is mounted. A driver
/// nobody registered is taken to need that.
pub fn attachable(store: &Store, volume: &PersistentVolume) -> Option<Str> {
    let csi = volume.spec.csi.as_ref()?;
    let driver = store.get::<CSIDriver>(&Key::global(csi.driver.clone()));
    let skips = driver.is_some_and(|driver| driver.spec.attach_required == Some(false));
    (!skips).then(|| unique_name(&csi.driver, &csi.volume_handle))
}

/// Whether a volume may be attached to several nodes at once.
pub fn is_multi_attach_allowed(volume: &PersistentVolume) -> bool {
    let modes = &volume.spec.access_modes;
    let many = |mode: &Str| matches!(&**mode, "ReadWriteMany" | "ReadOnlyMany");
    modes.is_empty() || modes.iter().any(many)
}

/// The volume behind a claim that is bound, as both sides agree.
pub fn volume_behind(store: &Store, claim: &Key) -> Option<Rc<PersistentVolume>> {
    let claim = store.get::<PersistentVolumeClaim>(claim)?;
    if !claim.is_bound() || claim.spec.volume_name.is_empty() {
        return None;
    }
    let volume = store.get::<PersistentVolume>(&Key::global(claim.spec.volume_name.clone()))?;
    let back = volume.spec.claim_ref.as_ref()?;
    (back.uid == claim.meta.uid).then(|| volume.clone())
}

/// Whether a Pod's volumes are needed no more: it has ended, or it is being deleted and none of
/// its containers runs.
pub fn is_pod_terminated(pod: &Pod) -> bool {
    let quiet = |status: &crate::api::core::container::ContainerStatus| {
        status.state.terminated.is_some() || status.state.waiting.is_some()
    };
    pod.is_terminal() || (pod.is_terminating() && pod.status.container_statuses.iter().all(quiet))
}
