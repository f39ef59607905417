// Reductions of large arrays on the CPU along neighbouring dimensions: sums, sums of squares,
// products, the largest and the smallest elements.
//
// An array is seen as outer x n x inner, of which n goes. Numbers are combined in the arrays' type,
// in many lanes, for PIECE numbers or STRETCH rows at most; sums of those are in float64. Long
// reductions are done in chunks of a fixed size, whose results are combined in order.

#include <stdlib.h>

#include "native_work.h"

typedef struct {
    const void *x;
    void *out;
    double *chunks;  // results of chunks, where there are several
    int64_t outer, n, inner, rows_of_chunk, chunks_of_n, strip, strips, rows_of_part, group;
    double divisor;
} Reduction;

enum { SHORT = 16, PIECE = 1024, STRETCH = 32, STRIP = 512, LONG_STRIP = 4096, CHUNK = 65536, WAYS = 64 };

static int64_t product_of(const Array *x, int begin, int end) {
    int64_t product = 1;
    for (int d = begin; d < end; d++) product *= x->shape[d];
    return product;
}

// JOIN(p, q) combines two results, and TAKE(p, x) a result and an element; START changes nothing.
#define PIECE_IN_WAYS(NAME, T, START, TAKE, JOIN)                                                  \
    static inline T NAME##_ways_##T(const T *x, int64_t n, const int ways) {                       \
        T way[WAYS];                                                                               \
        int64_t i = 0;                                                                             \
        for (int j = 0; j < ways; j++) way[j] = START;                                             \
        for (; i + ways <= n; i += ways)                                                           \
            EACH_ALONE for (int j = 0; j < ways; j++) way[j] = TAKE(way[j], x[i + j]);             \
        const int rest = (int)(n - i);                                                             \
        EACH_ALONE for (int j = 0; j < rest; j++) way[j] = TAKE(way[j], x[i + j]);                 \
        for (int width = ways / 2; width > 0; width /= 2)                                          \
            EACH_ALONE for (int j = 0; j < width; j++) way[j] = JOIN(way[j], way[j + width]);      \
        return way[0];                                                                             \
    }                                                                                              \
    /* Of at most PIECE elements. */                                                               \
    static inline T NAME##_piece_##T(const T *x, int64_t n) {                                      \
        return n < 2 * WAYS ? NAME##_ways_##T(x, n, 8) : NAME##_ways_##T(x, n, WAYS);              \
    }

