// Convolutions of images in which each channel has a kernel of its own, and their gradients.
//
// There are only as many products as the kernel has elements, so nothing is written down but each
// channel with the zeros around it. Some lines of windows are done at once, of each a vector: for
// every element of the kernel one weight, and for every line a vector of the channel.

// Products are added without being rounded, as in BLAS libraries.
#if defined(__clang__)
#pragma STDC FP_CONTRACT ON
#else
#pragma GCC optimize("fp-contract=fast")
#endif

#include "native_windows.h"

typedef struct {
    const number *x, *weight, *bias, *grad;
    number *result;
    const Job *job;
    int64_t channels, samples, kernel, failed;
} Depthwise;

// Where the kernel's elements meet a channel with its surroundings, and their weights' places.
static void find_taps(const Job *job, const Surroundings *s, int64_t *offsets, int64_t *places) {
    for (int64_t a = 0; a < job->taps[0]; a++)
        for (int64_t b = 0; b < job->taps[2]; b++) {
            *offsets++ = (job->start[0][a] - s->begin[0]) * s->size[2] + job->start[2][b] -
                         s->begin[2];
            *places++ = job->place[0][a] + job->place[2][b];
        }
}

// What a vector of windows, of step 1 or 2, reads.
#define READ(STEP, from) (STEP == 1 ? WIDE(from) : seconds(WIDE(from), WIDE((from) + LANES), 0, 0))

// The sums for one vector of windows in each of LINES lines.
#define DEFINE_LINES(LINES, STEP)                                                                  \
    static inline void lines_##LINES##_##STEP(const number *from, int64_t apart,                   \
                                              const int64_t *offsets, const number *weights,       \
                                              int64_t taps, number bias, number *to,               \
                                              int64_t pitch) {                                     \
        wide sum[LINES];                                                                           \
        UNROLLED for (int l = 0; l < LINES; l++) sum[l] = (wide){0} + bias;                        \
        for (int64_t t = 0; t < taps; t++) {                                                       \
            const number *const x = from + offsets[t];                                             \
            UNROLLED for (int l = 0; l < LINES; l++)                                               \
                sum[l] += weights[t] * READ(STEP, x + l * apart);                                  \
        }                                                                                          \
        UNROLLED for (int l = 0; l < LINES; l++) memcpy(to + l * pitch, &sum[l], REGISTER);        \
    }

DEFINE_LINES(1, 1)
DEFINE_LINES(1, 2)
DEFINE_LINES(4, 1)
DEFINE_LINES(4, 2)

// All windows of one channel, line by line, `pitch` numbers apart. Whole vectors are written.
#define DEFINE_PLANE(STEP)                                                                         \
    static void plane_##STEP(const Job *job, const number *from, int64_t row,                      \
                             const int64_t *offsets, const number *weights, int64_t taps,          \
                             number bias, number *to, int64_t pitch) {                             \
        const int64_t lines = job->count[0], apart = row * job->step[0];                           \
        for (int64_t j = 0; j < pitch; j += LANES) {                                               \
            const number *const x = from + j * STEP;                                               \
            int64_t i = 0;                                                                         \
            for (; i + 4 <= lines; i += 4)                                                         \
                lines_4_##STEP(x + i * apart, apart, offsets, weights, taps, bias,                 \
                               to + i * pitch + j, pitch);                                         \
            for (; i < lines; i++)                                                                 \
                lines_1_##STEP(x + i * apart, apart, offsets, weights, taps, bias,                 \
                               to + i * pitch + j, pitch);                                         \
        }                                                                                          \
    }

DEFINE_PLANE(1)
DEFINE_PLANE(2)

// Numbers of a line, filled up to whole vectors.
static inline int64_t pitch_of(const Job *job) {
    return (job->count[2] + LANES - 1) / LANES * LANES;
}

