//! What a container finds in its environment: values, and those taken from ConfigMaps, Secrets
//! and the Pod's own fields.
//!
//! Not here: the variables of Services, resourceFieldRef, fileKeyRef.
//!
//! Upstream: pkg/kubelet/kubelet_pods.go (makeEnvironmentVariables), pkg/fieldpath,
//! third_party/forked/golang/expansion

use super::worker::Worker;
use crate::api::core::config::{ConfigMap, Secret};
use crate::api::core::container::{Container, EnvVar, KeySelector};
use crate::api::kinds::{Key, Kind};
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::base::text::from_base64;
use crate::client::node_plane::NodePlane;
use std::rc::Rc;

/// Names and values, in the order given.
pub(super) type Environment = Vec<(Str, Str)>;

/// The environment of the container `spec`, or what is missing for it.
pub(super) fn resolve(
    cx: &NodePlane<'_>,
    worker: &Worker,
    spec: &Container,
) -> Result<Environment, String> {
    let mut environment = Environment::new();
    let namespace = &worker.pod.meta.namespace;
    for source in &spec.env_from {
        let from = [
            source.config_map_ref.as_ref().map(|from| (from, Kind::ConfigMap)),
            source.secret_ref.as_ref().map(|from| (from, Kind::Secret)),
        ];
        for (from, kind) in from.into_iter().flatten() {
            let key = Key::new(namespace.clone(), from.name.clone());
            match data(cx, kind, &key) {
                Some(data) => {
                    for (name, value) in data.iter() {
                        let value = plain(kind, value);
                        set(&mut environment, format!("{}{name}", source.prefix).into(), value);
                    }
                }
                None if from.optional == Some(true) => {}
                None => return Err(not_found(kind, &from.name)),
            }
        }
    }
    for variable in &spec.env {
        if let Some(value) = value(cx, worker, variable, &environment)? {
            set(&mut environment, variable.name.clone(), value);
        }
    }
    Ok(environment)
}

/// The ConfigMaps and Secrets the container `spec` takes values from.
pub(super) fn sources(namespace: &Str, spec: &Container) -> Vec<(Kind, Key)> {
    let mut found = Vec::new();
    let mut add = |kind: Kind, name: &Str| {
        found.push((kind, Key::new(namespace.clone(), name.clone())));
    };
    for from in &spec.env_from {
        from.config_map_ref.iter().for_each(|from| add(Kind::ConfigMap, &from.name));
        from.secret_ref.iter().for_each(|from| add(Kind::Secret, &from.name));
    }
    for from in spec.env.iter().flat_map(|variable| &variable.value_from) {
        from.config_map_key_ref.iter().for_each(|from| add(Kind::ConfigMap, &from.name));
        from.secret_key_ref.iter().for_each(|from| add(Kind::Secret, &from.name));
    }
    found
}

/// What the API server says of a ConfigMap or Secret that is not there.
pub(super) fn not_found(kind: Kind, name: &str) -> String {
    format!("{} {name:?} not found", kind.info().singular)
}

fn data(cx: &NodePlane<'_>, kind: Kind, key: &Key) -> Option<Rc<SortedMap<Str, Str>>> {
    match kind {
        Kind::Secret => cx.cache.get::<Secret>(key).map(|secret| secret.data.clone()),
        _ => cx.cache.get::<ConfigMap>(key).map(|map| map.data.clone()),
    }
}

/// A later value replaces an earlier one of the same name, in its place.
fn set(environment: &mut Environment, name: Str, value: Str) {
    match environment.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None => environment.push((name, value)),
    }
}

fn value(
    cx: &NodePlane<'_>,
    worker: &Worker,
    variable: &EnvVar,
    before: &Environment,
) -> Result<Option<Str>, String> {
    let Some(from) = &variable.value_from else {
        return Ok(Some(expand(&variable.value, before)));
    };
    if let Some(selector) = &from.config_map_key_ref {
        return selected(cx, worker, Kind::ConfigMap, selector);
    }
    if let Some(selector) = &from.secret_key_ref {
        return selected(cx, worker, Kind::Secret, selector);
    }
    let field = from.field_ref.as_ref().map(|selector| field(cx, worker, &selector.field_path));
    Ok(Some(field.unwrap_or_else(|| "".into())))
}

fn selected(
    cx: &NodePlane<'_>,
    worker: &Worker,
    kind: Kind,
    selector: &KeySelector,
) -> Result<Option<Str>, String> {
    let namespace = &worker.pod.meta.namespace;
    let key = Key::new(namespace.clone(), selector.name.clone());
    let optional = selector.optional == Some(true);
    let Some(data) = data(cx, kind, &key) else {
        return if optional { Ok(None) } else { Err(not_found(kind, &selector.name)) };
    };
    match data.get(&selector.key) {
        Some(value) => Ok(Some(plain(kind, value))),
        None if optional => Ok(None),
        None => Err(format!(
            "couldn't find key {} in {} {namespace}/{}",
            selector.key,
            kind.info().name,
            selector.name
        )),
    }
}

fn field(cx: &NodePlane<'_>, worker: &Worker, path: &str) -> Str {
    let (meta, spec) = (&worker.pod.meta, &worker.pod.spec);
    let quoted = |prefix: &str| {
        let rest = path.strip_prefix(prefix)?.strip_prefix("['")?;
        rest.strip_suffix("']")
    };
    if let Some(key) = quoted("metadata.labels") {
        return meta.labels.get(key).cloned().unwrap_or_else(|| "".into());
    }
    if let Some(key) = quoted("metadata.annotations") {
        return meta.annotations.get(key).cloned().unwrap_or_else(|| "".into());
    }
    match path {
        "metadata.name" => meta.name.clone(),
        "metadata.namespace" => meta.namespace.clone(),
        "metadata.uid" => meta.uid.to_string().into(),
        "spec.nodeName" => spec.node_name.clone(),
        "spec.serviceAccountName" => spec.service_account_name.clone(),
        "status.podIP" | "status.podIPs" => worker.ip.clone(),
        "status.hostIP" | "status.hostIPs" => {
            let machine = cx.infra.machines.get(worker.node());
            machine.map_or_else(|| "".into(), |machine| machine.address())
        }
        _ => "".into(),
    }
}

/// Puts earlier variables in the place of `$(NAME)`; `$$` stands for `$`.
fn expand(text: &Str, before: &Environment) -> Str {
    if !text.contains('$') {
        return text.clone();
    }
    let (mut out, mut rest) = (String::new(), &**text);
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let name = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'));
        let known = name.and_then(|(name, after)| {
            let (_, value) = before.iter().find(|(known, _)| **known == *name)?;
            Some((value, after))
        });
        match known {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => out.push('$'),
        }
    }
    out.push_str(rest);
    out.into()
}

/// The value as the container sees it: Secrets are kept in base64.
fn plain(kind: Kind, value: &Str) -> Str {
    if kind != Kind::Secret {
        return value.clone();
    }
    from_base64(value).map_or_else(|| value.clone(), |text| text.into())
}
