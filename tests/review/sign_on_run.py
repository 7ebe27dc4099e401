"""Single sign-on from end to end in a process of its own, since it is chosen when Django starts.

The directory is a double on the loopback address: it knows its people by the code that the browser brings. Prints what
came of each visit as JSON.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEOPLE: dict[str, dict[str, Any]] = {
    "zhou": {"sub": "1", "preferred_username": "zhou", "name": "小周", "groups": ["qc-staff", "canteen"]},
    "wang": {"sub": "2", "preferred_username": "wang", "name": "王工", "groups": ["agents"], "staff_no": "A7"},
    "guest": {"sub": "3", "preferred_username": "guest", "name": "访客", "groups": []},
    "root": {"sub": "4", "preferred_username": "root", "name": "冒名", "groups": ["qc-staff"]},
    "listed": {"sub": "5", "preferred_username": "listed", "name": "名单", "groups": ["qc-lead"]},
    "gone": {"sub": "6", "preferred_username": "gone", "name": "离职", "groups": ["qc-staff"]},
}


class Directory(BaseHTTPRequestHandler):
    """The OpenID provider's double."""

    challenges: dict[str, str]
    audience = "pages"

    def do_GET(self) -> None:
        host = f"http://{self.headers['Host']}"
        path = urlsplit(self.path).path
        if path.endswith("/.well-known/openid-configuration"):
            ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys",
                    "userinfo_endpoint": "/userinfo"}  # fmt: skip
            self.answer({"issuer": host, **{name: host + end for name, end in ends.items()}})
        elif path == "/userinfo":
            self.answer(PEOPLE[self.headers["Authorization"].removeprefix("Bearer at-")])
        else:
            self.answer({"keys": [{**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key())), "kid": "k"}]})

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        name, verifier = form["code"][0], form.get("code_verifier", [""])[0]
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        right = (form.get("client_secret") or [""])[0] == "between-us" and challenge == self.challenges.get(name)
        if not right:
            self.answer({"error": "invalid_grant"}, 400)
            return
        host, now = f"http://{self.headers['Host']}", int(time.time())
        claims = {"iss": host, "aud": self.audience, "sub": PEOPLE[name]["sub"], "iat": now, "exp": now + 60}
        token = jwt.encode(claims, KEY, algorithm="RS256", headers={"kid": "k"})
        self.answer({"access_token": f"at-{name}", "token_type": "Bearer", "id_token": token})

    def answer(self, body: Any, status: int = 200) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: Any) -> None:
        pass


def visit(client: Any, name: str, *, tamper: str = "") -> Any:
    """Go to the directory and come back as somebody."""
    away = client.get("/sso/oidc/centre/login/?next=/rules")
    asked = parse_qs(urlsplit(away.url).query)
    Directory.challenges = {name: asked["code_challenge"][0]}
    state = tamper or asked["state"][0]
    return client.get("/sso/oidc/centre/login/callback/", {"code": name, "state": state})


def main(var_dir: str) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Directory)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    from config.django import setup_django
    from config.settings import load_settings

    secret = f"{var_dir}/client_secret"
    with open(secret, "w", encoding="utf-8") as file:
        file.write("between-us\n")
    setup_django(
        load_settings(
            var_dir=var_dir,
            database_url=f"sqlite:///{var_dir}/sso.sqlite3",
            sso_server_url=f"http://127.0.0.1:{server.server_port}",
            sso_client_id="pages",
            sso_client_secret_file=secret,
            sso_name="用工号登录",
            sso_roles={"qc-staff": "reviewer", "qc-lead": "supervisor", "agents": "agent"},
            sso_agent_claim="staff_no",
        )
    )
    from django.contrib.auth import get_user_model
    from django.test import Client
    from django.test.utils import setup_test_environment

    from store.accounts import create_account
    from store.centre import PersonRow, set_people
    from store.database import migrate

    setup_test_environment()
    migrate()
    users = get_user_model()
    create_account("root", "correct-horse-7", ["administrator"])
    set_people([PersonRow("listed", "名单", ("reviewer",)), PersonRow("gone", "离职", ("reviewer",))])
    users.objects.filter(username="gone").update(is_active=False)
    told: dict[str, Any] = {"button": "用工号登录" in Client().get("/login").content.decode()}

    def standing(name: str) -> Any:
        user = users.objects.filter(username=name).first()
        return None if user is None else [sorted(user.groups.values_list("name", flat=True)), user.account.agent_id]

    for name in PEOPLE:
        client = Client()
        answer = visit(client, name)
        way = getattr(answer, "url", "")
        pages = {page: client.get(page).status_code for page in ("/queue", "/my", "/rules")}
        told[name] = {"status": answer.status_code, "way": way, "pages": pages, "standing": standing(name)}
    told["accounts"] = users.objects.count()
    PEOPLE["zhou"]["groups"] = ["agents-of-old"]
    client = Client()
    visit(client, "zhou")
    told["later"] = {"standing": standing("zhou"), "queue": client.get("/queue").status_code}
    client = Client()
    answer = visit(client, "zhou", tamper="made-up")
    told["foreign state"] = [answer.status_code, client.get("/me").status_code]
    Directory.audience = "another"
    client = Client()
    told["foreign audience"] = [visit(client, "zhou").status_code, client.get("/me").status_code]
    told["password"] = Client().post("/login", {"username": "root", "password": "correct-horse-7"}).status_code
    server.shutdown()
    print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    main(sys.argv[1])
