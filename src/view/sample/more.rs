//! A replacement, ZooKeeper with a member that fits nowhere, many Pods, five replicas.
//!
//! Not here: the parts (see the module above).

use super::down::{act, node_down, running};
use super::*;

/// The second Pod of seat 1 runs beside web-2; node-b is off and its Node object is gone.
pub fn replaced() -> Screen {
    let base = node_down();
    let mut stage = (*base.stage).clone();
    stage.density = Density::Tight;
    stage.heads[0].ready = 3;
    let mut old = pod("web", 1, 1, State::None, "ended 08:20");
    old.kind = PodKind::Ended;
    stage.nodes[1] = Rc::new(NodeCard {
        known: false,
        shifted: false,
        belief: State::None,
        word: text("no Node object"),
        really: Some((text("powered off"), text("13:06 ago"))),
        ..node_off("b", State::None, "", "", vec![old])
    });
    let mut new = pod("web", 1, 2, State::Ready, "Ready");
    new.picked = true;
    stage.nodes[2] = Rc::new(node("c", vec![new, pod("web", 2, 1, State::Ready, "Ready")]));
    stage.drums[1].node = Some(2);
    stage.drums[1].user = Some((2, 0));
    stage.drums[1].word = text("attached to node-c");
    stage.drums[2].user = Some((2, 1));
    stage.ribbon = Some(((1, 0), (2, 0)));
    let mut seats = (*base.seats).clone();
    let mut seat = (*seats[0].shown[1]).clone();
    seat.attached = text("attached to node-c");
    seat.occupant = Some(Occupant {
        was: Some(text("10.244.2.7")),
        ..occupant(State::Ready, "node-c", 2, "10.244.3.9")
    });
    seats[0].shown[1] = Rc::new(seat);
    Screen {
        stage: Rc::new(stage),
        seats: Rc::new(seats),
        because: Rc::new(Because {
            text: vec![
                Run::Object(subject(Kind::StatefulSet, "default", "web")),
                plain_run(
                    " is whole again. Seat 1 was without a Ready Pod for 13:06; its name and \
                    its data were never lost.",
                ),
            ],
            calm: true,
            ways: None,
        }),
        inspector: Rc::new(inspector_replaced()),
        ..base
    }
}

fn inspector_replaced() -> Inspector {
    let change = |name: &str, now: &str, was: &str| Change {
        name: text(name),
        now: text(now),
        was: text(was),
    };
    let pair = |name: &str, value: &str| (text(name), text(value));
    Inspector {
        subject: Some(pod_subject("web-1")),
        kind: text("Pod"),
        ordinal: Some(1),
        state: Some((State::Ready, text("Ready on node-c"))),
        replaced: Some(Replaced {
            title: text("The second Pod in seat 1"),
            stayed: vec![
                pair("Name", "web-1"),
                pair("DNS name", "web-1.nginx.default.svc.cluster.local"),
                pair("Claim", "www-web-1"),
                pair("Volume", "pvc-8c1d"),
            ],
            stamp: Some(pair("57", "a41e")),
            changed: vec![
                change("Pod", "#2", "#1"),
                change("Node", "node-c", "node-b"),
                change("IP address", "10.244.3.9", "10.244.2.7"),
                change("UID", "c90d1f", "7be2a4"),
            ],
            story: vec![
                pair("07:40", "You deleted Node object node-b"),
                pair("08:20", "Pod #1 removed, Pod #2 created"),
                pair("14:20", "Detached by force after 6 min"),
                pair("14:36", "Pod #2 Ready, same data"),
            ],
        }),
        acts: vec![act(
            "Delete Pod web-1",
            "30 s of grace.",
            " A new Pod with the same name follows.",
            "kubectl delete pod web-1",
            delete("Pod", "default", "web-1", None),
        )],
        facts: vec![Facts {
            title: text("Environment"),
            facts: vec![Fact {
                name: text("ZK_ENSEMBLE"),
                value: text("zk-0;zk-1;zk-2"),
                code: true,
            }],
        }],
        ..Inspector::default()
    }
}

