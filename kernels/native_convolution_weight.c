// The gradient of a convolution in its kernels, on the CPU.
//
// Each weight's gradient is the sum, over all windows of all samples, of a gradient times what its
// element of the kernel met. A block of weights, some channels of the result times some rows of the
// planes, keeps its sums in registers, in as many lanes as a vector has, while the windows of some
// samples are gone through. The samples are divided into a few parts, each with its own sums, which
// are added up in order.

// Products are added without being rounded, as in BLAS libraries.
#if defined(__clang__)
#pragma STDC FP_CONTRACT ON
#else
#pragma GCC optimize("fp-contract=fast")
#endif

#include "native_windows.h"

typedef struct {
    const number *x, *grad;
    number *sums;  // for each part those of all weights, (groups, made, rows)
    const Job *job;
    int64_t groups, channels, made, samples;
    int64_t lines, batch;  // done at once, lines of one sample or several whole samples
    int64_t parts, shares, failed;
} Weights;

// What is gone through at once: `pieces` times so many windows, `made` channels of gradients `pitch`
// apart and planes; from one piece to the next it is so far.
typedef struct {
    const number *grad, *planes;
    const int64_t *offsets;
    int64_t pieces, windows, pitch, next_grad, next_planes;
} Batch;

// The sums of `count` vectors' lanes, in order, in the first numbers of `all`. In each round, pairs
// of neighbouring lanes are added, and two vectors become one.
static inline __attribute__((always_inline)) void sum_lanes(wide *all, const int count) {
    UNROLLED for (int rounds = LANES, left = count; rounds > 1; rounds /= 2, left = (left + 1) / 2)
        UNROLLED for (int j = 0; j < left; j += 2) {
            const wide a = all[j], b = j + 1 < left ? all[j + 1] : all[j];
            all[j / 2] = seconds(a, b, 0, 0) + seconds(a, b, 1, 1);
        }
}

// Adds to the sums of CHANNELS channels and ROWS rows. What lies in the planes behind the last
// window is not looked at: times zero it may be nan.
#define DEFINE_BLOCK(CHANNELS, ROWS)                                                               \
    static __attribute__((noinline)) void block_##CHANNELS##_##ROWS(                               \
        const Batch *b, int64_t channel, int64_t row, number *sums, int64_t rows) {                \
        wide sum[CHANNELS][ROWS];                                                                  \
        UNROLLED for (int c = 0; c < CHANNELS; c++)                                                \
            UNROLLED for (int r = 0; r < ROWS; r++) sum[c][r] = (wide){0};                         \
        const int64_t full = b->windows / LANES * LANES;                                           \
        wide_whole counts;                                                                         \
        for (int j = 0; j < LANES; j++) counts[j] = full + j < b->windows ? -1 : 0;                \
        for (int64_t p = 0; p < b->pieces; p++) {                                                  \
            const number *const grad = b->grad + p * b->next_grad + channel * b->pitch;            \
            const number *const planes = b->planes + p * b->next_planes;                           \
            const number *in[ROWS];                                                                \
            UNROLLED for (int r = 0; r < ROWS; r++) in[r] = planes + b->offsets[row + r];          \
            for (int64_t i = 0; i < full; i += LANES) {                                            \
                wide g[CHANNELS];                                                                  \
                UNROLLED for (int c = 0; c < CHANNELS; c++) g[c] = WIDE(grad + c * b->pitch + i);  \
                UNROLLED for (int r = 0; r < ROWS; r++) {                                          \
                    const wide x = WIDE(in[r] + i);                                                \
                    READ_ONCE;                                                                     \
                    UNROLLED for (int c = 0; c < CHANNELS; c++) sum[c][r] += g[c] * x;             \
                }                                                                                  \
            }                                                                                      \
            if (full < b->windows)                                                                 \
                UNROLLED for (int r = 0; r < ROWS; r++) {                                          \
                    const wide x = (wide)((wide_whole)WIDE(in[r] + full) & counts);                \
                    UNROLLED for (int c = 0; c < CHANNELS; c++)                                    \
                        sum[c][r] += WIDE(grad + c * b->pitch + full) * x;                         \
                }                                                                                  \
        }                                                                                          \
        wide all[CHANNELS * ROWS];                                                                 \
        UNROLLED for (int c = 0; c < CHANNELS; c++)                                                \
            UNROLLED for (int r = 0; r < ROWS; r++) all[c * ROWS + r] = sum[c][r];                 \
        sum_lanes(all, CHANNELS * ROWS);                                                           \
        number found[(CHANNELS * ROWS + LANES - 1) / LANES * LANES];                               \
        memcpy(found, all, sizeof found);                                                          \
        for (int c = 0; c < CHANNELS; c++)                                                         \
            for (int r = 0; r < ROWS; r++)                                                         \
                sums[(channel + c) * rows + row + r] += found[c * ROWS + r];                       \
    }

