//~ `Vec<std::string::String>` is no attribute type
//~ whose elements are `Value<T>`
use tfplugin_rs::{Model, Value};

#[derive(Model)]
struct Thing {
    #[attr(optional)]
    names: Value<Vec<String>>,
}


