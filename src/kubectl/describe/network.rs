//! Services and the addresses behind them.
//!
//! Upstream: staging/src/k8s.io/kubectl/pkg/describe/describe.go

use super::Writer;
use super::writer::or_none;
use crate::api::discovery::EndpointSlice;
use crate::api::kinds::Object;
use crate::kubectl::cx::Cx;
use crate::kubectl::value::{list, number, text, text_at};
use serde_json::Value;
use std::rc::Rc;

pub(super) fn service(cx: &Cx<'_, '_>, w: &mut Writer<'_>, object: &Object) {
    let tree = w.tree;
    w.fields("IP:spec.clusterIP");
    let ips: Vec<String> = list(tree, "spec.clusterIPs").iter().map(text).collect();
    w.pair("IPs", or_none(ips.join(",")));
    w.fields(
        "?External IPs:,spec.externalIPs; ?Desired LoadBalancer IP:spec.loadBalancerIP; \
         ?External Name:spec.externalName",
    );
    let key = object.key();
    let slices: Vec<Rc<EndpointSlice>> = cx
        .store()
        .list_in::<EndpointSlice>(&key.namespace)
        .filter(|slice| slice.meta.label("kubernetes.io/service-name") == Some(&key.name))
        .cloned()
        .collect();
    for port in list(tree, "spec.ports") {
        let name = text_at(port, "name");
        let shown = if name.is_empty() { "<unset>" } else { &name };
        let protocol = text_at(port, "protocol");
        w.pair("Port", format_args!("{shown}\t{}/{protocol}", number(port, "port")));
        w.pair("TargetPort", format_args!("{}/{protocol}", text_at(port, "targetPort")));
        if number(port, "nodePort") != 0 {
            let node = number(port, "nodePort");
            w.pair("NodePort", format_args!("{shown}\t{node}/{protocol}"));
        }
        w.pair("Endpoints", addresses(&slices, &name));
    }
    w.fields(
        "Session Affinity:spec.sessionAffinity; \
         ?External Traffic Policy:spec.externalTrafficPolicy; \
         ?Internal Traffic Policy:spec.internalTrafficPolicy",
    );
}

/// The ready addresses behind the port called `name`: three, and how many more.
fn addresses(slices: &[Rc<EndpointSlice>], name: &str) -> String {
    if slices.is_empty() {
        return "<none>".to_string();
    }
    let mut all = Vec::new();
    for slice in slices {
        for port in slice.ports.iter() {
            if port.name.as_deref().unwrap_or("") != name {
                continue;
            }
            for endpoint in slice.endpoints.iter() {
                if endpoint.conditions.ready == Some(false) {
                    continue;
                }
                let number = port.port.unwrap_or(0);
                all.extend(endpoint.addresses.iter().map(|ip| format!("{ip}:{number}")));
            }
        }
    }
    match all.len() {
        0..=3 => all.join(","),
        many => format!("{} + {} more...", all[..3].join(","), many - 3),
    }
}

pub(super) fn endpoints(w: &mut Writer<'_>) {
    w.line("Subsets:");
    for subset in list(w.tree, "subsets") {
        let ips = |key: &str| {
            let all: Vec<String> = list(subset, key).iter().map(|a| text_at(a, "ip")).collect();
            or_none(all.join(","))
        };
        w.pair("  Addresses", ips("addresses"));
        w.pair("  NotReadyAddresses", ips("notReadyAddresses"));
        ports(w, list(subset, "ports"), "  ");
        w.text.push('\n');
    }
}

fn ports(w: &mut Writer<'_>, ports: &[Value], indent: &str) {
    if ports.is_empty() {
        return;
    }
    w.line(format_args!("{indent}Ports:\n{indent}  Name\tPort\tProtocol"));
    w.line(format_args!("{indent}  ----\t----\t--------"));
    for port in ports {
        let name = text_at(port, "name");
        let name = if name.is_empty() { "<unset>" } else { &name };
        let (number, protocol) = (text_at(port, "port"), text_at(port, "protocol"));
        w.line(format_args!("{indent}  {name}\t{number}\t{protocol}"));
    }
}

pub(super) fn slice(w: &mut Writer<'_>) {
    let tree = w.tree;
    if list(tree, "ports").is_empty() {
        w.line("Ports: <unset>");
    }
    ports(w, list(tree, "ports"), "");
    let all = list(tree, "endpoints");
    if all.is_empty() {
        return w.line("Endpoints: <none>");
    }
    w.line("Endpoints:");
    for endpoint in all {
        let ips: Vec<String> = list(endpoint, "addresses").iter().map(text).collect();
        let or_unset = |text: String| if text.is_empty() { "<unset>".to_string() } else { text };
        w.pair("  - Addresses", ips.join(","));
        w.line("    Conditions:");
        w.pair("      Ready", or_unset(text_at(endpoint, "conditions.ready")));
        w.pair("    Hostname", or_unset(text_at(endpoint, "hostname")));
        if !endpoint["targetRef"].is_null() {
            let of = &endpoint["targetRef"];
            w.pair(
                "    TargetRef",
                format_args!("{}/{}", text_at(of, "kind"), text_at(of, "name")),
            );
        }
        w.pair("    NodeName", or_unset(text_at(endpoint, "nodeName")));
        w.pair("    Zone", or_unset(text_at(endpoint, "zone")));
    }
}
