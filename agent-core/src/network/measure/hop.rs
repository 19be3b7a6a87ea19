//! A socket that asks for one hop: sends datagrams that live no longer, and hears of the ICMP errors that they bring.
//!
//! Linux and Android put such errors into a queue that any program may read of its own sockets (`IP_RECVERR`, ip(7)).
//! Other systems do not; there a socket cannot be opened.

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) use elsewhere::HopSocket;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use linux::HopSocket;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use std::io::{self, ErrorKind, IoSliceMut};
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
    use std::os::fd::AsRawFd as _;

    use nix::libc;
    use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, setsockopt, sockopt};
    use tokio::io::Interest;
    use tokio::net::UdpSocket;

    use crate::network::observation::{Failure, HopAnswer, Phase};

    /// What a datagram holds: something, as firewalls drop empty ones.
    const PAYLOAD: [u8; 8] = [0; 8];

    /// Who reported an error (linux/errqueue.h): a host on the way, by ICMP or ICMPv6. Anything else is this device.
    const BY_ICMP: [u8; 2] = [libc::SO_EE_ORIGIN_ICMP, libc::SO_EE_ORIGIN_ICMP6];

    pub(in super::super) struct HopSocket(UdpSocket);

    impl HopSocket {
        /// A socket whose datagrams to `destination` live for `ttl` hops.
        pub(in super::super) async fn open(destination: SocketAddr, ttl: u8) -> Result<Self, Failure> {
            let opened = async {
                let any: IpAddr = match destination {
                    SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                    SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
                };
                let socket = UdpSocket::bind((any, 0)).await?;
                if destination.is_ipv4() {
                    setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
                    setsockopt(&socket, sockopt::Ipv4Ttl, &ttl.into())?;
                } else {
                    setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
                    setsockopt(&socket, sockopt::Ipv6Ttl, &ttl.into())?;
                }
                socket.connect(destination).await?;
                Ok(Self(socket))
            };
            opened.await.map_err(|error| Failure::from_io(Phase::Path, &error))
        }

        /// Sends a datagram; returns its size.
        pub(in super::super) async fn send(&self) -> io::Result<usize> {
            self.0.send(&PAYLOAD).await
        }

        /// The first answer that is there already.
        pub(in super::super) fn queued(&self) -> io::Result<Option<HopAnswer>> {
            match self.next() {
                Ok(answer) => Ok(Some(answer)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
                Err(error) => Err(error),
            }
        }

        /// The first answer, once it comes.
        pub(in super::super) async fn answer(&self) -> io::Result<HopAnswer> {
            self.0.async_io(Interest::ERROR, || self.next()).await
        }

        fn next(&self) -> io::Result<HopAnswer> {
            let mut quoted = PAYLOAD;
            let mut quoted = [IoSliceMut::new(&mut quoted)];
            let mut control = nix::cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
            let message = recvmsg::<SockaddrStorage>(
                self.0.as_raw_fd(),
                &mut quoted,
                Some(&mut control),
                MsgFlags::MSG_ERRQUEUE,
            )?;
            for item in message.cmsgs()? {
                let (error, from) = match item {
                    ControlMessageOwned::Ipv4RecvErr(error, from) => {
                        (error, from.map(|from| u32::from_be(from.sin_addr.s_addr)).map(ipv4))
                    }
                    ControlMessageOwned::Ipv6RecvErr(error, from) => {
                        (error, from.map(|from| Ipv6Addr::from(from.sin6_addr.s6_addr).into()))
                    }
                    _ => continue,
                };
                return match from {
                    Some(from) if BY_ICMP.contains(&error.ee_origin) => {
                        Ok(HopAnswer { from, icmp_type: error.ee_type, icmp_code: error.ee_code })
                    }
                    _ => Err(io::Error::from_raw_os_error(i32::try_from(error.ee_errno).unwrap_or_default())),
                };
            }
            Err(ErrorKind::WouldBlock.into())
        }
    }

    fn ipv4(bits: u32) -> IpAddr {
        Ipv4Addr::from_bits(bits).into()
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod elsewhere {
    use std::convert::Infallible;
    use std::io;
    use std::net::SocketAddr;

    use crate::network::observation::{Failure, HopAnswer};

    pub(in super::super) struct HopSocket(Infallible);

    impl HopSocket {
        pub(in super::super) async fn open(_: SocketAddr, _: u8) -> Result<Self, Failure> {
            Err(Failure::configuration("this system does not show apps the ICMP errors of their datagrams"))
        }

        pub(in super::super) async fn send(&self) -> io::Result<usize> {
            match self.0 {}
        }

        pub(in super::super) fn queued(&self) -> io::Result<Option<HopAnswer>> {
            match self.0 {}
        }

        pub(in super::super) async fn answer(&self) -> io::Result<HopAnswer> {
            match self.0 {}
        }
    }
}
