// Pooling on the CPU: the largest element of each window or the sum of its elements, and the way back.
//
// A plane is done line by line: for every element of the kernel, all windows of the line at once.
// Dimensions are three, of which the first ones may have size 1. What lies outside the input counts
// for nothing.

#include <stdlib.h>

#include "native_work.h"

typedef ELEMENT number;
#define NM_JOINED(name, type) name##_##type
#define NM_NAMED(name, type) NM_JOINED(name, type)
#define NAMED(name) NM_NAMED(name, ELEMENT)

enum { DIMENSIONS = 3 };

typedef struct {
    int64_t size[DIMENSIONS], count[DIMENSIONS], kernel[DIMENSIONS], stride[DIMENSIONS];
    int64_t padding[DIMENSIONS], dilation[DIMENSIONS];
} Windows;

typedef struct {
    const Windows *windows;
    const number *x;
    number *result;
    int64_t *index;
    const int64_t *taken;
    int64_t planes, of_part, failed;
} Pooling;

static inline int64_t volume(const int64_t *size) { return size[0] * size[1] * size[2]; }

// Of a line's windows, those whose element k lies inside: from `low` to before `high`.
static inline void inside(const Windows *g, int64_t k, int64_t *low, int64_t *high) {
    const int64_t start = k * g->dilation[2] - g->padding[2], step = g->stride[2];
    const int64_t n = g->size[2], count = g->count[2];
    *low = start >= 0 ? 0 : smaller(count, (-start + step - 1) / step);
    *high = start >= n ? 0 : smaller(count, (n - start - 1) / step + 1);
    *high = larger(*high, *low);
}

// Where element k of the kernel meets the input in dimension d for window j; -1 outside.
static inline int64_t met(const Windows *g, int d, int64_t j, int64_t k) {
    const int64_t at = j * g->stride[d] - g->padding[d] + k * g->dilation[d];
    return at >= 0 && at < g->size[d] ? at : -1;
}

// Goes through the elements of the kernel that meet the input for a line of windows: `row` is where
// the input's row begins, and window j's element is at row + j * step + start.
#define EACH_ELEMENT(g, j0, j1, ...)                                                               \
    for (int64_t k0 = 0; k0 < (g)->kernel[0]; k0++)                                                \
        for (int64_t k1 = 0; k1 < (g)->kernel[1]; k1++) {                                          \
            const int64_t i0 = met(g, 0, j0, k0), i1 = met(g, 1, j1, k1);                          \
            if (i0 < 0 || i1 < 0) continue;                                                        \
            const int64_t row = (i0 * (g)->size[1] + i1) * (g)->size[2];                           \
            for (int64_t k2 = 0; k2 < (g)->kernel[2]; k2++) {                                      \
                int64_t low, high;                                                                 \
                inside(g, k2, &low, &high);                                                        \
                const int64_t start = k2 * (g)->dilation[2] - (g)->padding[2];                     \
                __VA_ARGS__                                                                        \
            }                                                                                      \
        }

typedef NM_NAMED(nm_integer, ELEMENT) whole;

// nan is the largest, and the last of equal ones counts; of other numbers the first.
#define KEEP_LARGER(STEP)                                                                          \
    EACH_ALONE for (int64_t j = low; j < high; j++) {                                              \
        const number found = in[(STEP) * j];                                                       \
        const int more = found > best[j] || found != found;                                        \
        best[j] = more ? found : best[j];                                                          \
        place[j] = more ? here : place[j];                                                         \
    }

#define ADD_UP(STEP)                                                                               \
    EACH_ALONE for (int64_t j = low; j < high; j++) best[j] += in[(STEP) * j];

#define BY_STEP(MACRO, step)                                                                       \
    if (step == 1) {                                                                               \
        MACRO(1)                                                                                   \
    } else if (step == 2) {                                                                        \
        MACRO(2)                                                                                   \
    } else {                                                                                       \
        MACRO(step)                                                                                \
    }

// The parts' planes: from `plane` to before `last`.
#define PLANES_OF_PART                                                                             \
    Pooling *const w = work;                                                                       \
    const Windows *const g = w->windows;                                                           \
    const int64_t size = volume(g->size), made = volume(g->count);                                 \
    const int64_t last = smaller(w->planes, (part + 1) * w->of_part);                              \
    for (int64_t plane = part * w->of_part; plane < last; plane++)

