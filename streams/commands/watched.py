"""The watch list as it now is, for commands that name a brand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Collection

    from streams.brands.registry import Registry
    from streams.settings import Settings


def now(settings: Settings) -> Registry:
    """Return the watch list: the configuration's, changed by the topic `brands`. Raises UserError where it cannot be read."""
    import asyncio

    from streams import wiring
    from streams.brands.follow import BrandsFollower
    from streams.engine.reader import COMMAND_PATIENCE, UNREADABLE

    brands = wiring.registry(settings)
    try:
        asyncio.run(BrandsFollower(settings, brands).read(COMMAND_PATIENCE))
    except UNREADABLE as error:
        raise UserError(f"brands: cannot be read: {error!r}; see tocsin topics check") from None
    return brands


def unknown(brand: str, names: Collection[str]) -> str:
    """Return what to say of a brand that is none of `names`."""
    return f"{brand!r} is not watched; watched are {', '.join(sorted(names)[:10])}"