/// ZooKeeper with one member that fits nowhere and a budget that allows no eviction.
pub fn zookeeper() -> Screen {
    let base = running();
    let mut stage = (*base.stage).clone();
    stage.density = Density::Tight;
    stage.heads = vec![SetHead {
        service: None,
        budget: Some(Budget {
            name: text("zk-budget"),
            healthy: 2,
            needs: 2,
            expected: 3,
            allowed: 0,
        }),
        ..head("zk", 2, 3, "zk-headless")
    }];
    let console = |name: &str| PodCard {
        kind: PodKind::Anonymous,
        ordinal: None,
        subject: pod_subject(name),
        ..pod(name, 0, 1, State::Ready, "Ready")
    };
    let zk = |i| pod("zk", i, 1, State::Ready, "Ready");
    let shelved = NodeCard { chips: vec![text("cordoned")], ..node("b", vec![]) };
    stage.nodes = vec![
        Rc::new(node("a", vec![zk(0), console("console-6d8f7-k2xvq")])),
        Rc::new(shelved),
        Rc::new(node("c", vec![zk(2), console("console-6d8f7-8mzt4")])),
    ];
    let reason = |node: &str, why: &str| (text(node), text(why));
    stage.tray = Tray {
        pods: vec![Rc::new(PodCard { picked: true, ..pod("zk", 1, 2, State::Pending, "Pending") })],
        more: 0,
        reasons: vec![
            reason("node-a", "anti-affinity: zk-0 is there"),
            reason("node-b", "cordoned, may not take Pods"),
            reason("node-c", "anti-affinity: zk-2 is there"),
        ],
    };
    stage.drums = vec![
        drum("datadir-zk-0", 0, Some(0), "attached to node-a"),
        drum("datadir-zk-1", 1, None, "not attached"),
        drum("datadir-zk-2", 2, Some(2), "attached to node-c"),
    ];
    let seat = |i, state, place: &str, incarnation, ip: &str| {
        seat("zk", "zk-headless", "datadir", i, occupant(state, place, incarnation, ip))
    };
    let seats = vec![
        seat(0, State::Ready, "node-a", 1, "10.244.1.8"),
        seat(1, State::Pending, "no node", 2, "no address yet"),
        seat(2, State::Ready, "node-c", 1, "10.244.3.2"),
    ];
    Screen {
        title: text("ZooKeeper, from the 2017 article"),
        stage: Rc::new(stage),
        seats: Rc::new(window("zk", seats)),
        ..base
    }
}

/// Ninety Pods on three nodes, five drums and seats too many to show.
pub fn many() -> Screen {
    let base = running();
    let mut stage = (*base.stage).clone();
    stage.density = Density::Chip;
    stage.heads = vec![head("kv", 978, 1000, "kv")];
    let state = |i: u32| match i {
        61 => State::NotReady,
        90 => State::Creating,
        34 => State::Failed,
        _ => State::Ready,
    };
    let some = |of: u32| {
        (0..30).map(|i| i * 3 + of).map(|i| pod("kv", i, 1, state(i), "")).collect::<Vec<_>>()
    };
    stage.nodes = ["a", "b", "c"]
        .iter()
        .zip(0..)
        .map(|(letter, i)| {
            let mut card = node(letter, some(i));
            card.pods.more = 303;
            Rc::new(card)
        })
        .collect();
    let stuck: Vec<_> =
        some(1).into_iter().map(|pod| PodCard { state: State::Terminating, ..pod }).collect();
    stage.nodes[1] = Rc::new(NodeCard {
        all: vec![(State::Terminating, text("all 333"))],
        ..node_off("b", State::Unknown, "Unknown", "5:52 ago", stuck)
    });
    stage.drums = vec![];
    stage.drums_more = Some(text("1000 volumes, 1000 attached"));
    let shown = [16, 17, 18].map(|i| {
        Rc::new(seat("kv", "kv", "data", i, occupant(State::Ready, "node-b", 1, "10.244.2.9")))
    });
    let marks = (0..20).map(|i| (i * 500 + 100, State::Terminating)).collect();
    let seats = vec![SeatWindow {
        set: subject(Kind::StatefulSet, "default", "kv"),
        shown: shown.into(),
        total: 1000,
        window: Some((160, 190)),
        marks,
        said: text("seats 16 to 18 of 1000"),
    }];
    Screen { stage: Rc::new(stage), seats: Rc::new(seats), ..base }
}

/// Five replicas on three nodes, a volume on its way and one seat not taken yet.
pub fn five() -> Screen {
    let base = running();
    let mut stage = (*base.stage).clone();
    stage.density = Density::Tight;
    stage.heads = vec![head("web", 3, 5, "nginx")];
    let ready = |i| pod("web", i, 1, State::Ready, "Ready");
    let mut orphan = pod("web", 2, 1, State::Unknown, "still writing");
    orphan.kind = PodKind::Orphan;
    stage.nodes = vec![
        Rc::new(node(
            "a",
            vec![ready(0), pod("web", 3, 1, State::Creating, "Creating, attaching its volume")],
        )),
        Rc::new(node("b", vec![ready(1)])),
        Rc::new(node("c", vec![pod("web", 2, 2, State::Failed, "CrashLoopBackOff"), orphan])),
    ];
    let mut fourth = drum("www-web-3", 3, Some(0), "attaching to node-a");
    fourth.waiting = true;
    fourth.user = Some((0, 1));
    stage.drums.push(fourth);
    let mut fifth = drum("www-web-4", 4, None, "waits for first consumer");
    fifth.kind = DrumKind::Unbound;
    stage.drums.push(fifth);
    stage.drums[1].kind = DrumKind::Detaching;
    stage.drums[1].word = text("detaching from node-b");
    let mut seats = (*base.seats).clone();
    for i in 3..5 {
        let mut more = seat(
            "web",
            "nginx",
            "www",
            i,
            occupant(State::Creating, "node-a", 1, "no address yet"),
        );
        if i == 4 {
            more.occupant = None;
            more.claim = None;
            more.stamp = None;
        }
        seats[0].shown.push(Rc::new(more));
    }
    Screen { stage: Rc::new(stage), seats: Rc::new(seats), ..base }
}
