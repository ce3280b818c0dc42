//! Sets of completion indexes, written as `0,2-4`, and the index of a Pod.
//!
//! Upstream: pkg/controller/job/indexed_job_utils.go

use crate::api::core::pod::Pod;
use std::fmt;

/// The annotation and the label that name a Pod's index.
pub(super) const INDEX: &str = "batch.kubernetes.io/job-completion-index";
/// How often the index of a Pod had failed before.
pub(super) const FAILURE_COUNT: &str = "batch.kubernetes.io/job-index-failure-count";
/// How often it had failed in a way that does not count.
pub(super) const IGNORED_COUNT: &str = "batch.kubernetes.io/job-index-ignored-failure-count";

/// Some indexes, as runs: first and last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Indexes(Vec<(i32, i32)>);

impl Indexes {
    /// Reads `0,2-4`; indexes from `end` on, and what cannot be read, are left out.
    pub fn parse(text: &str, end: i32) -> Indexes {
        let mut out = Indexes::default();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            if let (Ok(first), Ok(last)) = (first.parse::<i32>(), last.parse::<i32>())
                && first < end
                && first <= last
            {
                let last = last.min(end - 1);
                match out.0.last_mut() {
                    Some((_, before)) if *before + 1 == first => *before = last,
                    _ => out.0.push((first, last)),
                }
            }
        }
        out
    }

    /// How many there are.
    pub fn total(&self) -> i32 {
        self.0.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// Whether `index` is one of them.
    pub fn has(&self, index: i32) -> bool {
        self.0.iter().any(|(first, last)| (first..=last).contains(&&index))
    }

    /// How many of them are among `others` too.
    pub fn shared(&self, others: &Indexes) -> i32 {
        let each = self.0.iter().flat_map(|(first, last)| {
            others.0.iter().map(|(from, to)| *last.min(to) - *first.max(from) + 1)
        });
        each.filter(|overlap| *overlap > 0).sum()
    }

    /// Adds `index`.
    pub fn add(&mut self, index: i32) {
        if self.has(index) {
            return;
        }
        let at = self.0.iter().take_while(|(_, last)| *last < index).count();
        self.0.insert(at, (index, index));
        if at + 1 < self.0.len() && self.0[at + 1].0 == index + 1 {
            self.0[at].1 = self.0.remove(at + 1).1;
        }
        if at > 0 && self.0[at - 1].1 + 1 == index {
            self.0[at - 1].1 = self.0.remove(at).1;
        }
    }

    /// The lowest `count` below `end` that are none of them.
    pub fn missing(&self, count: usize, end: i32) -> Vec<i32> {
        let (mut out, mut next) = (Vec::new(), 0);
        for (first, last) in self.0.iter().copied().chain([(end, end)]) {
            let free = next..first.min(end);
            out.extend(free.take(count - out.len()));
            next = last + 1;
        }
        out
    }
}

impl fmt::Display for Indexes {
    /// Two in a row are written apart: `0,1`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (first, last)) in self.0.iter().enumerate() {
            let comma = if at > 0 { "," } else { "" };
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                1 => write!(f, "{comma}{first},{last}")?,
                _ => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

/// The index of `pod`, if it has one below `end`.
pub(super) fn index_of(pod: &Pod, end: i32) -> Option<i32> {
    let index: i32 = pod.meta.annotations.get(INDEX)?.parse().ok()?;
    (0..end).contains(&index).then_some(index)
}

/// How often the index of `pod` had failed before it was made.
pub(super) fn failure_count(pod: &Pod) -> i32 {
    number(pod, FAILURE_COUNT)
}

/// How often it had failed in a way that does not count.
pub(super) fn ignored_count(pod: &Pod) -> i32 {
    number(pod, IGNORED_COUNT)
}

fn number(pod: &Pod, annotation: &str) -> i32 {
    pod.meta.annotations.get(annotation).and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_grow_together() {
        let mut all = Indexes::parse("0,2-4", 10);
        assert_eq!((all.total(), all.missing(3, 10)), (4, vec![1, 5, 6]));
        all.add(9);
        assert_eq!(all.to_string(), "0,2-4,9");
        all.add(1);
        assert_eq!(all.to_string(), "0-4,9");
        assert_eq!(Indexes::parse("0-1,x,7-20", 9).to_string(), "0,1,7,8");
        assert_eq!(all.shared(&Indexes::parse("3-9", 10)), 3);
    }
}
