"""Snapshots of moto's state. To restore one takes milliseconds; the calls that create the same state take seconds."""

from __future__ import annotations

import io
import pickle
import threading
from dataclasses import dataclass
from typing import Any

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
    """

    services: dict[str, Any]
    state: bytes

    @staticmethod
    def take() -> Snapshot:
        """Return a snapshot of the current state."""
        buffer = io.BytesIO()
        with moto_state.LOCK:
            services: dict[str, Any] = {each.service_name: each for each in BackendDict._instances}
            state = {
                name: {account: dict(regions) for account, regions in service.items()}
                for name, service in services.items()
            }
            _Pickler(buffer).dump((state, s3_backends.bucket_accounts))
        return Snapshot(services, buffer.getvalue())

    def restore(self) -> None:
        """Replace the current state with the state of the snapshot."""
        with moto_state.LOCK:
            moto_state.reset()
            state, owners = pickle.loads(self.state)  # noqa: S301 - pickled by this process
            for name, accounts in state.items():
                for account, regions in accounts.items():
                    self.services[name][account].update(regions)
            s3_backends.bucket_accounts.clear()
            s3_backends.bucket_accounts.update(owners)


class _Pickler(pickle.Pickler):
    def reducer_override(self, value: Any) -> Any:
        return (threading.RLock, ()) if isinstance(value, _LOCK) else NotImplemented
