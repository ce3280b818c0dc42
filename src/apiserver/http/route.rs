//! What a path and its query say.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/request/requestinfo.go and
//! staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go

use crate::api::json::{Json, Reader};
use crate::api::kinds::{Kind, Object};
use crate::api::meta::{ResourceVersion, Uid};
use crate::apiserver::status::{Cause, Status};
use crate::apiserver::{Answer, DeleteOptions, DryRun, Propagation, strategy};
use serde_json::Value;

/// What a path names.
pub struct Route<'r> {
    /// The kind.
    pub kind: Kind,
    /// Empty: the whole cluster.
    pub namespace: &'r str,
    /// Empty: all objects.
    pub name: &'r str,
    /// Such as `status`; empty for the object itself.
    pub subresource: &'r str,
    query: Vec<(String, String)>,
}

impl<'r> Route<'r> {
    /// Reads a path; `None` if nothing is served there.
    pub fn parse(path: &'r str) -> Option<Route<'r>> {
        let query = params(path);
        let path = path.split('?').next().unwrap_or("");
        let mut steps = path.strip_prefix('/')?.split('/').peekable();
        let (group, version) = match steps.next()? {
            "api" => ("", steps.next()?),
            "apis" => (steps.next()?, steps.next()?),
            _ => return None,
        };
        let mut steps: Vec<&str> = steps.collect();
        let mut namespace = "";
        if let ["namespaces", name, _, ..] = steps[..]
            && !matches!(steps[2], "status" | "finalize")
        {
            namespace = name;
            steps.drain(..2);
        }
        let (plural, name, subresource) = match steps[..] {
            [plural] => (plural, "", ""),
            [plural, name] => (plural, name, ""),
            [plural, name, subresource] => (plural, name, subresource),
            _ => return None,
        };
        let kind = Kind::ALL.iter().copied().find(|kind| {
            let info = kind.info();
            info.plural == plural && info.group == group && info.version == version
        })?;
        let info = kind.info();
        let serves = match subresource {
            "" => steps.len() < 3,
            "status" => strategy::has_status(kind),
            "scale" => matches!(kind, Kind::StatefulSet | Kind::Deployment | Kind::ReplicaSet),
            "binding" | "eviction" => kind == Kind::Pod,
            _ => false,
        };
        // Objects in namespaces are named with them; only lists may do without.
        let placed = info.namespaced != namespace.is_empty();
        let everywhere = info.namespaced && steps.len() == 1;
        (serves && (placed || everywhere)).then_some(Route {
            kind,
            namespace,
            name,
            subresource,
            query,
        })
    }

    /// A parameter of the query; empty if it is not given.
    pub fn param(&self, name: &str) -> &str {
        self.query.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// Whether only the answer is wanted. `options` is the type that is wrong if it is.
    pub fn dry_run(&self, options: &str) -> Answer<DryRun> {
        match self.param("dryRun") {
            "" => Ok(DryRun::Off),
            "All" => Ok(DryRun::All),
            other => {
                let message = format!("Unsupported value: [{other:?}]: supported values: \"All\"");
                let mut cause = Cause::unsupported("dryRun", other, &[]);
                cause.message = message;
                Err(Status::bad_options(options, vec![cause]))
            }
        }
    }

    /// What becomes of unknown fields: `Ignore`, `Strict`, `Warn`, or empty.
    pub fn validation(&self, options: &str) -> Answer<&str> {
        let known = ["", "Ignore", "Strict", "Warn"];
        match self.param("fieldValidation") {
            given if known.contains(&given) => Ok(given),
            other => {
                let cause = Cause::unsupported("fieldValidation", other, &known);
                Err(Status::bad_options(options, vec![cause]))
            }
        }
    }

    /// What a DeleteOptions and the query say together; the body wins.
    pub fn delete_options(&self, body: &Value) -> Answer<DeleteOptions> {
        let text = |key: &str| match body[key].as_str() {
            Some(text) => text.to_string(),
            None => self.param(key).to_string(),
        };
        let (policy, grace) = (text("propagationPolicy"), text("gracePeriodSeconds"));
        let orphans = body["orphanDependents"].as_bool();
        let mut causes = Vec::new();
        if orphans.is_some() && !policy.is_empty() {
            let why = "orphanDependents and deletionPropagation cannot be both set";
            causes.push(Cause::invalid("propagationPolicy", format!("{policy:?}"), why));
        }
        let propagation = match (&*policy, orphans) {
            ("Foreground", _) => Propagation::Foreground,
            ("Orphan", _) | ("", Some(true)) => Propagation::Orphan,
            // So it was before there was a garbage collector, and remains.
            ("", None) if self.kind == Kind::Job => Propagation::Orphan,
            ("Background" | "", _) => Propagation::Background,
            (other, _) => {
                let known = ["Foreground", "Background", "Orphan", "nil"];
                causes.push(Cause::unsupported("propagationPolicy", other, &known));
                Propagation::Background
            }
        };
        if !causes.is_empty() {
            return Err(Status::bad_options("DeleteOptions", causes));
        }
        let all = |item: &Value| item == "All";
        let dry_run = body["dryRun"].as_array().is_some_and(|list| list.iter().any(all))
            || self.dry_run("DeleteOptions")? == DryRun::All;
        let preconditions = &body["preconditions"];
        let mut reader = Reader::default();
        let uid = preconditions.get("uid").map(|uid| Uid::read(uid, &mut reader));
        let resource_version = preconditions.get("resourceVersion");
        let resource_version =
            resource_version.map(|version| ResourceVersion::read(version, &mut reader));
        let seconds = body["gracePeriodSeconds"].as_i64().or_else(|| grace.parse().ok());
        let grace_period_seconds = seconds;
        Ok(DeleteOptions { grace_period_seconds, propagation, uid, resource_version, dry_run })
    }

    /// Puts a new object where the path says.
    pub fn place(&self, object: &mut Object) -> Answer<()> {
        let meta = object.meta_mut();
        if !meta.namespace.is_empty() && *meta.namespace != *self.namespace {
            return Err(Status::bad_request(
                "the namespace of the provided object does not match the namespace sent on the \
                 request",
            ));
        }
        meta.namespace = self.namespace.into();
        Ok(())
    }

    /// An object that takes another's place must have its name.
    pub fn named(&self, name: &str, namespace: &str) -> Answer<()> {
        let url = self.name;
        let why = if name.is_empty() {
            format!(
                "the name of the object ({url} based on URL) was undeterminable: name must be \
                 provided"
            )
        } else if name != url {
            format!("the name of the object ({name}) does not match the name on the URL ({url})")
        } else if !namespace.is_empty() && namespace != self.namespace {
            format!(
                "the namespace of the object ({namespace}) does not match the namespace on the \
                 request ({})",
                self.namespace
            )
        } else {
            return Ok(());
        };
        Err(Status::bad_request(why))
    }
}

/// The parameters of a path's query.
pub(super) fn params(path: &str) -> Vec<(String, String)> {
    let query = path.split_once('?').map_or("", |(_, query)| query);
    let pair = |pair: &str| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (unescaped(key), unescaped(value))
    };
    query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

/// A query's text without its escapes.
fn unescaped(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digit = |byte: Option<u8>| byte.and_then(|byte| (byte as char).to_digit(16));
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                bytes = ahead;
            }
            (b'+', ..) => out.push(b' '),
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}
