use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::listener::Address;

/// The version of the handshake itself, and of the protocol that is spoken after it.
const CORE_VERSION: u8 = 1;
const PROTOCOL_VERSION: u8 = 6;

/// The line by which the host learns where to connect. The certificate is DER.
pub(super) fn line(address: &Address, certificate: Option<&[u8]>, multiplex: bool) -> String {
    let Address { network, place } = address;
    // Padded base64 is refused.
    let certificate = certificate.map(|der| STANDARD_NO_PAD.encode(der)).unwrap_or_default();
    let multiplex = if multiplex { "|false" } else { "" };
    format!("{CORE_VERSION}|{PROTOCOL_VERSION}|{network}|{place}|grpc|{certificate}{multiplex}\n")
}

/// What a developer pastes to make Terraform use this process.
pub(super) fn reattach(provider: &str, address: &Address) -> String {
    let Address { network, place } = address;
    let value = serde_json::json!({ provider: {
        "Protocol": "grpc",
        "ProtocolVersion": PROTOCOL_VERSION,
        "Pid": std::process::id(),
        "Test": true,
        "Addr": { "Network": network, "String": place },
    }});
    format!(
        "The provider runs. Make Terraform use it, until Ctrl-C ends it, with:\n\nTF_REATTACH_PROVIDERS='{value}'\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_six_fields_and_a_seventh_when_asked() {
        let address = Address { network: "unix", place: "/tmp/x/socket".to_owned() };
        assert_eq!(line(&address, None, false), "1|6|unix|/tmp/x/socket|grpc|\n");
        assert_eq!(line(&address, Some(&[1, 2, 3, 4]), false), "1|6|unix|/tmp/x/socket|grpc|AQIDBA\n");
        assert_eq!(line(&address, None, true), "1|6|unix|/tmp/x/socket|grpc||false\n");
    }
}
