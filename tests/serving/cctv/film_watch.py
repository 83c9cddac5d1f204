"""``haechi watch`` as a process, on cameras that do as a test says: ``python -m tests.serving.cctv.film_watch ...``."""

import sys
from types import ModuleType

from haechi import main
from tests.serving.cctv.doubles import make_doubles

if __name__ == "__main__":
    # In the place of the product's own parts; each worker makes them anew, by their name.
    parts = ModuleType("serving.cctv.seeing")
    parts.make_parts = make_doubles
    sys.modules[parts.__name__] = parts
    sys.argv[0] = "haechi"
    main()
