//! What each rule that makes something wait says to a person, in English. One template a rule:
//! `{subject}` is what waits, `{on}` what it waits for, `{node}`, `{text}`, `{number}` and
//! `{span}` what the rule itself holds; `{verdict}` is the first sentence of `{text}`.
//!
//! Not here: other languages, which will be tables beside this one.

use crate::base::Str;
use crate::base::time::Span;
use crate::trace::Because;

/// What a rule holds, for its template.
#[derive(Default)]
pub(super) struct Places<'b> {
    pub(super) node: Option<&'b Str>,
    pub(super) text: Option<&'b Str>,
    pub(super) number: Option<i32>,
    pub(super) span: Option<Span>,
}

/// The template of a rule and what fills it.
pub(super) fn template(because: &Because) -> (&'static str, Places<'_>) {
    let plain = |text| (text, Places::default());
    match because {
        Because::PredecessorNotReady => {
            plain("{subject} is not created yet: {on} is not Ready (OrderedReady)")
        }
        Because::PredecessorNotAvailable { min_ready } => spanned(
            "{subject} is not created yet: {on} must first be Ready for {span} (minReadySeconds)",
            *min_ready,
        ),
        Because::PredecessorTerminating => {
            plain("{subject} is not created yet: {on} is Terminating (OrderedReady)")
        }
        Because::PodNotReady => plain("{subject} is not whole: {on} is not Ready"),
        Because::PodNotAvailable { min_ready } => spanned(
            "{subject} is not whole: {on} must first be Ready for {span} (minReadySeconds)",
            *min_ready,
        ),
        Because::IdentityHeld => plain(
            "{subject} cannot be replaced: the old {subject} is still there, and two Pods never \
             share a name",
        ),
        Because::SuccessorTerminating => {
            plain("{subject} is not deleted yet: {on} goes first (from the highest ordinal down)")
        }
        Because::ScaleDownBlocked => {
            plain("{subject} is not deleted yet: {on}, below it, is not healthy (OrderedReady)")
        }
        Because::RolloutWaits => {
            plain("{subject} keeps the old revision for now: {on} is not available yet")
        }
        Because::Partition { partition } => (
            "{subject} keeps the old revision: only ordinals from {number} up are updated \
             (partition)",
            Places { number: Some(*partition), ..Places::default() },
        ),
        Because::OnDelete => {
            plain("{subject} keeps the old revision until somebody deletes it (OnDelete)")
        }
        Because::BrokenRevision => plain(
            "{subject} never became Ready and is not replaced by itself: delete it once the \
             template is mended (OrderedReady)",
        ),
        Because::ClaimTerminating => {
            plain("{subject} cannot be created: its claim {on} is being deleted")
        }
        Because::Refused { message } => texted("{subject} cannot be created: {text}", message),
        Because::PodRefused { message } => {
            texted("{subject} cannot create another Pod: {text}", message)
        }
        Because::OldReplicasStay => plain(
            "{subject} keeps old Pods for now: {on} must first have more Pods available \
             (maxUnavailable)",
        ),
        Because::ReplicasNotAvailable => {
            plain("{subject} is not whole: not all Pods of {on} are available")
        }
        Because::OldPodRemains => {
            plain("{subject} makes no new Pod yet: {on} is still there (Recreate)")
        }
        Because::Paused => {
            plain("{subject} keeps its old template: it is paused until somebody resumes it")
        }
        Because::FailureBackOff => {
            plain("{subject} makes no new Pod yet: one has failed, and it pauses after that")
        }
        other => volume(other),
    }
}

/// The same of a Pod that is to go for good: it is not to be replaced.
pub(super) fn going(because: &Because) -> (&'static str, Places<'_>) {
    match because {
        Because::KubeletSilent { node } => placed(
            "{subject} does not go: {node} does not answer, so nobody can confirm that it stopped",
            node,
        ),
        other => template(other),
    }
}

