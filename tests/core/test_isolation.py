"""A worker process runs what may crash, and nothing that happens in it harms the host."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from penstock.core import errors
from penstock.core.isolation import (
    call_isolated,
    let_workers_go_on,
    stop_worker,
    submit_isolated,
)

FUNCTIONS = """
import ctypes, os, resource, signal, subprocess, sys, time
from penstock.core.errors import AmbiguousDataError, MissingFileError


class OurError(MissingFileError):
    pass


def pid(*args): return os.getpid()
def echo(*args, **kwargs): return [list(args), kwargs]
def segfault(path): os.kill(os.getpid(), signal.SIGSEGV)
def leave(path): os._exit(3)
def leave_early(path): sys.exit("no more")
def complain_and_leave(path):
    print("cannot stand this file", file=sys.stderr)
    os._exit(1)
def nap(seconds): time.sleep(seconds)
def nap_and_tell(seconds): time.sleep(seconds); return os.getpid()
spoilt = []
def spoil(path): spoilt.append(path)
def die_if_spoilt(path): return os.abort() if path in spoilt else "well"
def hang(path): time.sleep(1000)
def hang_in_c(path): ctypes.PyDLL(None).sleep(1000)  # keeps the interpreter's lock
def fail(path): return [][1]
def say_ambiguous(path): raise AmbiguousDataError("two", where=path, remedy="Choose.")
def say_ours(path): raise OurError("gone", where="b.tif")
def answer(size): return "x" * size
def wait_for(path):
    for _ in range(500):
        if os.path.exists(path): return "there"
        time.sleep(0.01)
    return "never"
def give_object(): return object()
def limits(): return [resource.getrlimit(resource.RLIMIT_CORE)[0],
                      resource.getrlimit(resource.RLIMIT_AS)[0], os.getsid(0) == os.getpid()]
