//! Images as one OCI archive: an `oci-layout` with uncompressed layers, in a tar file.
//!
//! Format: the OCI image specification, image-layout.md; `io.containerd.image.name` is containerd's annotation for the
//! name under which an image of the index is imported.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header, HeaderMode};

use super::{Entry, Image};

/// Writes the images into one archive. Equal layers are stored once.
pub fn write_archive(images: &[Image], path: &Path) -> Result<()> {
    let mut blobs: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut layers: Vec<(&[Entry], String)> = Vec::new();
    let mut index = Vec::new();
    for image in images {
        let digest = match layers.iter().find(|(files, _)| *files == image.files.as_slice()) {
            Some((_, digest)) => digest.clone(),
            None => {
                let digest = keep(&mut blobs, layer(&image.files)?);
                layers.push((&image.files, digest.clone()));
                digest
            }
        };
        let config = keep(&mut blobs, serde_json::to_vec(&config(image, &digest))?);
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor(&blobs, &config, "application/vnd.oci.image.config.v1+json"),
            "layers": [descriptor(&blobs, &digest, "application/vnd.oci.image.layer.v1.tar")],
        });
        let manifest = keep(&mut blobs, serde_json::to_vec(&manifest)?);
        for name in &image.names {
            let mut entry = descriptor(&blobs, &manifest, "application/vnd.oci.image.manifest.v1+json");
            entry["annotations"] = json!({ "io.containerd.image.name": name });
            entry["platform"] = json!({ "architecture": architecture(), "os": "linux" });
            index.push(entry);
        }
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": index,
    });
    let file = File::create(path).with_context(|| format!("image archive {}", path.display()))?;
    let mut archive = Builder::new(BufWriter::new(file));
    put(&mut archive, "oci-layout", br#"{"imageLayoutVersion":"1.0.0"}"#, 0o644)?;
    put(&mut archive, "index.json", &serde_json::to_vec(&index)?, 0o644)?;
    for (digest, blob) in &blobs {
        put(&mut archive, &format!("blobs/sha256/{digest}"), blob, 0o644)?;
    }
    archive.into_inner()?.flush().with_context(|| format!("image archive {}", path.display()))
}

/// Stores a blob under its digest, which is answered without `sha256:`.
fn keep(blobs: &mut BTreeMap<String, Vec<u8>>, blob: Vec<u8>) -> String {
    let digest: String = Sha256::digest(&blob).iter().map(|byte| format!("{byte:02x}")).collect();
    blobs.insert(digest.clone(), blob);
    digest
}

fn descriptor(blobs: &BTreeMap<String, Vec<u8>>, digest: &str, media_type: &str) -> Value {
    let size = blobs.get(digest).map_or(0, Vec::len);
    json!({ "mediaType": media_type, "digest": format!("sha256:{digest}"), "size": size })
}

fn config(image: &Image, layer: &str) -> Value {
    let env: Vec<String> = std::iter::once("PATH=/usr/local/bin:/usr/bin:/bin".to_owned())
        .chain(image.env.iter().map(|(name, value)| format!("{name}={value}")))
        .collect();
    json!({
        "architecture": architecture(),
        "os": "linux",
        "config": {
            "Entrypoint": image.entrypoint,
            "Cmd": image.args,
            "Env": env,
            "User": image.user,
            "WorkingDir": image.folder,
        },
        "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{layer}")] },
    })
}

/// This machine's architecture in Go's words.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The layer with these entries. Equal entries give equal bytes: no times, no owners.
fn layer(entries: &[Entry]) -> Result<Vec<u8>> {
    let mut tar = Builder::new(Vec::new());
    let mut folders = BTreeSet::new();
    for entry in entries {
        let path = entry.path().trim_start_matches('/');
        for (end, _) in path.match_indices('/') {
            if folders.insert(path[..end].to_owned()) {
                append(&mut tar, &path[..end], EntryType::Directory, 0o755, &[])?;
            }
        }
        match entry {
            Entry::File { from, mode, .. } => {
                let content = std::fs::read(from).with_context(|| format!("image file {} ({path})", from.display()))?;
                put(&mut tar, path, &content, *mode)?;
            }
            Entry::Text { text, .. } => put(&mut tar, path, text.as_bytes(), 0o644)?,
            Entry::Folder { mode, .. } => {
                folders.insert(path.to_owned());
                append(&mut tar, path, EntryType::Directory, *mode, &[])?;
            }
            Entry::Tree { from, without, .. } => tree(&mut tar, path, from, without)?,
            Entry::Link { to, .. } => link(&mut tar, path, Path::new(to))?,
        }
    }
    Ok(tar.into_inner()?)
}

