//! The configurations under `examples/`, as the real terraform reads them.

use std::fs;

use boutique_acceptance::project;
use boutique_acceptance::terraform::Module;

#[test]
fn every_example_is_valid_and_formatted() {
    let folders = fs::read_dir(project::root().join("examples")).expect("there are examples");
    for folder in folders.map(|entry| entry.expect("can be read").path()) {
        // Gamedays are no configurations; their own test parses them.
        if folder.ends_with("gamedays") {
            continue;
        }
        let text = fs::read_to_string(folder.join("main.tf")).expect("an example has a main.tf");
        let module = Module::of_text(&text);
        for args in [&["validate", "-no-color"][..], &["fmt", "-check", "-diff", "-no-color"]] {
            module.run(args).expect_success(&format!("terraform {} of {}", args[0], folder.display()));
        }
    }
}
