// What the CPU's C sources share: arrays, work in parts, vectors.
//
// A function that Python calls gets NumPy's array objects themselves, as addresses; None is given
// as 0. It reads from them where their data is and how large they are, which takes Python much
// longer, and looks whether it can work on them: it gives 1 when it has done its work, and 0 when
// it has not touched anything. Python puts before the source the size of the head that all objects
// have, as OBJECT_HEAD, and as ELEMENT the type that the functions are made for, float or double:
// who uses one type does not wait for the other.
//
// Work is divided into parts of a fixed size, so that results do not depend on the number of
// threads.

#pragma once

#include <stdint.h>

#include "native_math.h"

// NumPy's array and Python's list, as far as they are read.
typedef struct {
    char head[OBJECT_HEAD];
    void *data;
    int nd;
    int64_t *shape, *strides;
    void *base, *dtype;
    int flags;
} Array;

typedef struct {
    char head[OBJECT_HEAD];
    int64_t size;
    Array **items;
} List;

enum { C_CONTIGUOUS = 0x1, ALIGNED = 0x100, FITTING = C_CONTIGUOUS | ALIGNED };

static const void *dtype_of_elements;

// Whether an array, or None, is contiguous and of the functions' type.
static inline int fits(const Array *a) {
    return a == 0 || ((a->flags & FITTING) == FITTING && a->dtype == dtype_of_elements);
}

static inline int same_shape(const Array *a, const Array *b) {
    if (a->nd != b->nd) return 0;
    for (int d = 0; d < a->nd; d++)
        if (a->shape[d] != b->shape[d]) return 0;
    return 1;
}

static inline int64_t size_of(const Array *a) {
    int64_t size = 1;
    for (int d = 0; d < a->nd; d++) size *= a->shape[d];
    return size;
}

static inline int64_t cols_of(const Array *a) { return a->nd == 0 ? 1 : a->shape[a->nd - 1]; }

// The data of an array, as elements of type T.
#define DATA(T, array) ((T *)((array) == 0 ? 0 : (array)->data))

// MACRO(float) or MACRO(double).
#define FOR_TYPE(MACRO) NM_EXPANDED(MACRO, ELEMENT)
#define NM_EXPANDED(MACRO, T) MACRO(T)

typedef void (*Function)(void *work, int64_t part);
typedef void (*Run)(Function, void *work, int64_t parts, int threads);

// nm_run of native_pool.c.
static Run run_parts;

void nm_begin(Run run, const void *dtype) {
    run_parts = run;
    dtype_of_elements = dtype;
}

// How many elements a part has, about.
enum { PART = 16384 };

static inline int64_t parts_of(int64_t n, int64_t size) { return (n + size - 1) / size; }
static inline int64_t smaller(int64_t x, int64_t y) { return x < y ? x : y; }
static inline int64_t larger(int64_t x, int64_t y) { return x > y ? x : y; }

// How many rows a part has.
static inline int64_t rows_of_part(int64_t cols) { return larger(1, PART / larger(1, cols)); }

// Results that the cache could not hold are written past it: a processor reads each line of memory
// before it writes into it, unless it is told that all of the line will be new. A part computes
// BLOCK_BYTES at a time into memory of its own, and copies these with such writes.
//
// That pays where a third-level cache of usual size, some 32 MB, does not hold what was read and
// what is written: also for who reads the result next.
enum { BLOCK_BYTES = 2048, LINE = 64 };

#if defined(__clang__)
#define NM_WRITE_PAST(to, value) __builtin_nontemporal_store(value, to)
#define NM_CAN_WRITE_PAST 1
#elif defined(__AVX__)
#define NM_WRITE_PAST(to, value) __builtin_ia32_movntdq256((void *)(to), value)
#define NM_CAN_WRITE_PAST 1
#else
#define NM_CAN_WRITE_PAST 0
#endif

typedef long long nm_words __attribute__((vector_size(32)));
typedef long long nm_words_anywhere __attribute__((vector_size(32), aligned(1), may_alias));

enum { PAST_CACHE_FROM = 12 << 20 };  // bytes

static inline int is_past_cache(int64_t bytes) {
    return NM_CAN_WRITE_PAST && bytes >= PAST_CACHE_FROM;
}

// How many bytes lie before the next line of memory.
static inline int64_t to_next_line(const void *to) {
    return (int64_t)(-(uintptr_t)to & (LINE - 1));
}

// Copies what was computed, past the cache where whole lines are written.
static inline void write_past(void *to, const void *from, int64_t bytes) {
#if NM_CAN_WRITE_PAST
    char *out = to;
    const char *in = from;
    const int64_t head = smaller(to_next_line(out), bytes);
    memcpy(out, in, (size_t)head);
    out += head, in += head, bytes -= head;
    for (; bytes >= LINE; out += LINE, in += LINE, bytes -= LINE)
        for (int half = 0; half < LINE; half += 32)
            NM_WRITE_PAST((nm_words *)(out + half), *(const nm_words_anywhere *)(in + half));
    memcpy(out, in, (size_t)bytes);
#else
    memcpy(to, from, (size_t)bytes);
#endif
}

