"""Where servers are: whether an address stays within this machine."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``, a name or a number.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "127.0.0.1.example")]
    [True, True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def host_of(target: str) -> str:
    """The host of what gRPC takes as a server's address or names as a peer's.

    >>> [host_of(target) for target in ("localhost:8500", "[::1]:8500", "dns:///a.example:1", "ipv6:%5B::1%5D:40422")]
    ['localhost', '::1', 'a.example', '::1']
    """
    target = target.replace("%5B", "[").replace("%5D", "]")
    for scheme in ("dns:", "ipv4:", "ipv6:"):
        target = target.removeprefix(scheme)
    # What follows an authority (dns://server/name) is the name.
    target = target.rsplit("/", 1)[-1]
    if target.startswith("["):
        return target[1:].partition("]")[0]
    host, colon, _ = target.rpartition(":")
    return host if colon and ":" not in host else target