/// A folder of the host with all in it.
fn tree(tar: &mut Builder<Vec<u8>>, path: &str, from: &Path, without: &[String]) -> Result<()> {
    let read = || format!("image folder {}", from.display());
    append(tar, path, EntryType::Directory, 0o755, &[])?;
    let mut entries: Vec<_> =
        std::fs::read_dir(from).with_context(read)?.collect::<Result<_, _>>().with_context(read)?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if without.contains(&name) {
            continue;
        }
        let (path, from, kind) = (format!("{path}/{name}"), entry.path(), entry.file_type()?);
        if kind.is_dir() {
            tree(tar, &path, &from, without)?;
        } else if kind.is_symlink() {
            link(tar, &path, &std::fs::read_link(&from)?)?;
        } else {
            let mut header = Header::new_gnu();
            header.set_metadata_in_mode(&entry.metadata()?, HeaderMode::Complete);
            header.set_uid(0);
            header.set_gid(0);
            // Readable for the user that the image runs as, whoever made it on this host.
            header.set_mode(header.mode()? | 0o444);
            let content = std::fs::read(&from).with_context(|| format!("image file {}", from.display()))?;
            tar.append_data(&mut header, &path, content.as_slice()).with_context(|| format!("archive entry {path}"))?;
        }
    }
    Ok(())
}

fn link(tar: &mut Builder<Vec<u8>>, path: &str, to: &Path) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Symlink);
    header.set_size(0);
    header.set_mode(0o777);
    tar.append_link(&mut header, path, to).with_context(|| format!("image link {path}"))
}

fn put<W: Write>(tar: &mut Builder<W>, path: &str, content: &[u8], mode: u32) -> Result<()> {
    append(tar, path, EntryType::Regular, mode, content)
}

fn append<W: Write>(tar: &mut Builder<W>, path: &str, kind: EntryType, mode: u32, content: &[u8]) -> Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(u64::try_from(content.len())?);
    header.set_mode(mode);
    header.set_mtime(0);
    tar.append_data(&mut header, path, content).with_context(|| format!("archive entry {path}"))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn read(path: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut archive = tar::Archive::new(File::open(path).unwrap());
        archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let mut content = Vec::new();
                entry.read_to_end(&mut content).unwrap();
                (entry.path().unwrap().display().to_string(), content)
            })
            .collect()
    }

    fn image(name: &str, argument: &str) -> Image {
        Image {
            names: vec![format!("example.com/{name}:1"), format!("example.com/{name}:2")],
            entrypoint: vec!["/bin/program".to_owned(), argument.to_owned()],
            files: vec![
                Entry::Text { path: "/bin/program".to_owned(), text: "x".to_owned() },
                Entry::Folder { path: "/tmp".to_owned(), mode: 0o1777 },
                Entry::Link { path: "/bin/other".to_owned(), to: "program".to_owned() },
            ],
            user: "1000".to_owned(),
            ..Image::default()
        }
    }

    #[test]
    fn every_digest_of_the_layout_names_a_blob_of_that_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.tar");
        write_archive(&[image("a", "one"), image("b", "two")], &path).unwrap();
        let files = read(&path);
        for (name, content) in files.iter().filter(|(name, _)| name.starts_with("blobs/")) {
            let digest: String = Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(name.ends_with(&digest), "{name}");
        }
        let index: Value = serde_json::from_slice(&files["index.json"]).unwrap();
        let manifests = index["manifests"].as_array().unwrap();
        assert_eq!(manifests.len(), 4, "two images of two names");
        for manifest in manifests {
            let digest = manifest["digest"].as_str().unwrap().trim_start_matches("sha256:");
            let manifest: Value = serde_json::from_slice(&files[&format!("blobs/sha256/{digest}")]).unwrap();
            for blob in [&manifest["config"], &manifest["layers"][0]] {
                let name = format!("blobs/sha256/{}", blob["digest"].as_str().unwrap().trim_start_matches("sha256:"));
                assert_eq!(blob["size"], json!(files[&name].len()));
            }
        }
    }

    #[test]
    fn images_of_the_same_files_share_their_layer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.tar");
        write_archive(&[image("a", "one"), image("b", "two")], &path).unwrap();
        let blobs = read(&path).keys().filter(|name| name.starts_with("blobs/")).count();
        assert_eq!(blobs, 5, "one layer, two configurations, two manifests");
    }

    #[test]
    fn a_layer_makes_the_folders_above_its_files_and_keeps_modes() {
        let bytes = layer(&image("a", "one").files).unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let entries: Vec<(String, u32)> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                (entry.path().unwrap().display().to_string(), entry.header().mode().unwrap())
            })
            .collect();
        let expected = [("bin", 0o755), ("bin/program", 0o644), ("tmp", 0o1777), ("bin/other", 0o777)];
        assert_eq!(entries, expected.map(|(path, mode)| (path.to_owned(), mode)));
    }

    #[test]
    fn a_missing_file_is_named() {
        let missing = Image { files: vec![Entry::program("/x", "/nowhere/x")], ..Image::default() };
        let folder = tempfile::tempdir().unwrap();
        let error = write_archive(&[missing], &folder.path().join("i.tar")).unwrap_err();
        assert!(format!("{error:#}").contains("/nowhere/x"), "{error:#}");
    }
}
