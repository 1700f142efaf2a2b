//! Mistakes with null, unknown and flags that must not compile.

#[test]
fn mistakes_of_authors_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/refused/*.rs");
}
