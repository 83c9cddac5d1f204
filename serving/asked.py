"""The model that a call asks for, as far as its caller may know of it."""

from collections.abc import Iterator
from contextlib import contextmanager

from features.errors import ModelNotLoaded, UnknownName
from serving.call import Call
from serving.runtime import Runtime
from serving.served import Served


def find(runtime: Runtime, model: str, version: str, call: Call) -> Served:
    """The loaded version that answers ``call``.

    Args:
        runtime: holds the models.
        model: its name.
        version: as it is written on the wire; empty leaves it to the routing.
        call: whose caller must be allowed to ask for it.

    Raises:
        NotAllowed: the caller may not ask for ``model``, whether there is one or not.
        ModelNotLoaded: the model is there and does not answer; says why.
        UnknownName: no such model or version is loaded; offers no name that the caller may not ask for.
    """
    call.refuse_other(model)
    try:
        return runtime.find(model, version, call.zone)
    except UnknownName:
        lines = runtime.lines()
        if model in lines:
            raise
        why = runtime.not_served.get(model)
        if why is not None:
            raise ModelNotLoaded(
                cause=f"{model} is not served: {why}",
                mend="Ask whoever runs this server to mend it, roll it back or load it again",
            ) from None
        raise UnknownName.among("model", model, [name for name in lines if call.may(name)]) from None


@contextmanager
def hushed(call: Call, model: str) -> Iterator[None]:
    """Around a change of ``model``: refuses a caller who may not, and names other models to none who has scopes.

    Raises:
        NotAllowed: as ``find``.
        UnknownName: there is no such model.
    """
    call.refuse_other(model)
    try:
        yield
    except UnknownName as error:
        if call.caller.scopes is None:
            raise
        raise UnknownName(cause=error.cause, mend="Name one that lies in the folder of this server") from None
