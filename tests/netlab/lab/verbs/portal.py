"""Captive portals: networks that answer for everyone until somebody signs in."""

import contextlib

from .. import addresses as at
from .. import phone, services
from ..network import Lab
from ..places import Place
from . import verb
from .http import refused_https
from .tls import redirected

HTTP_PORT, HTTPS_PORT = 8000, 8001
PORTAL_HOST = "portal.test"
API_URL = f"https://{PORTAL_HOST}:{HTTPS_PORT}/captive-portal/api"


@verb("gateway")
def portal_redirect(lab: Lab, place: Place, *, https: str = "refused"):
    """Redirects (302) clear HTTP to a sign-in page; https is `refused` or `open`."""
    answer = f"return 302 http://{at.GATEWAY}:{HTTP_PORT}/sign-in;"
    with sign_in_server(lab, place, answer), redirected(place, "80", HTTP_PORT):
        with refused_https(place) if https == "refused" else contextlib.nullcontext():
            yield


@verb("gateway")
def portal_page(lab: Lab, place: Place):
    """Answers every clear request with a sign-in page (200), and every TLS one with the hotel's certificate."""
    answer = "return 200 '<html><form>Room number</form></html>';"
    with sign_in_server(lab, place, answer), redirected(place, "80", HTTP_PORT), redirected(place, "443", HTTPS_PORT):
        yield


@verb("gateway")
def portal_api(lab: Lab, place: Place):
    """Names its portal API by DHCP (RFC 8910) and redirects until sign-in; afterwards the API says so (RFC 8908).

    What follows the scenario is the same network with the portal cleared.
    """
    chain, key = lab.pki.leaf("portal-api", PORTAL_HOST)

    def api(captive: bool):
        state = f'{{"captive": {str(captive).lower()}, "user-portal-url": "https://{PORTAL_HOST}:{HTTPS_PORT}/"}}'
        server = (
            f"server {{ listen {HTTPS_PORT} ssl; listen [::]:{HTTPS_PORT} ssl; ssl_certificate {chain}; ssl_certificate_key {key};"
            f" default_type application/captive+json; return 200 '{state}'; }}"
            f"server {{ listen {HTTP_PORT}; listen [::]:{HTTP_PORT}; return 302 http://{at.GATEWAY}:{HTTP_PORT}/sign-in; }}"
        )
        return services.start_nginx(lab, place, "portal", server, tcp=HTTPS_PORT)

    options = [f"dhcp-option-force=114,{API_URL}", f"host-record={PORTAL_HOST},{at.GATEWAY}"]
    services.start_gateway_dns(lab, *options)
    portal = lab.keep("portal", api(captive=True))
    with redirected(place, "80", HTTP_PORT), refused_https(place):
        phone.reconnect(lab)
        yield
    portal.stop()
    lab.keep("portal", api(captive=False))


@contextlib.contextmanager
def sign_in_server(lab: Lab, place: Place, answer: str):
    """nginx with the same answer to everything, clear and by TLS under the hotel's name."""
    chain, key = lab.pki.leaf("hotel", "wifi.hotel.test")
    clear, tls = (f"listen {port}{options}; listen [::]:{port}{options};" for port, options in ((HTTP_PORT, ""), (HTTPS_PORT, " ssl")))
    servers = f"server {{ {clear} default_type text/html; {answer} }}"
    servers += f"server {{ {tls} ssl_certificate {chain}; ssl_certificate_key {key}; default_type text/html; {answer} }}"
    server = services.start_nginx(lab, place, "portal", servers, tcp=HTTPS_PORT)
    try:
        yield
    finally:
        server.stop()
