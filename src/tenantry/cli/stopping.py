"""Ending a command from outside."""

from __future__ import annotations

import asyncio
import signal
import threading


def as_after_ctrl_c() -> None:
    """SIGTERM, with which systemd and containers stop a program, cleans up as Ctrl-C does. Called within
    the event loop, whose way of ending is taken over while it runs."""
    task = asyncio.current_task()
    if task is None or threading.current_thread() is not threading.main_thread():
        return
    before = signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    task.add_done_callback(lambda _: signal.signal(signal.SIGTERM, before))
