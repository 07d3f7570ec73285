"""A Django app with mozilla-django-oidc."""

from urllib.parse import urlsplit

from peer import play, protected_header

import django
import jwt
from django.conf import settings
from django.http import JsonResponse
from django.test import Client
from django.urls import include, path


def configure(told):
    issuer = told["issuer"]
    settings.configure(
        SECRET_KEY="only of this test",
        ALLOWED_HOSTS=["app.example.com"],
        ROOT_URLCONF=__name__,
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "mozilla_django_oidc",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        AUTHENTICATION_BACKENDS=[f"{__name__}.Backend"],
        LOGGING_CONFIG=None,
        LOGIN_REDIRECT_URL="/me",
        LOGIN_REDIRECT_URL_FAILURE="/failed",
        OIDC_AUTHENTICATION_CALLBACK_URL="callback",
        OIDC_OP_AUTHORIZATION_ENDPOINT=f"{issuer}/auth",
        OIDC_OP_TOKEN_ENDPOINT=f"{issuer}/token",
        OIDC_OP_USER_ENDPOINT=f"{issuer}/me",
        OIDC_OP_JWKS_ENDPOINT=f"{issuer}/.well-known/jwks.json",
        OIDC_RP_CLIENT_ID=told["client_id"],
        OIDC_RP_CLIENT_SECRET=told["client_secret"],
        OIDC_RP_SIGN_ALGO=told["algorithm"],
        OIDC_RP_SCOPES="openid profile",
        OIDC_TOKEN_USE_BASIC_AUTH=told["method"] == "client_secret_basic",
        OIDC_USE_PKCE=True,
        OIDC_STORE_ACCESS_TOKEN=True,
        OIDC_STORE_ID_TOKEN=True,
    )
    django.setup()
    django.core.management.call_command("migrate", verbosity=0)


def me(request):
    if not request.user.is_authenticated:
        return JsonResponse({}, status=401)
    user, session = request.user, request.session
    id_token = session["oidc_id_token"]
    return JsonResponse(
        {
            "access_token": session["oidc_access_token"],
            "id_token": id_token,
            # Verified before by the library.
            "claims": jwt.decode(id_token, options={"verify_signature": False}),
            "header": protected_header(id_token),
            "userinfo": {"sub": user.username, "name": user.first_name},
        }
    )


def load_views():
    global Backend, urlpatterns
    from django.contrib.auth import get_user_model
    from mozilla_django_oidc.auth import OIDCAuthenticationBackend
    from mozilla_django_oidc.views import OIDCAuthenticationCallbackView

    class Backend(OIDCAuthenticationBackend):
        """Knows people by their sub, and not by a mail address."""

        def verify_claims(self, claims):
            return "sub" in claims

        def filter_users_by_claims(self, claims):
            return get_user_model().objects.filter(username=claims["sub"])

        def create_user(self, claims):
            return get_user_model().objects.create_user(claims["sub"], first_name=claims["name"])

    urlpatterns = [
        path("me", me),
        path("callback", OIDCAuthenticationCallbackView.as_view(), name="callback"),
        path("oidc/", include("mozilla_django_oidc.urls")),
    ]


browser = None


def set_up(**told):
    global browser
    configure(told)
    load_views()
    browser = Client(headers={"host": urlsplit(told["redirect_uri"]).netloc})


def begin():
    return browser.get("/oidc/authenticate/", secure=True).headers["location"]


def finish(callback):
    query = callback.partition("?")[2].partition("#")[0]
    answer = browser.get("/callback?" + query, secure=True)
    if answer.headers.get("location") != "/me":
        raise ValueError(f"{answer.status_code} {answer.headers.get('location')} {query}")
    return browser.get("/me", secure=True).json()


play(set_up=set_up, begin=begin, finish=finish)
