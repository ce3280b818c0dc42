//! Two Pods of three run; then a node loses its power and its Pod stays Terminating.
//!
//! Not here: what comes after (see `more`).

use super::*;
use crate::view::Branches;

const NODES: [&str; 3] = ["node-a", "node-b", "node-c"];

fn stage_running() -> Stage {
    let states = [State::Ready, State::Ready, State::NotReady];
    let words = ["Ready", "Ready", "Running, not ready"];
    let one = |i: u32| {
        let at = i as usize;
        Rc::new(node(&NODES[at][5..], vec![pod("web", i, 1, states[at], words[at])]))
    };
    let drum_of = |i: u32| {
        let word = format!("attached to {}", NODES[i as usize]);
        drum(&format!("www-web-{i}"), i, Some(i as usize), &word)
    };
    Stage {
        heads: vec![head("web", 2, 3, "nginx")],
        density: Density::Card,
        tray: Tray::default(),
        nodes: (0..3).map(one).collect(),
        drums: (0..3).map(drum_of).collect(),
        drums_more: None,
        ribbon: None,
        past: false,
    }
}

fn seats_running() -> Vec<SeatWindow> {
    let states = [State::Ready, State::Ready, State::NotReady];
    let ips = ["10.244.1.5", "10.244.2.7", "10.244.3.4"];
    let one = |i: u32| {
        let at = i as usize;
        seat("web", "nginx", "www", i, occupant(states[at], NODES[at], 1, ips[at]))
    };
    window("web", (0..3).map(one).collect())
}

fn timeline_running() -> Timeline {
    let lane = |i: u32| {
        let (from, now) = ([0, 1_400, 2_700][i as usize], 3_500);
        let mut segments = vec![segment(from, from + 800, State::Creating, "")];
        if i < 2 {
            segments.push(segment(from + 800, from + 1_300, State::NotReady, ""));
            segments.push(segment(from + 1_300, now, State::Ready, ["node-a", ""][i as usize]));
        } else {
            segments[0].to = 3_150;
            segments.push(segment(3_150, now, State::NotReady, ""));
        }
        Lane { ordinal: i, set: text(""), segments }
    };
    Timeline {
        ticks: ticks(6, 10),
        flags: vec![],
        lanes: (0..3).map(lane).collect(),
        lanes_more: 0,
        nodes: NODES.iter().map(|name| bar(name, 3_500)).collect(),
        nodes_more: 0,
        now: 3_500,
        known: 3_500,
        clock: text("00:21"),
        said: text("21 seconds"),
    }
}

/// Two of three Pods are Ready; time will do.
pub fn running() -> Screen {
    Screen {
        title: text("Web (nginx)"),
        undo: None,
        editor: Rc::new(editor(WEB, vec![])),
        stage: Rc::new(stage_running()),
        beside: None,
        branches: Rc::new(Branches { all: Vec::new(), current: 1, compared: None }),
        seats: Rc::new(seats_running()),
        because: Rc::new(Because {
            text: vec![
                Run::Object(pod_subject("web-2")),
                plain_run(" runs but is not Ready yet: its readiness probe should pass in 3 s."),
            ],
            calm: true,
            ways: None,
        }),
        transport: Rc::new(transport("00:21")),
        timeline: Rc::new(timeline_running()),
        inspector: Rc::new(Inspector {
            tries: tries(),
            hint: Lang::En.sentence(Word::NothingSelectedHint, &[], &[]),
            ..Inspector::default()
        }),
        events: shared(events_running()),
        terminal: Rc::default(),
        events_more: 0,
        filter: text(""),
        table: Rc::new(pods_table(&[
            ["web-0", "1/1", "Running", "0", "21s", "10.244.1.5", "node-a"],
            ["web-1", "1/1", "Running", "0", "13s", "10.244.2.7", "node-b"],
            ["web-2", "0/1", "Running", "0", "5s", "10.244.3.4", "node-c"],
        ])),
        notice: None,
        said: text("Step to 0:21. web-2 started on node-c."),
    }
}

/// A manifest with faults.
pub fn faults() -> Screen {
    let one = |severity, line, field: &str, message: &str| Diagnostic {
        severity,
        line,
        field: text(field),
        message: text(message),
        hint: text(""),
        mend: (field == "apiVersion").then_some(0),
    };
    let found = vec![
        one(
            Severity::Error,
            19,
            "spec.replicas",
            "Invalid value: -3: must be greater than or \
            equal to 0",
        ),
        one(
            Severity::Error,
            21,
            "spec.selector",
            "Invalid value: selector does not match template labels",
        ),
        one(
            Severity::Note,
            13,
            "apiVersion",
            "apps/v1beta1 was removed in 1.16; it is read as \
            apps/v1",
        ),
        one(Severity::Note, 0, "", "the cluster still runs what was applied before"),
    ];
    Screen { editor: Rc::new(editor(WEB, found)), ..running() }
}

