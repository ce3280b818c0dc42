//! What the simulator says of a command it does not know: what exists instead. A typo and a
//! thing that is missing are never confused.

use crate::api::manifest::hints::nearest;

use super::{SIMULATOR, all_words, filter, words};

/// Real commands that are not here, and what to do instead.
const MISSING: &[(&str, &str)] = &[
    ("vi vim nano emacs code", "Files are edited in the pane beside: open them by their tab."),
    ("curl wget", "There is no network here. Files of the examples are at hand: `ls`."),
    (
        "minikube kind k3d kubeadm gcloud eksctl",
        "The cluster is here already: `kubectl get nodes`.",
    ),
    ("helm kustomize", "Manifests are plain YAML here: `kubectl apply -f web.yaml`."),
    (
        "docker podman crictl nerdctl ctr",
        "Nodes are machines without a door: `kubectl describe \
        node`, `poweroff node-a`.",
    ),
    (
        "ssh scp systemctl service reboot journalctl dmesg hostname uname id ps top htop uptime \
        free df du lsof netstat ss ip ifconfig",
        "Nodes have no door here; the \
        simulator's words do what one would do there: `shutdown node-a`, `poweron node-a`.",
    ),
    (
        "nslookup dig host ping",
        "Names are looked up from within a Pod: `kubectl run -it --rm \
        --image=busybox:1.28 dns-test --restart=Never -- nslookup web-0.nginx`.",
    ),
    ("sudo su", "There is nothing to be allowed: type the command itself."),
    (
        "nohup disown screen tmux",
        "Open another tab and let one command watch while \
        another acts.",
    ),
    (
        "mkdir rmdir ln chmod chown find stat file diff cmp tree tar gzip",
        "There is one directory with a few files: `ls`, `cat`, `kubectl diff`.",
    ),
    ("env printenv declare typeset let", "Variables are set by `x=1` and shown by `echo $x`."),
    ("column paste join fold nl rev yes dd od", "Of filters there are those that `help` lists."),
    ("man info", "`help`, `kubectl NAME -h` and `kubectl explain` tell what there is."),
    ("python python3 perl ruby node bash sh", "Only this small shell runs here: `help`."),
    (
        "apt apt-get yum dnf brew pip npm git make",
        "Nothing can be installed; what there is, \
        `help` lists.",
    ),
    ("k9s stern kubectx kubens", "Only kubectl itself is here: `kubectl get pods -w`."),
    (
        "source . eval exec trap ulimit umask timeout time mapfile",
        "Bash has it, this small \
        shell does not.",
    ),
];

/// What to say of `word`, which is no command here.
pub fn unknown(word: &str) -> String {
    if let Some((_, instead)) =
        MISSING.iter().find(|(words, _)| words.split(' ').any(|missing| missing == word))
    {
        return format!("{word} is a real command, but not one of this simulator. {instead}\n");
    }
    match nearest(word, all_words().into_iter()).filter(|_| word.len() > 1) {
        Some(known) => format!("Did you mean `{known}`?\n"),
        None => "Type `help` for what there is besides kubectl.\n".to_string(),
    }
}

/// The list of what there is.
pub fn help() -> String {
    let mut text =
        "kubectl works as you know it; these words are the simulator's own:\n".to_string();
    for (word, what) in SIMULATOR {
        text.push_str(&format!("  {word:<22} {what}\n"));
    }
    text.push_str("\nBesides, from bash and its surroundings:\n");
    let mut line = String::new();
    for word in [filter::NAMES, words::NAMES].concat() {
        if !word.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            continue;
        }
        if line.len() + word.len() > 74 {
            filter::say(&mut text, &[" ", &line]);
            line.clear();
        }
        line.push(' ');
        line.push_str(word);
    }
    text + " " + &line + "\n\nCtrl+C ends a command; another tab can act while it waits.\n"
}
