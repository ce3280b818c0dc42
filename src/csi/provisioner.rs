//! external-provisioner: makes volumes for claims, and destroys them when they are released.
//!
//! Not here: the finalizer that keeps a volume whose object is deleted before its claim: such
//! a disk is left behind, as with drivers that do not ask for that feature.
//!
//! Upstream: sigs.k8s.io/sig-storage-lib-external-provisioner/controller/controller.go and
//! kubernetes-csi/external-provisioner/pkg/controller/{controller,topology}.go

use super::drivers::{self, Driver, HOSTNAME, Home, ZONE};
use super::{Csi, Wake, one_more, pace};
use crate::api::core::node::Node;
use crate::api::core::scheduling::{NodeSelector, NodeSelectorRequirement, NodeSelectorTerm};
use crate::api::core::volume::{
    CSIPersistentVolumeSource, PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec,
    VolumeNodeAffinity, VolumePhase,
};
use crate::api::kinds::{Key, Kind, Object, ObjectRef, Resource};
use crate::api::meta::{ObjectMeta, Uid};
use crate::api::storage::StorageClass;
use crate::apiserver::DeleteOptions;
use crate::apiserver::store::Store;
use crate::apiserver::watch::Change;
use crate::base::sorted::SortedSet;
use crate::base::time::SimTime;
use crate::base::timers::Timers;
use crate::base::{Str, names};
use crate::client::node_plane::NodePlane;
use crate::client::recorder::EventKind;
use crate::client::volumes;
use crate::config::Storage;
use crate::infra::disk::{Disk, Reach};
use crate::trace::{Because, Source, Wait};
use std::rc::Rc;

/// A volume in the making.
#[derive(Clone, Debug)]
pub(super) struct Job {
    claim: Rc<PersistentVolumeClaim>,
    class: Rc<StorageClass>,
    driver: &'static Driver,
    place: Place,
    /// When the backend answers; `None` for never.
    pub(super) due: Option<SimTime>,
}

/// Where a volume is to be made.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Anywhere,
    Zone(Str),
    Node(Str),
    Everywhere,
}

impl Place {
    fn reach(&self) -> Reach {
        match self {
            Place::Anywhere => Reach::Anywhere,
            Place::Zone(zone) => Reach::Zone(zone.clone()),
            Place::Node(node) => Reach::Local(node.clone()),
            Place::Everywhere => Reach::Shared,
        }
    }
}

/// The disk system in which the volume for `claim` is made if its Pod is to run on `node`; `None`
/// if nobody makes it.
pub fn system_for(
    store: &Store,
    storage: Storage,
    claim: &PersistentVolumeClaim,
    node: &Str,
) -> Option<Str> {
    let class = store.get::<StorageClass>(&Key::global(volumes::claim_class(claim)))?;
    let driver = drivers::by_provisioner(storage, &class.provisioner)?;
    let place = place(store, driver, class, claim, Some(node)).ok()?;
    Some(place.reach().system().into())
}

impl Job {
    fn bytes(&self) -> i64 {
        volumes::requested(&self.claim).as_units()
    }
}

impl Csi {
    pub(super) fn claim_changed(
        &mut self,
        cx: &mut NodePlane<'_>,
        change: &Change,
        timers: &mut Timers<Wake>,
    ) {
        let Some(claim) = change.new::<PersistentVolumeClaim>().cloned() else {
            cx.say(Source::Csi, (Kind::PersistentVolumeClaim, &change.key), Vec::new());
            return;
        };
        let Some(driver) = wanted_driver(cx, &claim) else { return };
        if self.provisioning.contains_key(&claim.meta.uid) {
            return;
        }
        let name = Key::global(volumes::claim_class(&claim));
        let Some(class) = cx.cache.get::<StorageClass>(&name).cloned() else { return };
        let node = claim.meta.annotations.get(volumes::SELECTED_NODE).cloned();
        if volumes::waits_for_consumer(&cx.cache, &class.meta.name) && node.is_none() {
            return;
        }
        if cx.cache.get::<PersistentVolume>(&Key::global(volume_name(&claim))).is_some() {
            return;
        }
        let object = Object::PersistentVolumeClaim(claim.clone());
        let text =
            format!("External provisioner is provisioning volume for claim \"{}\"", change.key);
        event(cx, driver, &object, EventKind::Normal, "Provisioning", &text);
        match place(&cx.cache, driver, &class, &claim, node.as_ref()) {
            Ok(place) => self.provision(cx, Job { claim, class, driver, place, due: None }, timers),
            Err(message) => {
                let class = &class.meta.name;
                let text =
                    format!("failed to provision volume with StorageClass \"{class}\": {message}");
                event(cx, driver, &object, EventKind::Warning, "ProvisioningFailed", &text);
                choose_again(cx, &change.key);
            }
        }
    }

