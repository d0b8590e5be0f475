"""What this machine computes with, and what it computes quickest."""

from __future__ import annotations


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
    import torch

    return bool(torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported())


def light_weights() -> bool:
    """Whether products of float32 are quickest with weights kept in float16.

    With AVX2 alone they take a third less time for a question, a tenth less for many passages. AVX-512 was not tried.
    """
    import torch

    return bool(torch.cpu._is_avx2_supported() and not torch.cpu._is_avx512_supported())


def native_int8() -> bool:
    """Whether this processor multiplies bytes quickest: AVX512-VNNI beside AVX512-BF16; AMX was not measured."""
    import torch

    has = torch.cpu
    quickest = has._is_avx512_bf16_supported() and has._is_vnni_supported() and not has._is_amx_tile_supported()
    return bool(quickest)


def cpu_features() -> list[str]:
    """Which of the features that make encoding quick this processor has."""
    import torch

    checks = {
        "AVX2": torch.cpu._is_avx2_supported,
        "AVX-512": torch.cpu._is_avx512_supported,
        "AVX512-BF16": torch.cpu._is_avx512_bf16_supported,
        "AVX512-VNNI": torch.cpu._is_vnni_supported,
        "AMX": torch.cpu._is_amx_tile_supported,
    }
    return [name for name, check in checks.items() if check()]
