//! Fetching helm once, for machines that have none: by URL and checksum, into the cache.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use http::{Method, header};
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};

use super::{error::HelmError, program::Download};
use crate::{
    bounds::Bounds,
    request::{build, chain},
};

/// Answers that send elsewhere are followed this often.
const REDIRECTS: usize = 5;

const PROGRAM: &str = if cfg!(windows) { "helm.exe" } else { "helm" };

/// The program of this download, from the cache if it was fetched before.
pub(super) async fn helm(download: &Download, cache: &Path, bounds: &Bounds) -> Result<PathBuf, Box<HelmError>> {
    let sha256 = download.sha256.trim().to_ascii_lowercase();
    let folder = cache.join("bin").join(&sha256);
    let program = folder.join(PROGRAM);
    if program.is_file() {
        return Ok(program);
    }
    let url = &download.url;
    let failed = |said: String| Box::new(HelmError::Download { url: url.clone(), said });
    let content = bounds.run(get(url)).await?.map_err(failed)?;
    let found = hex(&content);
    if found != sha256 {
        return Err(Box::new(HelmError::Checksum { url: url.clone(), expected: sha256, found }));
    }
    let content = unpack(content).map_err(failed)?;
    // Written beside its place and renamed: two processes may fetch at the same time, and one may be killed.
    let half = cache.join("bin").join(format!(".half-{}", uuid::Uuid::new_v4().simple()));
    let written = std::fs::create_dir_all(&half)
        .and_then(|()| std::fs::write(half.join(PROGRAM), content))
        .and_then(|()| executable(&half.join(PROGRAM)));
    written.map_err(|error| HelmError::file(&half, &error))?;
    if let Err(error) = std::fs::rename(&half, &folder) {
        drop(std::fs::remove_dir_all(&half));
        if !program.is_file() {
            return Err(Box::new(HelmError::file(&folder, &error)));
        }
    }
    Ok(program)
}