    fn provision(&mut self, cx: &mut NodePlane<'_>, job: Job, timers: &mut Timers<Wake>) {
        let stalls = job.class.parameters.get("stall").is_some_and(|stall| **stall == *"true");
        let uid = job.claim.meta.uid;
        let key = Key::of(&job.claim.meta);
        cx.say(Source::VolumeBinder, (Kind::PersistentVolumeClaim, &key), Vec::new());
        self.provisioning.insert_mut(uid, job);
        if stalls {
            return self.say_provisioning(cx, uid);
        }
        let at = (cx.now + pace(cx, "provision")).max(self.next_turn);
        self.next_turn = at + cx.config.timing.turn;
        self.await_volume(cx, uid, at, timers);
    }

    /// The backend will answer at `due`.
    pub(super) fn await_volume(
        &mut self,
        cx: &mut NodePlane<'_>,
        uid: Uid,
        due: SimTime,
        timers: &mut Timers<Wake>,
    ) {
        let Some(job) = self.provisioning.get_mut(&uid) else { return };
        job.due = Some(due);
        self.say_provisioning(cx, uid);
        timers.at(due, Wake::Provisioned(uid));
    }

    fn say_provisioning(&self, cx: &mut NodePlane<'_>, uid: Uid) {
        let Some(job) = self.provisioning.get(&uid) else { return };
        let because = Because::Provisioning { driver: job.driver.provisioner.into() };
        let wait = wait(cx.now, PersistentVolumeClaim::wrap(job.claim.clone()), because, job.due);
        let key = Key::of(&job.claim.meta);
        cx.say(Source::Csi, (Kind::PersistentVolumeClaim, &key), vec![wait]);
    }

    /// The backend has answered: it made the volume, or could not and is asked again after a
    /// pause, as long as the claim is there.
    pub(super) fn provisioned(
        &mut self,
        cx: &mut NodePlane<'_>,
        uid: Uid,
        timers: &mut Timers<Wake>,
    ) {
        let due = self.provisioning.get(&uid).filter(|job| job.due == Some(cx.now)).cloned();
        let Some(job) = due else { return };
        let name = volume_name(&job.claim);
        let (bytes, reach) = (job.bytes(), job.place.reach());
        let room = cx.infra.has_room(reach.system(), bytes, "ResourceExhausted");
        let full = room.is_err();
        let Err(message) = cx.infra.backend_does("provision").and(room) else {
            self.provisioning.remove_mut(&uid);
            self.retries.remove_mut(&name);
            return self.make_volume(cx, &job);
        };
        let key = Key::of(&job.claim.meta);
        let current = cx.cache.get::<PersistentVolumeClaim>(&key);
        if current.is_none_or(|claim| claim.meta.uid != uid) {
            self.provisioning.remove_mut(&uid);
            self.retries.remove_mut(&name);
            return;
        }
        let class = &job.class.meta.name;
        let text = format!("failed to provision volume with StorageClass \"{class}\": {message}");
        let claim = Object::PersistentVolumeClaim(job.claim.clone());
        event(cx, job.driver, &claim, EventKind::Warning, "ProvisioningFailed", &text);
        self.refresh_class(cx, class);
        let chosen = job.claim.meta.annotations.get(volumes::SELECTED_NODE).is_some();
        if full && chosen && job.driver.place_key(cx.config.storage).is_some() {
            self.provisioning.remove_mut(&uid);
            self.retries.remove_mut(&name);
            cx.say(Source::Csi, (Kind::PersistentVolumeClaim, &key), Vec::new());
            return choose_again(cx, &key);
        }
        let at = one_more(&mut self.retries, &name, cx.now);
        self.provisioning.insert_mut(uid, Job { due: Some(at), ..job });
        timers.at(at, Wake::Provisioned(uid));
        let because = match full {
            true => Because::NoRoom { system: reach.system().into() },
            false => Because::DriverError { message },
        };
        let wait = wait(cx.now, claim, because, Some(at));
        cx.say(Source::Csi, (Kind::PersistentVolumeClaim, &key), vec![wait]);
    }

