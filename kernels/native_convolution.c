// Convolution and its transpose on the CPU: products of the kernels with planes of numbers.
//
// A tile of the result, some channels times some vectors of windows, is kept in registers while all
// rows of the product are gone through: for each, its numbers in the planes are read once, and
// multiplied with one weight of each channel. Every number is the sum of its products one after the
// other, beginning with the bias.

// Products are added without being rounded, as in BLAS libraries.
#if defined(__clang__)
#pragma STDC FP_CONTRACT ON
#else
#pragma GCC optimize("fp-contract=fast")
#endif

#include "native_windows.h"

typedef struct {
    const number *x, *bias;
    number *result;
    const number *weights;  // of the job: for each group, tile by tile, row by row, channel by channel
    const Job *job;
    int64_t groups, channels, made;  // channels of the source and of the result, of one group
    int64_t lines;                   // of a part
    int64_t widest;                  // tile's channels
    int64_t failed;
} Convolution;

// So many numbers of planes stay in the second-level cache.
enum { CACHED = 393216 / sizeof(number) };

// A tile of CHANNELS channels and VECTORS vectors. `rest` numbers of the last vector count.
#define DEFINE_TILE(CHANNELS, VECTORS)                                                             \
    static __attribute__((noinline)) void tile_##CHANNELS##_##VECTORS(                             \
        const number *planes, const int64_t *offsets, const number *weights, int64_t rows,         \
        const number *bias, number *out, int64_t pitch, int64_t rest) {                            \
        wide sum[CHANNELS][VECTORS];                                                               \
        UNROLLED for (int c = 0; c < CHANNELS; c++)                                                \
            UNROLLED for (int v = 0; v < VECTORS; v++)                                             \
                sum[c][v] = (wide){0} + (bias == 0 ? 0 : bias[c]);                                 \
        for (int64_t r = 0; r < rows; r++, weights += CHANNELS) {                                  \
            const number *const x = planes + offsets[r];                                           \
            wide in[VECTORS];                                                                      \
            UNROLLED for (int v = 0; v < VECTORS; v++) in[v] = WIDE(x + v * LANES);                \
            UNROLLED for (int c = 0; c < CHANNELS; c++)                                            \
                UNROLLED for (int v = 0; v < VECTORS; v++) sum[c][v] += weights[c] * in[v];        \
        }                                                                                          \
        UNROLLED for (int c = 0; c < CHANNELS; c++) {                                              \
            UNROLLED for (int v = 0; v + 1 < VECTORS; v++)                                         \
                memcpy(out + c * pitch + v * LANES, &sum[c][v], REGISTER);                         \
            const wide last = sum[c][VECTORS - 1];                                                 \
            number *const end = out + c * pitch + (VECTORS - 1) * LANES;                           \
            if (rest == LANES)                                                                     \
                memcpy(end, &last, REGISTER);                                                      \
            else                                                                                   \
                memcpy(end, &last, sizeof(number) * (size_t)rest);                                 \
        }                                                                                          \
    }

typedef void Tile(const number *, const int64_t *, const number *, int64_t, const number *,
                  number *, int64_t, int64_t);

DEFINE_TILE(1, 1)
DEFINE_TILE(1, 8)
DEFINE_TILE(2, 1)
DEFINE_TILE(4, 1)
DEFINE_TILE(4, 3)
#if defined(__AVX512F__)
DEFINE_TILE(2, 6)
DEFINE_TILE(8, 1)
DEFINE_TILE(8, 2)
DEFINE_TILE(8, 3)
DEFINE_TILE(16, 1)
#else
DEFINE_TILE(2, 4)
#endif

// How many channels the next tile has where so many are left.
static inline int64_t channels_of_tile(const Convolution *w, int64_t left) {
    const int64_t most = smaller(left, w->widest);
    return most >= 16 ? 16 : most >= 8 ? 8 : most >= 4 ? 4 : most >= 2 ? 2 : 1;
}

