//! What is broken on purpose, and what could be: about the object picked, or at all.
//!
//! Not here: breaking and mending (`cluster::operate`), machines without power or network that the
//! figure has buttons for.

use super::{Eye, deed};
use crate::api::apps::stateful_set::StatefulSet;
use crate::api::core::pod::Pod;
use crate::api::core::pod::PodSpec;
use crate::api::kinds::{Kind, ObjectRef};
use crate::base::Str;
use crate::base::time::Span;
use crate::cluster::input::Input;
use crate::infra::fault::{Fault, Holds, Target, WORDS, target};
use crate::view::{Inspector, Text};

/// By how much something is delayed.
const DELAY: Span = Span::seconds(30);
/// How much room is left: for one or two claims of the examples.
const ROOM: i64 = 2 << 30;

/// Fills in what is broken and what can be.
pub(super) fn faults(eye: &Eye<'_>, subject: Option<&ObjectRef>, view: &mut Inspector) {
    let own = |fault: &Fault| {
        subject.is_some_and(|one| {
            let name = &one.key.name;
            let kind = one.kind.info().singular;
            fault.target == *name || *fault.target == *target(kind, name, &one.key.namespace)
        })
    };
    view.own_fault = eye.world.faults().any(own);
    let all = eye.world.faults();
    view.faults =
        all.map(|fault| (said(eye, fault), deed(Input::operate(fault.remedy())))).collect();
    for word in &WORDS {
        for name in targets(eye, word.target, subject) {
            if eye.world.infra.faults.get(word.kind, &name).is_some() {
                continue;
            }
            let span = if word.holds == Holds::Time { DELAY } else { Span::ZERO };
            let bytes = if word.holds == Holds::Size { ROOM } else { -1 };
            let fault = Fault { kind: word.kind, target: name, span, bytes, since: eye.world.now };
            view.breaks.push((said(eye, &fault), deed(Input::operate(fault.command()))));
        }
    }
}

/// What is broken, in the language of the page.
pub(super) fn said(eye: &Eye<'_>, fault: &Fault) -> Text {
    let says = eye.lang.tr(fault.kind.word().says);
    fault.put(says, &crate::view::span(fault.span.0)).into()
}

/// What a kind of fault can be about, seen from what is picked.
fn targets(eye: &Eye<'_>, about: Target, subject: Option<&ObjectRef>) -> Vec<Str> {
    let names = |names: &[&str]| names.iter().map(|name| Str::from(*name)).collect();
    let store = eye.world.store();
    match (about, subject) {
        (Target::Machine | Target::System, Some(one)) if one.kind == Kind::Node => {
            vec![one.key.name.clone()]
        }
        (Target::Pod, Some(one)) if matches!(one.kind, Kind::Pod | Kind::StatefulSet) => {
            let kind = one.kind.info().singular;
            vec![target(kind, &one.key.name, &one.key.namespace).into()]
        }
        (Target::Image, Some(one)) => {
            let images = |spec: &PodSpec| -> Vec<Str> {
                spec.containers.iter().map(|container| container.image.clone()).collect()
            };
            match one.kind {
                Kind::Pod => store.get::<Pod>(&one.key).map_or(Vec::new(), |pod| images(&pod.spec)),
                Kind::StatefulSet => store
                    .get::<StatefulSet>(&one.key)
                    .map_or(Vec::new(), |set| images(&set.spec.template.spec)),
                _ => Vec::new(),
            }
        }
        (Target::Work, Some(one)) if one.kind != Kind::PersistentVolumeClaim => Vec::new(),
        (Target::Work, _) => names(&["attach", "detach", "provision"]),
        (Target::System, Some(one)) if one.kind == Kind::PersistentVolumeClaim => eye
            .world
            .infra
            .disk_systems()
            .into_iter()
            .skip(eye.world.infra.machines.size())
            .collect(),
        (Target::Stoppable, None) => names(&["kube-controller-manager", "kube-scheduler"]),
        (Target::Component, None) => {
            names(&["kube-controller-manager", "kube-scheduler", "kubelet", "csi-driver"])
        }
        _ => Vec::new(),
    }
}
