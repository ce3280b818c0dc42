//! The manifests that come with the playground, those of others exactly as they wrote them.

/// A manifest on offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// Its name in links.
    pub id: &'static str,
    /// Its title for people.
    pub title: &'static str,
    /// Its file name.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// How many of them, from the first, a first visit finds as files.
pub const AT_HAND: usize = 2;

/// All of them; the first is the one a first visit shows. Titles are words of the page: other
/// languages have them in their dictionaries.
pub const EXAMPLES: &[Example] = &[
    Example {
        id: "web",
        title: "Web (nginx)",
        file: "web.yaml",
        text: include_str!("../../static/examples/web.yaml"),
    },
    Example {
        id: "zookeeper",
        title: "ZooKeeper",
        file: "zookeeper.yaml",
        text: include_str!("../../static/examples/zookeeper.yaml"),
    },
    Example {
        id: "broken",
        title: "Broken on purpose",
        file: "broken.yaml",
        text: include_str!("../../static/examples/broken.yaml"),
    },
    Example { id: "blank", title: "Blank", file: "manifest.yaml", text: "" },
];

/// Manifests by the addresses under which the tutorial "StatefulSet Basics" names them: the page
/// fetches nothing.
pub const ADDRESSES: &[(&str, &str)] = &[
    (
        "https://k8s.io/examples/application/web/web.yaml",
        include_str!("../../static/examples/application/web/web.yaml"),
    ),
    (
        "https://k8s.io/examples/application/web/web-parallel.yaml",
        include_str!("../../static/examples/application/web/web-parallel.yaml"),
    ),
];
