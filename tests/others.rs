//! What the pane on the right and the figure say of things that are no StatefulSet, of a rollout
//! and of a machine with a fault: read off the page's data, without a browser.
//!
//! Not here: the main story (tests/screens.rs), the pane's other tabs (tests/inspect.rs).

use playground::api::kinds::Kind;
use playground::base::time::Span;
use playground::cluster::input::Input;
use playground::session::{Action, Session};
use playground::view::read::{self, Found, Kept, Show};
use playground::view::{Intent, Lang, PodKind, Screen, plain, subject};

/// A person at the page.
#[derive(Default)]
struct Visit {
    session: Session,
    kept: Kept,
}

impl Visit {
    /// Does something, to its end, and looks at the page.
    fn does(&mut self, action: Action) -> Screen {
        self.session.apply(action);
        while self.session.is_busy() {
            self.session.apply(Action::Frame(16));
        }
        let found = Found::of(&self.session, Lang::En);
        let show = Show::first(Lang::En);
        read::screen(&self.session, show, &found, &mut self.kept)
    }

    fn settles(&mut self) -> Screen {
        self.does(Action::Settle)
    }
}

const SITE: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: site}
spec:
  replicas: 3
  selector: {matchLabels: {app: site}}
  template:
    metadata: {labels: {app: site}}
    spec: {containers: [{name: main, image: nginx}]}
";

