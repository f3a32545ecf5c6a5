"""The items of a batch as jobs of Procrastinate: the one module that knows it.

It has to run a job at least once, never two of one item at the same time, and to notice workers that died. That no call
is paid twice, and whose word counts, is the memory's business; so another engine could take its place.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

import procrastinate

from procauthor.authoring.postgres import BOUNDS, SharedMemory
from procauthor.errors import StoreError

_Result = TypeVar("_Result")
_TASK = "write_item"
_PATIENCE = 30.0
_NEVER = 86_400.0
# What it logs is told by its errors, and would go between the lines of ours.
for _name in ("procrastinate", "psycopg.pool"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False


async def _bound(connection: Any) -> None:
    await connection.execute(BOUNDS)
    await connection.commit()


class Workers:
    """This process as one of the workers at a batch; a context in which it takes items.

    Args:
        memory: Where the batch is.
        queue: The id of the batch.
        places: How many items this process writes at once.
        lease: Seconds after which a worker that says nothing counts as dead.
        take: Writes the item of a number, in a thread of its own; it never raises.
    """

    def __init__(
        self, memory: SharedMemory, queue: str, places: int, lease: float, take: Callable[[int], None]
    ) -> None:
        self._memory = memory
        self._queue = queue
        self._places = places
        self._lease = lease
        self._take = take
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="procauthor-workers")
        self._fault: Exception | None = None
        self._task: asyncio.Task[None] | None = None
        self._app = procrastinate.App(
            connector=procrastinate.PsycopgConnector(conninfo=memory.address, max_size=4, configure=_bound)
        )
        self._app.task(name=_TASK)(self._write)

    def __enter__(self) -> Self:
        self._prepare()
        self._loop = asyncio.new_event_loop()
        # A job that another worker has ended meanwhile cannot be ended again, which is no fault.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        self._thread.start()
        self._ready.wait(_PATIENCE)
        self.refuse_fault()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        # What is still in work is left: it ends with the process, and others take it over.
        self._thread.join(1.0)

    def offer(self, number: int, priority: int) -> None:
        """Let some worker write an item, those of a higher priority first. To offer it twice does no harm."""
        job = self._app.configure_task(_TASK, queue=self._queue, lock=f"{self._queue}-{number}", priority=priority)
        self._wait_for(job.defer_async(number=number))

    def take_over(self, release: Callable[[int], None]) -> None:
        """Offer again what dead workers have left; ``release`` gives back what they had of an item."""
        known = self._app.job_manager
        # Looking and offering have to be one act, or two workers would offer the same item again.
        with self._memory.writing(flushed=False):
            stalled = self._wait_for(known.get_stalled_jobs(queue=self._queue, seconds_since_heartbeat=self._lease))
            for job in stalled:
                release(int(str(job.task_kwargs["number"])))
                self._wait_for(known.retry_job(job))

    def stop(self) -> None:
        """Take no further item."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._cancel)

    def refuse_fault(self) -> None:
        """Raise what this worker died of.

        Raises:
            StoreError: It can take no further item.
        """
        if self._fault is not None:
            message = "this worker lost the queue of items in the database"
            raise StoreError(message, "what was paid for is kept; begin it again") from self._fault

    def _prepare(self) -> None:
        """Make the tables of the queue, unless they are there."""
        with self._memory.writing() as connection:
            known = connection.execute("select to_regclass('procrastinate_jobs') as it").fetchone()
            if known["it"] is None:
                connection.execute(self._app.schema_manager.get_schema())

    def _wait_for(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(_PATIENCE)
        except (procrastinate.exceptions.ProcrastinateException, TimeoutError, RuntimeError) as error:
            self._fault = self._fault or error
            self.refuse_fault()
            raise

    # In the thread of the loop

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except Exception as error:  # noqa: BLE001 - it is raised again in the main thread
            self._fault = error
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        async with self._app.open_async():
            self._task = asyncio.create_task(
                self._app.run_worker_async(
                    queues=[self._queue],
                    concurrency=self._places,
                    delete_jobs="always",
                    install_signal_handlers=False,
                    update_heartbeat_interval=self._lease / 3,
                    stalled_worker_timeout=self._lease,
                    fetch_job_polling_interval=self._lease / 3,
                    abort_job_polling_interval=_NEVER,
                )
            )
            self._ready.set()
            with suppress(asyncio.CancelledError):
                await self._task
            if self._task is not None:
                message = "the worker ended by itself"
                raise RuntimeError(message)

    def _cancel(self) -> None:
        # Once: a second time would not wait for the items in work.
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    async def _write(self, number: int) -> None:
        done = self._loop.create_future()

        def work() -> None:
            self._take(number)
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(done.set_result, None)

        threading.Thread(target=work, daemon=True, name=f"procauthor-{number}").start()
        await done