    /// The volume becomes an object, bound or not. If the claim is gone by now, the volume is
    /// released as soon as the binder sees it.
    fn make_volume(&mut self, cx: &mut NodePlane<'_>, job: &Job) {
        let volume = volume_for(job);
        let name = volume.meta.name.clone();
        let disk = Disk::new(name.clone(), job.place.reach(), job.bytes(), job.driver.attach);
        cx.infra.create_disk(disk);
        let key = Key::of(&job.claim.meta);
        let made = cx.client().create(volume);
        if let Ok(volume) = made {
            if !self.refresh_place(cx, job.driver, &volume) {
                self.refresh_class(cx, &job.class.meta.name);
            }
            let text = format!("Successfully provisioned volume {name}");
            let claim = Object::PersistentVolumeClaim(job.claim.clone());
            event(cx, job.driver, &claim, EventKind::Normal, "ProvisioningSucceeded", &text);
        }
        cx.say(Source::Csi, (Kind::PersistentVolumeClaim, &key), Vec::new());
    }

    pub(super) fn volume_changed(
        &mut self,
        cx: &mut NodePlane<'_>,
        change: &Change,
        timers: &mut Timers<Wake>,
    ) {
        let name = &change.key.name;
        let Some(volume) = change.new::<PersistentVolume>() else {
            self.deleting.remove_mut(name);
            cx.say(Source::Csi, (Kind::PersistentVolume, &change.key), Vec::new());
            return;
        };
        if change.is_added() && volume.meta.annotations.get(volumes::PROVISIONED_BY).is_none() {
            adopt(cx, volume);
        }
        if doomed(cx, volume).is_some() && !self.deleting.contains_key(name) {
            self.delete_volume(cx, name, timers);
        }
    }

    pub(super) fn delete_volume(
        &mut self,
        cx: &mut NodePlane<'_>,
        name: &Str,
        timers: &mut Timers<Wake>,
    ) {
        let key = Key::global(name.clone());
        let Some(volume) = cx.cache.get::<PersistentVolume>(&key).cloned() else { return };
        let Some(driver) = doomed(cx, &volume) else { return };
        let attachment = cx.cache.attachments_of(name).next().cloned();
        if let Some(attachment) = attachment {
            let node = &attachment.spec.node_name;
            let text = format!("persistentvolume {name} is still attached to node {node}");
            let object = Object::PersistentVolume(volume);
            event(cx, driver, &object, EventKind::Warning, "VolumeFailedDelete", &text);
            let at = one_more(&mut self.deleting, name, cx.now);
            timers.at(at, Wake::Delete(name.clone()));
            let because = Because::DriverError { message: text.into() };
            let mut wait = wait(cx.now, object, because, Some(at));
            let on = Key::global(attachment.meta.name.clone());
            wait.on = Some(ObjectRef::new(Kind::VolumeAttachment, on));
            cx.say(Source::Csi, (Kind::PersistentVolume, &key), vec![wait]);
            return;
        }
        if let Some(csi) = &volume.spec.csi {
            cx.infra.remove_disk(&csi.volume_handle);
        }
        if !self.refresh_place(cx, driver, &volume) {
            self.poll_rooms(cx, timers);
        }
        cx.say(Source::Csi, (Kind::PersistentVolume, &key), Vec::new());
        self.deleting.insert_mut(name.clone(), super::Retry { failures: 0, at: None });
        let _ = cx.client().delete(Kind::PersistentVolume, &key, &DeleteOptions::default());
    }
}

