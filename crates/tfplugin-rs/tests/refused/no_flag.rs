use tfplugin_rs::{Model, Value};

#[derive(Model)]
struct Thing {
    name: Value<String>,
}

fn main() {}
