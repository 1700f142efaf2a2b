//! Traefik, an ingress controller that carries real traffic, from its Go module.

use anyhow::Result;

use super::{Entry, Image};
use crate::build::build;
use crate::cache::Cache;
use crate::part::Part;
use crate::progress::Progress;

/// The name that charts give the image of [`Part::TRAEFIK`]'s version.
pub const TRAEFIK: &str = "docker.io/library/traefik:v3.6.12";

/// The image under these names; builds the part when it is missing (minutes).
///
/// Arguments go to the program, as with the published image; it runs as user 65532, as charts ask.
///
/// # Errors
/// When the part cannot be built.
pub fn traefik(cache: &Cache, names: Vec<String>, progress: &Progress) -> Result<Image> {
    let program = build(cache, &Part::TRAEFIK, progress)?.join("traefik");
    let path = "/usr/local/bin/traefik";
    Ok(Image {
        names,
        entrypoint: vec![path.to_owned()],
        files: vec![Entry::program(path, program), Entry::Folder { path: "/tmp".to_owned(), mode: 0o1777 }],
        user: "65532".to_owned(),
        ..Image::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_is_named_after_the_part_s_version() {
        assert_eq!(TRAEFIK.rsplit_once(":v").map(|(_, tag)| tag), Some(Part::TRAEFIK.version));
    }
}