/// What claims, volumes and attachments wait for.
fn volume(because: &Because) -> (&'static str, Places<'_>) {
    let plain = |text| (text, Places::default());
    match because {
        Because::ClaimUnbound => plain("{subject} waits: its claim {on} has no volume yet"),
        Because::WaitForFirstConsumer => {
            plain("{subject} has no volume yet: it is made where its first Pod will run")
        }
        Because::NoStorageClass { class } if class.is_empty() => {
            plain("{subject} has no volume: it names no StorageClass, and there is no default one")
        }
        Because::NoStorageClass { class } => {
            texted("{subject} has no volume: there is no StorageClass {text}", class)
        }
        Because::Provisioning { driver } => {
            texted("{subject}: its volume is being made by {text}", driver)
        }
        Because::Resizing { driver } => {
            texted("{subject}: its volume is being enlarged by {text}", driver)
        }
        Because::Attaching { node } => placed("{subject} is being attached to {node}", node),
        Because::NotAttached { node } => {
            placed("{subject} cannot start: its volume is not attached to {node} yet", node)
        }
        Because::MultiAttach { node } => placed(
            "{subject} cannot start: its volume is still attached to {node}, and one node at a \
             time may have it",
            node,
        ),
        Because::VolumeInUse { node } => {
            placed("{subject} stays on {node} until the kubelet there says that it let go", node)
        }
        Because::ForceDetach { node } => placed(
            "{subject} stays attached to {node}, which cannot say that it let go: after 6 minutes \
             it is detached by force",
            node,
        ),
        Because::Detaching { node } => placed("{subject} is being detached from {node}", node),
        Because::DriverError { message } => {
            texted("{subject}: the driver failed and tries again: {text}", message)
        }
        Because::Mounting => plain("{subject}: its volumes are being mounted"),
        Because::ClaimInUse => plain("{subject} is not removed while {on} uses it"),
        Because::Finalizer { finalizer } => {
            texted("{subject} is held by its finalizer {text}", finalizer)
        }
        other => container(other),
    }
}

/// What the scheduler and the kubelet wait for.
fn container(because: &Because) -> (&'static str, Places<'_>) {
    let plain = |text| (text, Places::default());
    match because {
        Because::Unschedulable { message } => texted("{subject} has no node: {verdict}", message),
        Because::SchedulingBackoff => {
            plain("{subject} has no node: the scheduler pauses before it tries again")
        }
        Because::ImagePull { image } => {
            texted("{subject}: the image {text} is being pulled", image)
        }
        Because::ImagePullBackOff { image } => texted(
            "{subject} cannot start: the image {text} cannot be pulled; the kubelet tries again \
             after a pause",
            image,
        ),
        Because::Starting => plain("{subject} is starting"),
        Because::InitContainer { container } => {
            texted("{subject}: its init container {text} has not ended", container)
        }
        Because::CrashLoopBackOff { container } => texted(
            "{subject}: its container {text} keeps ending; the kubelet starts it again after a \
             pause",
            container,
        ),
        Because::StartupProbe => plain("{subject} runs, but its startup probe has not passed"),
        Because::ReadinessProbe => {
            plain("{subject} runs but is not Ready: its readiness probe has not passed")
        }
        Because::MissingConfig { message } => texted("{subject} cannot start: {text}", message),
        Because::GracePeriod => plain("{subject} is stopping and has time for that"),
        Because::PreStop => plain("{subject} is stopping: its preStop hook runs first"),
        other => node(other),
    }
}

/// What is waited for because of nodes and components. Every rule must be in one of the four.
fn node(because: &Because) -> (&'static str, Places<'_>) {
    match because {
        Because::KubeletSilent { node } => placed(
            "{subject} cannot be replaced: {node} does not answer, so nobody can confirm that the \
             old {subject} stopped",
            node,
        ),
        Because::NodeGrace { node } => placed(
            "{node} has stopped answering; the API server still believes that it is Ready",
            node,
        ),
        Because::EvictionRate { node } => placed(
            "{node} does not answer; nodes are given up one after the other, and it waits its turn",
            node,
        ),
        Because::ZoneDisruption { zone } => {
            texted("too many nodes are silent at once (zone {text}): nobody is evicted", zone)
        }
        Because::Toleration { node, span } => {
            let places = Places { node: Some(node), span: Some(*span), ..Places::default() };
            ("{node} does not answer; {subject} tolerates that for {span}", places)
        }
        Because::PodGCTick { node } => placed(
            "{subject} was on {node}; the pod garbage collector, which comes by every 20 s, will \
             remove it",
            node,
        ),
        Because::NodeQuarantine { node } => placed(
            "{subject} was on {node}, which is gone; the pod garbage collector makes sure of that \
             for 40 s",
            node,
        ),
        Because::KubeletLate { node } => {
            placed("{subject} waits: the kubelet of {node} has not come round to it", node)
        }
        Because::Fault { text } => texted("a fault that was put there: {text}", text),
        _ => {
            crate::never!("a rule without a sentence: {because:?}");
            ("{subject} waits", Places::default())
        }
    }
}

fn placed<'b>(text: &'static str, node: &'b Str) -> (&'static str, Places<'b>) {
    (text, Places { node: Some(node), ..Places::default() })
}

fn texted<'b>(template: &'static str, text: &'b Str) -> (&'static str, Places<'b>) {
    (template, Places { text: Some(text), ..Places::default() })
}

fn spanned(text: &'static str, span: Span) -> (&'static str, Places<'static>) {
    (text, Places { span: Some(span), ..Places::default() })
}