typedef void Block(const Batch *, int64_t, int64_t, number *, int64_t);

DEFINE_BLOCK(1, 1)
DEFINE_BLOCK(1, 8)
DEFINE_BLOCK(4, 1)
DEFINE_BLOCK(4, 3)
#if defined(__AVX512F__)
DEFINE_BLOCK(4, 6)
#endif

static void add_products(const Batch *b, int64_t made, int64_t rows, number *sums) {
    for (int64_t r = 0, some; r < rows; r += some) {
        const int64_t left = rows - r;
        const int64_t of_four = ROOMY && left >= 6 ? 6 : left >= 3 ? 3 : 1;
        Block *const four = of_four == 3   ? block_4_3
#if defined(__AVX512F__)
                            : of_four == 6 ? block_4_6
#endif
                                           : block_4_1;
        int64_t c = 0;
        some = made >= 4 ? of_four : left >= 8 ? 8 : 1;
        for (; c + 4 <= made; c += 4) four(b, c, r, sums, rows);
        for (; c < made; c++) {
            int64_t k = 0;
            for (; k + 8 <= some; k += 8) block_1_8(b, c, r + k, sums, rows);
            for (; k < some; k++) block_1_1(b, c, r + k, sums, rows);
        }
    }
}

// Some groups, or some channels of the result if there is one group, for some of the samples.
static void weights_part(void *work, int64_t part) {
    Weights *const w = work;
    const Job *const job = w->job;
    const int64_t rows = w->channels * taps_of(job), all = w->groups * w->made * rows;
    const int64_t size = job->size[0] * job->size[1] * job->size[2];
    const int64_t line = line_of(job), whole_windows = job->count[0] * line;
    const Planes p = planes_of(job, w->lines);
    const int64_t apart = planes_size(&p, w->channels);
    const int64_t pitch = parts_of(w->lines * line, LANES) * LANES;
    const int64_t share = part % w->shares, shared = part / w->shares;
    const int64_t first = shared * w->samples / w->parts;
    const int64_t last = (shared + 1) * w->samples / w->parts;
    int64_t g = 0, end = w->groups, from = 0, made = w->made;
    if (w->groups > 1) {
        g = share * w->groups / w->shares;
        end = (share + 1) * w->groups / w->shares;
    } else {
        from = share * w->made / w->shares / 4 * 4;
        made = (share + 1 == w->shares ? w->made : (share + 1) * w->made / w->shares / 4 * 4) - from;
    }
    number *const planes = malloc(sizeof(number) * (size_t)(apart * w->batch));
    number *const grads = malloc(sizeof(number) * (size_t)(pitch * larger(1, made) * w->batch));
    int64_t *const offsets = malloc(sizeof(int64_t) * (size_t)rows);
    const Surroundings around = surroundings_of(job, w->lines);
    number *const channel = malloc(sizeof(number) * (size_t)surroundings_size(&around));
    if (planes == 0 || grads == 0 || offsets == 0 || channel == 0) {
        w->failed = 1;
        end = 0;
    }
    for (; g < end; g++) {
        number *const sums = w->sums + shared * all + (g * w->made + from) * rows;
        memset(sums, 0, sizeof(number) * (size_t)(made * rows));
        for (int64_t n = first; n < last; n += w->batch)
            for (int64_t begin = 0; begin < job->count[0]; begin += w->lines) {
                const int64_t lines = smaller(w->lines, job->count[0] - begin);
                const Planes now = planes_of(job, lines);
                find_offsets(job, &now, w->channels, offsets);
                const Batch b = {.grad = grads, .planes = planes, .offsets = offsets,
                                 .pieces = smaller(w->batch, last - n), .windows = lines * line,
                                 .pitch = pitch, .next_grad = pitch * made, .next_planes = apart};
                for (int64_t k = 0; k < b.pieces; k++) {
                    const int64_t group = (n + k) * w->groups + g;
                    write_planes(job, &now, w->x + group * w->channels * size, w->channels, begin,
                                 channel, planes + k * apart);
                    for (int64_t c = 0; c < made; c++) {
                        const number *const in =
                            w->grad + (group * w->made + from + c) * whole_windows + begin * line;
                        number *const to = grads + (k * made + c) * pitch;
                        memcpy(to, in, sizeof(number) * (size_t)b.windows);
                        for (int64_t i = b.windows; i < pitch; i++) to[i] = 0;
                    }
                }
                add_products(&b, made, rows, sums);
            }
    }
    free(planes);
    free(grads);
    free(offsets);
    free(channel);
}

