//! The persistent ordered map: a clone costs a pointer, so a checkpoint of the whole
//! cluster does too. The only file that names its crate.

/// Ordered map whose clone shares structure with the original.
pub type Map<K, V> = rpds::RedBlackTreeMap<K, V>;

/// Ordered set whose clone shares structure with the original.
pub type Set<K> = rpds::RedBlackTreeSet<K>;