// What was written past the cache is seen by other threads from here on.
static inline void all_written(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

// How many of n elements to compute next, so that the block ends where a line of memory does.
static inline int64_t next_block(const void *to, int64_t item, int64_t n) {
    return smaller((BLOCK_BYTES - LINE + to_next_line(to)) / item, n);
}

// The elements of a loop have nothing to do with one another, even if an operand is also the
// result.
#if defined(__clang__)
#define EACH_ALONE _Pragma("clang loop vectorize(assume_safety)")
#else
#define EACH_ALONE _Pragma("GCC ivdep")
#endif

// Vectors of 64 bytes, which need not be aligned: LANES_float numbers or LANES_double.
enum { LANES_float = 16, LANES_double = 8 };
typedef float vector_float __attribute__((vector_size(64), aligned(4), may_alias));
typedef double vector_double __attribute__((vector_size(64), aligned(8), may_alias));

typedef int32_t nm_integer_float;
typedef int64_t nm_integer_double;
#define NM_MAGNITUDE_float INT32_MAX
#define NM_MAGNITUDE_double INT64_MAX

// A function in which the order of comparisons does not matter, as if there were no nan: else gcc
// makes no vector code of the search for the largest element.
#if defined(__GNUC__) && !defined(__clang__)
#define LIKE_NUMBERS                                                                               \
    __attribute__((noinline, unused, optimize("finite-math-only", "no-signed-zeros")))
#else
#define LIKE_NUMBERS __attribute__((noinline, unused))
#endif

#define VECTOR(T, pointer) (*(const vector_##T *)(pointer))

// Sums over a row: of x, of x * y, and of (x - c)^2. Each of 8 * LANES sums takes every so many
// elements; then they are added up in pairs.
#define NM_SUMS(T)                                                                                 \
    static inline T lanes_sum_##T(vector_##T v) {                                                  \
        T lane[LANES_##T];                                                                         \
        memcpy(lane, &v, sizeof lane);                                                             \
        for (int width = LANES_##T / 2; width > 0; width /= 2)                                     \
            for (int j = 0; j < width; j++) lane[j] += lane[j + width];                            \
        return lane[0];                                                                            \
    }                                                                                              \
    NM_ROW_SUM(sum, T, (const T *x, int64_t n), VECTOR(T, x + i), x[i])                            \
    NM_ROW_SUM(dot, T, (const T *x, const T *y, int64_t n), VECTOR(T, x + i) * VECTOR(T, y + i),   \
               x[i] * y[i])                                                                        \
    NM_ROW_SUM(squares, T, (const T *x, T c, int64_t n),                                           \
               (VECTOR(T, x + i) - c) * (VECTOR(T, x + i) - c), (x[i] - c) * (x[i] - c))           \
    NM_ROW_SUM(differences, T, (const T *x, const T *y, int64_t n),                                \
               (VECTOR(T, x + i) - VECTOR(T, y + i)) * (VECTOR(T, x + i) - VECTOR(T, y + i)),      \
               (x[i] - y[i]) * (x[i] - y[i]))                                                      \
                                                                                                   \
    /* The largest element, if none is nan. */                                                     \
    static LIKE_NUMBERS T row_most_##T(const T *x, int64_t n) {                                    \
        T most = x[0];                                                                             \
        for (int64_t i = 1; i < n; i++) most = x[i] > most ? x[i] : most;                          \
        return most;                                                                               \
    }                                                                                              \
    /* The largest element; nan if one is nan, whose bits without the sign are above infinity's. */\
    static LIKE_NUMBERS T row_max_##T(const T *x, int64_t n) {                                     \
        T most = x[0];                                                                             \
        nm_integer_##T bits = 0;                                                                   \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const nm_integer_##T now = nm_bits_##T(x[i]) & NM_MAGNITUDE_##T;                       \
            most = x[i] > most ? x[i] : most;                                                      \
            bits = now > bits ? now : bits;                                                        \
        }                                                                                          \
        return bits > nm_bits_##T(INFINITY) ? nm_from_bits_##T(bits) : most;                       \
    }

#define NM_ROW_SUM(NAME, T, ARGUMENTS, OF_VECTOR, OF_ELEMENT)                                      \
    static inline T row_##NAME##_##T ARGUMENTS {                                                   \
        enum { W = LANES_##T };                                                                    \
        int64_t i = 0;                                                                             \
        T found = 0;                                                                               \
        if (n >= W) {                                                                              \
            vector_##T total = {0};                                                                \
            if (n >= 8 * W) {                                                                      \
                vector_##T a_sum = {0}, b_sum = {0}, c_sum = {0}, d_sum = {0};                     \
                vector_##T e_sum = {0}, f_sum = {0}, g_sum = {0}, h_sum = {0};                     \
                for (; i + 8 * W <= n; i += W) {                                                   \
                    a_sum += OF_VECTOR;                                                            \
                    i += W;                                                                        \
                    b_sum += OF_VECTOR;                                                            \
                    i += W;                                                                        \
                    c_sum += OF_VECTOR;                                                            \
                    i += W;                                                                        \
                    d_sum += OF_VECTOR;                                                            \
                    i += W;                                                                        \
                    e_sum += OF_VECTOR;                                                            \
                    i += W;                                                                        \
                    f_sum += OF_VECTOR;                                                            \
                    i += W;                                                                        \
                    g_sum += OF_VECTOR;                                                            \
                    i += W;                                                                        \
                    h_sum += OF_VECTOR;                                                            \
                }                                                                                  \
                total = ((a_sum + b_sum) + (c_sum + d_sum)) + ((e_sum + f_sum) + (g_sum + h_sum)); \
            }                                                                                      \
            vector_##T few = {0}; /* the rest on its own: roundings of small sums are small */     \
            for (; i + W <= n; i += W) few += OF_VECTOR;                                           \
            found = lanes_sum_##T(total + few);                                                    \
        }                                                                                          \
        T rest = 0;                                                                                \
        for (; i < n; i++) rest += OF_ELEMENT;                                                     \
        return found + rest;                                                                       \
    }

FOR_TYPE(NM_SUMS)
