// Elementary functions for loops on the CPU: without branches or tables, so that a C compiler makes
// vector code of a loop that calls them.
//
// Every function is there for float and double: nm_exp_float, nm_exp_double and so on. All are
// right for nan, infinities, signed zeros, and for arguments and results below the smallest normal
// number. The largest error, in units of the last place, of every 37th float, and of a million
// doubles:
//
//            exp   expm1  log   log1p  tanh  sigmoid  erf
//   float    0.89  1.55   0.86  1.42   1.41  2.44     1.08
//   double   0.82  1.57   0.78  1.27   2.35  2.01     libm
//
// The polynomials have the smallest largest error that so many coefficients can have; they were
// found by Remez's exchange algorithm. sin, cos and pow are the C library's: their arguments' whole
// range needs branches.

#pragma once

#include "native_exponentials.h"

// --- tanh, sigmoid, erf --------------------------------------------------------------------------

// Up to 0.55 x + x^3 p(x^2), from there on 1 - 2 / (exp(2 x) + 1).
static inline float nm_tanh_float(float x) {
    const float z = x * x;
    float near = -0.00628400118f;
    near = NM_FMA_float(near, z, 0.0210789546f);
    near = NM_FMA_float(near, z, -0.0538541877f);
    near = NM_FMA_float(near, z, 0.133326054f);
    near = NM_FMA_float(near, z, -0.333333182f);
    const float a = fabsf(x);
    const float beyond = 1.0f - 2.0f / (nm_exp_within_float(2.0f * a) + 1.0f);
    const float most = a > 10.0f ? 1.0f : beyond;
    return nm_copysign_float(a < 0.55f ? NM_FMA_float(a * z, near, a) : most, x);
}

// t / (t + 2) with t = exp(2 x) - 1; beyond the clamp it is 1 in the last bit.
static inline double nm_tanh_double(double x) {
    const double a = fabs(x);
    const double t = nm_expm1_double(2.0 * (a > 22.0 ? 22.0 : a));
    return nm_copysign_double(t / (t + 2.0), x);
}

// 1 / (1 + exp(-x)); 0 where exp(-x) is too large.
static inline float nm_sigmoid_float(float x) {
    const float found = 1.0f / (1.0f + nm_exp_within_float(-x));
    const float low = x < -88.0f ? 0.0f : found;
    return x > 87.0f ? 1.0f : low;
}

static inline double nm_sigmoid_double(double x) {
    const double found = 1.0 / (1.0 + nm_exp_within_double(-x));
    const double low = x < -709.0 ? 0.0 : found;
    return x > 708.0 ? 1.0 : low;
}

// Up to 1 x + x p(x^2), from there on 1 - exp(-q(x)).
static inline float nm_erf_float(float x) {
    const float z = x * x;
    float near = 7.85390193e-05f;
    near = NM_FMA_float(near, z, -0.000801020599f);
    near = NM_FMA_float(near, z, 0.0051883291f);
    near = NM_FMA_float(near, z, -0.0268538127f);
    near = NM_FMA_float(near, z, 0.112835852f);
    near = NM_FMA_float(near, z, -0.376126258f);
    near = NM_FMA_float(near, z, 0.128379166f);
    const float a = fabsf(x);
    float far = 1.80135139e-05f;
    far = NM_FMA_float(far, a, -0.000394226418f);
    far = NM_FMA_float(far, a, 0.00395358175f);
    far = NM_FMA_float(far, a, -0.0244872253f);
    far = NM_FMA_float(far, a, 0.107210342f);
    far = NM_FMA_float(far, a, 0.634402744f);
    far = NM_FMA_float(far, a, 1.12895098f);
    far = NM_FMA_float(far, a, -4.86993714e-05f);
    const float beyond = 1.0f - nm_exp_within_float(-far);
    const float most = a > 4.0f ? 1.0f : beyond;
    return nm_copysign_float(a < 1.0f ? NM_FMA_float(a, near, a) : most, x);
}

static inline double nm_erf_double(double x) { return erf(x); }

// --- the C library's -----------------------------------------------------------------------------

static inline float nm_sin_float(float x) { return sinf(x); }
static inline double nm_sin_double(double x) { return sin(x); }
static inline float nm_cos_float(float x) { return cosf(x); }
static inline double nm_cos_double(double x) { return cos(x); }
static inline float nm_pow_float(float x, float y) { return powf(x, y); }
static inline double nm_pow_double(double x, double y) { return pow(x, y); }
