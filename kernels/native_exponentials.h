// exp, expm1, log, log1p and log(1 + exp(x)) for loops on the CPU; native_math.h says how exact.

#pragma once

#include "native_numbers.h"

// --- exp and expm1 -------------------------------------------------------------------------------
//
// x = n ln 2 + r with |r| <= ln 2 / 2; exp(r) - 1 = r + r^2 q(r). Adding 3 * 2^22 (2^51 for double)
// rounds to a whole number, which stands in the last bits of the sum. ln 2 is taken in two parts,
// of which the first times n is exact; the second part is added last, where it loses least.

#define NM_ROUND_float 12582912.0f
#define NM_ROUND_double 6755399441055744.0

// exp(r) - 1, and n.
static inline float nm_reduced_expm1_float(float x, int32_t *n) {
    const float shifted = NM_FMA_float(x, 1.44269504f, NM_ROUND_float);
    const float count = shifted - NM_ROUND_float;
    *n = nm_bits_float(shifted) - nm_bits_float(NM_ROUND_float);
    const float high = NM_FMA_float(count, -0.693359375f, x), low = count * 2.12194440e-4f;
    const float r = high + low;
    float q = 0.00139508314f;
    q = NM_FMA_float(q, r, 0.00836908808f);
    q = NM_FMA_float(q, r, 0.0416662008f);
    q = NM_FMA_float(q, r, 0.166665172f);
    q = NM_FMA_float(q, r, 0.50000001f);
    return high + NM_FMA_float(q, r * r, low);
}

static inline double nm_reduced_expm1_double(double x, int64_t *n) {
    const double shifted = NM_FMA_double(x, 1.4426950408889634, NM_ROUND_double);
    const double count = shifted - NM_ROUND_double;
    *n = nm_bits_double(shifted) - nm_bits_double(NM_ROUND_double);
    const double high = NM_FMA_double(count, -6.93147180369123816490e-01, x);
    const double low = count * -1.90821492927058770002e-10;
    const double r = high + low;
    double q = 2.0927166884544893e-09;
    q = NM_FMA_double(q, r, 2.5112565566295744e-08);
    q = NM_FMA_double(q, r, 2.7557232605659153e-07);
    q = NM_FMA_double(q, r, 2.7557233324564581e-06);
    q = NM_FMA_double(q, r, 2.4801587374672296e-05);
    q = NM_FMA_double(q, r, 0.00019841269897944949);
    q = NM_FMA_double(q, r, 0.0013888888888857935);
    q = NM_FMA_double(q, r, 0.0083333333333163954);
    q = NM_FMA_double(q, r, 0.041666666666666727);
    q = NM_FMA_double(q, r, 0.16666666666666685);
    q = NM_FMA_double(q, r, 0.5);
    return high + NM_FMA_double(q, r * r, low);
}

// exp(x) whose 2^n is a normal number: for x between -87 and 88 (-708 and 709 for double), or nan.
static inline float nm_exp_within_float(float x) {
    int32_t n;
    const float power = 1.0f + nm_reduced_expm1_float(x, &n);
    return power * nm_power_of_two_float(n);
}

static inline double nm_exp_within_double(double x) {
    int64_t n;
    const double power = 1.0 + nm_reduced_expm1_double(x, &n);
    return power * nm_power_of_two_double(n);
}

// exp(x) for x <= 0, or nan; 0 where it is less than the smallest normal number.
static inline float nm_exp_below_float(float x) {
    const float found = nm_exp_within_float(x);
    return x < -87.0f ? 0.0f : found;
}

static inline double nm_exp_below_double(double x) {
    const double found = nm_exp_within_double(x);
    return x < -708.0 ? 0.0 : found;
}

// 2^n is applied in two halves: n may be larger or smaller than a normal number's exponent. A
// comparison at the end costs less than one at the beginning, which all else would wait for.
static inline float nm_exp_float(float x) {
    int32_t n;
    const float power = 1.0f + nm_reduced_expm1_float(x, &n);
    const int32_t half = n >> 1;
    const float found = power * nm_power_of_two_float(half) * nm_power_of_two_float(n - half);
    const float low = x < -104.0f ? 0.0f : found;
    return x > 89.0f ? INFINITY : low;
}

