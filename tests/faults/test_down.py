"""`make down` leaves the machine as it was before `make up`.

Only a sandbox that the tests brought up themselves is compared, as only then it is known what the machine was like
before: `pytest --fresh` takes one that is up down first.
"""

from __future__ import annotations

import pytest

from tests.conftest import Sandbox, assert_ok
from tests.machine import Machine


@pytest.mark.last
def test_down_leaves_nothing(sandbox: Sandbox) -> None:
    if sandbox.before is None:
        pytest.skip("the sandbox was up before these tests and stays; --fresh makes one of their own")
    up = Machine.now(sandbox.paths)
    assert sandbox.before.differences(up), "a sandbox that is up shows in the comparison"
    done = sandbox.remove()
    assert_ok(done, "`make down` to succeed")
    assert "The sandbox is gone" in done.stdout.splitlines()[-1], "the last line says what happened"
    left = sandbox.before.differences(Machine.now(sandbox.paths))
    assert not left, "the machine is as it was before:\n" + "\n".join(left)
    assert sandbox.command("status").returncode == 1, "status says that there is none"
    again = sandbox.command("down")
    assert_ok(again, "a second `make down` to find nothing to do")
