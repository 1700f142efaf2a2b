use tfplugin_rs::Model;

#[derive(Model)]
struct Thing {
    #[attr(required)]
    name: String,
}

fn main() {}