const OTHERS: &str = "\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: main, image: nginx}]}
---
apiVersion: batch/v1
kind: Job
metadata: {name: work}
spec:
  completions: 2
  completionMode: Indexed
  template:
    spec:
      restartPolicy: Never
      containers: [{name: main, image: busybox, command: [sleep, \"3\"]}]
";

/// The facts of the pane on the right, "NAME value".
fn facts(screen: &Screen) -> Vec<String> {
    let all = screen.inspector.facts.iter().flat_map(|facts| &facts.facts);
    all.map(|fact| format!("{} {}", fact.name, fact.value)).collect()
}

/// Whatever can be picked says something of itself: a kind that the figure does not draw, what
/// kubectl prints of it.
#[test]
fn every_kind_says_what_kubectl_prints_of_it() {
    let mut visit = Visit::default();
    visit.settles();
    visit.does(Action::Do(Input::Apply { text: [OTHERS, "---\n", SITE].concat().into() }));
    visit.settles();
    for (kind, name, line) in [
        (Kind::Job, "work", "COMPLETIONS 2/2"),
        (Kind::DaemonSet, "agent", "DESIRED 3"),
        (Kind::Deployment, "site", "UP-TO-DATE 3"),
    ] {
        let picked = subject(kind, "default", name);
        let screen = visit.does(Action::Select(Some(picked)));
        assert!(facts(&screen).iter().any(|fact| fact == line), "{name}: {:?}", facts(&screen));
        let act = &screen.inspector.acts[0];
        assert_eq!(plain(&act.price), "Its Pods go with it.", "{name}");
    }
}

/// What has no seat keeps nothing when it is gone.
#[test]
fn a_pod_without_a_seat_is_gone_when_it_is_gone() {
    let mut visit = Visit::default();
    visit.settles();
    visit.does(Action::Do(Input::Apply { text: SITE.into() }));
    let screen = visit.settles();
    let mut cards = screen.stage.nodes.iter().flat_map(|node| &node.pods.shown);
    let card = cards.find(|card| card.kind == PodKind::Anonymous).expect("a Pod of the Deployment");
    let screen = visit.does(Action::Select(Some(card.subject.clone())));
    let Intent::Do(delete) = screen.inspector.acts[0].intent.clone() else { panic!("deletes") };
    visit.does(Action::Do(delete));
    let screen = visit.settles();
    let (_, word) = screen.inspector.state.clone().expect("it says how it is");
    assert_eq!(&*word, "not there now");
}

/// Seats come first on a machine, what has ended last.
#[test]
fn pods_stand_in_the_order_in_which_they_matter() {
    let mut visit = Visit::default();
    visit.settles();
    visit.does(Action::Do(Input::Apply { text: OTHERS.into() }));
    let screen = visit.settles();
    for node in &screen.stage.nodes {
        let ranks: Vec<u8> = (node.pods.shown.iter())
            .map(|card| match (&*card.word, card.ordinal) {
                ("Completed", _) => 2,
                (_, None) => 1,
                _ => 0,
            })
            .collect();
        assert!(ranks.is_sorted(), "{ranks:?}");
    }
}

/// While a rollout is not complete, each seat says which revision sits there.
#[test]
fn a_rollout_is_seen_in_the_seats() {
    let mut visit = Visit::default();
    visit.does(Action::Type("kubectl scale statefulset web --replicas=3".into()));
    let screen = visit.settles();
    assert_eq!(screen.stage.heads[0].note, None);
    let update = r#"{"type":"RollingUpdate","rollingUpdate":{"partition":1}}"#;
    let patch = format!("kubectl patch sts web -p '{{\"spec\":{{\"updateStrategy\":{update}}}}}'");
    visit.does(Action::Type(patch.into()));
    visit.does(Action::Type("kubectl set image sts/web nginx=nginx:2".into()));
    let screen = visit.settles();
    let said = |screen: &Screen| -> Vec<String> {
        let seats = screen.seats[0].shown.iter();
        seats.map(|seat| seat.occupant.as_ref().map_or("", |pod| &*pod.ip).to_string()).collect()
    };
    assert_eq!(said(&screen), ["old revision", "new revision", "new revision"]);
    assert_eq!(screen.stage.heads[0].note.as_deref(), Some("2 of 3 updated, partition 1"));
    let update = r#"{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}"#;
    visit.does(Action::Type(format!("kubectl patch sts web -p '{update}'").into()));
    let screen = visit.settles();
    assert!(said(&screen).iter().all(|ip| ip.starts_with("10.")), "{:?}", said(&screen));
    assert_eq!(screen.stage.heads[0].note, None);
}

const LOCAL: &str = "\
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: nginx
  replicas: 1
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: main, image: nginx}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec:
      accessModes: [ReadWriteOnce]
      storageClassName: local
      resources: {requests: {storage: 20Gi}}
";

/// Disks that are full: the sentence names the Pod that waits, the machine shows its fault.
#[test]
fn a_machine_whose_disks_are_full_shows_it() {
    let mut visit = Visit::default();
    visit.settles();
    for node in ["node-a", "node-b", "node-c"] {
        visit.does(Action::Type(format!("fault disk-room {node} 5Gi").into()));
    }
    let screen = visit.does(Action::Do(Input::Apply { text: LOCAL.into() }));
    assert!(screen.stage.nodes.iter().all(|node| node.chips.iter().any(|it| &**it == "disk-room")));
    visit.does(Action::Settle);
    let screen = visit.does(Action::Select(Some(subject(Kind::Node, "", "node-a"))));
    let because = plain(&screen.because.text);
    let said = "db-0 waits: the disk system node-a has room for 5Gi in all (broken on purpose).";
    assert_eq!(because, said);
    let fact = "Really the disk system node-a has room for 5Gi in all";
    assert!(facts(&screen).iter().any(|one| one == fact), "{:?}", facts(&screen));
    assert!(screen.inspector.own_fault, "it is listed first");
    let screen = visit.does(Action::Type("mend disk-room node-a".into()));
    let node = &screen.stage.nodes[0];
    assert!(node.chips.is_empty() && !screen.inspector.own_fault, "{:?}", node.chips);
}

/// What stands beside the first Pod that has no place.
fn placeless(screen: &Screen) -> Vec<String> {
    let reasons = &screen.stage.tray.reasons;
    reasons.iter().map(|(all, why)| format!("{all}: {why}")).collect()
}

/// Why a Pod has no place stands beside it, and nothing that is no news.
#[test]
fn a_pod_without_a_place_says_why() {
    let mut visit = Visit::default();
    visit.settles();
    visit.does(Action::Type("kubectl cordon node-a node-b node-c".into()));
    visit.does(Action::Type("kubectl scale statefulset web --replicas=3".into()));
    let screen = visit.settles();
    assert_eq!(placeless(&screen), ["0/3 nodes are available: 3 node(s) were unschedulable"]);
}

/// Nodes that differ, nodes that are not even looked at, no nodes, and Pods not looked at at all.
#[test]
fn all_that_keeps_a_pod_from_a_place_is_said() {
    let said = |commands: &[&str], spec: &str| {
        let mut visit = Visit::default();
        visit.settles();
        for command in commands {
            visit.does(Action::Type((*command).into()));
        }
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: one}}\nspec:\n  containers:\n  \
             - {{name: main, image: nginx}}\n{spec}"
        );
        visit.does(Action::Do(Input::Apply { text: text.into() }));
        placeless(&visit.does(Action::Forward(Span::seconds(5))))
    };
    let cordon = ["kubectl cordon node-a", "kubectl taint node node-b dedicated=db:NoSchedule"];
    assert_eq!(
        said(&cordon, "  nodeSelector: {disk: fast}\n"),
        [
            "0/3 nodes are available: 1 node(s) didn't match Pod's node affinity/selector",
            ": 1 node(s) had untolerated taint(s)",
            ": 1 node(s) were unschedulable",
        ]
    );
    let narrow = "  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: \
                  {nodeSelectorTerms: [{matchFields: [{key: metadata.name, operator: In, \
                  values: [node-b]}]}]}}}\n";
    assert_eq!(
        said(&cordon, narrow),
        [
            "0/3 nodes are available: 1 node(s) had untolerated taint(s)",
            ": 2 node(s) didn't satisfy plugin(s) [NodeAffinity]",
        ]
    );
    let claim = "  volumes: [{name: data, persistentVolumeClaim: {claimName: gone}}]\n";
    assert_eq!(
        said(&[], claim),
        ["0/3 nodes are available: persistentvolumeclaim \"gone\" not found"]
    );
    let nodes = ["kubectl delete node node-a node-b node-c"];
    assert_eq!(said(&nodes, ""), [": no nodes available to schedule pods"]);
    assert_eq!(
        said(&[], "  schedulingGates: [{name: later}]\n"),
        [": Scheduling is blocked due to non-empty scheduling gates"]
    );
}