// PIECE_OF(x, n) gives the result for at most PIECE elements.
#define REDUCTION(NAME, T, START, TAKE, JOIN, PIECE_OF)                                            \
    static double NAME##_line_##T(const T *x, int64_t n) {                                         \
        double total = PIECE_OF##_##T(x, smaller(PIECE, n));                                     \
        for (int64_t i = PIECE; i < n; i += PIECE)                                                 \
            total = JOIN(total, (double)PIECE_OF##_##T(x + i, smaller(PIECE, n - i)));           \
        return total;                                                                              \
    }                                                                                              \
    /* Whole rows, one number each. */                                                             \
    static void NAME##_rows_##T(void *work, int64_t part) {                                        \
        const Reduction *const w = work;                                                           \
        const int64_t first = part * w->rows_of_part;                                              \
        const int64_t last = smaller(first + w->rows_of_part, w->outer);                           \
        for (int64_t row = first; row < last; row++) {                                             \
            const T *const x = (const T *)w->x + row * w->n;                                       \
            if (w->n < SHORT) {                                                                    \
                T total = START;                                                                   \
                for (int64_t i = 0; i < w->n; i++) total = TAKE(total, x[i]);                      \
                ((T *)w->out)[row] = (T)((double)total / w->divisor);                              \
                continue;                                                                          \
            }                                                                                      \
            ((T *)w->out)[row] = (T)(NAME##_line_##T(x, w->n) / w->divisor);                       \
        }                                                                                          \
    }                                                                                              \
    static void NAME##_chunk_##T(void *work, int64_t part) {                                       \
        const Reduction *const w = work;                                                           \
        const int64_t row = part / w->chunks_of_n, from = part % w->chunks_of_n * CHUNK;           \
        w->chunks[part] =                                                                          \
            NAME##_line_##T((const T *)w->x + row * w->n + from, smaller(CHUNK, w->n - from));     \
    }                                                                                              \
    /* A strip of columns of a chunk of rows. Rows of few columns are taken several at once. */    \
    static void NAME##_strip_##T(void *work, int64_t part) {                                       \
        const Reduction *const w = work;                                                           \
        const int64_t from = part % w->strips * w->strip;                                          \
        const int64_t cols = smaller(w->strip, w->inner - from);                                   \
        const int64_t chunk = part / w->strips % w->chunks_of_n;                                   \
        const int64_t matrix = part / w->strips / w->chunks_of_n;                                  \
        const int64_t first = chunk * w->rows_of_chunk, group = w->group;                          \
        const int64_t last = smaller(first + w->rows_of_chunk, w->n);                              \
        const int64_t whole = last - (last - first) % group, width = cols * group;                 \
        const T *const x = (const T *)w->x + matrix * w->n * w->inner + from;                      \
        if (w->chunks == 0 && group == 1 && last <= STRETCH) { /* few: without totals in double */ \
            T *const out = (T *)w->out + matrix * w->inner + from;                                 \
            for (int64_t j = 0; j < cols; j++) out[j] = START;                                     \
            for (int64_t i = 0; i < last; i++) {                                                   \
                const T *const line = x + i * w->inner;                                            \
                EACH_ALONE for (int64_t j = 0; j < cols; j++) out[j] = TAKE(out[j], line[j]);      \
            }                                                                                      \
            if (w->divisor != 1)                                                                   \
                for (int64_t j = 0; j < cols; j++) out[j] = (T)((double)out[j] / w->divisor);      \
            return;                                                                                \
        }                                                                                          \
        double total[STRIP];                                                                       \
        T some[STRIP];                                                                             \
        for (int64_t j = 0; j < width; j++) total[j] = START;                                      \
        for (int64_t row = first; row < whole; row += STRETCH * group) {                           \
            const int64_t end = smaller(row + STRETCH * group, whole);                             \
            for (int64_t j = 0; j < width; j++) some[j] = START;                                   \
            for (int64_t i = row; i < end; i += group) {                                           \
                const T *const line = x + i * w->inner;                                            \
                EACH_ALONE for (int64_t j = 0; j < width; j++) some[j] = TAKE(some[j], line[j]);   \
            }                                                                                      \
            EACH_ALONE for (int64_t j = 0; j < width; j++)                                         \
                total[j] = JOIN(total[j], (double)some[j]);                                        \
        }                                                                                          \
        for (int64_t k = 1; k < group; k++)                                                        \
            for (int64_t j = 0; j < cols; j++) total[j] = JOIN(total[j], total[k * cols + j]);     \
        for (int64_t i = whole; i < last; i++)                                                     \
            for (int64_t j = 0; j < cols; j++)                                                     \
                total[j] = TAKE(total[j], (double)x[i * w->inner + j]);                            \
        if (w->chunks != 0)                                                                        \
            memcpy(w->chunks + (matrix * w->chunks_of_n + chunk) * w->inner + from, total,         \
                   sizeof(double) * (size_t)cols);                                                 \
        else                                                                                       \
            for (int64_t j = 0; j < cols; j++)                                                     \
                ((T *)w->out)[matrix * w->inner + from + j] = (T)(total[j] / w->divisor);          \
    }                                                                                              \
    /* Over the dimensions from `begin` to before `end`; divided by their size, if `mean`. */      \
    int NAME##_##T(Array *x, Array *out, int begin, int end, int mean, int threads) {              \
        if (!fits(x)) return 0;                                                                    \
        const int64_t outer = product_of(x, 0, begin), n = product_of(x, begin, end);              \
        const int64_t inner = product_of(x, end, x->nd);                                           \
        const double divisor = mean ? (double)n : 1;                                               \
        if (outer * n * inner == 0) return 0;                                                      \
        Reduction w = {.x = x->data, .out = out->data, .outer = outer, .n = n, .inner = inner,     \
                       .divisor = divisor};                                                        \
        if (inner == 1 && n <= CHUNK) {                                                            \
            w.rows_of_part = rows_of_part(n);                                                      \
            run_parts(NAME##_rows_##T, &w, parts_of(outer, w.rows_of_part), threads);              \
            return 1;                                                                              \
        }                                                                                          \
        w.rows_of_chunk = inner == 1 ? CHUNK : larger(4 * STRETCH, CHUNK / smaller(inner, STRIP)); \
        w.chunks_of_n = parts_of(n, w.rows_of_chunk);                                              \
        w.strip = n <= STRETCH && inner > STRIP ? LONG_STRIP : STRIP;                              \
        w.strips = parts_of(inner, w.strip);                                                       \
        w.group = larger(1, smaller(STRIP / inner, smaller(w.rows_of_chunk, n) / 8));              \
        const int64_t count = outer * w.chunks_of_n;                                               \
        if (inner == 1 || w.chunks_of_n > 1) {                                                     \
            w.chunks = malloc(sizeof(double) * (size_t)(count * inner));                           \
            if (w.chunks == 0) return 0;                                                           \
        }                                                                                          \
        if (inner == 1)                                                                            \
            run_parts(NAME##_chunk_##T, &w, count, threads);                                       \
        else                                                                                       \
            run_parts(NAME##_strip_##T, &w, count * w.strips, threads);                            \
        if (w.chunks == 0) return 1;                                                               \
        for (int64_t k = 0; k < outer; k++) {                                                      \
            double *const total = w.chunks + k * w.chunks_of_n * inner;                            \
            for (int64_t c = 1; c < w.chunks_of_n; c++)                                            \
                EACH_ALONE for (int64_t j = 0; j < inner; j++)                                     \
                    total[j] = JOIN(total[j], total[c * inner + j]);                               \
            for (int64_t j = 0; j < inner; j++)                                                    \
                ((T *)out->data)[k * inner + j] = (T)(total[j] / divisor);                         \
        }                                                                                          \
        free(w.chunks);                                                                            \
        return 1;                                                                                  \
    }

#define PLUS(p, q) ((p) + (q))
#define TIMES(p, q) ((p) * (q))
#define PLUS_SQUARE(p, q) ((p) + (q) * (q))
// nan if one is nan.
#define MORE(p, q) (((q) > (p)) | ((q) != (q)) ? (q) : (p))
#define LESS(p, q) (((q) < (p)) | ((q) != (q)) ? (q) : (p))

#define FUNCTIONS_OF(T)                                                                            \
    /* As row_max of native_work.h. */                                                             \
    static LIKE_NUMBERS T row_min_##T(const T *x, int64_t n) {                                     \
        T least = x[0];                                                                            \
        nm_integer_##T bits = 0;                                                                   \
        for (int64_t i = 0; i < n; i++) {                                                          \
            const nm_integer_##T now = nm_bits_##T(x[i]) & NM_MAGNITUDE_##T;                       \
            least = x[i] < least ? x[i] : least;                                                   \
            bits = now > bits ? now : bits;                                                        \
        }                                                                                          \
        return bits > nm_bits_##T(INFINITY) ? nm_from_bits_##T(bits) : least;                      \
    }                                                                                              \
    static inline T own_dot_##T(const T *x, int64_t n) { return row_dot_##T(x, x, n); }            \
    PIECE_IN_WAYS(prod, T, 1, TIMES, TIMES)                                                        \
    REDUCTION(sum, T, 0, PLUS, PLUS, row_sum)                                                      \
    REDUCTION(squares, T, 0, PLUS_SQUARE, PLUS, own_dot)                                           \
    REDUCTION(prod, T, 1, TIMES, TIMES, prod_piece)                                                \
    REDUCTION(amax, T, -INFINITY, MORE, MORE, row_max)                                             \
    REDUCTION(amin, T, INFINITY, LESS, LESS, row_min)

FOR_TYPE(FUNCTIONS_OF)
