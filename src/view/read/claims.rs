//! Claims, volumes and attachments in the inspector: what is, and what the API server says.
//!
//! Not here: the drums of the figure (see `volumes`).

use super::inspect::{age, fact, facts};
use super::{Eye, volumes};
use crate::api::core::volume::PersistentVolumeClaim;
use crate::api::kinds::Key;
use crate::api::storage::VolumeAttachment;
use crate::view::{Inspector, State, Text, Word};

/// A claim and what is behind it.
pub(super) fn claim(eye: &Eye<'_>, key: &Key, view: &mut Inspector) {
    let Some(volume) = volumes::volume(eye, key) else { return };
    let claim: &PersistentVolumeClaim = volume.claim;
    let (word, _) = volume.words(eye);
    let drawn = if claim.is_bound() { State::Ready } else { State::Pending };
    view.state = Some((drawn, format!("{}, {word}", claim.status.phase.as_str()).into()));
    view.ordinal = key.name.rsplit_once('-').and_then(|(_, digits)| digits.parse().ok());
    let stamp = volume.stamp(eye).map_or(String::new(), |(writes, mark)| {
        eye.lang.fill(Word::WritesMark, &[("n", &writes), ("mark", &mark)])
    });
    let class = claim.spec.storage_class_name.clone().unwrap_or_default();
    let torn = volume
        .disk
        .and_then(|disk| disk.torn.as_ref())
        .map(|torn| eye.lang.fill(Word::TornAt, &[("time", &crate::view::clock(torn.at.0))]));
    view.facts.push(facts(
        eye,
        Word::FactsNow,
        vec![
            fact(eye, Word::FactVolume, &claim.spec.volume_name),
            fact(eye, Word::FactSize, volume.size()),
            fact(eye, Word::FactClass, class),
            fact(eye, Word::Data, stamp),
            fact(eye, Word::FactTorn, torn.unwrap_or_default()),
            fact(eye, Word::FactAge, age(eye, claim.meta.creation_timestamp)),
        ],
    ));
    attachments(eye, &volume, view);
}

/// Where the volume is, as the disk says, and who wants it where, as the API server says.
fn attachments(eye: &Eye<'_>, volume: &volumes::Volume<'_>, view: &mut Inspector) {
    let held = volume.disk.map_or(String::new(), |disk| {
        let names: Vec<&str> = disk.attached.iter().map(|name| &**name).collect();
        names.join(", ")
    });
    let really = if held.is_empty() { eye.say(Word::NotAttached) } else { held.into() };
    let mut list = vec![fact(eye, Word::FactReally, really)];
    for one in eye.world.store().attachments_of(&volume.claim.spec.volume_name) {
        list.push(fact(eye, Word::FactAttachment, attached(eye, one)));
    }
    if volume.disk.is_some_and(|disk| disk.attachable) {
        view.facts.push(facts(eye, Word::FactsAttachments, list));
    }
}

/// How far an attachment has come, as the API server says.
fn attached(eye: &Eye<'_>, one: &VolumeAttachment) -> Text {
    let word = match (one.meta.is_terminating(), one.status.attached) {
        (true, _) => Word::DetachingFrom,
        (false, true) => Word::AttachedTo,
        (false, false) => Word::AttachingTo,
    };
    let said = eye.fill(word, &[("node", &one.spec.node_name)]);
    let error = one.status.detach_error.as_ref().or(one.status.attach_error.as_ref());
    error.map_or(said.clone(), |error| format!("{said}: {}", error.message).into())
}

/// The wish that a volume be at a node.
pub(super) fn attachment(eye: &Eye<'_>, key: &Key, view: &mut Inspector) {
    let Some(one) = eye.world.store().get::<VolumeAttachment>(key) else { return };
    let drawn = if one.status.attached { State::Ready } else { State::Creating };
    view.state = Some((drawn, attached(eye, one)));
    let volume = one.spec.source.persistent_volume_name.clone().unwrap_or_default();
    view.facts.push(facts(
        eye,
        Word::FactsNow,
        vec![
            fact(eye, Word::FactVolume, volume),
            fact(eye, Word::FactNode, &one.spec.node_name),
            fact(eye, Word::FactAge, age(eye, one.meta.creation_timestamp)),
        ],
    ));
}
