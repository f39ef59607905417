// What generated programs call: reductions of contiguous elements, and products by a BLAS library.
//
// Long sums go in many lanes, so that each adds few numbers, and their totals are added in double:
// at least as exact as adding pairwise. Lanes are vectors of the compiler, which it takes apart
// where the processor has shorter ones.
#pragma once

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "native_math.h"

#define LANES 16
#define FEW_LANES 4
#define SUM_BLOCK 1024

typedef float lanes_float __attribute__((vector_size(LANES * sizeof(float))));
typedef double lanes_double __attribute__((vector_size(LANES * sizeof(double))));
typedef float few_float __attribute__((vector_size(FEW_LANES * sizeof(float))));
typedef double few_double __attribute__((vector_size(FEW_LANES * sizeof(double))));
typedef int32_t mask_float __attribute__((vector_size(LANES * sizeof(float))));
typedef int64_t mask_double __attribute__((vector_size(LANES * sizeof(double))));

#define DEFINE_FLOAT_REDUCTIONS(T)                                                       \
  static inline double sum_##T(const T *x, long n) {                                     \
    double total = 0;                                                                    \
    long i = 0;                                                                          \
    while (n - i >= 2 * LANES) {                                                         \
      long end = n - i > SUM_BLOCK ? i + SUM_BLOCK : n;                                  \
      lanes_##T a = {0}, b = {0}, u, v;                                                  \
      for (; i + 2 * LANES <= end; i += 2 * LANES) {                                     \
        memcpy(&u, x + i, sizeof u);                                                     \
        memcpy(&v, x + i + LANES, sizeof v);                                             \
        a += u;                                                                          \
        b += v;                                                                          \
      }                                                                                  \
      a += b;                                                                            \
      T part[LANES];                                                                     \
      memcpy(part, &a, sizeof part);                                                     \
      for (int l = 0; l < 8; l++) part[l] += part[l + 8];                                \
      for (int l = 0; l < 4; l++) part[l] += part[l + 4];                                \
      total += (double)((part[0] + part[2]) + (part[1] + part[3]));                      \
    }                                                                                    \
    if (n - i >= FEW_LANES) {                                                            \
      few_##T a = {0}, u;                                                                \
      for (; i + FEW_LANES <= n; i += FEW_LANES) {                                       \
        memcpy(&u, x + i, sizeof u);                                                     \
        a += u;                                                                          \
      }                                                                                  \
      total += (double)((a[0] + a[2]) + (a[1] + a[3]));                                  \
    }                                                                                    \
    for (; i < n; i++) total += (double)x[i];                                            \
    return total;                                                                        \
  }                                                                                      \
  static inline T prod_##T(const T *x, long n) {                                         \
    T total = 1;                                                                         \
    for (long i = 0; i < n; i++) total *= x[i];                                          \
    return total;                                                                        \
  }                                                                                      \
  static inline T amax_##T(const T *x, long n) {                                         \
    long i = 0;                                                                          \
    T best = x[0];                                                                       \
    if (n >= 2 * LANES) {                                                                \
      lanes_##T a, u;                                                                    \
      memcpy(&a, x, sizeof a);                                                           \
      for (i = LANES; i + LANES <= n; i += LANES) {                                      \
        memcpy(&u, x + i, sizeof u);                                                     \
        mask_##T m = (u > a) | (u != u);                                                 \
        a = (lanes_##T)((m & (mask_##T)u) | (~m & (mask_##T)a));                         \
      }                                                                                  \
      for (int l = 0; l < LANES; l++) best = nm_maximum_##T(best, a[l]);                 \
    }                                                                                    \
    for (; i < n; i++) best = nm_maximum_##T(best, x[i]);                                \
    return best;                                                                         \
  }                                                                                      \
  static inline T amin_##T(const T *x, long n) {                                         \
    long i = 0;                                                                          \
    T best = x[0];                                                                       \
    if (n >= 2 * LANES) {                                                                \
      lanes_##T a, u;                                                                    \
      memcpy(&a, x, sizeof a);                                                           \
      for (i = LANES; i + LANES <= n; i += LANES) {                                      \
        memcpy(&u, x + i, sizeof u);                                                     \
        mask_##T m = (u < a) | (u != u);                                                 \
        a = (lanes_##T)((m & (mask_##T)u) | (~m & (mask_##T)a));                         \
      }                                                                                  \
      for (int l = 0; l < LANES; l++) best = nm_minimum_##T(best, a[l]);                 \
    }                                                                                    \
    for (; i < n; i++) best = nm_minimum_##T(best, x[i]);                                \
    return best;                                                                         \
  }

#define DEFINE_INTEGER_REDUCTIONS(T)                                                     \
  static inline T sum_##T(const T *x, long n) {                                          \
    T total = 0;                                                                         \
    for (long i = 0; i < n; i++) total += x[i];                                          \
    return total;                                                                        \
  }                                                                                      \
  static inline T prod_##T(const T *x, long n) {                                         \
    T total = 1;                                                                         \
    for (long i = 0; i < n; i++) total *= x[i];                                          \
    return total;                                                                        \
  }                                                                                      \
  static inline T amax_##T(const T *x, long n) {                                         \
    T best = x[0];                                                                       \
    for (long i = 1; i < n; i++) best = x[i] > best ? x[i] : best;                       \
    return best;                                                                         \
  }                                                                                      \
  static inline T amin_##T(const T *x, long n) {                                         \
    T best = x[0];                                                                       \
    for (long i = 1; i < n; i++) best = x[i] < best ? x[i] : best;                       \
    return best;                                                                         \
  }                                                                                      \
  static inline T any_##T(const T *x, long n) {                                          \
    T found = 0;                                                                         \
    for (long i = 0; i < n; i++) found |= x[i] != 0;                                     \
    return found;                                                                        \
  }                                                                                      \
  static inline T all_##T(const T *x, long n) {                                          \
    T found = 1;                                                                         \
    for (long i = 0; i < n; i++) found &= x[i] != 0;                                     \
    return found;                                                                        \
  }

DEFINE_FLOAT_REDUCTIONS(float)
DEFINE_FLOAT_REDUCTIONS(double)
DEFINE_INTEGER_REDUCTIONS(int64_t)
DEFINE_INTEGER_REDUCTIONS(int32_t)
DEFINE_INTEGER_REDUCTIONS(int16_t)
DEFINE_INTEGER_REDUCTIONS(int8_t)
DEFINE_INTEGER_REDUCTIONS(uint8_t)

// The address of the data of item n of a list of arrays. Where it stands in the objects has been
// checked before any program is used.
static inline char *data_of(const char *list, long n) {
  const char *const *items = *(const char *const *const *)(list + LIST_ITEMS);
  return *(char *const *)(items[n] + ARRAY_DATA);
}

// Products of matrices, and of a matrix and a vector, by a BLAS library with 64-bit numbers; cblas's
// constants.
typedef void gemm_float(int, int, int, int64_t, int64_t, int64_t, float, const float *, int64_t,
                        const float *, int64_t, float, float *, int64_t);
typedef void gemm_double(int, int, int, int64_t, int64_t, int64_t, double, const double *, int64_t,
                         const double *, int64_t, double, double *, int64_t);
typedef void gemv_float(int, int, int64_t, int64_t, float, const float *, int64_t, const float *,
                        int64_t, float, float *, int64_t);
typedef void gemv_double(int, int, int64_t, int64_t, double, const double *, int64_t,
                         const double *, int64_t, double, double *, int64_t);
enum { ROW_MAJOR = 101, AS_IS = 111, TRANSPOSED = 112 };
