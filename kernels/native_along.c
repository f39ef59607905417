// Functions along one dimension of large arrays on the CPU: running sums and products, elements
// picked by index and added back, triangles of matrices.
//
// An array is seen as outer x n x inner, where n is the dimension. Running results are computed in
// the elements' order; several rows are done at once, as each has to wait for itself.

#include "native_work.h"

typedef struct {
    const void *x;
    const int64_t *index;
    void *out;
    int64_t outer, n, inner, length, diagonal;  // length: of `index` along the dimension
    int64_t rows_of_part;
    int below, backward;
} Along;

enum { AT_ONCE = 8 };

static void lengths(Along *w, const Array *x, int axis) {
    w->outer = w->inner = 1;
    for (int d = 0; d < axis; d++) w->outer *= x->shape[d];
    for (int d = axis + 1; d < x->nd; d++) w->inner *= x->shape[d];
    w->n = x->shape[axis];
    w->rows_of_part = rows_of_part(larger(1, w->n * w->inner));
}

static int same_but_for(const Array *a, const Array *b, int axis) {
    if (a->nd != b->nd) return 0;
    for (int d = 0; d < a->nd; d++)
        if (d != axis && a->shape[d] != b->shape[d]) return 0;
    return 1;
}

#define OUTER_OF_PART                                                                              \
    const Along *const w = work;                                                                   \
    const int64_t n = w->n, inner = w->inner, first = part * w->rows_of_part;                      \
    const int64_t last = smaller(first + w->rows_of_part, w->outer);

