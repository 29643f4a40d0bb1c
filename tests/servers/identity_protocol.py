#!/usr/bin/env python3
"""The identity-provider subset (`useUserPasswordAuthFlow`) as Amazon's own Python library speaks it: what the
stock command `vamscli auth login -u` does underneath, against a stack that is served.

  configuration, login, new password, second factor, refresh, own account, sign out, errors, lock-out

Usage: identity_protocol.py --vams BINARY --source FOLDER
Exit status: 0 all as expected, 1 not, 77 the Python packages cannot be had (tools/fetch_python).
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

SKIPPED = 77
ADMIN, PASSWORD = "administrator", "Correct-horse-7"
USER, FIRST, SECOND = "mara@plant.org", "Canary-mara-1st!", "Canary-mara-2nd!"
CONFIG = {"app": {"authProvider": {"useCognito": {"enabled": True, "useUserPasswordAuthFlow": True}}}}


def check(condition, message):
    if not condition:
        raise AssertionError(message)


def with_packages(source):
    """Starts this program again in the environment that has the packages, unless it runs there."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    python = cache / "vams" / "python" / "bin" / "python3"
    if pathlib.Path(sys.prefix) == python.parent.parent:
        return
    fetched = subprocess.run([source.parent / "tools" / "fetch_python"], check=False).returncode
    if fetched:
        sys.exit(SKIPPED if fetched == SKIPPED else 1)
    os.execv(python, [str(python), *sys.argv])


class Stack:
    """A stack of its own, served on a free port until the end of the block."""

    def __init__(self, vams):
        self.home = tempfile.mkdtemp(prefix="vams-identity-")
        environment = {"PATH": os.environ["PATH"], "HOME": self.home,
                       "VAMS_HOME": os.path.join(self.home, "home"), "VAMS_ADMIN_PASSWORD": PASSWORD}
        config = pathlib.Path(self.home, "given.json")
        config.write_text(json.dumps(CONFIG), encoding="utf-8")
        self.log = open(os.path.join(self.home, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [vams, "up", "--listen", "127.0.0.1:0", "--config", str(config)], env=environment,
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        said = ""
        for line in self.process.stdout:
            said += line
            if found := re.search(r" answers at (http://\S+?);", line):
                self.url = found.group(1)
                return
        self.log.seek(0)
        check(False, f"the server did not start: {said}{self.log.read()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()
        shutil.rmtree(self.home, ignore_errors=True)

    def ask(self, method, path, body=None, token=None):
        """(status, answer)"""
        request = urllib.request.Request(self.url + path, json.dumps(body).encode() if body else None,
                                         {"Content-Type": "application/json"}, method=method)
        if token:
            request.add_header("Authorization", "Bearer " + token)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)


def code_of(secret, steps_ahead=0):
    """RFC 6238.  The server takes the steps beside the present one too, and each code once."""
    step = int(time.time()) // 30 + steps_ahead
    digest = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)), struct.pack(">Q", step),
                      hashlib.sha1).digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 1000000:06d}"


class Client:
    """The library, pointed at the server as the command's users point it: by the environment."""

    def __init__(self, stack, settings):
        import boto3
        import botocore.config
        import botocore.exceptions

        os.environ["AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER"] = stack.url
        os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
        self.client_id = settings["cognitoAppClientId"]
        # Without credentials: the operations are unsigned.
        self.aws = boto3.client("cognito-idp", region_name=settings["region"],
                                config=botocore.config.Config(retries={"total_max_attempts": 1}))
        self.error = botocore.exceptions.ClientError

    def login(self, user, password):
        return self.aws.initiate_auth(ClientId=self.client_id, AuthFlow="USER_PASSWORD_AUTH",
                                      AuthParameters={"USERNAME": user, "PASSWORD": password})

    def answer(self, asked, name, member, value):
        check(asked.get("ChallengeName") == name, f"{name} should be asked for: {asked}")
        return self.aws.respond_to_auth_challenge(ClientId=self.client_id, ChallengeName=name,
                                                  Session=asked["Session"],
                                                  ChallengeResponses={member: value})

    def refresh(self, token):
        return self.aws.initiate_auth(ClientId=self.client_id, AuthFlow="REFRESH_TOKEN_AUTH",
                                      AuthParameters={"REFRESH_TOKEN": token})

    def refused(self, code, call, *arguments, **named):
        try:
            call(*arguments, **named)
        except self.error as error:
            have = error.response["Error"]["Code"]
            check(have == code, f"{code} was expected, {have} came: {error}")
            return
        check(False, f"{code} was expected, but the call succeeded")


def tokens_of(answer):
    result = answer["AuthenticationResult"]
    missing = {"AccessToken", "IdToken", "RefreshToken", "TokenType", "ExpiresIn"} - set(result)
    check(not missing, f"a login without {sorted(missing)}")
    check(result["TokenType"] == "Bearer" and result["ExpiresIn"] == 3600, f"{result}")
    return result


def standing(stack, token):
    return stack.ask("GET", "/secure-config", token=token)[0]


