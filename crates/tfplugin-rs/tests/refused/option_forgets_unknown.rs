//~ `Option<u32>: From<Value<u32>>` is not satisfied
use tfplugin_rs::Value;

fn replicas(value: Value<u32>) -> Option<u32> {
    value.into()
}

fn main() {
    replicas(Value::Unknown);
}
