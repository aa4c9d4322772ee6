"""Array: what columns, inputs and targets are made of."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