def first_login(stack, client):
    admin = tokens_of(client.login(ADMIN, PASSWORD))
    for token in (admin["AccessToken"], admin["IdToken"]):
        check(standing(stack, token) == 200, "a token of the library's login is refused")
    status, made = stack.ask("POST", "/user/cognito", {"userId": USER, "email": USER},
                             admin["AccessToken"])
    check(status == 200, f"creating a user: {made}")
    asked = client.login(USER, made["temporaryPassword"])
    client.refused("InvalidPasswordException", client.answer, asked, "NEW_PASSWORD_REQUIRED",
                   "NEW_PASSWORD", "weak")
    return tokens_of(client.answer(asked, "NEW_PASSWORD_REQUIRED", "NEW_PASSWORD", FIRST))


def refreshing(stack, client, tokens):
    for _ in range(2):
        result = client.refresh(tokens["RefreshToken"])["AuthenticationResult"]
        check("RefreshToken" not in result, "a refresh should leave the refresh token as it is")
        check(standing(stack, result["AccessToken"]) == 200, "a refreshed token is refused")
    client.refused("NotAuthorizedException", client.refresh, "no-such-token")


def second_factor(stack, client, access):
    aws = client.aws
    check("UserMFASettingList" not in aws.get_user(AccessToken=access), "a second factor is there")
    secret = aws.associate_software_token(AccessToken=access)["SecretCode"]
    status = aws.verify_software_token(AccessToken=access, UserCode=code_of(secret, -1))["Status"]
    check(status == "SUCCESS", f"enrolment: {status}")
    user = aws.get_user(AccessToken=access)
    check(user["Username"] == USER and user["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"], f"{user}")

    asked = client.login(USER, FIRST)
    client.refused("NotAuthorizedException", client.answer, asked, "SOFTWARE_TOKEN_MFA",
                   "SOFTWARE_TOKEN_MFA_CODE", "000000" if code_of(secret) != "000000" else "000001")
    tokens = tokens_of(client.answer(asked, "SOFTWARE_TOKEN_MFA", "SOFTWARE_TOKEN_MFA_CODE",
                                     code_of(secret)))
    check(standing(stack, tokens["AccessToken"]) == 200, "the token behind a code is refused")
    return secret, tokens


def own_account(stack, client, secret, tokens):
    aws, access = client.aws, tokens["AccessToken"]
    client.refused("InvalidPasswordException", aws.change_password, PreviousPassword=FIRST,
                   ProposedPassword="weakling", AccessToken=access)
    aws.change_password(PreviousPassword=FIRST, ProposedPassword=SECOND, AccessToken=access)
    check(standing(stack, access) == 403, "a changed password should end the sessions")
    client.refused("NotAuthorizedException", client.login, USER, FIRST)
    tokens = tokens_of(client.answer(client.login(USER, SECOND), "SOFTWARE_TOKEN_MFA",
                                     "SOFTWARE_TOKEN_MFA_CODE", code_of(secret, 1)))
    aws.global_sign_out(AccessToken=tokens["AccessToken"])
    check(standing(stack, tokens["AccessToken"]) == 403, "a signed-out token is good")
    client.refused("NotAuthorizedException", client.refresh, tokens["RefreshToken"])

    admin = tokens_of(client.login(ADMIN, PASSWORD))
    aws.revoke_token(Token=admin["RefreshToken"], ClientId=client.client_id)
    check(standing(stack, admin["AccessToken"]) == 403, "a revoked session is good")


def errors(client):
    aws = client.aws
    client.refused("NotAuthorizedException", client.login, "no-such-user", "Wrong-passw0rd!")
    client.refused("NotAuthorizedException", aws.get_user, AccessToken="no-such-token")
    client.refused("NotAuthorizedException", aws.forgot_password, ClientId=client.client_id,
                   Username=USER)
    client.refused("ResourceNotFoundException", aws.initiate_auth, ClientId="another",
                   AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": "a", "PASSWORD": "b"})
    client.refused("InvalidParameterException", aws.initiate_auth, ClientId=client.client_id,
                   AuthFlow="USER_SRP_AUTH", AuthParameters={"USERNAME": USER, "SRP_A": "1"})
    client.refused("InvalidParameterException", aws.respond_to_auth_challenge,
                   ClientId=client.client_id, ChallengeName="SMS_MFA", Session="s" * 20,
                   ChallengeResponses={"SMS_MFA_CODE": "123456"})
    client.refused("UnknownOperationException", aws.sign_up, ClientId=client.client_id,
                   Username="guest", Password="Canary-guest-1!")
    for _ in range(6):
        try:
            client.login(ADMIN, "Wrong-passw0rd!")
        except client.error:
            pass
    client.refused("TooManyRequestsException", client.login, ADMIN, PASSWORD)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vams", required=True)
    parser.add_argument("--source", required=True, type=pathlib.Path)
    arguments = parser.parse_args()
    with_packages(arguments.source)
    with Stack(arguments.vams) as stack:
        status, settings = stack.ask("GET", "/api/amplify-config")
        check(status == 200 and re.fullmatch(r"\w[\w-]*_\w[\w-]*", settings["cognitoUserPoolId"]),
              f"the pool is not published: {settings}")
        client = Client(stack, settings)
        tokens = first_login(stack, client)
        refreshing(stack, client, tokens)
        secret, tokens = second_factor(stack, client, tokens["AccessToken"])
        own_account(stack, client, secret, tokens)
        errors(client)
    print("the identity-provider subset answers as the library expects")


if __name__ == "__main__":
    main()
