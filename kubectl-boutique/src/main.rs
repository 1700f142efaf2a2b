//! kubectl plugin for Google's Online Boutique: status, purchase, failure practice.

fn main() {}
