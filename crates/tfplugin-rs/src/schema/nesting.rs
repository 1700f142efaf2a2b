/// How many objects a nested attribute holds, and how they are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// Objects by position.
    List,
    /// Objects without identity; neither defaults nor plan behaviour are allowed inside.
    Set,
    /// Objects by name.
    Map,
}