fn executable(program: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    std::fs::set_permissions(program, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let _ = program;
    Ok(())
}

pub(super) fn hex(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The program in an archive of Helm's, or the program itself.
fn unpack(content: Vec<u8>) -> Result<Vec<u8>, String> {
    if content.starts_with(b"PK") {
        return Err("it is a zip archive, which is not read: give the URL of a .tar.gz or of the bare program".into());
    }
    if !content.starts_with(&[0x1f, 0x8b]) {
        return Ok(content);
    }
    let mut archive = tar::Archive::new(GzDecoder::new(content.as_slice()));
    for entry in archive.entries().map_err(|error| error.to_string())? {
        let mut entry = entry.map_err(|error| error.to_string())?;
        let is_helm = entry.path().is_ok_and(|path| path.file_name().is_some_and(|name| name == PROGRAM));
        if is_helm && entry.header().entry_type().is_file() {
            let mut program = Vec::new();
            entry.read_to_end(&mut program).map_err(|error| error.to_string())?;
            return Ok(program);
        }
    }
    Err(format!("the archive holds no file {PROGRAM}"))
}

async fn get(url: &str) -> Result<Vec<u8>, String> {
    if let Some(path) = url.strip_prefix("file://") {
        return std::fs::read(path).map_err(|error| error.to_string());
    }
    let mut url: http::Uri = url.parse().map_err(|error: http::uri::InvalidUri| error.to_string())?;
    for _ in 0..=REDIRECTS {
        let response = ask(&url).await?;
        let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
        match (response.status(), location) {
            (status, Some(location)) if status.is_redirection() => url = join(&url, location)?,
            (status, _) if status.is_success() => {
                let body = response.into_body().collect().await.map_err(|error| chain(&error))?;
                return Ok(body.to_bytes().to_vec());
            }
            (status, _) => return Err(format!("it answered {status}")),
        }
    }
    Err(format!("it sent elsewhere more than {REDIRECTS} times"))
}

async fn ask(url: &http::Uri) -> Result<http::Response<kube::client::Body>, String> {
    let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else {
        return Err("it is no URL: write https://…".into());
    };
    let base = format!("{scheme}://{authority}").parse().map_err(|error: http::uri::InvalidUri| error.to_string())?;
    let mut config = kube::Config::new(base);
    config.proxy_url = if is_direct(authority.host(), &first_set(["NO_PROXY", "no_proxy"]).unwrap_or_default()) {
        None
    } else {
        proxy(scheme)?
    };
    let client = kube::Client::try_from(config).map_err(|error| chain(&error))?;
    let path = url.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    let request = build(Method::GET, path, None, Vec::new());
    client.send(request.map(kube::client::Body::from)).await.map_err(|error| {
        let said = chain(&error);
        match said.contains("UnknownIssuer") {
            true => format!(
                "{said}: this machine does not know the server's authority; SSL_CERT_FILE names a file with others"
            ),
            false => said,
        }
    })
}

/// The proxy of the environment, as other programs read it.
fn proxy(scheme: &str) -> Result<Option<http::Uri>, String> {
    let names = if scheme == "https" { ["HTTPS_PROXY", "https_proxy"] } else { ["http_proxy", "HTTP_PROXY"] };
    first_set(names)
        .map(|proxy| proxy.parse().map_err(|error: http::uri::InvalidUri| format!("the proxy: {error}")))
        .transpose()
}

fn first_set(names: [&str; 2]) -> Option<String> {
    names.into_iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

/// Whether a list of exceptions from the proxy names a host: itself, a domain above it, or all.
fn is_direct(host: &str, exceptions: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    exceptions.split(',').map(str::trim).filter(|one| !one.is_empty()).any(|one| {
        let domain = one.trim_start_matches('*').trim_start_matches('.');
        one == "*" || host.eq_ignore_ascii_case(domain) || {
            let (host, domain) = (host.to_ascii_lowercase(), domain.to_ascii_lowercase());
            host.strip_suffix(&domain).is_some_and(|rest| rest.ends_with('.'))
        }
    })
}

fn join(url: &http::Uri, location: &str) -> Result<http::Uri, String> {
    let absolute = if location.contains("://") {
        location.to_owned()
    } else {
        let authority = url.authority().map(ToString::to_string).unwrap_or_default();
        format!("{}://{authority}/{}", url.scheme_str().unwrap_or("https"), location.trim_start_matches('/'))
    };
    if url.scheme_str() == Some("https") && absolute.starts_with("http://") {
        return Err("it sent to a URL without TLS".into());
    }
    absolute.parse().map_err(|error: http::uri::InvalidUri| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn mk_archive(name: &str, content: &[u8]) -> Vec<u8> {
        let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        tar.append_data(&mut header, name, content).unwrap();
        tar.into_inner().unwrap().finish().unwrap()
    }

    async fn fetch(content: &[u8], sha256: &str, cache: &Path) -> Result<PathBuf, String> {
        let file = cache.join("helm.tar.gz");
        std::fs::write(&file, content).unwrap();
        let download = Download { url: format!("file://{}", file.display()), sha256: sha256.to_owned() };
        let bounds = Bounds::within(Duration::from_secs(20));
        helm(&download, cache, &bounds).await.map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn helm_is_fetched_once_and_then_found_in_the_cache() {
        let cache = tempfile::tempdir().unwrap();
        let archive = mk_archive("linux-amd64/helm", b"program");
        let sha256 = hex(&archive);
        let program = fetch(&archive, &sha256, cache.path()).await.unwrap();
        assert_eq!(std::fs::read(&program).unwrap(), b"program");
        assert_eq!(fetch(b"gone", &sha256, cache.path()).await.unwrap(), program);
    }

    #[tokio::test]
    async fn what_is_not_what_was_asked_for_is_not_used() {
        let cache = tempfile::tempdir().unwrap();
        let error = fetch(&mk_archive("helm", b"x"), &"0".repeat(64), cache.path()).await.unwrap_err();
        assert!(error.contains("helm.download.sha256"), "{error}");
        let archive = mk_archive("linux-amd64/README.md", b"x");
        let error = fetch(&archive, &hex(&archive), cache.path()).await.unwrap_err();
        assert!(error.contains("holds no file helm"), "{error}");
        assert!(!cache.path().join("bin").join("0".repeat(64)).exists());
    }

    #[test]
    fn exceptions_from_the_proxy_are_hosts_and_domains() {
        let list = "localhost, 127.0.0.1,.example.com,*.corp,::1";
        for host in ["localhost", "127.0.0.1", "example.com", "get.Example.com", "a.corp", "[::1]"] {
            assert!(is_direct(host, list), "{host}");
        }
        for host in ["get.helm.sh", "notexample.com", "127.0.0.10"] {
            assert!(!is_direct(host, list), "{host}");
        }
        assert!(is_direct("get.helm.sh", "*") && !is_direct("get.helm.sh", ""));
    }

    #[test]
    fn a_redirect_leads_on_but_never_out_of_tls() {
        let url: http::Uri = "https://get.example.com/a/helm.tar.gz".parse().unwrap();
        assert_eq!(join(&url, "/b").unwrap(), "https://get.example.com/b");
        assert_eq!(join(&url, "https://cdn.example.com/c").unwrap(), "https://cdn.example.com/c");
        assert!(join(&url, "http://cdn.example.com/c").is_err());
    }
}
