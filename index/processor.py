"""The devices and precisions of this machine, and the fastest of them."""

from __future__ import annotations

FEATURES = {
    "AVX2": ("avx2", "_is_avx2_supported"),
    "AVX-512": ("avx512_f", "_is_avx512_supported"),
    "AVX512-BF16": ("avx512_bf16", "_is_avx512_bf16_supported"),
    "AMX": ("amx_tile", "_is_amx_tile_supported"),
}
"""For each feature, its name in `torch.cpu.get_capabilities`, and the private function of torch versions without it."""


def choose_device(device: str) -> str:
    """Return the device; for `auto` the fastest one of this machine: `cuda`, `mps`, or else `cpu`."""
    import torch

    if device != "auto":
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_precision(precision: str, device: str, *, own: bool = False) -> str:
    """Return the precision; for `auto`, `bfloat16` if the device has it natively, or else `float32`.

    For our `own` layers, `auto` may also be `float16`, of the weights alone, if that is fastest.
    """
    import torch

    if precision != "auto":
        return precision
    native = torch.cuda.is_bf16_supported() if device.startswith("cuda") else device == "cpu" and native_bfloat16()
    if native:
        return "bfloat16"
    return "float16" if own and device == "cpu" and prefers_float16_weights() else "float32"


def native_bfloat16() -> bool:
    """Return whether this processor multiplies bfloat16 natively (AMX or AVX512-BF16) and not by emulation."""
    return not {"AMX", "AVX512-BF16"}.isdisjoint(cpu_features())


def prefers_float16_weights() -> bool:
    """Return whether float32 products are fastest with weights in float16.

    With AVX2 alone, a question takes a third less time, and many passages a tenth less. AVX-512 was not measured.
    """
    features = cpu_features()
    return "AVX2" in features and "AVX-512" not in features


def prefers_int8() -> bool:
    """Return whether products of eight bits are fastest: with AVX512-VNNI a window takes 7 ms, with bfloat16 10 ms.

    Without AVX512-VNNI, the sums of such products overflow.
    """
    return _reported("avx512_vnni", "_is_vnni_supported")


def cpu_features() -> list[str]:
    """Return the features of this processor that speed up encoding. A feature that torch does not report is absent."""
    return [name for name, (capability, private) in FEATURES.items() if _reported(capability, private)]


def _reported(capability: str, private: str) -> bool:
    import torch

    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is not None:
        return bool(capabilities().get(capability, False))
    check = getattr(torch.cpu, private, None)
    return bool(check and check())
