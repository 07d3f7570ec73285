"""An app with Authlib, in Flask."""

import json

from peer import play, protected_header

from authlib.integrations.flask_client import OAuth
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from flask import Flask, request
from joserfc.jwk import KeySet

app = Flask(__name__)
app.secret_key = "only of this test"
oauth = OAuth(app)
its, browser, settings = None, app.test_client(), {}


@app.get("/sign-in")
def sign_in():
    return its.authorize_redirect(settings["redirect_uri"])


@app.get("/callback")
def callback():
    tokens = its.authorize_access_token()
    check_access_token(tokens["access_token"])
    header = protected_header(tokens["id_token"])
    return {**tokens, "claims": tokens["userinfo"], "header": header}


@app.get("/sign-out")
def sign_out():
    return its.logout_redirect(settings["post_logout_redirect_uri"], request.args["id_token"])


class Api(JWTBearerTokenValidator):
    """The resource server of an access token (RFC 9068)."""

    def get_jwks(self):
        return KeySet.import_key_set(its.fetch_jwk_set())


def check_access_token(token):
    issuer = settings["issuer"]
    api = Api(issuer=issuer, resource_server=issuer)
    api.validate_token(api.authenticate_token(token), ["openid"], None)


def set_up(**told):
    global its
    settings.update(told)
    app.testing = True  # what the library raises comes to us
    its = oauth.register(
        "hufu",
        server_metadata_url=settings["issuer"] + "/.well-known/openid-configuration",
        client_id=settings["client_id"],
        client_secret=settings["client_secret"],
        client_kwargs={
            "scope": settings["scope"],
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": settings["method"],
        },
    )


def begin():
    return browser.get("/sign-in").location


def finish(callback):
    return json.loads(browser.get("/callback?" + callback.partition("?")[2]).data)


def userinfo(access_token, **_):
    with app.app_context():
        answer = its.get(
            its.load_server_metadata()["userinfo_endpoint"],
            token={"access_token": access_token, "token_type": "Bearer"},
        )
    if not answer.ok:
        raise ValueError(f"{answer.status_code} {answer.text} {answer.headers}")
    return answer.json()


def refresh(refresh_token, **_):
    endpoint = its.load_server_metadata()["token_endpoint"]
    session = OAuth2Session(
        settings["client_id"],
        settings["client_secret"],
        token_endpoint_auth_method=settings["method"],
    )
    return session.refresh_token(endpoint, refresh_token=refresh_token)


def end(id_token, **_):
    return browser.get("/sign-out", query_string={"id_token": id_token}).location


play(set_up=set_up, begin=begin, finish=finish, userinfo=userinfo, refresh=refresh, end=end)
