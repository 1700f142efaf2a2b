use super::ServeError;
use super::environment::Environment;

#[cfg(unix)]
pub(super) use self::unix::Listener;

#[cfg(not(unix))]
pub(super) use self::tcp::Listener;

/// Where the host connects.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) network: &'static str,
    pub(super) place: String,
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, DirBuilder, Permissions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    use std::path::{Path, PathBuf};
    use std::time::{SystemTime, UNIX_EPOCH};

    use tokio::net::{UnixListener, UnixStream};

    use super::{Address, Environment, ServeError};

    /// The longest path of a socket is 107 bytes.
    const LONGEST_PATH: usize = 107;

    /// A Unix socket in a directory of its own that only this user can enter. Both go when it is dropped.
    pub(in crate::serve) struct Listener {
        listener: UnixListener,
        socket: PathBuf,
    }

    impl Listener {
        pub(in crate::serve) fn bind(environment: &Environment) -> Result<Self, ServeError> {
            let parent = environment.socket_directory.clone().unwrap_or_else(std::env::temp_dir);
            let failed = |place: &Path| {
                let place = format!(" in {}", place.display());
                move |error| ServeError::Listen(place, error)
            };
            match Self::bind_in(&parent, environment) {
                Ok(listener) => Ok(listener),
                // A long or unusable TMPDIR is no reason to fail.
                Err(_) if parent != Path::new("/tmp") => {
                    Self::bind_in(Path::new("/tmp"), environment).map_err(failed(&parent))
                }
                Err(error) => Err(failed(&parent)(error)),
            }
        }

        fn bind_in(parent: &Path, environment: &Environment) -> io::Result<Self> {
            let directory = own_directory(parent)?;
            let socket = directory.join("plugin");
            let bound = Self::bind_at(&socket, environment);
            if bound.is_err() {
                remove(&socket);
            }
            Ok(Self { listener: bound?, socket })
        }

        fn bind_at(socket: &Path, environment: &Environment) -> io::Result<UnixListener> {
            if socket.as_os_str().len() > LONGEST_PATH {
                return Err(io::Error::new(io::ErrorKind::InvalidFilename, "the path of the socket is too long"));
            }
            let listener = UnixListener::bind(socket)?;
            if let Some(group) = environment.socket_group.as_deref() {
                let group = group_number(group)?;
                let directory = socket.parent().unwrap_or(socket);
                for (path, mode) in [(directory, 0o750), (socket, 0o660)] {
                    std::os::unix::fs::chown(path, None, Some(group))?;
                    fs::set_permissions(path, Permissions::from_mode(mode))?;
                }
            }
            Ok(listener)
        }

        pub(in crate::serve) fn address(&self) -> Address {
            Address { network: "unix", place: self.socket.display().to_string() }
        }

        pub(in crate::serve) async fn accept(&self) -> io::Result<UnixStream> {
            self.listener.accept().await.map(|(stream, _)| stream)
        }
    }

    impl Drop for Listener {
        fn drop(&mut self) {
            remove(&self.socket);
        }
    }

    fn remove(socket: &Path) {
        // What cannot be removed is left; the directory is private and empty but for the socket.
        let _ = fs::remove_file(socket);
        if let Some(directory) = socket.parent() {
            let _ = fs::remove_dir(directory);
        }
    }

    fn own_directory(parent: &Path) -> io::Result<PathBuf> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_nanos());
        for attempt in 0..100_u32 {
            let directory = parent.join(format!("tfplugin-{}-{:x}", std::process::id(), now.wrapping_add(attempt)));
            match DirBuilder::new().mode(0o700).create(&directory) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                result => return result.map(|()| directory),
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, "no name is left for the directory of the socket"))
    }

    fn group_number(group: &str) -> io::Result<u32> {
        if let Ok(number) = group.parse() {
            return Ok(number);
        }
        let groups = fs::read_to_string("/etc/group")?;
        let number = groups.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some(group)).then(|| fields.nth(1)?.parse().ok()).flatten()
        });
        number.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("there is no group {group:?}")))
    }
}

#[cfg(not(unix))]
mod tcp {
    use std::io;
    use std::net::Ipv4Addr;

    use tokio::net::{TcpListener, TcpStream};

    use super::{Address, Environment, ServeError};

    /// A port of this machine alone.
    pub(in crate::serve) struct Listener {
        listener: TcpListener,
        port: u16,
    }

    impl Listener {
        pub(in crate::serve) fn bind(environment: &Environment) -> Result<Self, ServeError> {
            let (first, last) = environment.ports.unwrap_or((0, 0));
            let mut failure = io::Error::new(io::ErrorKind::AddrInUse, "no port of the range is free");
            for port in first..=last {
                match bind_port(port) {
                    Ok(listener) => return Ok(listener),
                    Err(error) => failure = error,
                }
            }
            Err(ServeError::Listen(format!(" on a port from {first} to {last}"), failure))
        }

        pub(in crate::serve) fn address(&self) -> Address {
            Address { network: "tcp", place: format!("127.0.0.1:{}", self.port) }
        }

        pub(in crate::serve) async fn accept(&self) -> io::Result<TcpStream> {
            let (stream, _) = self.listener.accept().await?;
            stream.set_nodelay(true)?;
            Ok(stream)
        }
    }

    fn bind_port(port: u16) -> io::Result<Listener> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        Ok(Listener { listener: TcpListener::from_std(listener)?, port })
    }
}