// In the order of the elements, or, if `backward`, from the last to the first.
#define RUNNING(NAME, T, OPERATION)                                                                \
    static void NAME##_part_##T(void *work, int64_t part) {                                        \
        OUTER_OF_PART                                                                              \
        const int64_t begin = w->backward ? n - 1 : 0, step = w->backward ? -1 : 1;                \
        const T *x = (const T *)w->x + (first * n + begin) * inner;                                \
        T *out = (T *)w->out + (first * n + begin) * inner;                                        \
        int64_t row = first;                                                                       \
        if (inner == 1) {                                                                          \
            for (; row + AT_ONCE <= last; row += AT_ONCE, x += AT_ONCE * n, out += AT_ONCE * n) {  \
                T total[AT_ONCE];                                                                  \
                for (int k = 0; k < AT_ONCE; k++) out[k * n] = total[k] = x[k * n];                \
                for (int64_t i = step; i != n * step; i += step)                                   \
                    for (int k = 0; k < AT_ONCE; k++) {                                            \
                        total[k] = total[k] OPERATION x[k * n + i];                                \
                        out[k * n + i] = total[k];                                                 \
                    }                                                                              \
            }                                                                                      \
        }                                                                                          \
        for (; row < last; row++, x += n * inner, out += n * inner) {                              \
            memcpy(out, x, sizeof(T) * (size_t)inner);                                             \
            for (int64_t i = 1; i < n; i++) {                                                      \
                const T *const now = x + i * step * inner;                                         \
                T *const to = out + i * step * inner;                                              \
                const T *const before = to - step * inner;                                         \
                EACH_ALONE for (int64_t j = 0; j < inner; j++)                                     \
                    to[j] = before[j] OPERATION now[j];                                            \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    int NAME##_##T(Array *x, Array *out, int axis, int backward, int threads) {                    \
        if (!fits(x)) return 0;                                                                    \
        Along w = {.x = x->data, .out = out->data, .backward = backward};                          \
        lengths(&w, x, axis);                                                                      \
        if (w.outer * w.n * w.inner == 0) return 0;                                                \
        run_parts(NAME##_part_##T, &w, parts_of(w.outer, w.rows_of_part), threads);                \
        return 1;                                                                                  \
    }

#define FUNCTIONS_OF(T)                                                                            \
    RUNNING(cumsum, T, +)                                                                          \
    RUNNING(cumprod, T, *)                                                                         \
                                                                                                   \
    static void take_part_##T(void *work, int64_t part) {                                          \
        OUTER_OF_PART                                                                              \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const x = (const T *)w->x + row * n * inner;                                  \
            const int64_t begin = row * w->length * inner, end = begin + w->length * inner;        \
            if (inner == 1)                                                                        \
                for (int64_t i = begin; i < end; i++) ((T *)w->out)[i] = x[w->index[i]];           \
            else                                                                                   \
                for (int64_t i = begin, j = 0; i < end; i++) {                                     \
                    ((T *)w->out)[i] = x[w->index[i] * inner + j];                                 \
                    if (++j == inner) j = 0;                                                       \
                }                                                                                  \
        }                                                                                          \
    }                                                                                              \
    static void put_part_##T(void *work, int64_t part) {                                           \
        OUTER_OF_PART                                                                              \
        for (int64_t row = first; row < last; row++) {                                             \
            T *const out = (T *)w->out + row * n * inner;                                          \
            memset(out, 0, sizeof(T) * (size_t)(n * inner));                                       \
            const int64_t begin = row * w->length * inner, end = begin + w->length * inner;        \
            for (int64_t i = begin, j = 0; i < end; i++) {                                         \
                out[w->index[i] * inner + j] += ((const T *)w->x)[i];                              \
                if (++j == inner) j = 0;                                                           \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    /* `whole` has the dimension's full length, `few` is of the shape of `index`, int64. */        \
    static int by_index_##T(Function function, Array *whole, Array *index, Array *few, Along *w,   \
                            int axis, int threads) {                                               \
        if (!fits(whole) || !fits(few) || (index->flags & FITTING) != FITTING) return 0;           \
        if (!same_but_for(whole, index, axis) || !same_shape(index, few)) return 0;                \
        lengths(w, whole, axis);                                                                   \
        w->index = index->data;                                                                    \
        w->length = index->shape[axis];                                                            \
        const int64_t count = w->outer * w->length * w->inner;                                     \
        int inside = 1;                                                                            \
        for (int64_t i = 0; i < count; i++) inside &= w->index[i] >= 0 && w->index[i] < w->n;      \
        if (!inside) return 0;                                                                     \
        run_parts(function, w, parts_of(w->outer, w->rows_of_part), threads);                      \
        return 1;                                                                                  \
    }                                                                                              \
    int take_##T(Array *x, Array *index, Array *out, int axis, int threads) {                      \
        Along w = {.x = x->data, .out = out->data};                                                \
        return by_index_##T(take_part_##T, x, index, out, &w, axis, threads);                      \
    }                                                                                              \
    int put_##T(Array *x, Array *index, Array *out, int axis, int threads) {                       \
        Along w = {.x = x->data, .out = out->data};                                                \
        return by_index_##T(put_part_##T, out, index, x, &w, axis, threads);                       \
    }                                                                                              \
                                                                                                   \
    static void triangle_part_##T(void *work, int64_t part) {                                      \
        OUTER_OF_PART                                                                              \
        (void)inner;                                                                               \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const x = (const T *)w->x + row * n;                                          \
            T *const out = (T *)w->out + row * n;                                                  \
            /* Below: the columns before `edge` are kept; else those from it on. */                \
            const int64_t edge = row % w->length + w->diagonal + w->below;                         \
            const int64_t at = larger(0, smaller(edge, n));                                        \
            const int64_t from = w->below ? 0 : at, to = w->below ? at : n;                        \
            memset(out, 0, sizeof(T) * (size_t)n);                                                 \
            memcpy(out + from, x + from, sizeof(T) * (size_t)(to - from));                         \
        }                                                                                          \
    }                                                                                              \
    /* Of the matrices in the last two dimensions. */                                              \
    int triangle_##T(Array *x, Array *out, int64_t diagonal, int below, int threads) {             \
        if (!fits(x) || size_of(x) == 0) return 0;                                                 \
        Along w = {.x = x->data, .out = out->data, .diagonal = diagonal, .below = below,           \
                   .length = x->shape[x->nd - 2]};                                                 \
        lengths(&w, x, x->nd - 1);                                                                 \
        run_parts(triangle_part_##T, &w, parts_of(w.outer, w.rows_of_part), threads);              \
        return 1;                                                                                  \
    }

FOR_TYPE(FUNCTIONS_OF)
