//~ a field of a model cannot be `std::string::String`
//~ may be null or unknown, so it must be `Value<std::string::String>`
use tfplugin_rs::Model;

#[derive(Model)]
struct Thing {
    #[attr(required)]
    name: String,
}


