//~ no method named `to_uppercase` found for reference `&Value<std::string::String>`
use tfplugin_rs::Value;

fn rename(name: &Value<String>) -> String {
    name.to_uppercase()
}

fn main() {
    rename(&Value::Unknown);
}
