"""`python -m opsroom` is the command `opsroom`."""

from opsroom.cli import main

if __name__ == "__main__":
    main()