/// The scheduler is to choose another node.
fn choose_again(cx: &mut NodePlane<'_>, claim: &Key) {
    let _gone = cx.client().patch::<PersistentVolumeClaim>(claim, |claim| {
        claim.meta.annotations.remove(volumes::SELECTED_NODE);
    });
}

/// Who describes a volume by hand has made the disk beforehand, where the volume says it is.
fn adopt(cx: &mut NodePlane<'_>, volume: &PersistentVolume) {
    let Some(csi) = &volume.spec.csi else { return };
    let Some(driver) = drivers::by_name(cx.config.storage, &csi.driver) else { return };
    let terms = volume.spec.node_affinity.iter().flat_map(|affinity| &affinity.required);
    let wanted = terms
        .flat_map(|selector| &selector.node_selector_terms)
        .flat_map(|term| &term.match_expressions);
    let only = |label: &str| {
        let mut wanted = wanted.clone().filter(|wanted| *wanted.key == *label);
        wanted.find_map(|wanted| wanted.values.first().cloned())
    };
    let shared =
        driver.home == Home::Everywhere || volume.spec.access_modes.iter().any(is_for_many);
    let reach = match (only(HOSTNAME), only(ZONE)) {
        (Some(node), _) => Reach::Local(node),
        (None, Some(zone)) => Reach::Zone(zone),
        (None, None) if shared => Reach::Shared,
        (None, None) => Reach::Anywhere,
    };
    let bytes = volumes::capacity(volume).as_units();
    cx.infra.create_disk(Disk::new(csi.volume_handle.clone(), reach, bytes, driver.attach));
}

