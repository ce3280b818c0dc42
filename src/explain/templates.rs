//! What each rule that makes something wait says to a person, in English. One template a rule:
//! `{subject}` is what waits, `{on}` what it waits for, `{node}`, `{text}`, `{number}` and
//! `{span}` what the rule itself holds; `{verdict}` is the first sentence of `{text}`. A rule
//! without a template does not compile.
//!
//! Not here: other languages (dictionaries beside the page, keyed by these templates).

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

macro_rules! templates {
    ($($rule:pat $(if $when:expr)? => $text:literal $(, $place:ident: $value:expr)*;)*) => {
        /// The template of a rule and what fills it.
        pub(super) fn template(because: &Because) -> (&'static str, Places<'_>) {
            match because {
                $($rule $(if $when)? => {
                    ($text, Places { $($place: Some($value),)* ..Places::default() })
                })*
            }
        }

        /// All templates, in the order of the rules.
        pub const TEMPLATES: &[&str] = &[$($text,)*];
    };
}

/// What is said of the silent kubelet of a Pod that is to go for good: it is not to be replaced.
pub(super) const GOING: &str =
    "{subject} does not go: {node} does not answer, so nobody can confirm that it stopped";

/// The same of a Pod that is to go for good.
pub(super) fn going(because: &Because) -> (&'static str, Places<'_>) {
    let (text, places) = template(because);
    (if matches!(because, Because::KubeletSilent { .. }) { GOING } else { text }, places)
}

/// What happens when the timer of a rule ends: `{subject}` and `{node}` as in the templates. `None`
/// where there is nothing to look forward to.
pub(super) fn outcome(because: &Because) -> Option<&'static str> {
    let at = match because {
        Because::Toleration { .. } => 0,
        Because::NodeGrace { .. } => 1,
        Because::ForceDetach { .. } => 2,
        Because::CrashLoopBackOff { .. } => 3,
        Because::ImagePullBackOff { .. } => 4,
        Because::PodNotAvailable { .. } | Because::PredecessorNotAvailable { .. } => 5,
        Because::PodGCTick { .. } | Because::NodeQuarantine { .. } => 6,
        Because::GracePeriod => 7,
        _ => return None,
    };
    Some(OUTCOMES[at])
}

/// All of those.
pub const OUTCOMES: [&str; 8] = [
    "+{time} until {subject} is evicted",
    "+{time} until {node} counts as silent",
    "+{time} until {subject} is detached by force",
    "+{time} until {subject} starts again",
    "+{time} until {subject} tries its image again",
    "+{time} until minReadySeconds have passed",
    "+{time} until {subject} is removed",
    "+{time} until {subject} must have stopped",
];

