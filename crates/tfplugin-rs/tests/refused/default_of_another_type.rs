//~ `Value<i64>: From<&str>` is not satisfied
use tfplugin_rs::{Model, Value};

#[derive(Model)]
struct Thing {
    #[attr(default = "one")]
    replicas: Value<i64>,
}