pub(super) fn act(label: &str, strong: &str, rest: &str, command: &str, deed: Input) -> Act {
    Act {
        label: text(label),
        intent: Intent::Do(deed),
        price: vec![Run::Strong(text(strong)), plain_run(rest)],
        command: text(command),
        enabled: true,
    }
}

/// node-b is off; its Pod is Terminating and nobody can know that it stopped.
pub fn node_down() -> Screen {
    let base = running();
    let mut stage = (*base.stage).clone();
    stage.heads[0].ready = 2;
    let mut stuck = pod("web", 1, 1, State::Terminating, "Terminating, 12 s");
    stuck.picked = true;
    stage.nodes[1] =
        Rc::new(node_off("b", State::Unknown, "Unknown for 5:12", "5:52 ago", vec![stuck]));
    stage.nodes[2] = Rc::new(node("c", vec![pod("web", 2, 1, State::Ready, "Ready")]));
    let mut seats = (*base.seats).clone();
    let mut gone = (*seats[0].shown[1]).clone();
    gone.picked = true;
    gone.occupant = Some(occupant(State::Terminating, "node-b", 1, "10.244.2.7"));
    seats[0].shown[1] = Rc::new(gone);
    let mut third = (*seats[0].shown[2]).clone();
    third.occupant = Some(occupant(State::Ready, "node-c", 1, "10.244.3.4"));
    seats[0].shown[2] = Rc::new(third);
    Screen {
        undo: Some(text("power off node-b")),
        stage: Rc::new(stage),
        seats: Rc::new(seats),
        because: Rc::new(Because {
            text: vec![
                Run::Object(pod_subject("web-1")),
                plain_run(" cannot be replaced: "),
                Run::Object(node_subject("node-b")),
                plain_run(
                    " is unreachable, so nobody can confirm that the old web-1 stopped writing.",
                ),
            ],
            calm: false,
            ways: Some((text("Three ways out"), pod_subject("web-1"))),
        }),
        transport: Rc::new(Transport {
            clock: text("07:22"),
            can_step: false,
            jump: None,
            settled: text(Lang::En.say(Word::SettledUntilYouAct)),
            yield_primary: true,
            ..transport("")
        }),
        timeline: Rc::new(timeline_down()),
        inspector: Rc::new(inspector_down()),
        events: shared(events_down()),
        table: Rc::new(pods_table(&[
            ["web-0", "1/1", "Running", "0", "7m22s", "10.244.1.5", "node-a"],
            ["web-1", "1/1", "Terminating", "0", "7m14s", "10.244.2.7", "node-b"],
            ["web-2", "1/1", "Running", "0", "7m6s", "10.244.3.4", "node-c"],
        ])),
        said: text("Step to 7:22. web-1 is Terminating and stays so."),
        ..base
    }
}

fn timeline_down() -> Timeline {
    let now = 9_200;
    let seat = |ordinal, from, node: &str| Lane {
        set: text(""),
        ordinal,
        segments: vec![
            segment(from, from + 150, State::Creating, ""),
            segment(from + 150, now, State::Ready, node),
        ],
    };
    let mut lanes = vec![seat(0, 0, "node-a"), seat(1, 150, "node-b"), seat(2, 300, "node-c")];
    lanes[1].segments[1].to = 2_700;
    lanes[1].segments.push(segment(2_700, 8_950, State::Unknown, "Unknown, node-b unreachable"));
    lanes[1].segments.push(segment(8_950, now, State::Terminating, ""));
    let mut nodes: Vec<_> = ["node-a", "node-b", "node-c"].iter().map(|n| bar(n, now)).collect();
    nodes[1].spans =
        vec![Span { from: 0, to: 1_870, on: true }, Span { from: 1_870, to: now, on: false }];
    nodes[1].beliefs = vec![
        Belief { from: 1_870, to: 2_700, ready: true },
        Belief { from: 2_700, to: now, ready: false },
    ];
    let flag = |at, label: &str, you| Flag { at, label: text(label), you };
    Timeline {
        ticks: ticks(8, 60),
        flags: vec![flag(1_870, "power off", true), flag(8_950, "evicted", false)],
        lanes,
        lanes_more: 0,
        nodes,
        nodes_more: 0,
        now,
        known: now,
        clock: text("07:22"),
        said: text("7 minutes 22 seconds"),
    }
}