templates! {
    // Order: what the StatefulSet controller waits for.
    Because::PredecessorNotReady =>
        "{subject} is not created yet: {on} is not Ready (OrderedReady)";
    Because::PredecessorNotAvailable { min_ready } =>
        "{subject} is not created yet: {on} must first be Ready for {span} (minReadySeconds)",
        span: *min_ready;
    Because::PredecessorTerminating =>
        "{subject} is not created yet: {on} is Terminating (OrderedReady)";
    Because::PodNotReady => "{subject} is not whole: {on} is not Ready";
    Because::PodNotAvailable { min_ready } =>
        "{subject} is not whole: {on} must first be Ready for {span} (minReadySeconds)",
        span: *min_ready;
    Because::IdentityHeld =>
        "{subject} cannot be replaced: the old {subject} is still there, and two Pods never share \
         a name";
    Because::SuccessorTerminating =>
        "{subject} is not deleted yet: {on} goes first (from the highest ordinal down)";
    Because::ScaleDownBlocked =>
        "{subject} is not deleted yet: {on}, below it, is not healthy (OrderedReady)";
    Because::RolloutWaits =>
        "{subject} keeps the old revision for now: {on} is not available yet";
    Because::Partition { partition } =>
        "{subject} keeps the old revision: only ordinals from {number} up are updated (partition)",
        number: *partition;
    Because::OnDelete =>
        "{subject} keeps the old revision until somebody deletes it (OnDelete)";
    Because::BrokenRevision =>
        "{subject} never became Ready and is not replaced by itself: delete it once the template \
         is mended (OrderedReady)";
    Because::ClaimTerminating =>
        "{subject} cannot be created: its claim {on} is being deleted";
    Because::Refused { message } => "{subject} cannot be created: {text}", text: message;
    Because::PodRefused { message } =>
        "{subject} cannot create another Pod: {text}", text: message;
    Because::OldReplicasStay =>
        "{subject} keeps old Pods for now: {on} must first have more Pods available \
         (maxUnavailable)";
    Because::ReplicasNotAvailable =>
        "{subject} is not whole: not all Pods of {on} are available";
    Because::OldPodRemains =>
        "{subject} makes no new Pod yet: {on} is still there (Recreate)";
    Because::Paused =>
        "{subject} keeps its old template: it is paused until somebody resumes it";
    Because::FailureBackOff =>
        "{subject} makes no new Pod yet: one has failed, and it pauses after that";
    Because::PodNotEnded => "{subject} is not complete: {on} has not ended";
    Because::PodTerminating => "{subject} is not over: {on} is still Terminating";
    Because::Suspended => "{subject} is suspended: it makes no Pods until it goes on";
    Because::NextSchedule => "{subject} makes its next Job when its schedule says so";
    Because::TimeToLive =>
        "{subject} is over, and will be deleted (ttlSecondsAfterFinished)";
    // Claims, volumes, attachments.
    Because::ClaimUnbound => "{subject} waits: its claim {on} has no volume yet";
    Because::WaitForFirstConsumer =>
        "{subject} has no volume yet: it is made where its first Pod will run";
    Because::NoStorageClass { class } if class.is_empty() =>
        "{subject} has no volume: it names no StorageClass, and there is no default one";
    Because::NoStorageClass { class } =>
        "{subject} has no volume: there is no StorageClass {text}", text: class;
    Because::Provisioning { driver } =>
        "{subject}: its volume is being made by {text}", text: driver;
    Because::Resizing { driver } =>
        "{subject}: its volume is being enlarged by {text}", text: driver;
    Because::Attaching { node } => "{subject} is being attached to {node}", node: node;
    Because::NotAttached { node } =>
        "{subject} cannot start: its volume is not attached to {node} yet", node: node;
    Because::MultiAttach { node } =>
        "{subject} cannot start: its volume is still attached to {node}, and one node at a time \
         may have it", node: node;
    Because::VolumeInUse { node } =>
        "{subject} stays on {node} until the kubelet there says that it let go", node: node;
    Because::ForceDetach { node } =>
        "{subject} stays attached to {node}, which cannot say that it let go: after 6 minutes it \
         is detached by force", node: node;
    Because::Detaching { node } => "{subject} is being detached from {node}", node: node;
    Because::NoRoom { system } =>
        "{subject} waits for room: the disk system {text} has too little left, and the driver \
         tries again",
        text: system;
    Because::DriverError { message } =>
        "{subject}: the driver failed and tries again: {text}", text: message;
    Because::Mounting => "{subject}: its volumes are being mounted";
    Because::ClaimInUse => "{subject} is not removed while {on} uses it";
    Because::Finalizer { finalizer } =>
        "{subject} is held by its finalizer {text}", text: finalizer;
    // The scheduler and the kubelet.
    Because::Unschedulable { message } => "{subject} has no node: {verdict}", text: message;
    Because::SchedulingBackoff =>
        "{subject} has no node: the scheduler pauses before it tries again";
    Because::ImagePull { image } => "{subject}: the image {text} is being pulled", text: image;
    Because::ImagePullBackOff { image } =>
        "{subject} cannot start: the image {text} cannot be pulled; the kubelet tries again after \
         a pause", text: image;
    Because::Starting => "{subject} is starting";
    Because::InitContainer { container } =>
        "{subject}: its init container {text} has not ended", text: container;
    Because::CrashLoopBackOff { container } =>
        "{subject}: its container {text} keeps ending; the kubelet starts it again after a pause",
        text: container;
    Because::StartupProbe => "{subject} runs, but its startup probe has not passed";
    Because::ReadinessProbe =>
        "{subject} runs but is not Ready: its readiness probe has not passed";
    Because::MissingConfig { message } => "{subject} cannot start: {text}", text: message;
    Because::GracePeriod => "{subject} is stopping and has time for that";
    Because::PreStop => "{subject} is stopping: its preStop hook runs first";
    // Nodes and components.
    Because::ShuttingDown { node } =>
        "{subject} is being ended: {node} is shutting down, and its kubelet ends the Pods first",
        node: node;
    Because::ShutdownTurn { node } =>
        "{subject} is about to be ended: {node} is shutting down, and critical Pods go after the \
         others", node: node;
    Because::KubeletSilent { node } =>
        "{subject} cannot be replaced: {node} does not answer, so nobody can confirm that the old \
         {subject} stopped", node: node;
    Because::NodeGrace { node } =>
        "{node} has stopped answering; the API server still believes that it is Ready", node: node;
    Because::EvictionRate { node } =>
        "{node} does not answer; nodes are given up one after the other, and it waits its turn",
        node: node;
    Because::ZoneDisruption { zone } =>
        "too many nodes are silent at once (zone {text}): nobody is evicted", text: zone;
    Because::Toleration { node, span, silent: false } =>
        "{node} has a taint that drives Pods away; {subject} tolerates it for {span}",
        node: node, span: *span;
    Because::Toleration { node, span, .. } =>
        "{node} does not answer; {subject} tolerates that for {span}", node: node, span: *span;
    Because::PodGCTick { node } =>
        "{subject} was on {node}; the pod garbage collector, which comes by every 20 s, will \
         remove it", node: node;
    Because::NodeQuarantine { node } =>
        "{subject} was on {node}, which is gone; the pod garbage collector makes sure of that for \
         40 s", node: node;
    Because::Unmounting { node } =>
        "{subject} does not go: its volumes cannot be unmounted on {node}", node: node;
    Because::KubeletLate { node } =>
        "{subject} waits: the kubelet of {node} has not come round to it", node: node;
    Because::Fault { text } => "{text} (broken on purpose)", text: text;
}
