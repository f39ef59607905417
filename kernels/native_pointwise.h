// How elementwise functions of one to three arrays, which broadcast, are defined: each by the C
// expression of its value.

#pragma once

#include "native_broadcast.h"

// A function of x, y and z, of which the last COUNT - 1 may be numbers, and of numbers a and b.
#define START(NAME, T)                                                                             \
    static void NAME##_row_##T(const void *const *operands, const int *steps, void *to, int64_t n, \
                               double number_a, double number_b) {                                 \
        T *const out = to;                                                                         \
        const T a = (T)number_a, b = (T)number_b;                                                  \
        (void)a, (void)b, (void)steps;

#define END(NAME, T, COUNT)                                                                        \
    }                                                                                              \
    ENTRY(NAME, T, COUNT)

// The function that Python calls, for the one that does a row.
#define ENTRY(NAME, T, COUNT)                                                                      \
    int NAME##_##T(Array *x, Array *y, Array *z, Array *out, double a, double b, int threads) {    \
        Array *const operands[] = {x, y, z};                                                       \
        Broadcast w = {.function = NAME##_row_##T, .item_out = sizeof(T), .a = a, .b = b};         \
        for (int k = 0; k < COUNT; k++) {                                                          \
            if (operands[k]->dtype != dtype_of_elements) return 0;                                 \
            w.item[k] = sizeof(T);                                                                 \
        }                                                                                          \
        return run_broadcast(&w, operands, COUNT, out, threads);                                   \
    }

#define EACH EACH_ALONE for (int64_t i = 0; i < n; i++)

#define ONE(NAME, T, VALUE)                                                                        \
    START(NAME, T)                                                                                 \
    const T *const xs = operands[0];                                                               \
    if (steps[0] == 0) {                                                                           \
        const T x = xs[0], value = VALUE;                                                          \
        EACH out[i] = value;                                                                       \
        return;                                                                                    \
    }                                                                                              \
    EACH {                                                                                         \
        const T x = xs[i];                                                                         \
        out[i] = VALUE;                                                                            \
    }                                                                                              \
    END(NAME, T, 1)

#define TWO(NAME, T, VALUE) TWO_ROW(NAME, T, VALUE) ENTRY(NAME, T, 2)

#define TWO_ROW(NAME, T, VALUE)                                                                    \
    START(NAME, T)                                                                                 \
    const T *const xs = operands[0], *const ys = operands[1];                                      \
    if (steps[0] == 0) {                                                                           \
        const T x = xs[0];                                                                         \
        if (steps[1] == 0) {                                                                       \
            const T y = ys[0], value = VALUE;                                                      \
            EACH out[i] = value;                                                                   \
            return;                                                                                \
        }                                                                                          \
        EACH {                                                                                     \
            const T y = ys[i];                                                                     \
            out[i] = VALUE;                                                                        \
        }                                                                                          \
        return;                                                                                    \
    }                                                                                              \
    if (steps[1] == 0) {                                                                           \
        const T y = ys[0];                                                                         \
        EACH {                                                                                     \
            const T x = xs[i];                                                                     \
            out[i] = VALUE;                                                                        \
        }                                                                                          \
        return;                                                                                    \
    }                                                                                              \
    EACH {                                                                                         \
        const T x = xs[i], y = ys[i];                                                              \
        out[i] = VALUE;                                                                            \
    }                                                                                              \
    }

// As TWO, for a y that may be one number where x is none: a gradient.
#define TWO_OF_X(NAME, T, VALUE)                                                                   \
    START(NAME, T)                                                                                 \
    const T *const xs = operands[0], *const ys = operands[1];                                      \
    if (steps[0] == 0) {                                                                           \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T x = xs[0], y = ys[i * steps[1]];                                               \
            out[i] = VALUE;                                                                        \
        }                                                                                          \
    } else if (steps[1] == 0) {                                                                    \
        const T y = ys[0];                                                                         \
        EACH {                                                                                     \
            const T x = xs[i];                                                                     \
            out[i] = VALUE;                                                                        \
        }                                                                                          \
    } else {                                                                                       \
        EACH {                                                                                     \
            const T x = xs[i], y = ys[i];                                                          \
            out[i] = VALUE;                                                                        \
        }                                                                                          \
    }                                                                                              \
    END(NAME, T, 2)

// z, which may be a gradient, or y may be one number; x seldom is.
#define THREE(NAME, T, VALUE)                                                                      \
    START(NAME, T)                                                                                 \
    const T *const xs = operands[0], *const ys = operands[1], *const zs = operands[2];             \
    if (steps[0] == 0 || steps[1] + steps[2] == 0) {                                               \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const T x = xs[i * steps[0]], y = ys[i * steps[1]], z = zs[i * steps[2]];              \
            out[i] = VALUE;                                                                        \
        }                                                                                          \
    } else if (steps[1] == 0) {                                                                    \
        const T y = ys[0];                                                                         \
        EACH {                                                                                     \
            const T x = xs[i], z = zs[i];                                                          \
            out[i] = VALUE;                                                                        \
        }                                                                                          \
    } else if (steps[2] == 0) {                                                                    \
        const T z = zs[0];                                                                         \
        EACH {                                                                                     \
            const T x = xs[i], y = ys[i];                                                          \
            out[i] = VALUE;                                                                        \
        }                                                                                          \
    } else {                                                                                       \
        EACH {                                                                                     \
            const T x = xs[i], y = ys[i], z = zs[i];                                               \
            out[i] = VALUE;                                                                        \
        }                                                                                          \
    }                                                                                              \
    END(NAME, T, 3)