def eat(size): return len(bytearray(size))
def folder(): return os.getcwd()
def chatter():
    print("x" * 100_000, flush=True)
    os.write(1, b"raw")
    subprocess.run(["echo", "from a child"], check=True)
    os.write(2, b"y" * 1_000_000)
    return sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "lab.py").write_text(FUNCTIONS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    stop_worker()


def test_arguments_and_results_are_plain_data() -> None:
    value = {"µ": [1, 2.5, None, True, "\udcff", 2**70], "nested": {"empty": []}}
    assert call_isolated("lab:echo", value, Path("/a"), (1, 2), key="v") == [
        [value, "/a", [1, 2]],
        {"key": "v"},
    ]
    nan, infinity = call_isolated("lab:echo", float("nan"), float("inf"))[0]
    assert nan != nan
    assert infinity == float("inf")


def test_one_worker_serves_many_calls() -> None:
    first = call_isolated("lab:pid")
    assert first != os.getpid()
    assert {call_isolated("lab:pid") for _ in range(20)} == {first}


def test_a_crash_names_the_signal_and_the_file_and_the_next_call_works() -> None:
    before = call_isolated("lab:pid")
    with pytest.raises(
        errors.FileCrashesReaderError, match=r"lab:segfault crashed \(SIGSEGV\)"
    ) as e:
        call_isolated("lab:segfault", "/data/a.h5")
    assert e.value.where == "/data/a.h5"
    assert e.value.remedy
    assert call_isolated("lab:pid") != before


def test_a_crash_names_the_first_path_also_within_a_list() -> None:
    with pytest.raises(errors.FileCrashesReaderError) as caught:
        call_isolated("lab:segfault", ["/data/b.h5"])
    assert caught.value.where == "/data/b.h5"


def test_leaving_is_a_crash_too() -> None:
    with pytest.raises(errors.FileCrashesReaderError, match="ended its process with exit status 3"):
        call_isolated("lab:leave", "a.h5")


def test_last_words_of_a_crash_are_told() -> None:
    with pytest.raises(errors.FileCrashesReaderError, match="last words: cannot stand this file"):
        call_isolated("lab:complain_and_leave", "a.h5")


@pytest.mark.parametrize("function", ["hang", "hang_in_c"])
def test_a_hang_ends_at_its_time_limit_with_its_worker(function: str) -> None:
    worker = call_isolated("lab:pid")
    with pytest.raises(errors.FileCrashesReaderError, match=r"took longer than 0\.3 s") as caught:
        call_isolated(f"lab:{function}", "a.h5", timeout=0.3)
    assert caught.value.where == "a.h5"
    assert not psutil.pid_exists(worker)
    assert call_isolated("lab:pid") != worker


def test_errors_of_ours_keep_their_kind_and_parts() -> None:
    with pytest.raises(errors.AmbiguousDataError) as caught:
        call_isolated("lab:say_ambiguous", "a.h5")
    assert (caught.value.what, caught.value.where, caught.value.remedy) == (
        "two",
        "a.h5",
        "Choose.",
    )


def test_errors_derived_from_ours_come_as_the_kind_that_the_host_knows() -> None:
    with pytest.raises(errors.MissingFileError) as caught:
        call_isolated("lab:say_ours", "a.h5")
    assert type(caught.value) is errors.MissingFileError
    assert caught.value.where == "b.tif"


def test_other_errors_come_with_their_type_and_traceback() -> None:
    with pytest.raises(errors.UnsupportedFileError) as caught:
        call_isolated("lab:fail", "a.h5")
    assert type(caught.value) is errors.UnsupportedFileError
    assert str(caught.value) == "a.h5: IndexError: list index out of range"
    assert "in fail" in caught.value.__notes__[0]


def test_exiting_python_is_an_error_and_no_crash() -> None:
    worker = call_isolated("lab:pid")
    with pytest.raises(errors.UnsupportedFileError, match="SystemExit: no more"):
        call_isolated("lab:leave_early", "a.h5")
    assert call_isolated("lab:pid") == worker


@pytest.mark.parametrize(
    "reference", ["lab:absent", "no_such_module:f", "not a reference", "lab:OurError.__name__"]
)
def test_what_is_no_function_is_a_plugin_error(reference: str) -> None:
    with pytest.raises(errors.PluginError):
        call_isolated(reference)


def test_what_is_no_plain_data_is_a_plugin_error() -> None:
    with pytest.raises(errors.PluginError, match="arguments are no plain data"):
        call_isolated("lab:echo", object())
    with pytest.raises(errors.PluginError, match="result is no plain data"):
        call_isolated("lab:give_object")


def test_large_messages_pass_both_ways() -> None:
    size = 20_000_000
    assert len(call_isolated("lab:answer", size)) == size
    assert call_isolated("lab:echo", "y" * size)[0][0] == "y" * size


def test_what_libraries_print_and_read_does_not_touch_the_messages(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert call_isolated("lab:chatter") == ""
    assert call_isolated("lab:echo", 1) == [[1], {}]
    assert capfd.readouterr() == ("", "")


def test_the_worker_has_limits_and_a_session_of_its_own() -> None:
    assert call_isolated("lab:limits") == [0, 8 * 2**30, True]
    assert call_isolated("lab:limits", memory_limit=3 * 2**30)[1] == 3 * 2**30


def test_too_much_memory_is_an_error() -> None:
    with pytest.raises(errors.UnsupportedFileError, match="MemoryError"):
        call_isolated("lab:eat", 2**31, memory_limit=2**30)
    assert call_isolated("lab:eat", 10) == 10


def test_the_worker_follows_the_host_to_folders_and_imports(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call_isolated("lab:pid")
    later = tmp_path / "later"
    later.mkdir()
    (later / "found_later.py").write_text("def there(): return True\n")
    monkeypatch.chdir(later)
    assert call_isolated("lab:folder") == str(later)
    monkeypatch.syspath_prepend(str(later))
    assert call_isolated("found_later:there") is True


def test_a_worker_that_was_killed_while_idle_is_replaced() -> None:
    worker = call_isolated("lab:pid")
    os.kill(worker, signal.SIGKILL)
    assert is_gone(worker)
    assert call_isolated("lab:echo") == [[], {}]


def test_threads_share_the_worker_and_get_their_own_answers() -> None:
    answers: dict[int, list[int]] = {}

    def ask(number: int) -> None:
        answers[number] = [call_isolated("lab:echo", number, i)[0] for i in range(20)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {n: [[n, i] for i in range(20)] for n in range(4)}


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="there is one worker only")
def test_a_thread_that_waits_keeps_no_other_from_its_answer(tmp_path: Path) -> None:
    # What the first call waits for is there only once the second has been answered.
    call_isolated("lab:pid")
    sign = tmp_path / "sign"
    first: list[str] = []
    waiting = threading.Thread(
        target=lambda: first.append(call_isolated("lab:wait_for", str(sign)))
    )
    waiting.start()
    time.sleep(0.2)
    assert call_isolated("lab:echo", 1) == [[1], {}]
    sign.touch()
    waiting.join()
    assert first == ["there"]


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_of_the_host_has_a_worker_of_its_own_even_while_the_hosts_is_busy() -> None:
    worker = call_isolated("lab:pid")
    busy = threading.Thread(target=call_isolated, args=("lab:nap", 1.0))
    busy.start()
    time.sleep(0.1)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(10)
            os.write(writing, str(call_isolated("lab:pid")).encode())
            stop_worker()
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    assert busy.is_alive()
    with os.fdopen(reading) as stream:
        assert int(stream.read()) != worker
    busy.join()
    assert call_isolated("lab:pid") == worker


HOST = """
import sys, threading, time
sys.path.insert(0, {folder!r})
from penstock.core.isolation import call_isolated
print(call_isolated("lab:pid"), flush=True)
"""


def start_host(tmp_path: Path, code: str) -> tuple[subprocess.Popen[str], int]:
    script = tmp_path / "host.py"
    script.write_text(HOST.format(folder=str(tmp_path)) + textwrap.dedent(code))
    host = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert host.stdout is not None
    return host, int(host.stdout.readline())


def finish(host: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait for a host; what it has written since its first line, which `communicate` may lose."""
    assert host.stdout is not None
    assert host.stderr is not None
    with host:
        return host.stdout.read(), host.stderr.read()


def is_gone(pid: int) -> bool:
    for _ in range(300):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    "code",
    [
        "",
        "raise ValueError",
        """
        hang = lambda: call_isolated("lab:hang", "a", timeout=100)
        threading.Thread(target=hang, daemon=True).start()
        time.sleep(0.2)
        """,
    ],
)
def test_the_worker_ends_with_the_host(tmp_path: Path, code: str) -> None:
    host, worker = start_host(tmp_path, code)
    finish(host)
    assert is_gone(worker)


@pytest.mark.parametrize("function", ["echo", "hang", "hang_in_c"])
def test_the_worker_ends_when_the_host_is_killed(tmp_path: Path, function: str) -> None:
    code = f'call_isolated("lab:{function}", "a", timeout=100)\ntime.sleep(100)'
    host, worker = start_host(tmp_path, code)
    time.sleep(0.2)
    host.kill()
    finish(host)
    assert is_gone(worker)


def test_an_interrupt_leaves_things_whole(tmp_path: Path) -> None:
    code = """
    try:
        call_isolated("lab:hang", "a", timeout=100)
    except KeyboardInterrupt:
        print("interrupted", call_isolated("lab:echo", 5))
    """
    host, worker = start_host(tmp_path, code)
    time.sleep(0.3)
    host.send_signal(signal.SIGINT)
    assert finish(host) == ("interrupted [[5], {}]\n", "")
    assert is_gone(worker)


def test_the_users_main_module_does_not_run_again(tmp_path: Path) -> None:
    host, _ = start_host(tmp_path, 'call_isolated("lab:echo", 1)')
    assert finish(host) == ("", "")  # the first line, already read, would be there again


def test_the_host_imports_nothing_heavy_for_it(tmp_path: Path) -> None:
    host, _ = start_host(tmp_path, 'print({"numpy", "h5py", "multiprocessing"} & set(sys.modules))')
    assert finish(host) == ("set()\n", "")


def test_a_python_that_cannot_start_itself_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(errors.PluginError, match="no worker process can be started"):
        call_isolated("lab:pid")
    monkeypatch.setattr(sys, "executable", "/does/not/exist")
    with pytest.raises(errors.PluginError, match="no worker process can be started"):
        call_isolated("lab:pid")


# Many calls at a time ----------------------------------------------------------------------------


def test_calls_that_are_handed_in_together_are_answered_each_on_its_own() -> None:
    calls = [submit_isolated("lab:echo", number) for number in range(200)]
    assert [call.result()[0][0] for call in calls] == list(range(200))
    assert all(call.done for call in calls)


def test_results_can_be_taken_in_any_order() -> None:
    calls = [submit_isolated("lab:echo", number) for number in range(50)]
    assert [call.result()[0][0] for call in reversed(calls)] == list(range(49, -1, -1))


def test_several_workers_share_the_calls() -> None:
    calls = [submit_isolated("lab:pid") for _ in range(5)]
    slow = [submit_isolated("lab:nap_and_tell", 0.1) for _ in range(4)]
    workers = {call.result() for call in [*calls, *slow]}
    assert len(workers) == min(4, os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("bad", "message"),
    [("lab:segfault", "SIGSEGV"), ("lab:leave", "status 3"), ("lab:fail", "IndexError")],
)
def test_a_crash_among_many_costs_only_the_call_that_it_happens_in(bad: str, message: str) -> None:
    calls = [
        submit_isolated(bad if number % 20 == 7 else "lab:echo", f"/data/{number}.h5")
        for number in range(60)
    ]
    for number, call in enumerate(calls):
        if number % 20 == 7:
            with pytest.raises(errors.UnsupportedFileError, match=message) as caught:
                call.result()
            assert caught.value.where == f"/data/{number}.h5"
        else:
            assert call.result() == [[f"/data/{number}.h5"], {}]


def test_a_hang_among_many_costs_only_the_call_that_it_happens_in() -> None:
    calls = [submit_isolated("lab:echo", number) for number in range(10)]
    calls.insert(3, submit_isolated("lab:hang", "/data/a.h5", timeout=0.3))
    with pytest.raises(errors.FileCrashesReaderError, match=r"took longer than 0\.3 s"):
        calls.pop(3).result()
    assert [call.result()[0][0] for call in calls] == list(range(10))


def test_a_call_is_not_blamed_for_the_memory_that_another_spoilt(tmp_path: Path) -> None:
    """It crashes a worker that has served others, and not a fresh one: so it is made again."""
    mark = tmp_path / "spoilt"
    assert call_isolated("lab:spoil", str(mark)) is None
    assert call_isolated("lab:die_if_spoilt", str(mark)) == "well"


def test_a_call_that_is_given_up_takes_its_worker_with_it_and_no_other_call() -> None:
    hanging = submit_isolated("lab:hang", "/data/a.h5", timeout=100)
    others = [submit_isolated("lab:echo", number) for number in range(40)]
    hanging.cancel()
    assert [call.result()[0][0] for call in others] == list(range(40))


def test_calls_go_on_while_nobody_waits() -> None:
    calls = [submit_isolated("lab:echo", "x" * 10_000) for _ in range(40)]
    deadline = time.monotonic() + 20
    while not all(call.done for call in calls):
        let_workers_go_on()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_calls_that_wait_when_the_workers_are_stopped_are_made_by_others() -> None:
    calls = [submit_isolated("lab:echo", number) for number in range(60)]
    stop_worker()
    assert [call.result()[0][0] for call in calls] == list(range(60))


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_can_wait_for_a_call_that_was_handed_in_before() -> None:
    call = submit_isolated("lab:nap_and_tell", 0.2)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(20)
            os.write(writing, str(call.result()).encode())
            stop_worker()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        other = int(stream.read())
    os.waitpid(child, 0)
    assert call.result() not in (other, os.getpid())
