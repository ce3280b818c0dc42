//! The persistent ordered map: a clone costs a pointer, so a checkpoint of the whole cluster
//! does too. The only file that names its crate.
//!
//! There is one tree in the program, of entries whose types are erased, and thin typed views
//! of it here: a tree for each of a hundred pairs of types would be a third of the download.

use rpds::RedBlackTreeMap as Tree;
use std::any::{Any, TypeId};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};
use std::rc::Rc;

/// A key whose type is forgotten, or a question about one.
trait Keyed {
    /// The key; `None` for a question.
    fn key(&self) -> Option<&dyn Any>;
    /// How it stands to a key of the same tree.
    fn compare(&self, key: &dyn Any) -> Ordering;
}

impl<K: Ord + 'static> Keyed for K {
    fn key(&self) -> Option<&dyn Any> {
        Some(self)
    }
    fn compare(&self, key: &dyn Any) -> Ordering {
        key.downcast_ref::<K>().map_or(Ordering::Equal, |other| self.cmp(other))
    }
}

/// A question about the key `Q` in a map whose keys are `K`.
struct Question<'q, K, Q: ?Sized>(&'q Q, PhantomData<K>);

impl<K: Borrow<Q> + 'static, Q: Ord + ?Sized> Keyed for Question<'_, K, Q> {
    fn key(&self) -> Option<&dyn Any> {
        None
    }
    fn compare(&self, key: &dyn Any) -> Ordering {
        key.downcast_ref::<K>().map_or(Ordering::Equal, |other| self.0.cmp(other.borrow()))
    }
}

impl Ord for dyn Keyed + '_ {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.key(), other.key()) {
            (_, Some(key)) => self.compare(key),
            (Some(key), None) => other.compare(key).reverse(),
            (None, None) => Ordering::Equal,
        }
    }
}

impl PartialOrd for dyn Keyed + '_ {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for dyn Keyed + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for dyn Keyed + '_ {}

/// A key in the tree.
#[derive(Clone)]
struct Entry(Rc<dyn Keyed>);

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        (*self.0).cmp(&*other.0)
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Entry {}

impl<'q> Borrow<dyn Keyed + 'q> for Entry {
    fn borrow(&self) -> &(dyn Keyed + 'q) {
        &*self.0
    }
}

/// A value whose type is forgotten.
trait Valued {
    fn value(&self) -> &dyn Any;
    fn value_mut(&mut self) -> &mut dyn Any;
    fn copied(&self) -> Rc<dyn Valued>;
}

impl<V: Clone + 'static> Valued for V {
    fn value(&self) -> &dyn Any {
        self
    }
    fn value_mut(&mut self) -> &mut dyn Any {
        self
    }
    fn copied(&self) -> Rc<dyn Valued> {
        Rc::new(self.clone())
    }
}

/// A value in the tree; `None` for `()`, which needs no room.
#[derive(Clone)]
struct Held(Option<Rc<dyn Valued>>);

const OWN_TYPES: &str = "a map holds keys and values of its own types";

fn key_of<K: 'static>(entry: &Entry) -> &K {
    (*entry.0).key().and_then(|key| key.downcast_ref()).expect(OWN_TYPES)
}

fn value_of<V: 'static>(held: &Held) -> &V {
    let value = match &held.0 {
        // The content, not the pointer, which has a value of its own.
        Some(value) => (**value).value(),
        None => &(),
    };
    value.downcast_ref().expect(OWN_TYPES)
}

/// Ordered map whose clone shares structure with the original.
pub struct Map<K, V> {
    tree: Tree<Entry, Held>,
    types: PhantomData<(K, V)>,
}

impl<K: Ord + Clone + 'static, V: Clone + 'static> Map<K, V> {
    /// An empty map.
    pub fn new() -> Self {
        Map { tree: Tree::new(), types: PhantomData }
    }

    /// How many entries there are.
    pub fn size(&self) -> usize {
        self.tree.size()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tree.is_empty()
    }

