//! The kinds that make Pods, by what they make them from.

use super::core::pod::PodTemplateSpec;
use super::kinds::Object;
use std::rc::Rc;

impl Object {
    /// What its Pods are made from; `None` if it makes none.
    pub fn template(&self) -> Option<&PodTemplateSpec> {
        match self {
            Object::StatefulSet(set) => Some(&set.spec.template),
            Object::DaemonSet(set) => Some(&set.spec.template),
            Object::Deployment(deployment) => Some(&deployment.spec.template),
            Object::ReplicaSet(set) => Some(&set.spec.template),
            Object::Job(job) => Some(&job.spec.template),
            Object::CronJob(own) => Some(&own.spec.job_template.spec.template),
            _ => None,
        }
    }

    /// What its Pods are made from, to change.
    pub fn template_mut(&mut self) -> Option<&mut PodTemplateSpec> {
        match self {
            Object::StatefulSet(set) => {
                Some(&mut Rc::make_mut(&mut Rc::make_mut(set).spec).template)
            }
            Object::DaemonSet(set) => Some(&mut Rc::make_mut(&mut Rc::make_mut(set).spec).template),
            Object::Deployment(deployment) => {
                Some(&mut Rc::make_mut(&mut Rc::make_mut(deployment).spec).template)
            }
            Object::ReplicaSet(set) => {
                Some(&mut Rc::make_mut(&mut Rc::make_mut(set).spec).template)
            }
            Object::Job(job) => Some(&mut Rc::make_mut(&mut Rc::make_mut(job).spec).template),
            Object::CronJob(own) => {
                let spec = Rc::make_mut(&mut Rc::make_mut(own).spec);
                Some(&mut Rc::make_mut(&mut spec.job_template.spec).template)
            }
            _ => None,
        }
    }
}
