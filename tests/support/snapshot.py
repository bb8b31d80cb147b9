"""Snapshots of moto's state. To restore one takes milliseconds; the calls that create the same state take seconds."""

from __future__ import annotations

import io
import pickle
import threading
from dataclasses import dataclass
from types import FunctionType
from typing import Any
from weakref import WeakValueDictionary

from moto.core.base_backend import BackendDict
from moto.s3.models import s3_backends

from local import moto_state

_LOCK = type(threading.RLock())


@dataclass(frozen=True)
class Snapshot:
    """All resources of moto at one time, in all services.

    Attributes:
        services: The backends of each service that was used.
        state: Their content, pickled: moto closes all objects of S3 that are in memory when it is reset.
        lambdas: The lambdas in the content.
    """

    services: dict[str, Any]
    state: bytes
    lambdas: list[FunctionType]

    @staticmethod
    def take() -> Snapshot:
        """Return a snapshot of the current state."""
        buffer = io.BytesIO()
        with moto_state.LOCK:
            services: dict[str, Any] = {each.service_name: each for each in BackendDict._instances}  # type: ignore[misc]
            state = {
                name: {account: dict(regions) for account, regions in service.items()}
                for name, service in services.items()
            }
            pickler = _Pickler(buffer)
            pickler.dump((state, s3_backends.bucket_accounts))
        return Snapshot(services, buffer.getvalue(), pickler.lambdas)

    def restore(self) -> None:
        """Replace the current state with the state of the snapshot."""
        with moto_state.LOCK:
            moto_state.reset()
            state, owners = _Unpickler(io.BytesIO(self.state), self.lambdas).load()
            for name, accounts in state.items():
                for account, regions in accounts.items():
                    self.services[name][account].update(regions)
            s3_backends.bucket_accounts.clear()
            s3_backends.bucket_accounts.update(owners)


class _Pickler(pickle.Pickler):
    """Pickler that also takes locks, dictionaries that do not own their values, and lambdas, which moto's state has."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self.lambdas: list[FunctionType] = []

    def persistent_id(self, value: Any) -> int | None:
        """Return the index of a lambda, which is not copied."""
        if not isinstance(value, FunctionType) or value.__name__ != "<lambda>":
            return None
        self.lambdas.append(value)
        return len(self.lambdas) - 1

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, _LOCK):
            return threading.RLock, ()
        if isinstance(value, WeakValueDictionary):
            return WeakValueDictionary, (dict(value),)
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, lambdas: list[FunctionType]) -> None:
        super().__init__(file)
        self._lambdas = lambdas

    def persistent_load(self, index: Any) -> FunctionType:
        return self._lambdas[index]
