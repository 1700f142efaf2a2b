use super::*;

fn only(stderr: &str) -> Complaint {
    let mut found = complaints(stderr);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

#[test]
fn what_is_not_understood_is_repeated_without_its_frame() {
    let said = only("WARNING: Kubernetes configuration file is group-readable\nError: UPGRADE FAILED: something new\n");
    assert_eq!(said, Complaint::new(Trouble::Other, None, "something new", ""));
}