// The most channels of a tile: more of them, the fewer vectors there are.
static inline int64_t widest_tile(int64_t windows) {
    return !ROOMY ? 4 : windows <= LANES ? 16 : 8;
}

// The tile for so many channels, where so many vectors are left; gives its vectors too.
static inline Tile *tile_for(int64_t channels, int64_t left, int64_t *vectors) {
#if defined(__AVX512F__)
    if (channels == 16) {
        *vectors = 1;
        return tile_16_1;
    }
    if (channels == 8) {
        *vectors = left == 4 || left == 2 ? 2 : left >= 3 ? 3 : 1;
        return *vectors == 3 ? tile_8_3 : *vectors == 2 ? tile_8_2 : tile_8_1;
    }
    enum { OF_TWO = 6 };
    Tile *const two = tile_2_6;
#else
    enum { OF_TWO = 4 };
    Tile *const two = tile_2_4;
#endif
    if (channels == 4) {
        *vectors = left >= 3 ? 3 : 1;
        return left >= 3 ? tile_4_3 : tile_4_1;
    }
    if (channels == 2) {
        *vectors = left >= OF_TWO ? OF_TWO : 1;
        return left >= OF_TWO ? two : tile_2_1;
    }
    *vectors = left >= 8 ? 8 : 1;
    return left >= 8 ? tile_1_8 : tile_1_1;
}

// The product for `windows` windows of one group, into channels `pitch` numbers apart.
static void multiply(const Convolution *w, int64_t group, const number *planes,
                     const int64_t *offsets, int64_t rows, int64_t windows, number *out,
                     int64_t pitch) {
    const number *const weights = w->weights + group * w->made * rows;
    const number *const bias = w->bias == 0 ? 0 : w->bias + group * w->made;
    const int64_t vectors = parts_of(windows, LANES);
    // Few enough windows at once that what they read stays in the first-level cache for all channels.
    enum { AT_ONCE = 24 };
    for (int64_t from = 0; from < vectors; from += AT_ONCE) {
        const int64_t to = smaller(vectors, from + AT_ONCE);
        for (int64_t c = 0, step; c < w->made; c += step) {
            step = channels_of_tile(w, w->made - c);
            for (int64_t v = from, some; v < to; v += some) {
                Tile *const tile = tile_for(step, to - v, &some);
                const int64_t end = smaller(windows, (v + some) * LANES);
                tile(planes + v * LANES, offsets, weights + c * rows, rows, bias == 0 ? 0 : bias + c,
                     out + c * pitch + v * LANES, pitch, end - (v + some - 1) * LANES);
            }
        }
    }
}

// Some lines of windows of one sample.
static void convolution_part(void *work, int64_t part) {
    Convolution *const w = work;
    const Job *const job = w->job;
    const int64_t pieces = parts_of(job->count[0], w->lines), sample = part / pieces;
    const int64_t begin = part % pieces * w->lines;
    const int64_t lines = smaller(w->lines, job->count[0] - begin);
    const int64_t rows = w->channels * taps_of(job), windows = lines * line_of(job);
    const Planes p = planes_of(job, lines);
    const int64_t size = job->size[0] * job->size[1] * job->size[2];
    const int64_t plane = job->result[0] * job->result[1] * job->result[2];
    const int in_place = is_whole(job);
    const int64_t apart = in_place ? plane : windows;
    number *const planes = malloc(sizeof(number) * (size_t)planes_size(&p, w->channels));
    int64_t *const offsets = malloc(sizeof(int64_t) * (size_t)larger(rows, 1));
    number *const aside = malloc(sizeof(number) * (size_t)(in_place ? 1 : w->made * windows));
    const Surroundings s = surroundings_of(job, lines);
    number *const channel = malloc(sizeof(number) * (size_t)surroundings_size(&s));
    if (planes == 0 || offsets == 0 || aside == 0 || channel == 0) {
        w->failed = 1;
    } else {
        find_offsets(job, &p, w->channels, offsets);
        for (int64_t g = 0; g < w->groups; g++) {
            const int64_t source = (sample * w->groups + g) * w->channels * size;
            number *const out = w->result + (sample * w->groups + g) * w->made * plane;
            if (rows > 0)
                write_planes(job, &p, w->x + source, w->channels, begin, channel, planes);
            multiply(w, g, planes, offsets, rows, windows,
                     in_place ? out + begin * line_of(job) : aside, apart);
            for (int64_t c = 0; !in_place && c < w->made; c++)
                spread_out(job, aside + c * windows, begin, lines, out + c * plane);
        }
    }
    free(planes);
    free(offsets);
    free(aside);
    free(channel);
}

