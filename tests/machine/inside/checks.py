"""Checks that run one after the other in a machine and are told on its console: `ok NAME` or `FAILED NAME: why`."""

import signal
import sys
import time
import traceback

DEADLINE = 30.0  # seconds; what a check waits at most for one thing
LIMIT = 400  # seconds; what a check takes at most, whatever it hangs in; busy hosts make machines slow

_checks = []


def check(function):
    """Marks a check; its name is the sentence that its function's name spells."""
    _checks.append(function)
    return function


def until(condition, what, deadline=DEADLINE, every=0.02):
    """Waits until the condition is true, and returns what it was."""
    end = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"in {deadline:.0f} s this did not happen: {what}")
        time.sleep(every)
    return value


def equal(is_, should_be):
    if is_ != should_be:
        raise AssertionError(f"{is_!r} instead of {should_be!r}")


def within(text, whole):
    if text not in whole:
        raise AssertionError(f"there is no {text!r} in {whole!r}")


def figure(sentence):
    print(f"# {sentence}", flush=True)


def ask_outside(what):
    """Has whoever runs the machine do something to it."""
    print(f"@{what}", flush=True)


def _took_too_long(*_):
    raise AssertionError(f"it was not over after {LIMIT} s")


def run(log=None):
    """Runs all of them; those after a failure too, and after one that hangs. What `log` returns is longer each time; a failure shows what came since its check began."""
    failed = 0
    signal.signal(signal.SIGALRM, _took_too_long)
    for function in _checks:
        name = function.__name__.replace("_", " ")
        began, logged = time.monotonic(), len(log() if log else "")
        try:
            signal.alarm(LIMIT)
            function()
            signal.alarm(0)
        except Exception as error:
            signal.alarm(0)
            failed += 1
            ours = [place for place in traceback.extract_tb(error.__traceback__)
                    if place.filename not in (__file__, signal.__file__) and "/lib/python" not in place.filename]
            print(f"FAILED {name}: {type(error).__name__}: {error} (line {ours[-1].lineno if ours else 0}, "
                  f"{time.monotonic() - began:.2f} s)", flush=True)
            for line in (log() if log else "")[logged:].splitlines()[-30:]:
                print(f"  | {line}", flush=True)
        else:
            print(f"ok {name} ({time.monotonic() - began:.2f} s)", flush=True)
    print(f"checks: {len(_checks)}, failed: {failed}", flush=True)
    sys.exit(failed > 0)
