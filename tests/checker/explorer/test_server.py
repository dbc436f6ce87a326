"""The server: it answers its own page, and nobody else."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the explorer's server needs attorn[explore]")

from starlette.testclient import TestClient

from attorn.checker.explorer.server import LOOPBACK, application, listen
from attorn.spec.errors import BadInput
from tests.checker.explorer.worlds import desk

PORT, TOKEN = 4711, "a-token"
OWN = {"X-Attorn-Token": TOKEN}


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    with TestClient(application(desk(), PORT, TOKEN), base_url=f"http://{LOOPBACK}:{PORT}") as made:
        yield made


def asked(client: TestClient, path: str, **body: Any) -> Any:
    answer = client.post(f"/api/{path}", content=json.dumps(body), headers=OWN)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_page_and_all_that_it_names_is_served_without_a_token(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200
    named = [part.split('"')[0] for mark in ('src="', 'href="assets') for part in page.text.split(mark)[1:]]
    for name in named:
        path = name if name.startswith("assets") else f"assets{name}"
        assert client.get(f"/{path}").status_code == 200, path
    assert client.get("/assets/css/picture.css").headers["content-type"].startswith("text/css")
    assert (
        client.get("/assets/js/main.js")
        .headers["content-type"]
        .startswith(("text/javascript", "application/javascript"))
    )


def test_nothing_on_the_page_comes_from_elsewhere(client: TestClient) -> None:
    for path in (
        "/",
        "/assets/js/main.js",
        "/assets/css/page.css",
        "/assets/css/panels.css",
        "/assets/css/picture.css",
    ):
        assert "//" not in client.get(path).text.replace("http://www.w3.org", "").replace("// ", ""), path
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_questions_need_the_token(client: TestClient) -> None:
    for headers in ({}, {"X-Attorn-Token": "another"}, {"X-Attorn-Token": ""}):
        answer = client.get("/api/worlds", headers=headers)
        assert answer.status_code == 401
        assert "attorn explore" in answer.json()["error"]
    assert [each["name"] for each in client.get("/api/worlds", headers=OWN).json()] == ["locks", "claim", "H2", "H3"]


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", f"{LOOPBACK}:1", LOOPBACK, ""])
def test_another_name_for_this_server_is_refused(client: TestClient, host: str) -> None:
    assert client.get("/", headers={"Host": host}).status_code == 421
    assert client.get("/api/worlds", headers={**OWN, "Host": host}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", f"https://{LOOPBACK}:{PORT}", f"http://{LOOPBACK}:1", "null"]
)
def test_pages_of_other_servers_are_refused(client: TestClient, origin: str) -> None:
    answer = client.post("/api/view", content='{"world":"locks"}', headers={**OWN, "Origin": origin})
    assert answer.status_code == 403
    own = client.post("/api/view", content='{"world":"locks"}', headers={**OWN, "Origin": f"http://{LOOPBACK}:{PORT}"})
    assert own.status_code == 200


def test_a_browser_that_says_who_asks_is_believed_against_others(client: TestClient) -> None:
    assert client.get("/api/worlds", headers={**OWN, "Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert client.get("/api/worlds", headers={**OWN, "Sec-Fetch-Site": "same-site"}).status_code == 403
    assert client.get("/api/worlds", headers={**OWN, "Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_a_request_that_is_too_long_is_refused_before_it_is_read(client: TestClient) -> None:
    answer = client.post("/api/view", content=b"{}", headers={**OWN, "Content-Length": str(2**40)})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"world":1}', b'{"world":"locks","at":"x"}', b'{"world":"locks","more":1}', b"\xff"]
)
def test_what_is_no_question_is_refused_in_words(client: TestClient, body: bytes) -> None:
    answer = client.post("/api/view", content=body, headers=OWN)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_mistake_in_a_condition_is_answered_as_it_is_told(client: TestClient) -> None:
    answer = client.post("/api/seek", content='{"world":"locks","condition":"holdr[lock0] = none"}', headers=OWN)
    assert answer.status_code == 400
    assert "Did you mean `holder`?" in answer.json()["error"]


def test_questions_are_answered_as_the_desk_does(client: TestClient) -> None:
    view = asked(client, "view", world="locks", labels=["take(process0,lock0)"])
    assert view["values"] == ["process0", "none"]
    found = asked(client, "seek", world="locks", condition="holder[lock1] = process1")
    assert (found["outcome"], found["labels"]) == ("found", ["take(process1,lock1)"])
    assert asked(client, "landmark", world="locks", name="all_taken")["outcome"] == "found"
    assert client.get("/api/world", params={"name": "locks"}, headers=OWN).json()["machine"] == "locks"
    assert client.get("/api/world", params={"name": "lock"}, headers=OWN).status_code == 400


def test_files_outside_the_assets_are_not_served(client: TestClient) -> None:
    for path in ("/assets/../server.py", "/assets/%2e%2e/server.py", "/assets/..%2fserver.py", "/assets/"):
        assert client.get(path).status_code in (403, 404), path


def test_a_port_in_use_is_refused_in_words() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        with pytest.raises(BadInput, match=r"port \d+ is in use"):
            listen(taken.getsockname()[1])


def test_only_this_computer_can_connect() -> None:
    with listen(0) as at:
        assert at.getsockname()[0] == "127.0.0.1"


def test_the_parts_of_an_answer_do_not_wait_for_acknowledgements() -> None:
    async def immediate(at: socket.socket) -> int:
        accepted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            made = writer.get_extra_info("socket")
            accepted.set_result(made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        async with await asyncio.start_server(answer, sock=at):
            _, asking = await asyncio.open_connection(*at.getsockname())
            asking.close()
            return await accepted

    with listen(0) as at:
        assert asyncio.run(immediate(at)) != 0
