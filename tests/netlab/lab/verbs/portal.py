"""Captive portals: networks that answer for everyone until somebody signs in."""

import contextlib

from .. import addresses as at
from .. import nginx, phone, services
from ..network import Lab
from ..places import Place
from . import verb
from .http import refused_https
from .tls import redirected

HTTP_PORT, HTTPS_PORT = 8000, 8001
PORTAL_HOST = "portal.test"
SIGN_IN = f"return 302 http://{at.GATEWAY}:{HTTP_PORT}/sign-in"
API_URL = f"https://{PORTAL_HOST}:{HTTPS_PORT}/captive-portal/api"


@verb("gateway")
def portal_redirect(lab: Lab, place: Place, *, https: str = "refused"):
    """Redirects (302) clear HTTP to a sign-in page; https is `refused` or `open`."""
    closed = refused_https(place) if https == "refused" else contextlib.nullcontext()
    with sign_in_server(lab, place, SIGN_IN), redirected(place, "80", HTTP_PORT), closed:
        yield


@verb("gateway")
def portal_page(lab: Lab, place: Place):
    """Answers everything with a sign-in page (200), by TLS under the hotel's own name."""
    answer = "return 200 '<html><form>Room number</form></html>'"
    with (
        sign_in_server(lab, place, answer),
        redirected(place, "80", HTTP_PORT),
        redirected(place, "443", HTTPS_PORT),
    ):
        yield


@verb("gateway")
def portal_api(lab: Lab, place: Place):
    """Names its portal's API by DHCP (RFC 8910) and redirects until sign-in, which the API tells (RFC 8908).

    What follows the scenario is the same network with the portal cleared.
    """
    services.start_gateway_dns(
        lab, f"dhcp-option-force=114,{API_URL}", f"host-record={PORTAL_HOST},{at.GATEWAY}"
    )
    with api_server(lab, place, "true"), redirected(place, "80", HTTP_PORT), refused_https(place):
        phone.reconnect(lab)
        yield
    lab.keep("portal", api_server(lab, place, "false"))


def api_server(lab: Lab, place: Place, captive: str):
    """The portal's API, and the redirection to its page."""
    state = f'{{"captive": {captive}, "user-portal-url": "https://{PORTAL_HOST}:{HTTPS_PORT}/"}}'
    certificate = nginx.certificate(lab.pki.leaf("portal-api", PORTAL_HOST))
    answer = f"default_type application/captive+json; return 200 '{state}'"
    api = nginx.server(nginx.listen_everywhere(HTTPS_PORT, "ssl"), certificate, answer)
    page = nginx.server(nginx.listen_everywhere(HTTP_PORT), SIGN_IN)
    return nginx.start(lab, place, "portal", api, page, tcp=HTTPS_PORT)


def sign_in_server(lab: Lab, place: Place, answer: str):
    """nginx with the same answer to everything, clear and by TLS under the hotel's name."""
    certificate = nginx.certificate(lab.pki.leaf("hotel", "wifi.hotel.test"))
    clear = nginx.server(nginx.listen_everywhere(HTTP_PORT), "default_type text/html", answer)
    tls = nginx.listen_everywhere(HTTPS_PORT, "ssl")
    secure = nginx.server(tls, certificate, "default_type text/html", answer)
    return nginx.start(lab, place, "portal", clear, secure, tcp=HTTPS_PORT)
