use std::time::Duration;

use super::GoDuration;
use crate::resource::Operation;
use crate::{Model, Value};

/// How long operations may take. Give a model the field `#[attr(optional)] timeouts: Value<Timeouts>`, and answer
/// [`Resource::timeout`](crate::Resource::timeout) with [`Value::<Timeouts>::of`](Value::of).
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Timeouts {
    /// How long creating may take, for example `"10m"`.
    #[attr(optional, validate = is_duration)]
    pub create: Value<String>,
    /// How long reading may take, for example `"1m"`.
    #[attr(optional, validate = is_duration)]
    pub read: Value<String>,
    /// How long updating in place may take, for example `"10m"`.
    #[attr(optional, validate = is_duration)]
    pub update: Value<String>,
    /// How long deleting may take, for example `"10m"`.
    #[attr(optional, validate = is_duration)]
    pub delete: Value<String>,
}

fn is_duration(text: &String) -> Result<(), String> {
    text.parse::<GoDuration>().map(|_| ()).map_err(|error| format!("{text:?} is refused: {error}."))
}

impl Value<Timeouts> {
    /// The time that the practitioner allows for an operation, else `default`.
    pub fn of(&self, operation: Operation, default: Duration) -> Duration {
        let Some(timeouts) = self.known() else { return default };
        let written = match operation {
            Operation::Create => &timeouts.create,
            Operation::Read => &timeouts.read,
            Operation::Update => &timeouts.update,
            Operation::Delete => &timeouts.delete,
            Operation::Plan | Operation::Import | Operation::Open | Operation::Renew | Operation::Close => {
                return default;
            }
        };
        written.as_str().and_then(|text| text.parse::<GoDuration>().ok()).map_or(default, |duration| duration.0)
    }
}
