//! Published charts are in no package registry and not committed: `BOUTIQUE_CHARTS` names a folder with them, and only then
//! the test that installs them is compiled.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=BOUTIQUE_CHARTS");
    println!("cargo::rustc-check-cfg=cfg(published_charts)");
    if std::env::var_os("BOUTIQUE_CHARTS").is_some() {
        println!("cargo::rustc-cfg=published_charts");
    }
}
