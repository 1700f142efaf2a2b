//~ a required attribute is neither optional nor computed
//~ a write-only attribute cannot be computed: nobody would ever see the value
//~ this attribute is not computed
//~ unknown flag; there are required, optional, computed, default
use tfplugin_rs::{Model, Value};

#[derive(Model)]
struct Required {
    #[attr(required, computed)]
    name: Value<String>,
}

#[derive(Model)]
struct WriteOnly {
    #[attr(computed, write_only)]
    password: Value<String>,
}

#[derive(Model)]
struct Kept {
    #[attr(optional, use_state_for_unknown)]
    id: Value<String>,
}

#[derive(Model)]
struct Misspelt {
    #[attr(optionel)]
    name: Value<String>,
}