/// Pods of a DaemonSet are on their nodes, so are those of a Job, also when they have ended.
#[test]
fn pods_of_daemon_sets_and_jobs_are_on_their_nodes() {
    let mut visit = Visit::default();
    visit.settles();
    visit.does(Action::Do(Input::Apply { text: OTHERS.into() }));
    let screen = visit.settles();
    let cards = screen.stage.nodes.iter().flat_map(|node| &node.pods.shown);
    let anonymous: Vec<_> = cards.filter(|card| card.kind == PodKind::Anonymous).collect();
    let names: Vec<&str> = anonymous.iter().map(|card| &*card.subject.key.name).collect();
    let of = |start: &str| names.iter().filter(|name| name.starts_with(start)).count();
    assert_eq!((of("agent-"), of("work-")), (3, 2), "{names:?}");
    for card in &anonymous {
        let word = if card.subject.key.name.starts_with("work-") { "Completed" } else { "Ready" };
        assert_eq!(&*card.word, word);
        visit.does(Action::Select(Some(card.subject.clone())));
    }
}

/// Pods without a number live on their nodes and beside the sets, and a cluster with a Deployment
/// comes to rest.
#[test]
fn pods_of_a_deployment_are_on_their_nodes() {
    let mut visit = Visit::default();
    visit.settles();
    visit.does(Action::Do(Input::Apply { text: SITE.into() }));
    let screen = visit.settles();
    assert_eq!(screen.stage.heads.len(), 1, "a head is a StatefulSet's");
    let cards = screen.stage.nodes.iter().flat_map(|node| &node.pods.shown);
    let anonymous: Vec<_> = cards.filter(|card| card.kind == PodKind::Anonymous).collect();
    assert_eq!(anonymous.len(), 3);
    assert!(anonymous.iter().all(|card| card.ordinal.is_none() && card.incarnation == 1));
    let first = anonymous[0].subject.clone();
    let node = screen
        .stage
        .nodes
        .iter()
        .find(|node| node.pods.shown.iter().any(|card| card.subject == first));
    let node = node.expect("it is on one").subject.key.name.to_string();
    let inspector = visit.does(Action::Select(Some(first.clone()))).inspector;
    let price = plain(&inspector.acts[0].price);
    assert!(inspector.ordinal.is_none() && price.contains("of another name"), "{price}");
    visit.does(Action::Do(Input::power(&node, false)));
    visit.settles();
    visit.does(Action::Select(Some(first)));
    visit.does(Action::Do(Input::power(&node, true)));
    visit.settles();
}

/// A node's pane offers to shut it down, beside taking its power away.
#[test]
fn a_node_is_shut_down_in_order() {
    let mut visit = Visit::default();
    visit.does(Action::Do(Input::Apply { text: SITE.into() }));
    visit.settles();
    let screen = visit.does(Action::Select(Some(subject(Kind::Node, "", "node-b"))));
    let acts = &screen.inspector.acts;
    let labels: Vec<&str> = acts.iter().take(2).map(|act| &*act.label).collect();
    assert_eq!(labels, ["Power off node-b", "Shut down node-b"]);
    let Intent::Do(input) = acts[1].intent.clone() else { panic!("it does something") };
    assert_eq!(input.command(), "shutdown node-b");
    let screen = visit.does(Action::Do(input));
    let node = |screen: &Screen| {
        let node = screen.stage.nodes.iter().find(|node| &*node.subject.key.name == "node-b");
        let node = node.expect("it is drawn");
        (node.word.to_string(), node.really.as_ref().map(|(really, _)| really.to_string()))
    };
    assert_eq!(node(&screen), ("Not ready".to_string(), Some("shutting down".to_string())));
    assert_eq!(&*screen.inspector.acts[1].label, "Cordon node-b", "once is enough");
    let screen = visit.settles();
    assert_eq!(node(&screen).1, Some("powered off".to_string()));
}
