"""mitmproxy addon: writes pictures again, with less quality, in their own format."""

import io

from mitmproxy import http
from PIL import Image


def response(flow: http.HTTPFlow) -> None:
    if not flow.response.headers.get("Content-Type", "").startswith("image/"):
        return
    picture = Image.open(io.BytesIO(flow.response.content))
    output = io.BytesIO()
    if picture.format == "JPEG":
        picture.save(output, "JPEG", quality=30)
    else:
        picture.convert("RGB").quantize(32).save(output, picture.format, optimize=True)
    flow.response.content = output.getvalue()