static inline double nm_exp_double(double x) {
    int64_t n;
    const double power = 1.0 + nm_reduced_expm1_double(x, &n);
    // n + 2048 is positive, and a logical shift is quicker than an arithmetic one.
    const int64_t half = (int64_t)((uint64_t)(n + 2048) >> 1) - 1024;
    const double found = power * nm_power_of_two_double(half) * nm_power_of_two_double(n - half);
    const double low = x < -746.0 ? 0.0 : found;
    return x > 710.0 ? INFINITY : low;
}

// 2 (2^(n-1) p + (2^(n-1) - 1/2)) with p = exp(r) - 1: 2^n itself may be too large.
static inline float nm_expm1_float(float x) {
    int32_t n;
    const float p = nm_reduced_expm1_float(x, &n);
    const float half = nm_power_of_two_float(n - 1);
    const float found = 2.0f * NM_FMA_float(half, p, half - 0.5f);
    const float low = x < -40.0f ? -1.0f : found;
    const float all = x > 89.0f ? INFINITY : low;
    return x == 0.0f ? x : all;
}

static inline double nm_expm1_double(double x) {
    int64_t n;
    const double p = nm_reduced_expm1_double(x, &n);
    const double half = nm_power_of_two_double(n - 1);
    const double found = 2.0 * NM_FMA_double(half, p, half - 0.5);
    const double low = x < -60.0 ? -1.0 : found;
    const double all = x > 710.0 ? INFINITY : low;
    return x == 0.0 ? x : all;
}

// --- log and log1p -------------------------------------------------------------------------------
//
// x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2).

// log(1 + f) + k ln 2 = f - f^2 / 2 + f^3 q(f) + k ln 2.
static inline float nm_log_of_parts_float(float f, float k) {
    float q = -0.0787393745f;
    q = NM_FMA_float(q, f, 0.128997431f);
    q = NM_FMA_float(q, f, -0.131316138f);
    q = NM_FMA_float(q, f, 0.141788639f);
    q = NM_FMA_float(q, f, -0.166240716f);
    q = NM_FMA_float(q, f, 0.200023741f);
    q = NM_FMA_float(q, f, -0.250008243f);
    q = NM_FMA_float(q, f, 0.333333158f);
    const float square = f * f;
    float rest = NM_FMA_float(k, -2.12194440e-4f, square * f * q);
    rest = NM_FMA_float(square, -0.5f, rest);
    return NM_FMA_float(k, 0.693359375f, f + rest);
}

// With s = f / (2 + f): log(1 + f) = 2 atanh(s) = f - f^2 / 2 + s (f^2 / 2 + z R(z)), z = s^2.
static inline double nm_log_of_parts_double(double f, double k) {
    const double s = f / (2.0 + f), z = s * s, half = 0.5 * f * f;
    double r = 0.14810361096054622;
    r = NM_FMA_double(r, z, 0.15312697404332379);
    r = NM_FMA_double(r, z, 0.1818361352952684);
    r = NM_FMA_double(r, z, 0.22222197704280738);
    r = NM_FMA_double(r, z, 0.28571428750003458);
    r = NM_FMA_double(r, z, 0.399999999993849);
    r = NM_FMA_double(r, z, 0.66666666666667385);
    const double rest = NM_FMA_double(k, 1.90821492927058770002e-10, s * NM_FMA_double(r, z, half));
    return NM_FMA_double(k, 6.93147180369123816490e-01, f - (half - rest));
}

#define NM_SQRT_HALF_float 0x3f3504f3
#define NM_SQRT_HALF_double 0x3fe6a09e667f3bcd

static inline float nm_log_float(float x) {
    const float scale = x < 1.17549435e-38f ? 8388608.0f : 1.0f;
    const float below = x < 1.17549435e-38f ? -23.0f : 0.0f;
    const int32_t i = nm_bits_float(x * scale) - NM_SQRT_HALF_float;
    const float f = nm_from_bits_float((i & 0x7fffff) + NM_SQRT_HALF_float) - 1.0f;
    const float found = nm_log_of_parts_float(f, (float)(i >> 23) + below);
    const float positive = x == 0.0f ? -INFINITY : found;
    const float real = x < 0.0f ? NAN : positive;
    return x < INFINITY ? real : x;
}

