use tfplugin_rs::schema::{length, one_of, range};
use tfplugin_rs::{Any, List, Map, Model, Number, Secret, Set, Timeouts, Value};

/// A thing in a file.
#[derive(Clone, Debug, Model)]
pub(crate) struct Thing {
    /// Stays what it is.
    #[attr(computed, use_state_for_unknown)]
    pub(crate) id: Value<String>,
    /// Cannot change.
    #[attr(required, requires_replace, validate = length(1..=20))]
    pub(crate) name: Value<String>,
    /// What the provider does wrong.
    #[attr(optional, validate = one_of(["panic", "fail", "slow", "stuck", "late", "wrong", "forget", "panic_late"]))]
    pub(crate) mischief: Value<String>,
    /// A number with all its digits.
    #[attr(optional)]
    pub(crate) size: Value<Number>,
    /// A number as processors know it.
    #[attr(optional)]
    pub(crate) ratio: Value<f64>,
    /// A number with a default.
    #[attr(default = 1, validate = range(0..=9))]
    pub(crate) replicas: Value<i64>,
    /// Texts by name.
    #[attr(optional)]
    pub(crate) labels: Value<Map<String>>,
    /// Texts without order.
    #[attr(optional)]
    pub(crate) tags: Value<Set<String>>,
    /// Objects by name.
    #[attr(optional)]
    pub(crate) parts: Value<Map<Part>>,
    /// Objects by position.
    #[attr(optional)]
    pub(crate) steps: Value<List<Part>>,
    /// An object that the provider makes.
    #[attr(computed)]
    pub(crate) place: Value<Place>,
    /// Whatever it is.
    #[attr(optional)]
    pub(crate) anything: Value<Any>,
    /// Seen once, kept never.
    #[attr(optional, sensitive, write_only)]
    pub(crate) password_wo: Value<Secret>,
    /// Raised when the password changes.
    #[attr(optional)]
    pub(crate) password_wo_version: Value<i64>,
    /// How long the password is, to prove that it came.
    #[attr(computed)]
    pub(crate) password_length: Value<u64>,
    /// Raised by every change.
    #[attr(computed)]
    pub(crate) generation: Value<i64>,
    /// Nobody should use it.
    #[attr(optional, deprecated = "Use size.")]
    pub(crate) weight: Value<i64>,
    /// Rules in order.
    #[block(max_items = 3)]
    pub(crate) rule: Value<List<Rule>>,
    /// How long operations may take.
    #[attr(optional)]
    pub(crate) timeouts: Value<Timeouts>,
}

/// A part of a thing.
#[derive(Clone, Debug, Model)]
pub(crate) struct Part {
    /// What it is made of.
    #[attr(default = "wood")]
    pub(crate) material: Value<String>,
    /// Cannot change.
    #[attr(optional, requires_replace)]
    pub(crate) shape: Value<String>,
    /// Given by the provider, kept as long as the part is there.
    #[attr(computed, use_state_for_unknown)]
    pub(crate) serial: Value<String>,
    /// Needed.
    #[attr(required)]
    pub(crate) weight: Value<i64>,
}

/// Where a thing is.
#[derive(Clone, Debug, Model)]
pub(crate) struct Place {
    /// The shelf.
    #[attr(computed)]
    pub(crate) shelf: Value<String>,
    /// The row.
    #[attr(computed)]
    pub(crate) row: Value<i64>,
}

/// A rule.
#[derive(Clone, Debug, Model)]
pub(crate) struct Rule {
    /// The port.
    #[attr(required)]
    pub(crate) port: Value<u16>,
    /// The protocol.
    #[attr(default = "tcp")]
    pub(crate) protocol: Value<String>,
}
