//! Maps with a value for every key, so that looking up cannot fail.

use std::collections::BTreeMap;

use crate::model::{CheckId, Detection};

/// An enumeration without data, whose `ALL` lists every value in order of declaration.
pub(super) trait Key: Copy + Ord + 'static {
    const ALL: &'static [Self];

    /// The place of this value in `ALL`.
    fn place(self) -> usize;
}

impl Key for Detection {
    const ALL: &'static [Self] = Self::ALL;

    fn place(self) -> usize {
        self as usize
    }
}

impl Key for CheckId {
    const ALL: &'static [Self] = Self::ALL;

    fn place(self) -> usize {
        self as usize
    }
}

/// A value for each key of `K`.
#[derive(Clone, Debug)]
pub(super) struct Total<K, V> {
    /// In the order of `K::ALL`, and as many.
    values: Vec<V>,
    keys: std::marker::PhantomData<K>,
}

impl<K: Key, V> Total<K, V> {
    /// Takes a map that has every key; the error is the first key without a value.
    pub(super) fn from_map(mut map: BTreeMap<K, V>) -> Result<Self, K> {
        let values = K::ALL.iter().map(|key| map.remove(key).ok_or(*key)).collect::<Result<_, _>>()?;
        Ok(Self { values, keys: std::marker::PhantomData })
    }

    #[allow(clippy::indexing_slicing, reason = "`values` has as many elements as `K::ALL`, by construction")]
    pub(super) fn get(&self, key: K) -> &V {
        &self.values[key.place()]
    }

    /// The values of `map`, and those of `self` for the keys that it lacks.
    pub(super) fn overlaid(&self, mut map: BTreeMap<K, V>) -> Self
    where
        V: Clone,
    {
        let keys = K::ALL.iter().zip(&self.values);
        let values = keys.map(|(key, value)| map.remove(key).unwrap_or_else(|| value.clone())).collect();
        Self { values, keys: std::marker::PhantomData }
    }

    /// The values, in the order of the keys.
    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.values.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has_every_place_in_order<K: Key + std::fmt::Debug>() {
        for (place, key) in K::ALL.iter().enumerate() {
            assert_eq!(key.place(), place, "{key:?}");
        }
    }

    #[test]
    fn every_key_has_its_place() {
        has_every_place_in_order::<Detection>();
        has_every_place_in_order::<CheckId>();
    }

    #[test]
    fn a_map_that_lacks_a_key_is_refused_and_the_key_named() {
        let all = CheckId::ALL.iter().map(|check| (*check, check.as_str()));
        let lacking: BTreeMap<_, _> = all.clone().filter(|(check, _)| *check != CheckId::Captive).collect();
        assert_eq!(Total::from_map(lacking).unwrap_err(), CheckId::Captive);
        assert_eq!(*Total::from_map(all.collect()).unwrap().get(CheckId::Captive), "network.captive");
    }
}
