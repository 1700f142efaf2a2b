//! Generates the committed code again.

use std::{env, fs, path::Path};

#[test]
fn the_committed_code_is_what_the_proto_files_generate() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fresh = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hipstershop-gen");
    fs::create_dir_all(&fresh).unwrap();
    let descriptors = protox::compile(["hipstershop.proto", "health.proto", "trace.proto"], [root.join("proto")])
        .expect("the proto files compile");
    tonic_prost_build::configure()
        .build_transport(false)
        .emit_rerun_if_changed(false)
        .out_dir(&fresh)
        .compile_fds(descriptors)
        .expect("code is generated");

    for file in ["hipstershop.rs", "grpc.health.v1.rs", "opentelemetry.proto.collector.trace.v1.rs"] {
        let generated = fs::read_to_string(fresh.join(file)).unwrap();
        let committed = root.join("src/gen").join(file);
        if env::var_os("BLESS").is_some() {
            fs::write(&committed, &generated).unwrap();
        }
        assert!(
            fs::read_to_string(&committed).unwrap_or_default() == generated,
            "{} differs from what the proto files generate; run `BLESS=1 cargo test -p hipstershop-proto`",
            committed.display()
        );
    }
}
