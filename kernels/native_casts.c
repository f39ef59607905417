// Between float and half numbers, for large arrays on the CPU: NumPy does one at a time.

#include "native_work.h"

typedef struct {
    const void *x;
    void *out;
    int64_t n;
} Cast;

typedef uint16_t half_bits;

#if defined(__F16C__) && defined(__AVX__)
#define CAN_CAST 1
typedef float eight_floats __attribute__((vector_size(32)));
typedef short eight_halves __attribute__((vector_size(16)));

// Eight at a time; the last ones with others that are not used.
static void to_half(const float *x, half_bits *out, int64_t n) {
    for (int64_t i = 0; i < n; i += 8) {
        const size_t some = (size_t)smaller(8, n - i);
        eight_floats numbers = {0};
        memcpy(&numbers, x + i, some == 8 ? sizeof numbers : some * sizeof *x);
        const eight_halves found = __builtin_ia32_vcvtps2ph256(numbers, 0);  // to nearest, even
        memcpy(out + i, &found, some == 8 ? sizeof found : some * sizeof *out);
    }
}

static void to_float(const half_bits *x, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i += 8) {
        const size_t some = (size_t)smaller(8, n - i);
        eight_halves numbers = {0};
        memcpy(&numbers, x + i, some == 8 ? sizeof numbers : some * sizeof *x);
        const eight_floats found = __builtin_ia32_vcvtph2ps256(numbers);
        memcpy(out + i, &found, some == 8 ? sizeof found : some * sizeof *out);
    }
}
#elif defined(__aarch64__)
#define CAN_CAST 1
static void to_half(const float *x, half_bits *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        const __fp16 found = (__fp16)x[i];
        memcpy(out + i, &found, sizeof found);
    }
}

static void to_float(const half_bits *x, float *out, int64_t n) {
    for (int64_t i = 0; i < n; i++) {
        __fp16 number;
        memcpy(&number, x + i, sizeof number);
        out[i] = (float)number;
    }
}
#else
#define CAN_CAST 0
static void to_half(const float *x, half_bits *out, int64_t n) { (void)x, (void)out, (void)n; }
static void to_float(const half_bits *x, float *out, int64_t n) { (void)x, (void)out, (void)n; }
#endif

static void to_half_part(void *work, int64_t part) {
    const Cast *const w = work;
    const int64_t first = part * PART;
    to_half((const float *)w->x + first, (half_bits *)w->out + first, smaller(PART, w->n - first));
}

static void to_float_part(void *work, int64_t part) {
    const Cast *const w = work;
    const int64_t first = part * PART;
    to_float((const half_bits *)w->x + first, (float *)w->out + first, smaller(PART, w->n - first));
}

static int cast_all(Function function, const Array *x, Array *out, int threads) {
    if (!CAN_CAST || (x->flags & FITTING) != FITTING) return 0;
    Cast w = {.x = x->data, .out = out->data, .n = size_of(x)};
    run_parts(function, &w, parts_of(w.n, PART), threads);
    return 1;
}

int to_half_float(Array *x, Array *out, int threads) {
    return cast_all(to_half_part, x, out, threads);
}

int from_half_float(Array *x, Array *out, int threads) {
    return cast_all(to_float_part, x, out, threads);
}
