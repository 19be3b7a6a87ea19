"""Verifies the tokens with PyJWT, on OpenSSL."""

import hashlib
import json

import jwt

import tokens


class PyJwt(tokens.Library):
    name = f"PyJWT {jwt.__version__}"
    refusals = (jwt.PyJWTError,)

    def verify(self, token, jwk, audience=None):
        key = jwk if isinstance(jwk, jwt.PyJWK) else jwt.PyJWK.from_dict(jwk, algorithm="ES256")
        options = {"verify_aud": audience is not None}
        decoded = jwt.decode_complete(token, key, algorithms=["ES256"], audience=audience, options=options)
        return decoded["header"], decoded["payload"]

    def of_set(self, jwks, kid):
        return jwt.PyJWKSet.from_dict(jwks)[kid]

    def thumbprint(self, jwk):
        # PyJWT has none of its own. RFC 7638, section 3: the required members, sorted, without white space.
        required = {name: jwk[name] for name in ("crv", "kty", "x", "y")}
        canonical = json.dumps(required, sort_keys=True, separators=(",", ":"))
        return tokens.encode(hashlib.sha256(canonical.encode()).digest())


tokens.main(PyJwt())
