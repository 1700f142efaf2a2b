//! The shop's own images: one static program under upstream's names.

use std::path::Path;

use super::{Entry, Image};

/// The services that upstream publishes an image of; the image's name ends in this.
pub const SERVICES: [&str; 11] = [
    "adservice",
    "cartservice",
    "checkoutservice",
    "currencyservice",
    "emailservice",
    "frontend",
    "loadgenerator",
    "paymentservice",
    "productcatalogservice",
    "recommendationservice",
    "shippingservice",
];

/// `boutique-lite` as `<registry>/<service>:<tag>` for every service, run as `/boutique-lite <service>` by user 1000.
pub fn shop(boutique_lite: &Path, registry: &str, tag: &str) -> Vec<Image> {
    let image = |service: &str| Image {
        names: vec![format!("{registry}/{service}:{tag}")],
        entrypoint: vec!["/boutique-lite".to_owned(), service.to_owned()],
        files: vec![Entry::program("/boutique-lite", boutique_lite)],
        user: "1000".to_owned(),
        ..Image::default()
    };
    SERVICES.iter().map(|service| image(service)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_gets_its_own_name_and_argument() {
        let images = shop(Path::new("/x/boutique-lite"), "example.com/shop", "v0.10.6");
        assert_eq!(images.len(), 11);
        let frontend = &images[5];
        assert_eq!(frontend.names, ["example.com/shop/frontend:v0.10.6"]);
        assert_eq!(frontend.entrypoint, ["/boutique-lite", "frontend"]);
    }
}
