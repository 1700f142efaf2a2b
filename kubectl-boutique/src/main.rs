//! `kubectl boutique`: the executable. Everything it does is in the library beside it.

use std::process::ExitCode;

fn main() -> ExitCode {
    kubectl_boutique::main()
}
