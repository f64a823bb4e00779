"""Physics that the suite `Control` does not share with `Policies`, in modules of the same shape."""
