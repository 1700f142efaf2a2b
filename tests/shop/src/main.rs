//! The services of Online Boutique as one small static binary.

fn main() {}
