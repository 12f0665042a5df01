"""The page as it is served: where it comes from, what its policy allows, what it weighs."""

from __future__ import annotations

import inspect
import re

from fastapi import FastAPI
from fastapi.testclient import TestClient

from dashboards import mount
from dashboards.page import ASSETS, assets_digest

WEIGHT_MAX = 1_500_000


def client() -> TestClient:
    api = FastAPI()
    mount(api)
    return TestClient(api)


def test_page_names_only_its_own_host() -> None:
    page = client().get("/room/").text
    links = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert links
    assert [link for link in links if not link.startswith("/room/")] == []


def test_policy_forbids_inline_scripts_and_other_hosts() -> None:
    policy = client().get("/room/").headers["content-security-policy"]
    parts = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert "'unsafe-inline'" not in policy
    assert "http" not in policy
    assert parts["default-src"] == "'none'"
    assert parts["script-src"].startswith("'self' 'sha256-")


def test_assets_may_be_kept_because_their_path_changes_with_them(tmp_path: object) -> None:
    del tmp_path
    served = client()
    answer = served.get(f"/room/assets/{assets_digest()}/main.js")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert "immutable" not in served.get("/room/").headers.get("cache-control", "")


def test_digest_changes_with_the_content(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "a.js").write_text("one")
    first = assets_digest(folder)
    (folder / "a.js").write_text("two")
    assert assets_digest(folder) != first


def test_every_callback_is_async() -> None:
    """On this backend a sync callback would block the room's only loop."""
    dash = mount(FastAPI())
    sync = [
        name
        for name, one in dash.callback_map.items()
        if not inspect.iscoroutinefunction(inspect.unwrap(one["callback"]))
    ]
    assert sync == []


def test_page_weight_is_bounded() -> None:
    served = client()
    page = served.get("/room/").text
    links = set(re.findall(r'(?:src|href)="([^"]+\.(?:js|css)[^"]*)"', page))
    modules = {f"/room/assets/{assets_digest()}/{file.name}" for file in ASSETS.glob("*.js")}
    weight = sum(len(served.get(link).content) for link in links | modules)
    assert weight < WEIGHT_MAX


def test_public_files_go_out_compressed_and_nothing_else_does() -> None:
    served = client()
    page = served.get("/room/", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in page.headers
    script = f"/room/assets/{assets_digest()}/main.js"
    plain = served.get(script, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    for _ in range(2):
        squeezed = served.get(script, headers={"Accept-Encoding": "gzip"})
        assert squeezed.headers["content-encoding"] == "gzip"
        assert squeezed.content == plain.content
        assert int(squeezed.headers["content-length"]) < len(plain.content)
        assert squeezed.headers["cache-control"] == plain.headers["cache-control"]
    font = next(ASSETS.glob("vendor/b612/*.woff2")).relative_to(ASSETS).as_posix()
    again = served.get(f"/room/assets/{assets_digest()}/{font}", headers={"Accept-Encoding": "gzip"})
    assert (again.status_code, again.headers.get("content-encoding")) == (200, None)


def test_every_module_that_the_first_one_brings_along_is_fetched_at_once() -> None:
    page = client().get("/room/").text
    ahead = re.findall(r'rel="modulepreload" href="[^"]+/(\w+\.js)"', page)
    imported = {
        name
        for file in ("main.js", *ahead)
        for name in re.findall(r'from "\./([^"]+)"', (ASSETS / file).read_text(encoding="utf-8"))
    }
    assert imported - {"main.js"} == set(ahead)
    assert len(ahead) == len(set(ahead)) > 30
    assert "plotly.js" not in ahead


def test_bare_address_leads_to_the_room() -> None:
    answer = client().get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "/room/")


def test_no_two_walls_have_one_key() -> None:
    scripts = "\n".join(file.read_text(encoding="utf-8") for file in sorted(ASSETS.glob("*.js")))
    acts = (ASSETS / "keys.js").read_text(encoding="utf-8").split("const DOES = {")[1].split("};")[0]
    keys = re.findall(r'add(?:Wall|Later)\(\{[^}]*key: "(\w)"', scripts)
    taken = re.findall(r"^  (\w):", acts, re.MULTILINE)
    assert len(keys) >= 8
    assert len(set(keys)) == len(keys)
    assert {key.lower() for key in keys} & set(taken) == set()