// One channel of one sample.
static void depthwise_part(void *work, int64_t part) {
    Depthwise *const w = work;
    const Job *const job = w->job;
    const Surroundings s = surroundings_of(job, job->count[0]);
    const int64_t taps = taps_of(job), channel = part % w->channels, pitch = pitch_of(job);
    const int64_t count = job->count[2], row = job->result[2];
    // Vectors reach beyond lines: those of the last one beyond all.
    const int64_t room = surroundings_size(&s) + 2 * pitch, made = job->count[0] * pitch;
    number *const from = malloc(sizeof(number) * (size_t)(room + made + taps));
    int64_t *const offsets = malloc(sizeof(int64_t) * (size_t)(2 * taps + 1));
    if (from == 0 || offsets == 0) {
        w->failed = 1;
    } else {
        number *const to = from + room, *const weights = to + made;
        find_taps(job, &s, offsets, offsets + taps);
        for (int64_t t = 0; t < taps; t++)
            weights[t] = w->weight[channel * w->kernel + offsets[taps + t]];
        const number bias = w->bias == 0 ? 0 : w->bias[channel];
        if (taps > 0) surround(job, &s, w->x + part * job->size[0] * job->size[2], 0, from);
        memset(from + room - 2 * pitch, 0, sizeof(number) * (size_t)(2 * pitch));
        (job->step[2] == 1 ? plane_1 : plane_2)(job, from, s.size[2], offsets, weights, taps, bias,
                                               to, pitch);
        number *const result = w->result + part * job->result[0] * row;
        for (int64_t i = 0; i < job->count[0]; i++) {
            number *const out =
                result + (i * job->spread[0] + job->first[0]) * row + job->first[2];
            if (job->spread[2] == 1)
                copy_row(out, to + i * pitch, count);
            else if (job->spread[2] == 2)
                for (int64_t j = 0; j < count; j++) out[2 * j] = to[i * pitch + j];
            else
                for (int64_t j = 0; j < count; j++) out[job->spread[2] * j] = to[i * pitch + j];
        }
    }
    free(from);
    free(offsets);
}

// x (N, C, H, W), weight (C, 1, *kernel), result (N, C, *size); `jobs` as for a convolution.
int NAMED(depthwise)(Array *x, Array *weight, Array *bias, Array *result, Array *jobs,
                     int threads) {
    if (!fits(x) || !fits(weight) || !fits(bias) || !fits(result)) return 0;
    Depthwise w = {.x = x->data, .weight = weight->data, .bias = DATA(number, bias),
                   .result = result->data, .channels = x->shape[1], .samples = x->shape[0]};
    w.kernel = weight->shape[2] * weight->shape[3];
    const int64_t *next = jobs->data;
    int64_t number_of_jobs = next[0];
    next += 3;
    for (; number_of_jobs > 0; number_of_jobs--) {
        Job job;
        next = read_job(&job, next);
        if (job.step[2] > 2) return 0;
        w.job = &job;
        run_parts(depthwise_part, &w, w.samples * w.channels, threads);
    }
    return !w.failed;
}

// Adds to the sums of TAPS elements of the kernel. The last vector of a line has `counts` for the
// windows that there are: what else is read, times zero, may be nan.
#define DEFINE_TAPS(TAPS, STEP)                                                                    \
    static void taps_##TAPS##_##STEP(const Job *job, const number *from, int64_t row,              \
                                     const int64_t *offsets, const number *grad, int64_t pitch,    \
                                     wide_whole counts, wide *sums) {                              \
        wide sum[TAPS];                                                                            \
        const number *in[TAPS];                                                                    \
        UNROLLED for (int t = 0; t < TAPS; t++) {                                                  \
            sum[t] = sums[t];                                                                      \
            in[t] = from + offsets[t];                                                             \
        }                                                                                          \
        for (int64_t i = 0; i < job->count[0]; i++) {                                              \
            const int64_t begin = i * row * job->step[0];                                          \
            for (int64_t j = 0; j + LANES < pitch; j += LANES) {                                   \
                const wide g = WIDE(grad + i * pitch + j);                                         \
                UNROLLED for (int t = 0; t < TAPS; t++)                                            \
                    sum[t] += g * READ(STEP, in[t] + begin + j * STEP);                            \
            }                                                                                      \
            const wide g = WIDE(grad + (i + 1) * pitch - LANES);                                   \
            UNROLLED for (int t = 0; t < TAPS; t++) {                                              \
                const wide x = READ(STEP, in[t] + begin + (pitch - LANES) * STEP);                 \
                sum[t] += g * (wide)((wide_whole)x & counts);                                      \
            }                                                                                      \
        }                                                                                          \
        UNROLLED for (int t = 0; t < TAPS; t++) sums[t] = sum[t];                                  \
    }