fn inspector_down() -> Inspector {
    let link = |runs: &[(&str, &str)]| Link {
        text: runs
            .iter()
            .flat_map(|(strong, rest)| [Run::Strong(text(strong)), plain_run(rest)])
            .collect(),
    };
    Inspector {
        subject: Some(pod_subject("web-1")),
        kind: text("Pod"),
        ordinal: Some(1),
        state: Some((State::Terminating, text("Terminating for 12 s"))),
        why: text("Why it is not replaced"),
        chain: vec![
            link(&[("web-1 #2", " is not created: seat 1 is still taken by web-1 #1")]),
            link(&[(
                "web-1 #1",
                " is Terminating: only the kubelet on node-b can confirm that its \
                containers stopped",
            )]),
            link(&[("The kubelet", " has not answered since 01:30")]),
            link(&[(
                "node-b is unreachable.",
                " From the API server, switched off and cut off look \
                the same.",
            )]),
        ],
        eta: text("Nothing is scheduled. This lasts until you act, or until node-b comes back."),
        ways_title: text("Three ways out, and their price"),
        ways: vec![
            act(
                "Mark node-b out of service",
                "You promise node-b is off.",
                " Its Pods and its attachments are dropped at once. If you are wrong, two writers.",
                "kubectl taint node node-b \
                 node.kubernetes.io/out-of-service=nodeshutdown:NoExecute",
                out_of_service("node-b"),
            ),
            act(
                "Delete Node object node-b",
                "Slow but usual.",
                " The old Pod goes within a minute; its volume is detached by force after 6 min.",
                "kubectl delete node node-b",
                delete("Node", "", "node-b", None),
            ),
            act(
                "Force delete web-1",
                "May run twice.",
                " The old Pod could still be writing, and the volume stays on node-b for 6 min.",
                "kubectl delete pod web-1 --force --grace-period=0",
                delete("Pod", "default", "web-1", Some(0)),
            ),
        ],
        ..Inspector::default()
    }
}

fn shared(events: Vec<Event>) -> Rc<Vec<Rc<Event>>> {
    let numbered = events.into_iter().zip(0..).map(|(event, id)| Event { id, ..event });
    Rc::new(numbered.map(Rc::new).collect())
}

fn events_running() -> Vec<Event> {
    let mut events = vec![
        event("00:21", "Normal", "pod/web-2", "Started", "Started container nginx"),
        event("00:19", "Normal", "pod/web-2", "Pulled", "Successfully pulled image in 1.8s"),
        event(
            "00:17",
            "Normal",
            "pod/web-2",
            "SuccessfulAttachVolume",
            "AttachVolume.Attach succeeded for volume \"pvc-b07e\"",
        ),
        event(
            "00:16",
            "Normal",
            "pod/web-2",
            "Scheduled",
            "Successfully assigned default/web-2 to node-c",
        ),
        event(
            "00:16",
            "Normal",
            "statefulset/web",
            "SuccessfulCreate",
            "create Pod web-2 in StatefulSet web successful",
        ),
        event("00:08", "Normal", "pod/web-1", "Started", "Started container nginx"),
    ];
    events[0].now = true;
    events
}

fn events_down() -> Vec<Event> {
    let mut you = event("01:30", "", "You", "", "Powered off node-b");
    you.seek = Some(Intent::Seek(1_870));
    let mut events = vec![
        event(
            "07:10",
            "Normal",
            "pod/web-1",
            "TaintManagerEviction",
            "Marking for deletion Pod default/web-1",
        ),
        event("02:10", "Warning", "pod/web-1", "NodeNotReady", "Node is not ready"),
        event(
            "02:10",
            "Normal",
            "node/node-b",
            "NodeNotReady",
            "Node node-b status is now: NodeNotReady",
        ),
        you,
        event("00:24", "Normal", "pod/web-2", "Started", "Started container nginx"),
    ];
    events[0].now = true;
    events
}

fn out_of_service(node: &str) -> Input {
    Input::Taint {
        node: node.into(),
        key: "node.kubernetes.io/out-of-service".into(),
        value: "nodeshutdown".into(),
        effect: "NoExecute".into(),
        on: true,
    }
}
