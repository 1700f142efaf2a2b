//! The project's verbs: demo, test, prove, lab, docs, package, bench, layers.

fn main() {}
