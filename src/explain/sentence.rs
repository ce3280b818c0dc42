//! One sentence a wait.

use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::base::time::{SimTime, Span};
use crate::trace::{Because, Wait};

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Words.
    Text(String),
    /// An object, shown by its name.
    Object(ObjectRef),
}

/// A sentence whose objects can be pointed at.
pub type Sentence = Vec<Piece>;

/// The sentence as plain text.
pub fn plain(sentence: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Object(object) => object.key.name.to_string(),
    };
    sentence.iter().map(piece).collect()
}

/// What `wait` says, seen at `now`.
pub fn sentence(wait: &Wait, now: SimTime) -> Sentence {
    let mut write = Writer { wait, out: Vec::new() };
    write.clause();
    write.when(now);
    write.out
}

struct Writer<'w> {
    wait: &'w Wait,
    out: Sentence,
}

impl Writer<'_> {
    /// Writes a template: `{s}` is the subject, `{o}` what it waits for, `{n}` the node `node`.
    fn put(&mut self, template: &str, node: &str) {
        let mut text = String::new();
        let mut rest = template;
        while let Some(at) = rest.find('{') {
            text.push_str(&rest[..at]);
            let object = match &rest[at..at + 3] {
                "{s}" => Some(self.wait.subject.clone()),
                "{o}" => self.wait.on.clone(),
                _ => Some(ObjectRef::new(Kind::Node, Key::global(node))),
            };
            match object {
                Some(object) => {
                    if !text.is_empty() {
                        self.out.push(Piece::Text(std::mem::take(&mut text)));
                    }
                    self.out.push(Piece::Object(object));
                }
                None => text.push_str("another object"),
            }
            rest = &rest[at + 3..];
        }
        text.push_str(rest);
        if !text.is_empty() {
            self.out.push(Piece::Text(text));
        }
    }

    fn clause(&mut self) {
        let because = self.wait.because.clone();
        if self.order(&because) || self.volume(&because) || self.container(&because) {
            return;
        }
        self.node(&because);
    }

    /// What the StatefulSet controller waits for.
    fn order(&mut self, because: &Because) -> bool {
        let text = match because {
            Because::PredecessorNotReady => {
                "{s} is not created yet: {o} is not Ready (OrderedReady)"
            }
            Because::PredecessorNotAvailable { min_ready } => {
                let seconds = min_ready.0 / 1000;
                let text = format!(
                    "{{s}} is not created yet: {{o}} must be Ready for {seconds} s first \
                     (minReadySeconds)"
                );
                self.put(&text, "");
                return true;
            }
            Because::PredecessorTerminating => {
                "{s} is not created yet: {o} is Terminating (OrderedReady)"
            }
            Because::IdentityHeld => {
                "{s} cannot be replaced: the old {s} is still there, and two Pods never share a \
                 name"
            }
            Because::SuccessorTerminating => {
                "{s} is not deleted yet: {o} goes first (from the highest ordinal down)"
            }
            Because::ScaleDownBlocked => {
                "{s} is not deleted yet: {o}, below it, is not healthy (OrderedReady)"
            }
            Because::RolloutWaits => "the rollout waits: {o} is not available yet",
            Because::Partition { partition } => {
                let text = format!(
                    "{{s}} keeps the old revision: only ordinals from {partition} up are updated \
                     (partition)"
                );
                self.put(&text, "");
                return true;
            }
            Because::OnDelete => "{s} keeps the old revision until you delete it (OnDelete)",
            Because::BrokenRevision => {
                "{s} never became Ready and is not replaced by itself: delete it after mending \
                 the template (OrderedReady)"
            }
            Because::ClaimTerminating => "{s} cannot be created: its claim {o} is being deleted",
            Because::Refused { message } => {
                let text = format!("{{s}}: the API server refused: {}", braceless(message));
                self.put(&text, "");
                return true;
            }
            Because::Budget => "{s} cannot be evicted: the budget {o} allows no disruption now",
            _ => return false,
        };
        self.put(text, "");
        true
    }

    /// What claims, volumes and attachments wait for.
    fn volume(&mut self, because: &Because) -> bool {
        match because {
            Because::ClaimUnbound => self.put("{s} waits: its claim {o} has no volume yet", ""),
            Because::WaitForFirstConsumer => self
                .put("{s} has no volume yet: it is made where the first Pod that uses it runs", ""),
            Because::NoStorageClass { class } if class.is_empty() => self
                .put("{s} has no volume: it names no StorageClass and there is no default one", ""),
            Because::NoStorageClass { class } => self.put(
                &format!("{{s}} has no volume: there is no StorageClass \"{}\"", braceless(class)),
                "",
            ),
            Because::Provisioning { driver } => {
                self.put(&format!("{{s}}: {} is making the volume", braceless(driver)), "");
            }
            Because::Attaching { node } => self.put("{s} is being attached to {n}", node),
            Because::NotAttached { node } => {
                self.put("{s} cannot start: its volume is not attached to {n} yet", node);
            }
            Because::MultiAttach { node } => self.put(
                "{s} cannot start: its volume is still attached to {n}, and one node at a time \
                 may have it",
                node,
            ),
            Because::VolumeInUse { node } => {
                self.put("{s} stays on {n} until the kubelet there says it let go", node);
            }
            Because::ForceDetach { node } => self.put(
                "{s} stays attached to {n}, which cannot say that it let go; it is taken away by \
                 force after 6 minutes",
                node,
            ),
            Because::Detaching { node } => self.put("{s} is being detached from {n}", node),
            Because::DriverError { message } => {
                self.put(&format!("{{s}}: the driver failed: {}", braceless(message)), "");
            }
            Because::Mounting => self.put("{s}: its volumes are being mounted", ""),
            Because::ClaimInUse => self.put("{s} is not removed while {o} uses it", ""),
            Because::Finalizer { finalizer } => {
                self.put(&format!("{{s}} is held by its finalizer {}", braceless(finalizer)), "");
            }
            _ => return false,
        }
        true
    }

    /// What the scheduler and the kubelet wait for.
    fn container(&mut self, because: &Because) -> bool {
        match because {
            Because::Unschedulable { message } => {
                self.put(&format!("{{s}} has no node: {}", braceless(message)), "");
            }
            Because::SchedulingBackoff => {
                self.put("{s}: the scheduler pauses before it tries again", "")
            }
            Because::ImagePull { image } => {
                self.put(&format!("{{s}}: the image {} is being pulled", braceless(image)), "");
            }
            Because::ImagePullBackOff { image } => self.put(
                &format!(
                    "{{s}}: the image {} cannot be pulled; the kubelet pauses",
                    braceless(image)
                ),
                "",
            ),
            Because::Starting => self.put("{s} is starting", ""),
            Because::InitContainer { container } => self.put(
                &format!("{{s}}: the init container {} has not ended", braceless(container)),
                "",
            ),
            Because::CrashLoopBackOff { container } => self.put(
                &format!(
                    "{{s}}: the container {} keeps ending; the kubelet pauses before it starts \
                     it again",
                    braceless(container)
                ),
                "",
            ),
            Because::StartupProbe => self.put("{s} runs, but its startup probe has not passed", ""),
            Because::ReadinessProbe => {
                self.put("{s} runs but is not Ready: its readiness probe has not passed", "");
            }
            Because::MissingConfig { message } => {
                self.put(&format!("{{s}} cannot start: {}", braceless(message)), "");
            }
            Because::GracePeriod => self.put("{s} is stopping and has time for that", ""),
            _ => return false,
        }
        true
    }

    /// What is waited for because of nodes.
    fn node(&mut self, because: &Because) {
        match because {
            Because::KubeletSilent { node } => self.put(
                "{s} stays Terminating: only the kubelet on {n} can confirm that it stopped, and \
                 {n} does not answer",
                node,
            ),
            Because::NodeGrace { node } => {
                self.put("{n} has stopped answering; it counts as Ready for 50 s more", node);
            }
            Because::EvictionRate { node } => {
                self.put("{n} is dead, but nodes are given up one by one", node);
            }
            Because::ZoneDisruption { zone } => self
                .put(&format!("too many nodes are dead{}: nobody is evicted", in_zone(zone)), ""),
            Because::Toleration { node, span } => {
                let span = spell(*span);
                self.put(&format!("{{s}} tolerates the silence of {{n}} for {span}"), node);
            }
            Because::PodGCTick { node } => {
                self.put("{s} is on {n}; the pod garbage collector comes by every 20 s", node);
            }
            Because::NodeQuarantine { node } => self.put(
                "{s} was on {n}, which is gone; the pod garbage collector makes sure for 40 s",
                node,
            ),
            Because::ComponentStopped { component } => {
                self.put(&format!("{} is stopped", braceless(component)), "");
            }
            _ => self.put("{s} waits", ""),
        }
    }

    /// When it ends by itself, if a timer decides.
    fn when(&mut self, now: SimTime) {
        let end = match self.wait.until {
            Some(until) if until > now => format!(" ({} to go).", spell(until.since(now))),
            _ => ".".to_string(),
        };
        self.out.push(Piece::Text(end));
    }
}

/// Foreign text must not be read as a template.
fn braceless(text: &str) -> String {
    text.trim().trim_end_matches('.').replace('{', "(").replace('}', ")")
}

fn in_zone(zone: &str) -> String {
    if zone.is_empty() { String::new() } else { format!(" in {}", braceless(zone)) }
}

/// A length of time in words a person says: `8 s`, `4:12`, `1:04:12`.
pub fn spell(span: Span) -> String {
    let rounded = Span(span.0.div_ceil(1000) * 1000);
    match rounded.0 / 1000 {
        seconds @ 0..=59 => format!("{seconds} s"),
        seconds @ 60..=3599 => format!("{}:{:02} min", seconds / 60, seconds % 60),
        _ => format!("{} h", rounded.clock()),
    }
}
