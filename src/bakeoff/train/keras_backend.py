"""Keras and the framework below it: is it there, and how is it kept quiet and exact?"""

import os
from importlib.util import find_spec

from bakeoff.errors import MissingPackageError

INSTALL = {
    "tensorflow": "pip install 'bakeoff[tensorflow]'",
    "jax": "pip install 'bakeoff[jax]'",
}
ENVIRONMENT = {  # read when the framework is imported
    "TF_CPP_MIN_LOG_LEVEL": "2",  # else it greets with its build options
    "TF_ENABLE_ONEDNN_OPTS": "0",  # its sums come in another order on each machine
}


def need_keras(*frameworks: str) -> str:
    """Import Keras on the first of these that is installed, and return what it runs on.

    Where KERAS_BACKEND is set, or Keras was imported before, it stays on what it is.

    Args:
        frameworks: "tensorflow" or "jax", the preferred first.

    Raises:
        MissingPackageError: None of them is installed, or Keras itself is not.
    """
    installed = next((name for name in frameworks if find_spec(name)), "")
    if not installed:
        raise not_installed(frameworks[0])
    for name, value in {"KERAS_BACKEND": installed, **ENVIRONMENT}.items():
        os.environ.setdefault(name, value)
    try:
        import keras
    except ImportError as error:
        raise not_installed(installed) from error
    return str(keras.backend.backend())


def not_installed(framework: str) -> MissingPackageError:
    """Say how to install Keras on a framework."""
    return MissingPackageError(
        f"{framework} is not installed. Install it with: {INSTALL[framework]}"
    )
