//! Writes as somebody outside sends them, as data: what kubectl does, and what a journal holds.
//!
//! Not here: reading (who may read has the store); client-side apply, which is several requests.
//!
//! Upstream: staging/src/k8s.io/apiserver/pkg/endpoints/installer.go (verbs and bodies)

use crate::api::json::{Json, Reader};
use crate::api::kinds::{Key, Kind, Object};
use crate::api::meta::ResourceVersion;
use crate::apiserver::managed::{Applied, KUBECTL};
use crate::apiserver::patch::{Patch, PatchType, Patched};
use crate::apiserver::status::Status;
use crate::apiserver::{Answer, ApiServer, DeleteOptions, DryRun, Propagation};
use crate::base::time::SimTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a request wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verb {
    /// The body is a new object.
    Create,
    /// The body takes the object's place.
    Update,
    /// The body is a JSON patch.
    PatchJson,
    /// The body is a merge patch.
    PatchMerge,
    /// The body is a strategic patch.
    PatchStrategic,
    /// The same to the status.
    PatchStatus,
    /// The body may hold `gracePeriodSeconds` and `propagationPolicy`.
    Delete,
    /// The same, but budgets are asked first.
    Evict,
    /// The body is the number of replicas.
    Scale,
    /// The body is what `kubectl apply --server-side` applies.
    Apply,
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What is wanted.
    pub verb: Verb,
    /// The kind, as in manifests.
    pub kind: String,
    /// The namespace; empty for objects of the whole cluster.
    pub namespace: String,
    /// The name; empty to create an object whose name is in the body.
    pub name: String,
    /// What the verb says it is.
    pub body: Value,
    /// Whether only the answer is wanted.
    pub dry_run: bool,
    /// The field manager, such as `kubectl-edit`; empty means `kubectl`.
    #[serde(default)]
    pub manager: String,
    /// Whether `Apply` takes fields from other managers.
    #[serde(default)]
    pub force: bool,
}

/// What a request gives back.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// The object as it is now, or as it was when it went.
    pub object: Object,
    /// Whether anything changed.
    pub changed: bool,
    /// What the server warns of.
    pub warnings: Vec<String>,
}

impl From<Patched> for Answered {
    fn from(done: Patched) -> Answered {
        Answered { object: done.object, changed: done.changed, warnings: done.warnings }
    }
}

impl Request {
    /// A request about the object of `kind` at `key`.
    pub fn new(verb: Verb, kind: Kind, key: &Key, body: Value) -> Request {
        Request {
            verb,
            kind: kind.info().name.to_string(),
            namespace: key.namespace.to_string(),
            name: key.name.to_string(),
            body,
            dry_run: false,
            manager: String::new(),
            force: false,
        }
    }

    /// Lets the server do it. An error is the server's refusal; then nothing was done.
    pub fn send(&self, server: &mut ApiServer, now: SimTime) -> Answer<Answered> {
        let manager = if self.manager.is_empty() { KUBECTL } else { &self.manager };
        server.acting_as(manager, |server| self.send_as(manager, server, now))
    }

    fn send_as(&self, manager: &str, server: &mut ApiServer, now: SimTime) -> Answer<Answered> {
        let Some(kind) = Kind::by_name(&self.kind) else {
            let message = format!("the server does not serve the kind {:?}", self.kind);
            return Err(Status::bad_request(message));
        };
        let key = Key::new(&*self.namespace, &*self.name);
        let before = server.store.object(kind, &key).cloned();
        let dry_run = if self.dry_run { DryRun::All } else { DryRun::Off };
        let object = match self.verb {
            Verb::Create => server.create_or_try(now, self.object(kind)?, dry_run)?,
            Verb::Update => server.update_or_try(now, self.object(kind)?, dry_run)?,
            Verb::PatchJson => return self.patch(PatchType::Json, server, now, kind, &key),
            Verb::PatchMerge => return self.patch(PatchType::Merge, server, now, kind, &key),
            Verb::PatchStrategic | Verb::PatchStatus => {
                return self.patch(PatchType::Strategic, server, now, kind, &key);
            }
            Verb::Apply => {
                let (tree, force) = (&self.body, self.force);
                let applied = Applied { tree, manager, force, dry_run };
                let done = server.apply_as_kubectl(now, kind, &key, &applied)?;
                return Ok(done.into());
            }
            Verb::Delete => server.delete(now, kind, &key, &self.options())?,
            Verb::Evict => {
                server.evict(now, &key, &self.options())?;
                let found = before.clone();
                found.ok_or_else(|| Status::not_found(kind, &key.name))?
            }
            Verb::Scale => {
                let replicas = self.body.as_i64().unwrap_or(0) as i32;
                let mut copy = server.clone();
                (if self.dry_run { &mut copy } else { server }).scale(now, kind, &key, replicas)?
            }
        };
        let changed = before.is_none_or(|before| !before.same(&object) && before != object);
        Ok(Answered { object, changed, warnings: Vec::new() })
    }

    fn object(&self, kind: Kind) -> Answer<Object> {
        let mut reader = Reader::default();
        let object = Object::read(kind, &self.body, &mut reader);
        let info = kind.info();
        match crate::api::json::decode_message(info.name, info.version, &reader.problems) {
            Some(message) => Err(Status::bad_request(message)),
            None => Ok(object),
        }
    }

    fn patch(
        &self,
        how: PatchType,
        server: &mut ApiServer,
        now: SimTime,
        kind: Kind,
        key: &Key,
    ) -> Answer<Answered> {
        let dry_run = if self.dry_run { DryRun::All } else { DryRun::Off };
        let status = self.verb == Verb::PatchStatus;
        let patch = Patch { kind: how, body: self.body.clone(), status, dry_run };
        Ok(server.patch(now, kind, key, &patch)?.into())
    }

    fn options(&self) -> DeleteOptions {
        let read = |key: &str| &self.body[key];
        DeleteOptions {
            grace_period_seconds: read("gracePeriodSeconds").as_i64(),
            propagation: match read("propagationPolicy").as_str() {
                Some("Orphan") => Propagation::Orphan,
                Some("Foreground") => Propagation::Foreground,
                _ => Propagation::Background,
            },
            resource_version: read("resourceVersion")
                .is_string()
                .then(|| ResourceVersion::read(read("resourceVersion"), &mut Reader::default())),
            dry_run: self.dry_run,
            ..DeleteOptions::default()
        }
    }
}
