"""`Measures`: training loss, norms and alignment of an epoch in PyTorch, each norm only if the policy reads it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import torch

from hpo_gym.control.signals import AT_START, NORMS

POWER_STEPS = 4
_TINY = 1e-30


class Measures:
    """Sums over the updates of an epoch of trained `weights`, which wait for no device; a policy `reads` some."""

    def __init__(self, weights: Iterable[torch.Tensor], reads: Collection[str]) -> None:
        self._weights = [w for w in weights if w.requires_grad]
        self._reads = {*reads, *(["gradient_norm"] if "usual_gradient_norm" in reads else [])}
        self._norms = bool(self._reads.intersection(NORMS))
        self.gradients = not self._reads.isdisjoint(("gradient_norm", "alignment"))
        self._forget()

    def _forget(self) -> None:
        self._losses = list[torch.Tensor]()
        self._kept: dict[str, list[torch.Tensor]] = {name: [] for name in NORMS}
        self._gradient: torch.Tensor | None = None
        self._place: torch.Tensor | None = None

    def start(self, loss: Callable[[], torch.Tensor]) -> dict[str, float]:
        """Return the norms of gradient and weights before the first update, and the sharpness: the largest curvature,
        from below, after `POWER_STEPS` power steps from the gradient's direction."""
        if not self._reads & {*AT_START, "gradient_norm", "weight_norm"}:
            return {}
        sharp = "sharpness_at_start" in self._reads
        with torch.enable_grad():
            parts = torch.autograd.grad(loss(), self._weights, create_graph=sharp, allow_unused=True)
            gradient = self._flat(parts)
            norms = [gradient.detach().norm()]
            v = gradient.detach()
            for _ in range(POWER_STEPS if sharp else 0):
                v = v / (norms[-1] + _TINY)
                v = self._flat(torch.autograd.grad(gradient @ v, self._weights, retain_graph=True, allow_unused=True))
                norms.append(v.norm())
        out = {"gradient_norm": norms[0].item(), "weight_norm": self._flat(self._weights).norm().item()}
        return out | ({"sharpness_at_start": norms[-1].item()} if sharp else {})

    def batch(self, loss: torch.Tensor) -> None:
        """Take an update: after `backward()`, before the weights move."""
        self._losses.append(loss.detach())
        if not self._norms:
            return
        if self.gradients:
            before, self._gradient = self._gradient, self._flat([w.grad for w in self._weights])
            self._kept["gradient_norm"].append(self._gradient.norm())
            if before is not None and "alignment" in self._reads:
                norms = self._kept["gradient_norm"]
                self._kept["alignment"].append(before @ self._gradient / (norms[-1] * norms[-2] + _TINY))
        if "update_norm" in self._reads:
            self._moved()

    def end(self) -> dict[str, float]:
        """Return the measurements since the last call, `train_loss` among them; none without a batch."""
        if not self._losses:
            return {}
        if "update_norm" in self._reads:
            self._moved()
        losses, quarter = torch.stack(self._losses), max(len(self._losses) // 4, 1)
        parts = {"train_loss": losses, "first_loss": losses[:quarter], "last_loss": losses[-quarter:]}
        out = {name: part.mean().item() for name, part in parts.items() if name in {*self._reads, "train_loss"}}
        out |= {"alignment": 0.0} if "alignment" in self._reads else {}
        for name, kept in self._kept.items():
            if kept:
                all_of = (stacked := torch.stack(kept))[stacked.isfinite()]  # gradient scaling skips the others
                out[name] = (all_of.mean() if name == "alignment" else all_of.square().mean().sqrt()).item()
        if "weight_norm" in self._reads:
            out["weight_norm"] = self._flat(self._weights).norm().item()
        self._forget()
        return out

    def _moved(self) -> None:
        """Measure the last update; keep the weights before the next one."""
        before, self._place = self._place, self._flat(self._weights)
        if before is not None:
            self._kept["update_norm"].append((self._place - before).norm())

    def _flat(self, parts: Iterable[torch.Tensor | None]) -> torch.Tensor:
        """Return one vector, a copy; None counts as zeros."""
        pairs = zip(parts, self._weights, strict=True)
        return torch.cat([torch.zeros_like(w).flatten() if p is None else p.flatten() for p, w in pairs])
