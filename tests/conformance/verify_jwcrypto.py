"""Verifies the tokens with jwcrypto."""

import json
from importlib.metadata import version

from jwcrypto.common import JWException
from jwcrypto.jwk import JWK, JWKSet
from jwcrypto.jws import JWS

import tokens


class JwCrypto(tokens.Library):
    name = f"jwcrypto {version('jwcrypto')}"
    refusals = (JWException, ValueError)

    def verify(self, token, jwk, audience=None):
        jws = JWS()
        jws.allowed_algs = ["ES256"]
        jws.deserialize(token, jwk if isinstance(jwk, JWK) else JWK(**jwk))
        claims = json.loads(jws.payload)
        # It verifies tokens; claims are for who asks it.
        if audience is not None and claims.get("aud") != audience:
            raise ValueError("for another audience")
        return jws.jose_header, claims

    def of_set(self, jwks, kid):
        return JWKSet.from_json(json.dumps(jwks)).get_key(kid)

    def thumbprint(self, jwk):
        return JWK(**jwk).thumbprint()


tokens.main(JwCrypto())
