"""Out of memory: how each framework says so, and a training that needs half of it."""

from dataclasses import replace

from bakeoff.train.job import Job

KINDS = ("OutOfMemoryError", "ResourceExhaustedError")  # of torch on a GPU, of TensorFlow
WORDS = (  # of a RuntimeError: of torch on a CPU, of JAX, of macOS
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "RESOURCE_EXHAUSTED",
)


def out_of_memory(error: BaseException) -> bool:
    """Tell whether an error of a framework is want of memory.

    Example:
        >>> out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"))
        True
        >>> out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
        False
    """
    if isinstance(error, MemoryError) or type(error).__name__ in KINDS:
        return True
    said = str(error)
    return isinstance(error, RuntimeError) and any(words in said for words in WORDS)


def halved(job: Job) -> Job:
    """Return a job whose batches are half as large, and twice as many to a step.

    Each step is what it was, but for what batch norm sees at once.
    """
    recipe = dict(job.recipe)
    recipe["batch_size"] = max(1, recipe["batch_size"] // 2)
    recipe["accumulate"] = 2 * recipe.get("accumulate", 1)
    return replace(job, recipe=recipe)
