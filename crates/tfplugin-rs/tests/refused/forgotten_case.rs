//~ `Value::Unknown` not covered
use tfplugin_rs::Value;

fn replicas(value: Value<u32>) -> u32 {
    match value {
        Value::Known(replicas) => replicas,
        Value::Null => 1,
    }
}

fn main() {
    replicas(Value::Unknown);
}