static void largest_part(void *work, int64_t part) {
    const int64_t line = ((Pooling *)work)->windows->count[2];
    whole *const place = malloc(sizeof(whole) * (size_t)(2 * line)), *const first = place + line;
    if (place == 0) {
        ((Pooling *)work)->failed = 1;
        return;
    }
    const int64_t step = ((Pooling *)work)->windows->stride[2];
    PLANES_OF_PART {
        const number *const x = w->x + plane * size;
        // If all is minus infinity, the first element inside counts.
        for (int64_t j = 0; j < line; j++) {
            const int64_t at = j * step - g->padding[2], apart = g->dilation[2];
            first[j] = (whole)(at < 0 ? (-at + apart - 1) / apart * apart - g->padding[2]
                                      : -g->padding[2]);
        }
        for (int64_t j0 = 0; j0 < g->count[0]; j0++)
            for (int64_t j1 = 0; j1 < g->count[1]; j1++) {
                const int64_t begin = plane * made + (j0 * g->count[1] + j1) * line;
                number *const best = w->result + begin;
                int found_first = 0;
                for (int64_t j = 0; j < line; j++) best[j] = -INFINITY;
                EACH_ELEMENT(g, j0, j1, {
                    const number *const in = x + row + start;
                    const whole here = (whole)(row + start);
                    if (!found_first)
                        EACH_ALONE for (int64_t j = 0; j < line; j++)
                            place[j] = (whole)row + first[j];
                    found_first = 1;
                    BY_STEP(KEEP_LARGER, step)
                })
                int64_t *const index = w->index + begin;
                for (int64_t j = 0; w->index != 0 && j < line; j++) index[j] = place[j] + j * step;
            }
    }
    free(place);
}

static void sum_part(void *work, int64_t part) {
    const int64_t step = ((Pooling *)work)->windows->stride[2];
    const int64_t line = ((Pooling *)work)->windows->count[2];
    PLANES_OF_PART {
        const number *const x = w->x + plane * size;
        for (int64_t j0 = 0; j0 < g->count[0]; j0++)
            for (int64_t j1 = 0; j1 < g->count[1]; j1++) {
                number *const best = w->result + plane * made + (j0 * g->count[1] + j1) * line;
                for (int64_t j = 0; j < line; j++) best[j] = 0;
                EACH_ELEMENT(g, j0, j1, {
                    const number *const in = x + row + start;
                    BY_STEP(ADD_UP, step)
                })
            }
    }
}

// Each number of x added to all elements of its window.
static void spread_part(void *work, int64_t part) {
    const int64_t step = ((Pooling *)work)->windows->stride[2];
    const int64_t line = ((Pooling *)work)->windows->count[2];
    PLANES_OF_PART {
        number *const to = w->result + plane * size;
        memset(to, 0, sizeof(number) * (size_t)size);
        for (int64_t j0 = 0; j0 < g->count[0]; j0++)
            for (int64_t j1 = 0; j1 < g->count[1]; j1++) {
                const number *const from = w->x + plane * made + (j0 * g->count[1] + j1) * line;
                EACH_ELEMENT(g, j0, j1, {
                    number *const out = to + row + start;
                    EACH_ALONE for (int64_t j = low; j < high; j++) out[step * j] += from[j];
                })
            }
    }
}

// Each number of x added to the element that has been found for its window.
static void give_back_part(void *work, int64_t part) {
    PLANES_OF_PART {
        number *const to = w->result + plane * size;
        const number *const from = w->x + plane * made;
        const int64_t *const taken = w->taken + plane * made;
        memset(to, 0, sizeof(number) * (size_t)size);
        for (int64_t j = 0; j < made; j++) to[taken[j]] += from[j];
    }
}

static int run_planes(Function function, Pooling *w, const Array *windows, const Array *whole_of,
                      int threads) {
    w->windows = windows->data;
    const int64_t each = volume(w->windows->size);
    w->planes = size_of(whole_of) / larger(1, each);
    w->of_part = larger(1, PART / larger(1, each));
    run_parts(function, w, parts_of(w->planes, w->of_part), threads);
    return !w->failed;
}

// x (..., *size), result and index (..., *count); no index for the largest elements alone. `windows`
// holds a Windows.
int NAMED(window_argmax)(Array *x, Array *result, Array *index, Array *windows, int threads) {
    if (!fits(x) || !fits(result)) return 0;
    Pooling w = {.x = x->data, .result = result->data, .index = DATA(int64_t, index)};
    return run_planes(largest_part, &w, windows, x, threads);
}

int NAMED(window_sum)(Array *x, Array *result, Array *windows, int threads) {
    if (!fits(x) || !fits(result)) return 0;
    Pooling w = {.x = x->data, .result = result->data};
    return run_planes(sum_part, &w, windows, x, threads);
}

// x (..., *count), result (..., *size).
int NAMED(window_spread)(Array *x, Array *result, Array *windows, int threads) {
    if (!fits(x) || !fits(result)) return 0;
    Pooling w = {.x = x->data, .result = result->data};
    return run_planes(spread_part, &w, windows, result, threads);
}

// x and index (planes, count), result (planes, size): `windows` holds these as the last of three
// dimensions. Places must lie inside.
int NAMED(window_max_grad)(Array *x, Array *index, Array *result, Array *windows, int threads) {
    if (!fits(x) || !fits(result) || (index->flags & FITTING) != FITTING) return 0;
    Pooling w = {.x = x->data, .result = result->data, .taken = index->data};
    return run_planes(give_back_part, &w, windows, result, threads);
}
