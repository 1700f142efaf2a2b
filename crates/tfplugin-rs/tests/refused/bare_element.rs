use tfplugin_rs::{Model, Value};

#[derive(Model)]
struct Thing {
    #[attr(optional)]
    names: Value<Vec<String>>,
}

fn main() {}
