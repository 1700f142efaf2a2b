use super::Value;

/// A set as it stands in a model: elements without order, each of which may be unknown by itself.
///
/// Elements keep the order in which they were added, and `==` respects it; order and duplicates go when the set is
/// written as [`Dynamic`](crate::Dynamic), the form in which Terraform compares sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set<T>(Vec<Value<T>>);

impl<T> Set<T> {
    /// The elements.
    pub fn iter(&self) -> std::slice::Iter<'_, Value<T>> {
        self.0.iter()
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> FromIterator<Value<T>> for Set<T> {
    fn from_iter<I: IntoIterator<Item = Value<T>>>(elements: I) -> Self {
        Self(elements.into_iter().collect())
    }
}

impl<T> IntoIterator for Set<T> {
    type Item = Value<T>;
    type IntoIter = std::vec::IntoIter<Value<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Set<T> {
    type Item = &'a Value<T>;
    type IntoIter = std::slice::Iter<'a, Value<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}
