"""Let ``python -m attorn`` do what the ``attorn`` command does."""

from attorn.command import main

if __name__ == "__main__":
    main(prog_name="attorn")