// Parts of the samples are so large that sums are long compared with what is done once for each, and
// so few that their sums take not more than so many numbers. Where these are too few for several
// threads, the weights are shared out too.
// Planes are read once for all channels of the result, and need not stay in the second-level cache.
enum { LIMIT = 1572864 / sizeof(number) };
enum { VECTORS = 64, MOST_SUMS = 1 << 21, MOST_PARTS = 16, LEAST_SHARE = 16 };

// x (N, groups * channels, *size), grad (N, groups * made, *windows), result (groups * made,
// channels, *kernel); `jobs` as for a convolution.
int NAMED(convolution_weight)(Array *x, Array *grad, Array *result, Array *jobs, int threads) {
    if (!fits(x) || !fits(grad) || !fits(result)) return 0;
    const int64_t *const head = jobs->data;
    Job job;
    read_job(&job, head + 3);
    const int64_t groups = head[1], all = size_of(result);
    Weights w = {.x = x->data, .grad = grad->data, .job = &job, .groups = groups,
                 .channels = x->shape[1] / groups, .made = grad->shape[1] / groups,
                 .samples = x->shape[0], .sums = result->data};
    w.lines = larger(1, lines_at_once(&job, MOST_PARTS, w.channels, w.made * groups, LIMIT));
    const Planes p = planes_of(&job, w.lines);
    const int64_t vectors = w.samples * parts_of(job.count[0] * line_of(&job), LANES);
    w.parts = smaller(smaller(w.samples, MOST_PARTS), MOST_SUMS / larger(1, all));
    w.parts = larger(1, smaller(w.parts, vectors / VECTORS));
    w.shares = parts_of(MOST_PARTS, w.parts);
    w.shares = larger(1, smaller(w.shares, groups > 1 ? groups : w.made / LEAST_SHARE));
    w.batch = w.lines < job.count[0] ? 1 : larger(1, LIMIT / planes_size(&p, w.channels));
    w.batch = smaller(w.batch, parts_of(w.samples, w.parts));
    if (w.parts > 1) {
        w.sums = malloc(sizeof(number) * (size_t)(all * w.parts));
        if (w.sums == 0) return 0;
    }
    run_parts(weights_part, &w, w.parts * w.shares, threads);
    if (w.parts > 1) {
        number *const total = result->data;
        memcpy(total, w.sums, sizeof(number) * (size_t)all);
        for (int64_t part = 1; part < w.parts; part++)
            EACH_ALONE for (int64_t i = 0; i < all; i++) total[i] += w.sums[part * all + i];
        free(w.sums);
    }
    return !w.failed;
}
