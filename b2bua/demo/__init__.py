"""The demonstration of `make run`: the daemon between carriers of its own country and of another, playing stories.

- `story.py`      one call, its article, and what each side may see of it
- `stories.py`    the stories
- `carrier.py`    a small user agent: calls, answers, remembers (sans-IO)
- `holder.py`     a mobile operator that is asked where its subscribers are, and does it wrong when it is told to
- `witness.py`    reads the journal while it is written
- `judgement.py`  what was seen, held against the story
- `stage.py`      the daemon and the carriers on real sockets; plays one story
- `screen.py`     a live table, plain lines or JSON
- `show.py`       all stories, in a loop or once

The carriers use `sipstack` alone and meet the daemon only on the wire, so that a story can fail.
"""

from b2bua.demo.show import play

__all__ = ["play"]
