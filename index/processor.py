"""What this machine computes with, and what it computes quickest."""

from __future__ import annotations

FEATURES = {
    "AVX2": ("avx2", "_is_avx2_supported"),
    "AVX-512": ("avx512_f", "_is_avx512_supported"),
    "AVX512-BF16": ("avx512_bf16", "_is_avx512_bf16_supported"),
    "AMX": ("amx_tile", "_is_amx_tile_supported"),
}
"""Each feature's name in `torch.cpu.get_capabilities`, and the private function of torch versions without that one."""


def choose_device(device: str) -> str:
    """What is named; of `auto` the quickest that this machine has: `cuda`, `mps`, else `cpu`."""
    import torch

    if device != "auto":
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_precision(precision: str, device: str, *, own: bool = False) -> str:
    """What is named; of `auto` `bfloat16` where the device has it natively, else `float32`.

    For layers of our `own` it is `float16`, of the weights alone, where that is quickest.
    """
    import torch

    if precision != "auto":
        return precision
    native = torch.cuda.is_bf16_supported() if device.startswith("cuda") else device == "cpu" and native_bfloat16()
    if native:
        return "bfloat16"
    return "float16" if own and device == "cpu" and light_weights() else "float32"


def native_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself (AMX or AVX512-BF16) rather than by emulation."""
    return not {"AMX", "AVX512-BF16"}.isdisjoint(cpu_features())


def light_weights() -> bool:
    """Whether products of float32 are quickest with weights kept in float16.

    With AVX2 alone they take a third less time for a question, a tenth less for many passages. AVX-512 was not tried.
    """
    features = cpu_features()
    return "AVX2" in features and "AVX-512" not in features


def small_weights() -> bool:
    """Whether products of eight bits are quickest: with AVX512-VNNI a window is read in 7 ms, with bfloat16 in 10.

    Without it, sums of such products overflow.
    """
    return _reported("avx512_vnni", "_is_vnni_supported")


def cpu_features() -> list[str]:
    """The features of this processor that make encoding quick. One that torch does not report counts as absent."""
    return [name for name, (capability, private) in FEATURES.items() if _reported(capability, private)]


def _reported(capability: str, private: str) -> bool:
    import torch

    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is not None:
        return bool(capabilities().get(capability, False))
    check = getattr(torch.cpu, private, None)
    return bool(check and check())
