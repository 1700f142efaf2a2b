//~ say who may set it: #[attr(required)], #[attr(optional)], #[attr(computed)] or #[block]
use tfplugin_rs::{Model, Value};

#[derive(Model)]
struct Thing {
    name: Value<String>,
}


