//! Namespaces, ConfigMaps, Secrets, ServiceAccounts, quotas and limits.
//!
//! Upstream: staging/src/k8s.io/api/core/v1/types.go

use super::pod::ResourceList;
use crate::api::json::Shape;
use crate::api::meta::{Condition, ObjectMeta};
use crate::base::Str;
use crate::base::sorted::SortedMap;
use crate::object;
use std::rc::Rc;

object! {
    /// A Namespace.
    pub struct Namespace {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// What is wanted.
        spec: NamespaceSpec = "spec" always;
        /// Whether it is being emptied.
        status: NamespaceStatus = "status" always;
    }
}

object! {
    /// What a Namespace wants.
    pub struct NamespaceSpec {
        /// Who must agree before it may go.
        finalizers: Vec<Str> = "finalizers";
    }
}

object! {
    /// Whether a Namespace is being emptied.
    pub struct NamespaceStatus {
        /// `Active` or `Terminating`.
        phase: Str = "phase";
        /// What keeps it from going.
        conditions: Vec<Condition> = "conditions";
    }
}

object! {
    /// Settings by name.
    pub struct ConfigMap {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// The settings.
        data: Rc<SortedMap<Str, Str>> = "data";
        /// Whether it may not be changed.
        immutable: Option<bool> = "immutable";
    }
    kept {
        "binaryData": Shape::Any;
    }
}

object! {
    /// Secrets by name, as given (base64).
    pub struct Secret {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// The secrets.
        data: Rc<SortedMap<Str, Str>> = "data";
        /// What kind of secret.
        kind: Str = "type";
        /// Whether it may not be changed.
        immutable: Option<bool> = "immutable";
    }
    kept {
        "stringData": Shape::Any;
    }
}

object! {
    /// An account Pods act as.
    pub struct ServiceAccount {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
    }
    kept {
        "automountServiceAccountToken": Shape::Bool;
        "imagePullSecrets": Shape::Any;
        "secrets": Shape::Any;
    }
}

object! {
    /// The most a Namespace may hold.
    pub struct ResourceQuota {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// The limits.
        spec: ResourceQuotaSpec = "spec";
        /// What is used of them.
        status: ResourceQuotaStatus = "status";
    }
}

object! {
    /// The limits of a quota.
    pub struct ResourceQuotaSpec {
        /// The most of each.
        hard: ResourceList = "hard";
    }
    kept {
        "scopeSelector": Shape::Any;
        "scopes": Shape::Any;
    }
}

object! {
    /// What is used of a quota.
    pub struct ResourceQuotaStatus {
        /// The most of each.
        hard: ResourceList = "hard";
        /// How much of each is used.
        used: ResourceList = "used";
    }
}

object! {
    /// Defaults and bounds for what single Pods, containers and claims may ask for.
    pub struct LimitRange {
        /// Names, versions, owners.
        meta: ObjectMeta = "metadata";
        /// The defaults and bounds.
        spec: LimitRangeSpec = "spec";
    }
}

object! {
    /// Defaults and bounds.
    pub struct LimitRangeSpec {
        /// One entry for each kind of thing.
        limits: Vec<LimitRangeItem> = "limits" always;
    }
}

object! {
    /// Defaults and bounds for one kind of thing.
    pub struct LimitRangeItem {
        /// `Container`, `Pod` or `PersistentVolumeClaim`.
        kind: Str = "type" always;
        /// At most.
        max: ResourceList = "max";
        /// At least.
        min: ResourceList = "min";
        /// The limit where none is given.
        default: ResourceList = "default";
        /// The request where none is given.
        default_request: ResourceList = "defaultRequest";
        /// How much more the limit may be than the request.
        max_limit_request_ratio: ResourceList = "maxLimitRequestRatio";
    }
}
