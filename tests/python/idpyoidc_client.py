"""An app with idpyoidc, by those who wrote the first certification suite."""

from urllib.parse import parse_qsl

from peer import play, protected_header

from idpyoidc.client.defaults import DEFAULT_OIDC_SERVICES
from idpyoidc.client.oidc.end_session import EndSession
from idpyoidc.client.rp_handler import RPHandler

handler, settings, state = None, {}, None


def set_up(**told):
    global handler
    settings.update(told)
    scope = settings["scope"].split()
    handler = RPHandler(
        base_url="https://app.example.com",
        # Of its own for this run: without this it leaves files in the folder where it runs.
        key_conf={"key_defs": [{"type": "EC", "crv": "P-256", "use": ["sig"]}]},
        client_configs={
            "hufu": {
                "client_type": "oidc",
                "issuer": settings["issuer"],
                "client_id": settings["client_id"],
                "client_secret": settings["client_secret"],
                "redirect_uris": [settings["redirect_uri"]],
                "post_logout_redirect_uris": [settings["post_logout_redirect_uri"]],
                "response_types_supported": ["code"],
                "token_endpoint_auth_methods_supported": [settings["method"]],
                "client_authn_methods": [settings["method"]],
                "token_endpoint_auth_method": settings["method"],
                "id_token_signed_response_alg": settings["algorithm"],
                "scope": scope,
                "scopes_supported": scope,
                "allow": {"issuer_mismatch": False},
                "add_ons": {
                    "pkce": {
                        "function": "idpyoidc.client.oauth2.add_on.pkce.add_support",
                        "kwargs": {"code_challenge_length": 64, "code_challenge_method": "S256"},
                    }
                },
                "services": {**DEFAULT_OIDC_SERVICES, "end_session": {"class": EndSession}},
            }
        },
    )


def begin():
    return handler.begin("hufu")


def finish(callback):
    global state
    answer = dict(parse_qsl(callback.partition("?")[2].partition("#")[0]))
    issuer = answer.get("iss", settings["issuer"])
    told = handler.finalize(issuer, answer)
    if "error" in told:
        raise ValueError(told["error"])
    state = told["state"]
    kept = handler.get_session_information(state)
    id_token = kept["id_token"]
    return {
        "access_token": kept["access_token"],
        "refresh_token": kept["refresh_token"],
        "id_token": id_token,
        "claims": told["id_token"].to_dict(),
        "header": protected_header(id_token),
        "userinfo": told["userinfo"].to_dict(),
    }


def userinfo(access_token, **_):
    return handler.get_user_info(state, access_token=access_token).to_dict()


def refresh(**_):
    answer = handler.refresh_access_token(state).to_dict()
    return {"access_token": answer["access_token"]}


def end(**_):
    return handler.logout(state, None, settings["post_logout_redirect_uri"])["url"]


play(set_up=set_up, begin=begin, finish=finish, userinfo=userinfo, refresh=refresh, end=end)