    /// The value of `key`.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let question = Question::<K, Q>(key, PhantomData);
        self.tree.get::<dyn Keyed>(&question).map(value_of)
    }

    /// The value of `key`, to change; copied first if another clone of the map shares it.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let question = Question::<K, Q>(key, PhantomData);
        let held = self.tree.get_mut::<dyn Keyed>(&question)?.0.as_mut()?;
        if Rc::get_mut(held).is_none() {
            *held = (**held).copied();
        }
        let value = Rc::get_mut(held).expect("a fresh copy has one owner");
        value.value_mut().downcast_mut()
    }

    /// Whether `key` is there.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        let question = Question::<K, Q>(key, PhantomData);
        self.tree.contains_key::<dyn Keyed>(&question)
    }

    /// Puts `value` under `key`, in the place of what was there.
    pub fn insert_mut(&mut self, key: K, value: V) {
        let nothing = TypeId::of::<V>() == TypeId::of::<()>();
        let held = Held((!nothing).then(|| Rc::new(value) as Rc<dyn Valued>));
        self.tree.insert_mut(Entry(Rc::new(key)), held);
    }

    /// Removes `key`; says whether it was there.
    pub fn remove_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.tree.remove_mut::<dyn Keyed>(&Question::<K, Q>(key, PhantomData))
    }

    /// The entry with the least key.
    pub fn first(&self) -> Option<(&K, &V)> {
        self.tree.first().map(|(entry, held)| (key_of(entry), value_of(held)))
    }

    /// The entry with the greatest key.
    pub fn last(&self) -> Option<(&K, &V)> {
        self.tree.last().map(|(entry, held)| (key_of(entry), value_of(held)))
    }

    /// All entries in order of their keys.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        self.tree.iter().map(|(entry, held)| (key_of(entry), value_of(held)))
    }

    /// All keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.tree.iter().map(|(entry, _)| key_of(entry))
    }

    /// All values in order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> {
        self.tree.iter().map(|(_, held)| value_of(held))
    }

    /// The entries whose keys lie in `range`, in order.
    pub fn range(&self, range: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = (&K, &V)> {
        let bound = |bound: Bound<&K>| bound.map(|key| Entry(Rc::new(key.clone())));
        let bounds = (bound(range.start_bound()), bound(range.end_bound()));
        let found = self.tree.range::<Entry, _>(bounds);
        found.map(|(entry, held)| (key_of(entry), value_of(held)))
    }
}

impl<K, V> Clone for Map<K, V> {
    fn clone(&self) -> Self {
        Map { tree: self.tree.clone(), types: PhantomData }
    }
}

impl<K: Ord + Clone + 'static, V: Clone + 'static> Default for Map<K, V> {
    fn default() -> Self {
        Map::new()
    }
}

impl<K: Ord + Clone + 'static, V: Clone + PartialEq + 'static> PartialEq for Map<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.size() == other.size() && self.iter().eq(other.iter())
    }
}

impl<K, V> fmt::Debug for Map<K, V>
where
    K: Ord + Clone + fmt::Debug + 'static,
    V: Clone + fmt::Debug + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord + Clone + 'static, V: Clone + 'static> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut map = Map::new();
        for (key, value) in entries {
            map.insert_mut(key, value);
        }
        map
    }
}

/// Ordered set whose clone shares structure with the original.
pub struct Set<K> {
    map: Map<K, ()>,
}

impl<K: Ord + Clone + 'static> Set<K> {
    /// An empty set.
    pub fn new() -> Self {
        Set { map: Map::new() }
    }

    /// How many members there are.
    pub fn size(&self) -> usize {
        self.map.size()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Whether `key` is a member.
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.map.contains_key(key)
    }

    /// Makes `key` a member.
    pub fn insert_mut(&mut self, key: K) {
        self.map.insert_mut(key, ());
    }

    /// Makes `key` no member; says whether it was one.
    pub fn remove_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.map.remove_mut(key)
    }

    /// The least member.
    pub fn first(&self) -> Option<&K> {
        self.map.first().map(|(key, ())| key)
    }

    /// The greatest member.
    pub fn last(&self) -> Option<&K> {
        self.map.last().map(|(key, ())| key)
    }

    /// All members in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &K> {
        self.map.keys()
    }
}

impl<K: Ord + Clone + 'static> Set<K> {
    /// The members in `range`, in order.
    pub fn range(&self, range: impl RangeBounds<K>) -> impl DoubleEndedIterator<Item = &K> {
        self.map.range(range).map(|(key, ())| key)
    }
}

impl<K> Clone for Set<K> {
    fn clone(&self) -> Self {
        Set { map: self.map.clone() }
    }
}

impl<K: Ord + Clone + 'static> Default for Set<K> {
    fn default() -> Self {
        Set::new()
    }
}

impl<K: Ord + Clone + 'static> PartialEq for Set<K> {
    fn eq(&self, other: &Self) -> bool {
        self.map == other.map
    }
}

impl<K: Ord + Clone + fmt::Debug + 'static> fmt::Debug for Set<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl<K: Ord + Clone + 'static> FromIterator<K> for Set<K> {
    fn from_iter<I: IntoIterator<Item = K>>(members: I) -> Self {
        Set { map: members.into_iter().map(|key| (key, ())).collect() }
    }
}