DEFINE_TAPS(1, 1)
DEFINE_TAPS(1, 2)
DEFINE_TAPS(3, 1)
DEFINE_TAPS(3, 2)
DEFINE_TAPS(9, 1)
DEFINE_TAPS(9, 2)

static inline number sum_of_lanes(wide v) {
    number lane[LANES];
    memcpy(lane, &v, REGISTER);
    for (int width = LANES / 2; width > 0; width /= 2)
        for (int j = 0; j < width; j++) lane[j] += lane[j + width];
    return lane[0];
}

// All weights of one channel, over all samples.
static void depthwise_weight_part(void *work, int64_t channel) {
    Depthwise *const w = work;
    const Job *const job = w->job;
    const Surroundings s = surroundings_of(job, job->count[0]);
    const int64_t taps = taps_of(job), pitch = pitch_of(job), count = job->count[2];
    const int64_t room = surroundings_size(&s) + 2 * pitch, lines = job->count[0];
    number *const from = malloc(sizeof(number) * (size_t)(room + lines * pitch + taps * LANES));
    int64_t *const offsets = malloc(sizeof(int64_t) * (size_t)(2 * taps));
    if (from == 0 || offsets == 0) {
        w->failed = 1;
    } else {
        number *const grads = from + room;
        wide *const sums = (wide *)(grads + lines * pitch);
        memset(sums, 0, sizeof(wide) * (size_t)taps);
        find_taps(job, &s, offsets, offsets + taps);
        wide_whole counts;
        for (int j = 0; j < LANES; j++) counts[j] = pitch - LANES + j < count ? -1 : 0;
        for (int64_t n = 0; n < w->samples; n++) {
            const int64_t plane = n * w->channels + channel;
            surround(job, &s, w->x + plane * job->size[0] * job->size[2], 0, from);
            memset(from + room - 2 * pitch, 0, sizeof(number) * (size_t)(2 * pitch));
            for (int64_t i = 0; i < lines; i++) {
                number *const to = grads + i * pitch;
                copy_row(to, w->grad + (plane * lines + i) * count, count);
                for (int64_t j = count; j < pitch; j++) to[j] = 0;
            }
            for (int64_t t = 0, some; t < taps; t += some) {
                some = taps - t >= 9 ? 9 : taps - t >= 3 ? 3 : 1;
                const int one = job->step[2] == 1;
                (some == 9   ? (one ? taps_9_1 : taps_9_2)
                 : some == 3 ? (one ? taps_3_1 : taps_3_2)
                             : (one ? taps_1_1 : taps_1_2))(job, from, s.size[2], offsets + t, grads,
                                                            pitch, counts, sums + t);
            }
        }
        for (int64_t t = 0; t < taps; t++)
            w->result[channel * w->kernel + offsets[taps + t]] = sum_of_lanes(sums[t]);
    }
    free(from);
    free(offsets);
}

// x (N, C, H, W), grad (N, C, *windows), result (C, 1, *kernel); `jobs` as for a convolution.
int NAMED(depthwise_weight)(Array *x, Array *grad, Array *result, Array *jobs, int threads) {
    if (!fits(x) || !fits(grad) || !fits(result)) return 0;
    Job job;
    read_job(&job, (const int64_t *)jobs->data + 3);
    if (job.step[2] > 2) return 0;
    Depthwise w = {.x = x->data, .grad = grad->data, .result = result->data, .job = &job,
                   .channels = x->shape[1], .samples = x->shape[0],
                   .kernel = result->shape[2] * result->shape[3]};
    run_parts(depthwise_weight_part, &w, w.channels, threads);
    return !w.failed;
}
