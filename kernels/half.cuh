// The 16-bit floating-point types: storage and conversion only, all arithmetic is done in float.
//
// float16 is IEEE 754 binary16; bfloat16 is the upper half of a float. They are types of our own
// rather than those of cuda_fp16.h and cuda_bf16.h because those headers double the time that a
// kernel takes to compile, and have to be found first.
#ifndef GPUGRAD_HALF_CUH
#define GPUGRAD_HALF_CUH

struct float16 {
    unsigned short bits;
};

struct bfloat16 {
    unsigned short bits;
};

__device__ __forceinline__ float widen(float16 x) {
    float wide;
    asm("cvt.f32.f16 %0, %1;" : "=f"(wide) : "h"(x.bits));
    return wide;
}

__device__ __forceinline__ float widen(bfloat16 x) {
    return __uint_as_float(static_cast<unsigned int>(x.bits) << 16);
}

// Both round to nearest, ties to even.

__device__ __forceinline__ void narrow(float x, float16& out) {
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(out.bits) : "f"(x));
}

__device__ __forceinline__ void narrow(float x, bfloat16& out) {
#if __CUDA_ARCH__ >= 800
    asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(out.bits) : "f"(x));
#else
    // Adding just under half of the last kept place carries into it where that must be rounded
    // up; the last kept bit itself decides a tie. A nan must not be carried into an infinity.
    const unsigned int bits = __float_as_uint(x);
    const unsigned int rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    out.bits = static_cast<unsigned short>(x != x ? 0x7fffu : rounded);
#endif
}

#endif
