//! The inside of a container, as far as it follows from what the API server holds: names and the
//! container's own address.
//!
//! Not here: programs, files, the network. A word that would need them is refused in the
//! simulator's voice.
//!
//! Upstream: github.com/kubernetes/dns docs/specification.md (names and records); `nslookup` as
//! busybox 1.28 prints it

use super::running::Stream;
use crate::api::core::pod::Pod;
use crate::api::core::service::Service;
use crate::api::discovery::EndpointSlice;
use crate::api::kinds::{Key, Kind, ObjectRef};
use crate::apiserver::store::Store;
use crate::base::time::SimTime;

/// The name server.
const SERVER: &str = "10.96.0.10";
const DOMAIN: &str = "svc.cluster.local";

/// What a line in a container came to.
pub type Answered = (Vec<(Stream, String)>, Option<i32>);

/// Does `line` in the first container of the Pod `key`; also says whether the shell has ended.
pub fn answer(store: &Store, now: SimTime, key: &Key, line: &str) -> Answered {
    let pod = store.get::<Pod>(key);
    let runs = pod.filter(|pod| {
        pod.status.container_statuses.first().is_some_and(|one| one.state.running.is_some())
    });
    let Some(pod) = runs else {
        let text = "command terminated with exit code 137\n".to_string();
        return (vec![(Stream::Err, text)], Some(137));
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    let said = |text: String| (vec![(Stream::Out, text)], None);
    match words[..] {
        [] => (Vec::new(), None),
        ["exit" | "logout", ref rest @ ..] => {
            let code = rest.first().and_then(|code| code.parse().ok());
            (Vec::new(), Some(code.unwrap_or(0)))
        }
        ["hostname"] | ["uname", "-n"] => said(format!("{}\n", pod.meta.name)),
        ["hostname", "-f"] => {
            let domain = match &*pod.spec.subdomain {
                "" => String::new(),
                subdomain => format!(".{subdomain}.{}.{DOMAIN}", key.namespace),
            };
            said(format!("{}{domain}\n", pod.meta.name))
        }
        ["hostname", "-i"] => said(format!("{}\n", pod.status.pod_ip)),
        ["cat", "/etc/hostname"] => said(format!("{}\n", pod.meta.name)),
        ["cat", "/etc/resolv.conf"] => said(format!(
            "search {0}.{DOMAIN} {DOMAIN} cluster.local\nnameserver {SERVER}\noptions ndots:5\n",
            key.namespace
        )),
        // A shell would take these signs for its own.
        [word, ..] if line.contains(['>', '<', '|', ';', '&', '$', '`']) => nothing(word),
        ["echo", ref rest @ ..] => said(format!("{}\n", rest.join(" "))),
        ["whoami"] => said("root\n".into()),
        ["pwd"] => said("/\n".into()),
        ["date"] => said(format!("{}\n", now.rfc3339())),
        ["nslookup", name] => nslookup(store, &key.namespace, name),
        ["nslookup", ..] => {
            (vec![(Stream::Err, "Usage: nslookup HOST [DNS_SERVER]\n".into())], None)
        }
        [word, ..] => nothing(word),
    }
}

/// What is said of a word that would need programs or files.
fn nothing(word: &str) -> Answered {
    let text = format!(
        "The inside of containers is not simulated yet, so {word} has no answer here; nslookup, \
         hostname, cat /etc/resolv.conf and exit have.\n"
    );
    (vec![(Stream::Simulator, text)], None)
}

fn nslookup(store: &Store, namespace: &str, name: &str) -> Answered {
    let head =
        format!("Server:    {SERVER}\nAddress 1: {SERVER} kube-dns.kube-system.{DOMAIN}\n\n");
    let tries = [format!("{name}.{namespace}.{DOMAIN}"), format!("{name}.{DOMAIN}"), name.into()];
    let found = tries.iter().map(|name| lookup(store, name)).find(|found| !found.is_empty());
    let Some(found) = found else {
        let text = format!("nslookup: can't resolve '{name}'\n");
        return (vec![(Stream::Out, head), (Stream::Err, text)], None);
    };
    let mut text = format!("{head}Name:      {name}\n");
    for ((address, back), n) in found.iter().zip(1..) {
        text.push_str(&format!("Address {n}: {address} {back}\n"));
    }
    (vec![(Stream::Out, text)], None)
}

/// The addresses behind a whole name, each with the name it has in turn.
fn lookup(store: &Store, name: &str) -> Vec<(String, String)> {
    let name = name.trim_end_matches('.');
    let Some(short) = name.strip_suffix(DOMAIN).map(|name| name.trim_end_matches('.')) else {
        return Vec::new();
    };
    let (host, service, namespace) = match short.split('.').collect::<Vec<_>>()[..] {
        [service, namespace] => ("", service, namespace),
        [host, service, namespace] => (host, service, namespace),
        _ => return Vec::new(),
    };
    let key = Key::new(namespace, service);
    let Some(found) = store.get::<Service>(&key) else { return Vec::new() };
    let whole = format!("{service}.{namespace}.{DOMAIN}");
    if &*found.spec.cluster_ip != "None" {
        let address = found.spec.cluster_ip.to_string();
        return if host.is_empty() { vec![(address, whole)] } else { Vec::new() };
    }
    let own = |slice: &&std::rc::Rc<EndpointSlice>| {
        slice.meta.label("kubernetes.io/service-name").is_some_and(|name| **name == *service)
    };
    let namespace: crate::base::Str = namespace.into();
    let slices = store.list_in::<EndpointSlice>(&namespace).filter(own);
    let mut all = Vec::new();
    for endpoint in slices.flat_map(|slice| &slice.endpoints) {
        let name = endpoint.hostname.as_deref().unwrap_or("");
        let is_ready = endpoint.conditions.ready.unwrap_or(true);
        let Some(address) = endpoint.addresses.first().filter(|_| is_ready) else { continue };
        if host.is_empty() || name == host {
            let label = if name.is_empty() { address.replace('.', "-") } else { name.to_string() };
            all.push((address.to_string(), format!("{label}.{whole}")));
        }
    }
    all
}

/// The Pod that `word` names, if there is one.
pub fn pod(store: &Store, namespace: &str, word: &str) -> Option<ObjectRef> {
    let name = word.strip_prefix("pod/").unwrap_or(word);
    let pod = ObjectRef::new(Kind::Pod, Key::new(namespace, name));
    store.find(&pod).map(|_| pod)
}
