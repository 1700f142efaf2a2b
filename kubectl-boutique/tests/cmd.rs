//! The binary as a person calls it, as far as that needs no cluster.

#[test]
fn the_binary_answers_as_written_down() {
    trycmd::TestCases::new()
        .case("tests/cmd/*.md")
        // Whatever cluster this machine knows is none of our business.
        .env("KUBECONFIG", "/nonexistent/kubeconfig")
        .env("LANG", "C.UTF-8");
}

/// kubectl completes a plugin by a program of another name; it is this one, linked.
#[cfg(unix)]
#[test]
fn under_the_other_name_it_completes() {
    let dir = std::env::temp_dir().join(format!("kubectl-boutique-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let link = dir.join("kubectl_complete-boutique");
    let _ = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_kubectl-boutique"), &link).unwrap();
    let answer = std::process::Command::new(&link).args(["break", "c"]).output().unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    let text = String::from_utf8(answer.stdout).unwrap();
    assert_eq!(text, "cartservice\ncheckoutservice\ncurrencyservice\n:4\n");
}
