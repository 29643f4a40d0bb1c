#!/usr/bin/env python3
"""A stack whose users come from an OpenID Connect provider: npm's oidc-provider (tests/servers/oidc) gives the tokens,
the program serves, and nothing but requests and answers is looked at.

Usage: external_login.py --vams BINARY
Exit status: 0 all as expected, 1 not, 77 the provider cannot be had (tools/fetch_oidc_provider).
"""

import argparse
import base64
import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import urllib.parse

from served import PATIENCE, Stack, check, first_line, run_parts, stop

SKIPPED = 77
HERE = pathlib.Path(__file__).resolve().parent
ADMIN = "Lee"  # what the tokens of the client lee say
FORBIDDEN = (403, {"message": "Forbidden"})


def provider_folder():
    """The same as in tools/fetch_oidc_provider."""
    version = re.search(r"^version=(\S+)$", (HERE.parents[1] / "tools" / "fetch_oidc_provider").read_text(), re.M)
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    return cache / "vams" / f"oidc-provider-{version.group(1)}"


class Provider:
    def __init__(self):
        self.process = subprocess.Popen(["node", HERE / "oidc" / "provider.mjs", provider_folder()],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        said, found = first_line(self.process, r"^(\d+)\n")
        check(found, f"the provider did not start: {said}")
        self.port = int(found.group(1))
        self.issuer = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        stop(self.process, signal.SIGKILL)
        self.process.stdout.close()

    def token(self, client, scope="assets"):
        secret = base64.b64encode(f"{client}:{client}-secret-of-the-test".encode()).decode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("POST", "/token",
                               urllib.parse.urlencode({"grant_type": "client_credentials", "scope": scope}),
                               {"Authorization": "Basic " + secret,
                                "Content-Type": "application/x-www-form-urlencoded"})
            answer = connection.getresponse()
            body = answer.read()
            check(answer.status == 200, f"the provider gives no token: {body}")
            return json.loads(body)["access_token"]
        finally:
            connection.close()


def config_for(provider, audience="vams"):
    return {"app": {"adminUserId": ADMIN, "authProvider": {
        "useCognito": {"enabled": False},
        "useExternalOAuthIdp": {
            "enabled": True, "idpAuthProviderUrl": provider.issuer, "idpAuthClientId": "vams-web",
            "idpAuthProviderScope": "openid", "idpAuthProviderScopeMfa": "plant.mfa",
            "idpAuthPrincipalDomain": "plant.example", "idpAuthProviderTokenEndpoint": provider.issuer + "/token",
            "idpAuthProviderAuthorizationEndpoint": provider.issuer + "/auth",
            "idpAuthProviderDiscoveryEndpoint": provider.issuer + "/.well-known/openid-configuration",
            "lambdaAuthorizorJWTIssuerUrl": provider.issuer, "lambdaAuthorizorJWTAudience": audience}}}}


def roles_for(stack, token):
    return stack.ask("GET", "/roles", token=token).status


def refused(stack, token, why):
    answer = stack.ask("GET", "/secure-config", token=token)
    check((answer.status, answer.json()) == FORBIDDEN, f"{why}: {answer.status} {answer.body}")


def no_accounts_here(stack, printed):
    check("password" not in printed, f"an account was made: {printed}")
    for method, path in (("POST", "/auth/login"), ("POST", "/auth/challenge"), ("POST", "/auth/refresh"),
                         ("POST", "/auth/logout"), ("POST", "/auth/password"), ("POST", "/auth/mfa"),
                         ("GET", "/auth/account"), ("GET", "/.well-known/jwks.json"),
                         ("GET", "/.well-known/openid-configuration")):
        answer = stack.ask(method, path, {} if method == "POST" else None)
        check(answer.status == 404, f"{method} {path} of the built-in accounts: {answer.status} {answer.body}")


def let(stack, admin, role, *, mfa):
    """A role that may read roles."""
    stack.call("POST", "/roles", {"roleName": role, "description": "x", "mfaRequired": mfa}, admin)
    for kind, field, value in (("api", "route__path", "/roles"), ("role", "roleName", ".*")):
        stack.call("POST", f"/auth/constraints/{role}-{kind}", {
            "name": f"{role}-{kind}", "description": "x", "objectType": kind,
            "criteriaAnd": [{"field": field, "operator": "contains", "value": value}],
            "groupPermissions": [{"groupId": role, "permission": "GET", "permissionType": "allow"}]}, admin)


def tokens(vams, provider):
    with Stack(vams, config_for(provider)) as stack:
        no_accounts_here(stack, stack.start())
        check(stack.call("GET", "/api/amplify-config")["externalOAuthIdpURL"] == provider.issuer, "amplify-config")
        check(stack.ask("GET", "/secure-config").status == 401, "without a token")
        dana, strong, admin = provider.token("dana"), provider.token("dana", "assets plant.mfa"), provider.token("lee")

        # Any token of the provider is somebody; what they may do is decided here.
        check(stack.ask("GET", "/secure-config", token=dana).status == 200, "the provider's token is refused")
        check((roles_for(stack, dana), roles_for(stack, admin)) == (403, 200), "only the administrator has a role")
        let(stack, admin, "plain", mfa=False)
        let(stack, admin, "careful", mfa=True)
        stack.call("POST", "/user-roles", {"userId": "dana", "roleName": ["plain"]}, admin)
        check((roles_for(stack, dana), roles_for(stack, strong)) == (200, 200), "the role does not count")
        stack.call("PUT", "/user-roles", {"userId": "dana", "roleName": ["careful"]}, admin)
        check(roles_for(stack, dana) == 403, "a role that needs a second factor counts without one")
        check(roles_for(stack, strong) == 200, "a role that needs a second factor does not count with one")
        check(stack.ask("POST", "/roles", {"roleName": "x", "description": "x"}, strong).status == 403, "a write")

        front, _, signature = dana.rpartition(".")
        refused(stack, f"{front}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}", "another signature")
        header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
        refused(stack, f"{header}.{dana.split('.')[1]}.", "no signature")

        # Keys that are known serve on without the provider, for tokens never seen as well.
        unseen = provider.token("dana", "assets plant.mfa")
        provider.stop()
        check(roles_for(stack, admin) == 200, "a known token without the provider")
        check(roles_for(stack, unseen) == 200, "a new token without the provider")
        check(stack.stop() == 0, "the server did not end well")
        check("is whole" in stack.run("audit", "verify"), "the audit log is not whole")

        # Without keys nobody is let in, and the server runs all the same.
        stack.start()
        refused(stack, admin, "without keys")
        check("could not be verified" in stack.logs[-1].read_text(), "the log does not say why nobody gets in")
        check(stack.ask("GET", "/healthz").status == 200, "the server depends on its provider")


def expired(vams, provider):
    with Stack(vams, config_for(provider)) as stack:
        stack.start()
        check(stack.ask("GET", "/secure-config", token=provider.token("dana")).status == 200, "the keys are there")
        token = provider.token("kai")
        check(stack.ask("GET", "/secure-config", token=token).status == 200, "refused before its time")
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        # Nothing else ends the wait than the clock: the server remembers a token that it has seen.
        while time.time() <= claims["exp"] + 1:
            time.sleep(0.2)
        refused(stack, token, "after its time")


def foreign(vams, provider):
    with Stack(vams, config_for(provider, "another application")) as stack:
        stack.start()
        for client in ("dana", "lee"):
            refused(stack, provider.token(client), "a token for another application")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vams", required=True)
    vams = os.path.abspath(parser.parse_args().vams)
    if not provider_folder().exists():
        print(f"{provider_folder()} is not there; run tools/fetch_oidc_provider")
        return SKIPPED
    with Provider() as provider:
        return run_parts([("expired", lambda: expired(vams, provider)), ("foreign", lambda: foreign(vams, provider)),
                          ("tokens", lambda: tokens(vams, provider))])


if __name__ == "__main__":
    sys.exit(main())
