// Floating-point numbers taken apart for loops on the CPU: their bits, powers of two, signs, and
// fused multiply-adds. Of everything there is one form for float and one for double.

#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define NM_FMA_float(a, b, c) __builtin_fmaf(a, b, c)
#define NM_FMA_double(a, b, c) __builtin_fma(a, b, c)
#else  // a product rounded on its own costs digits, but a call of the C library costs far more
#define NM_FMA_float(a, b, c) ((a) * (b) + (c))
#define NM_FMA_double(a, b, c) ((a) * (b) + (c))
#endif

static inline int32_t nm_bits_float(float x) {
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline int64_t nm_bits_double(double x) {
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float nm_from_bits_float(int32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline double nm_from_bits_double(int64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

// 2^n for the exponents of normal numbers.
static inline float nm_power_of_two_float(int32_t n) {
    return nm_from_bits_float((int32_t)((uint32_t)(n + 127) << 23));
}

static inline double nm_power_of_two_double(int64_t n) {
    return nm_from_bits_double((int64_t)((uint64_t)(n + 1023) << 52));
}

// |x| with the sign of y.
static inline float nm_copysign_float(float x, float y) {
    return nm_from_bits_float((nm_bits_float(x) & 0x7fffffff) | (nm_bits_float(y) & INT32_MIN));
}

static inline double nm_copysign_double(double x, double y) {
    return nm_from_bits_double((nm_bits_double(x) & INT64_MAX) | (nm_bits_double(y) & INT64_MIN));
}

// The larger and the smaller of two numbers; nan if one is nan.
static inline float nm_maximum_float(float x, float y) { return (x > y) | (x != x) ? x : y; }
static inline double nm_maximum_double(double x, double y) { return (x > y) | (x != x) ? x : y; }
static inline float nm_minimum_float(float x, float y) { return (x < y) | (x != x) ? x : y; }
static inline double nm_minimum_double(double x, double y) { return (x < y) | (x != x) ? x : y; }
