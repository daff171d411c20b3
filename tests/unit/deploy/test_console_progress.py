"""Progress of long work: on standard error alone, and without a terminal as lines that come now and then."""

from __future__ import annotations

from threading import Event

from deploy import console


def test_short_work_says_nothing_without_a_terminal(capfd) -> None:
    """Work that is done before the first line is due leaves both outputs empty."""
    with console.progress() as shown:
        shown.update(shown.add_task("read", total=2), completed=2)
    assert capfd.readouterr() == ("", "")


def test_long_work_says_lines_without_a_terminal(capfd, monkeypatch) -> None:
    """Lines name what is under way and how far it is, on standard error; what is done is left out."""
    monkeypatch.setattr(console, "LINE_SECONDS", 0.01)
    said, plain = Event(), console.note

    def note(text: str) -> None:
        plain(text)
        said.set()

    monkeypatch.setattr(console, "note", note)
    with console.progress() as shown:
        shown.update(shown.add_task("boot", total=1), completed=1)
        shown.update(shown.add_task("settle", total=None), completed=1200, total=5000)
        shown.add_task("load", total=1)
        for _ in range(2):  # the first may have been on its way
            said.clear()
            assert said.wait(30)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines()[-1].endswith(" s: settle 1,200 of 5,000, load")
