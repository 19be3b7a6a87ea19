"""Verifies the tokens with joserfc, the successor of Authlib's JOSE."""

from importlib.metadata import version

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

import tokens


class Joserfc(tokens.Library):
    name = f"joserfc {version('joserfc')}"
    refusals = (JoseError, ValueError)

    def verify(self, token, jwk, audience=None):
        decoded = jwt.decode(token, jwk if isinstance(jwk, ECKey) else ECKey.import_key(jwk), algorithms=["ES256"])
        if audience is not None:
            jwt.JWTClaimsRegistry(aud={"essential": True, "value": audience}).validate(decoded.claims)
        return decoded.header, decoded.claims

    def of_set(self, jwks, kid):
        return KeySet.import_key_set(jwks).get_by_kid(kid)

    def thumbprint(self, jwk):
        return ECKey.import_key(jwk).thumbprint()


tokens.main(Joserfc())