// The weights of a job in the order in which tiles read them. Those of channel c of the result and
// channel i of the source, of one group, begin at c * of_made + i * of_channel.
static void arrange(const Convolution *w, const number *weight, int64_t of_made, int64_t of_channel,
                    int64_t of_group, int64_t *places, number *to) {
    const Job *const job = w->job;
    const int64_t taps = taps_of(job);
    int64_t *place = places;
    for (int64_t a = 0; a < job->taps[0]; a++)
        for (int64_t b = 0; b < job->taps[1]; b++)
            for (int64_t d = 0; d < job->taps[2]; d++)
                *place++ = job->place[0][a] + job->place[1][b] + job->place[2][d];
    for (int64_t g = 0; g < w->groups; g++, weight += of_group)
        for (int64_t c = 0, step; c < w->made; c += step) {
            step = channels_of_tile(w, w->made - c);
            for (int64_t i = 0; i < w->channels; i++, to += taps * step)
                for (int64_t k = 0; k < step; k++) {
                    const number *const from = weight + (c + k) * of_made + i * of_channel;
                    for (int64_t t = 0; t < taps; t++) to[t * step + k] = from[places[t]];
                }
        }
}

// x (N, groups * channels, *size), weight (groups * made, channels, *kernel), or for a transpose
// (groups * channels, made, *kernel), result (N, groups * made, *size). `jobs` holds their number,
// the groups, 1 for a transpose, and the jobs.
int NAMED(convolution)(Array *x, Array *weight, Array *bias, Array *result, Array *jobs,
                       int threads) {
    if (!fits(x) || !fits(weight) || !fits(bias) || !fits(result)) return 0;
    const int64_t *next = jobs->data;
    const int64_t groups = next[1], transposed = next[2];
    int64_t number_of_jobs = next[0];
    const int64_t samples = x->shape[0];
    int64_t kernel = 1;
    for (int d = 2; d < weight->nd; d++) kernel *= weight->shape[d];
    Convolution w = {.x = x->data, .bias = DATA(number, bias), .result = result->data,
                     .groups = groups, .channels = x->shape[1] / groups,
                     .made = result->shape[1] / groups};
    const int64_t of_made = transposed ? kernel : w.channels * kernel;
    const int64_t of_channel = transposed ? w.made * kernel : kernel;
    number *const weights = malloc(sizeof(number) * (size_t)larger(1, size_of(weight)));
    int64_t *const places = malloc(sizeof(int64_t) * (size_t)larger(1, kernel));
    if (weights == 0 || places == 0) number_of_jobs = 0, w.failed = 1;
    w.weights = weights;
    next += 3;
    for (int64_t j = 0; j < number_of_jobs; j++) {
        Job job;
        next = read_job(&job, next);
        w.job = &job;
        w.lines = larger(1, lines_at_once(&job, samples, w.channels, w.made * groups,
                                           CACHED));
        w.widest = widest_tile(w.lines * line_of(&job));
        arrange(&w, weight->data, of_made, of_channel, w.made * w.channels * kernel, places,
                weights);
        run_parts(convolution_part, &w, samples * parts_of(job.count[0], w.lines), threads);
    }
    free(weights);
    free(places);
    return !w.failed;
}