/// The driver that is asked to make a volume for `claim`.
fn wanted_driver(cx: &NodePlane<'_>, claim: &PersistentVolumeClaim) -> Option<&'static Driver> {
    let annotations = &claim.meta.annotations;
    let asked = annotations
        .get(volumes::STORAGE_PROVISIONER)
        .or_else(|| annotations.get(volumes::BETA_STORAGE_PROVISIONER))?;
    let driver = drivers::by_provisioner(cx.config.storage, asked)?;
    claim.spec.volume_name.is_empty().then_some(driver)
}

/// The driver that is to destroy `volume`, if that is so.
fn doomed(cx: &NodePlane<'_>, volume: &PersistentVolume) -> Option<&'static Driver> {
    let by = volume.meta.annotations.get(volumes::PROVISIONED_BY)?;
    let driver = drivers::by_provisioner(cx.config.storage, by)?;
    let released = volume.status.phase == VolumePhase::Released
        && *volume.spec.reclaim_policy == *"Delete"
        && !volume.meta.is_terminating();
    released.then_some(driver)
}

fn place(
    store: &Store,
    driver: &Driver,
    class: &StorageClass,
    claim: &PersistentVolumeClaim,
    node: Option<&Str>,
) -> Result<Place, String> {
    let chosen = match node {
        Some(name) => {
            let found = store.get::<Node>(&Key::global(name.clone()));
            Some(found.ok_or_else(|| format!("node \"{name}\" not found"))?)
        }
        None => None,
    };
    let label = match driver.home_of(class) {
        // A network disk may be asked for that several machines write to.
        Home::Network if claim.spec.access_modes.iter().any(is_for_many) => {
            return Ok(Place::Everywhere);
        }
        Home::Network => return Ok(Place::Anywhere),
        Home::Everywhere => return Ok(Place::Everywhere),
        Home::Zone => ZONE,
        Home::Node => HOSTNAME,
    };
    let value = match chosen {
        Some(node) => node.meta.label(label).cloned(),
        None => spread(store, label, &claim.meta.name),
    };
    let value = value.ok_or_else(|| {
        "error generating accessibility requirements: no available \
                                     topology found"
            .to_string()
    })?;
    Ok(if label == ZONE { Place::Zone(value) } else { Place::Node(value) })
}

fn is_for_many(mode: &Str) -> bool {
    matches!(&**mode, "ReadWriteMany" | "ReadOnlyMany")
}

/// A zone (or machine) for a volume made before its Pod has a node: claims of one set are
/// spread over all in turn, and the claims of one Pod come together.
fn spread(store: &Store, label: &str, claim: &str) -> Option<Str> {
    let nodes = store.list::<Node>();
    let values: SortedSet<Str> = nodes.filter_map(|node| node.meta.label(label).cloned()).collect();
    let (hash, offset) = match claim.rsplit_once('-') {
        Some((prefix, ordinal)) if ordinal.bytes().all(|b| b.is_ascii_digit()) => {
            let set = prefix.rsplit_once('-').map_or(prefix, |(_, set)| set);
            (names::fnv32(set.as_bytes()), ordinal.parse::<u32>().unwrap_or(0))
        }
        _ => (names::fnv32(claim.as_bytes()), 0),
    };
    let at = hash.wrapping_add(offset) as usize % values.len().max(1);
    values.into_iter().nth(at)
}

/// Volumes made for claims are named after the claim's uid.
fn volume_name(claim: &PersistentVolumeClaim) -> Str {
    format!("pvc-{}", claim.meta.uid).into()
}

fn volume_for(job: &Job) -> PersistentVolume {
    let name = volume_name(&job.claim);
    let mut meta = ObjectMeta { name: name.clone(), ..ObjectMeta::default() };
    meta.annotations.set(volumes::PROVISIONED_BY, job.driver.provisioner);
    let affinity = match &job.place {
        Place::Zone(zone) => Some((ZONE, zone)),
        Place::Node(node) => Some((HOSTNAME, node)),
        Place::Anywhere | Place::Everywhere => None,
    };
    let mut capacity = crate::api::core::pod::ResourceList::new();
    capacity.insert("storage".into(), volumes::requested(&job.claim));
    let spec = PersistentVolumeSpec {
        capacity,
        csi: Some(CSIPersistentVolumeSource {
            driver: job.driver.name.into(),
            volume_handle: name,
            ..CSIPersistentVolumeSource::default()
        }),
        access_modes: job.claim.spec.access_modes.clone(),
        claim_ref: Some(volumes::reference_to(&job.claim)),
        reclaim_policy: job.class.reclaim_policy.clone().unwrap_or_else(|| "Delete".into()),
        storage_class_name: job.class.meta.name.clone(),
        volume_mode: job.claim.spec.volume_mode.clone(),
        node_affinity: affinity.map(|(label, value)| only_where(label, value)),
        ..PersistentVolumeSpec::default()
    };
    let mut volume = PersistentVolume { meta, spec: Rc::new(spec), ..Default::default() };
    volume.status.phase = VolumePhase::Pending;
    volume
}

fn only_where(label: &str, value: &Str) -> VolumeNodeAffinity {
    let requirement = NodeSelectorRequirement {
        key: label.into(),
        operator: "In".into(),
        values: vec![value.clone()],
        ..NodeSelectorRequirement::default()
    };
    let term =
        NodeSelectorTerm { match_expressions: vec![requirement], ..NodeSelectorTerm::default() };
    let required = NodeSelector { node_selector_terms: vec![term], ..NodeSelector::default() };
    VolumeNodeAffinity { required: Some(required), ..VolumeNodeAffinity::default() }
}

pub(super) fn event(
    cx: &mut NodePlane<'_>,
    driver: &Driver,
    about: &Object,
    kind: EventKind,
    reason: &str,
    text: &str,
) {
    cx.event(driver.provisioner, &"".into(), about, kind, reason, text);
}

pub(super) fn wait(
    now: SimTime,
    subject: Object,
    because: Because,
    until: Option<SimTime>,
) -> Wait {
    Wait { subject: subject.reference(), on: None, because, since: now, until }
}
