//! Volumes: whose they are, what is on them, which machine has them.
//!
//! Where a disk is attached is what the disk says, not what the API server believes.

use super::Eye;
use crate::api::core::volume::{PersistentVolume, PersistentVolumeClaim};
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::api::storage::VolumeAttachment;
use crate::base::Str;
use crate::base::sorted;
use crate::infra::disk::{Disk, Reach};
use crate::view::{Drum, DrumKind, NodeCard, PodKind, Text, Word};
use std::rc::Rc;

/// Drums that are drawn.
const DRUMS_MAX: usize = 20;

/// A claim with what is behind it.
pub(super) struct Volume<'w> {
    /// The claim.
    pub claim: &'w Rc<PersistentVolumeClaim>,
    /// Its disk.
    pub disk: Option<&'w Disk>,
    /// The wish that it be attached somewhere.
    pub attachment: Option<&'w Rc<VolumeAttachment>>,
}

/// The claim at `key` and what is behind it.
pub(super) fn volume<'w>(eye: &Eye<'w>, key: &Key) -> Option<Volume<'w>> {
    let store = eye.world.store();
    let claim = store.get::<PersistentVolumeClaim>(key)?;
    let name = &claim.spec.volume_name;
    let volume = store.get::<PersistentVolume>(&Key::global(name.clone()));
    let handle = volume.and_then(|volume| volume.spec.csi.as_ref());
    let disk = handle.and_then(|csi| eye.world.infra.disks.get(&csi.volume_handle));
    let attachment = store
        .attachments_of(name)
        .min_by_key(|one| (one.meta.is_terminating(), one.meta.creation_timestamp));
    Some(Volume { claim, disk, attachment })
}

impl Volume<'_> {
    /// The machine that has it.
    pub fn holder(&self) -> Option<&Str> {
        self.disk?.attached.iter().next()
    }

    /// How it is drawn.
    pub fn kind(&self) -> DrumKind {
        match self.disk {
            None => DrumKind::Unbound,
            Some(disk) if matches!(disk.reach, Reach::Local(_)) => DrumKind::Local,
            Some(_) if self.holder().is_none() => DrumKind::Free,
            Some(_) if self.attachment.is_some_and(|one| one.meta.is_terminating()) => {
                DrumKind::Detaching
            }
            Some(_) => DrumKind::Attached,
        }
    }

    /// Whether it is on its way to a machine.
    pub fn is_attaching(&self) -> bool {
        self.attachment.is_some_and(|one| !one.status.attached && !one.meta.is_terminating())
            && self.holder().is_none()
    }

    /// Where it is, in words: at length, and in two.
    pub fn words(&self, eye: &Eye<'_>) -> (Text, Text) {
        let node = |long, short, node: &str| {
            (eye.fill(long, &[("node", node)]), eye.fill(short, &[("node", node)]))
        };
        let plain = |word| (eye.say(word), eye.say(word));
        let holder = self.holder();
        match (self.kind(), holder) {
            (DrumKind::Unbound, _) => plain(Word::NoVolumeYet),
            (DrumKind::Local, _) => match self.disk.map(|disk| &disk.reach) {
                Some(Reach::Local(name)) => node(Word::LocalTo, Word::LocalShort, name),
                _ => plain(Word::NotAttached),
            },
            (DrumKind::Detaching, Some(name)) => {
                node(Word::DetachingFrom, Word::DetachingShort, name)
            }
            (_, Some(name)) => node(Word::AttachedTo, Word::AttachedShort, name),
            (_, None) => match self.attachment.filter(|_| self.is_attaching()) {
                Some(one) => node(Word::AttachingTo, Word::AttachingShort, &one.spec.node_name),
                None => plain(Word::NotAttached),
            },
        }
    }

    /// How often it was written, and the mark of what was written last.
    pub fn stamp(&self, eye: &Eye<'_>) -> Option<(Text, Text)> {
        let stamp = self.disk?.stamp(eye.world.now);
        Some((stamp.writes.to_string().into(), stamp.checksum.to_string().into()))
    }

    /// Size and access: "1Gi, ReadWriteOnce".
    pub fn size(&self) -> Text {
        let spec = &self.claim.spec;
        let got = self.claim.status.capacity.get("storage");
        let size = got.or(spec.resources.requests.get("storage"));
        let size = size.map_or(String::new(), |size| size.to_string());
        let modes: Vec<&str> = spec.access_modes.iter().map(|mode| &**mode).collect();
        format!("{size}, {}", modes.join(", ")).into()
    }
}

/// The drums on the shelf, or a sentence when they are too many.
pub(super) fn drums(
    eye: &Eye<'_>,
    names: &[Str],
    nodes: &[Rc<NodeCard>],
) -> (Vec<Drum>, Option<Text>) {
    let store = eye.world.store();
    let all = store.count(Kind::PersistentVolumeClaim);
    if all > DRUMS_MAX {
        let held = eye.world.infra.disks.values().filter(|disk| disk.attached.size() > 0).count();
        let (all, held) = (all.to_string(), held.to_string());
        let text = eye.fill(Word::VolumesInWords, &[("count", &all), ("attached", &held)]);
        return (Vec::new(), Some(text));
    }
    let mut keys: Vec<Key> =
        store.list::<PersistentVolumeClaim>().map(|claim| Key::of(&claim.meta)).collect();
    sorted::sort_by_key(&mut keys, |key| {
        let parts = key.name.rsplit_once('-');
        let digits = parts.and_then(|(_, digits)| digits.parse::<u32>().ok());
        (parts.map(|(head, _)| head.to_string()), digits)
    });
    let volumes = keys.iter().filter_map(|key| Some((key, volume(eye, key)?)));
    (volumes.map(|(key, volume)| drum(eye, key, &volume, names, nodes)).collect(), None)
}

fn drum(
    eye: &Eye<'_>,
    key: &Key,
    volume: &Volume<'_>,
    names: &[Str],
    nodes: &[Rc<NodeCard>],
) -> Drum {
    let waiting = volume.is_attaching();
    let place = |name: &Str| names.iter().position(|other| other == name);
    let to = volume.attachment.filter(|_| waiting).map(|one| &one.spec.node_name);
    let local = match volume.disk.map(|disk| &disk.reach) {
        Some(Reach::Local(name)) => Some(name),
        _ => None,
    };
    let node = volume.holder().or(to).or(local).and_then(place);
    let (word, short) = volume.words(eye);
    let using = eye.world.store().pods_using(key).find(|pod| pod.is_assigned());
    let user = using.and_then(|pod| {
        let at = place(&pod.spec.node_name)?;
        let card = nodes[at].pods.shown.iter().position(|card| {
            card.kind == PodKind::Seated && card.subject.key == Key::of(&pod.meta)
        })?;
        Some((at, card))
    });
    Drum {
        ordinal: key.name.rsplit_once('-').and_then(|(_, digits)| digits.parse().ok()),
        kind: if waiting { DrumKind::Attached } else { volume.kind() },
        size: volume.size(),
        word,
        short,
        node,
        user,
        waiting,
        picked: eye.picked(Kind::PersistentVolumeClaim, &key.namespace, &key.name),
        subject: ObjectRef::new(Kind::PersistentVolumeClaim, key.clone()),
    }
}