static inline double nm_log_double(double x) {
    const double scale = x < 2.2250738585072014e-308 ? 4503599627370496.0 : 1.0;
    const double below = x < 2.2250738585072014e-308 ? -1075.0 : -1023.0;
    // 1023 is added to k, which so is positive, and becomes a double by its bits.
    const int64_t i = nm_bits_double(x * scale) - NM_SQRT_HALF_double + (INT64_C(1023) << 52);
    const int64_t mantissa = i & INT64_C(0xfffffffffffff);
    const double f = nm_from_bits_double(mantissa + NM_SQRT_HALF_double) - 1.0;
    const int64_t whole = (int64_t)((uint64_t)i >> 52) + nm_bits_double(4503599627370496.0);
    const double k = nm_from_bits_double(whole) - 4503599627370496.0 + below;
    const double found = nm_log_of_parts_double(f, k);
    const double positive = x == 0.0 ? -INFINITY : found;
    const double real = x < 0.0 ? NAN : positive;
    return x < INFINITY ? real : x;
}

// u = 1 + x rounded, and c what was lost: log(u + c), with c taken into f.
static inline float nm_log1p_float(float x) {
    const float u = 1.0f + x;
    const float lost = x < 1.0f ? x - (u - 1.0f) : 1.0f - (u - x);
    const int32_t i = nm_bits_float(u) - NM_SQRT_HALF_float;
    const int32_t k = i >> 23;
    const float f = nm_from_bits_float((i & 0x7fffff) + NM_SQRT_HALF_float) - 1.0f;
    const float scale = nm_power_of_two_float(-(k > 60 ? 60 : k));
    const float found = nm_log_of_parts_float(NM_FMA_float(lost, scale, f), (float)k);
    const float nonzero = u == 0.0f ? -INFINITY : found;
    const float real = u < 0.0f ? NAN : nonzero;
    // Two choices: a loop with an "and" of conditions in it may not become vector code.
    const float kept = x != 0.0f ? real : x;
    return x < INFINITY ? kept : x;
}

static inline double nm_log1p_double(double x) {
    const double u = 1.0 + x;
    const double lost = x < 1.0 ? x - (u - 1.0) : 1.0 - (u - x);
    const int64_t i = nm_bits_double(u) - NM_SQRT_HALF_double + (INT64_C(1023) << 52);
    const int64_t above = (int64_t)((uint64_t)i >> 52);
    const int64_t mantissa = i & INT64_C(0xfffffffffffff);
    const double f = nm_from_bits_double(mantissa + NM_SQRT_HALF_double) - 1.0;
    const double k = nm_from_bits_double(above + nm_bits_double(4503599627370496.0)) -
                     4503599627370496.0 - 1023.0;
    const int64_t shift = above > 1123 ? 1123 : above;
    const double scale = nm_power_of_two_double(1023 - shift);
    const double found = nm_log_of_parts_double(NM_FMA_double(lost, scale, f), k);
    const double nonzero = u == 0.0 ? -INFINITY : found;
    const double real = u < 0.0 ? NAN : nonzero;
    const double kept = x != 0.0 ? real : x;
    return x < INFINITY ? kept : x;
}

// log(1 + exp(x)) = max(x, 0) + log(1 + z) with z = exp(-|x|): u = 1 + z has an exponent of 0 or 1,
// and needs none of log1p's exceptions.
static inline float nm_softplus_float(float x) {
    const float z = nm_exp_below_float(-fabsf(x)), u = 1.0f + z, lost = z - (u - 1.0f);
    const int32_t i = nm_bits_float(u) - NM_SQRT_HALF_float, k = i >> 23;
    const float f = nm_from_bits_float((i & 0x7fffff) + NM_SQRT_HALF_float) - 1.0f;
    const float scale = nm_power_of_two_float(-k);
    const float smooth = nm_log_of_parts_float(NM_FMA_float(lost, scale, f), (float)k);
    return (x < 0.0f ? 0.0f : x) + smooth;
}

static inline double nm_softplus_double(double x) {
    return (x < 0.0 ? 0.0 : x) + nm_log1p_double(nm_exp_below_double(-fabs(x)));
}
