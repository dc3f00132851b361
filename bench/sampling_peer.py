"""AWRS of genlm-control, on the rows and under the constraints of the samplers here."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from constrain import Vocabulary
from constrain.sampling.base import Draw, Particle


class Peer:
    """Draws tokens at places that it is told.

    The condition looks at the last token alone, at its place: the cheapest there is.

    Args:
        vocabulary: the tokens.
        seed, settings: of genlm-control's `AWRS`.

    Attributes:
        asked: the tokens that the condition was asked about, over all draws.

    Raises:
        ModuleNotFoundError: genlm-control is not installed.
    """

    def __init__(self, vocabulary: Vocabulary, seed: int = 0, **settings: Any) -> None:
        import torch
        from genlm.control import AWRS, Potential

        self._torch = torch
        self._eos = vocabulary.eos_token_ids[0]
        peer = self
        tokens = [token for token in range(vocabulary.size) if token != self._eos]
        self._order = np.array([*tokens, self._eos])

        class Model(Potential):
            async def prefix(self, context: Any) -> float:
                return 0.0

            async def complete(self, context: Any) -> float:
                return 0.0

            async def logw_next(self, context: Any) -> Any:
                return self.make_lazy_weights(peer._weights)

        class Condition(Potential):
            async def prefix(self, context: Any) -> float:
                return peer._answer(context[-1]) if context else 0.0

            async def complete(self, context: Any) -> float:
                return peer._answer(peer._eos)

        self.asked: list[int] = []
        self._weights: Any = None
        self._particle: Any = None
        self._loop = asyncio.new_event_loop()
        self._sampler = AWRS(
            Model(tokens), Condition(tokens), seed=seed, autobatch=False, **settings
        )

    def look(self, particle: Particle, row: NDArray[Any]) -> None:
        """Go to a place."""
        self._particle, self._weights = particle, self._torch.from_numpy(row[self._order])

    def draw(self) -> Draw:
        """Draw a token there."""
        token, weight, _ = self._loop.run_until_complete(self._sampler.sample([]))
        return Draw(token if isinstance(token, int) else self._eos, float(weight))

    def _answer(self, token: int) -> float:
        self.asked.append(token)
        return 0.0 if self._particle.cursor.allows(token) else -math.inf
