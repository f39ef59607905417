// The optimizers' steps on the CPU, of one parameter: SGD and Adam.
//
// What NumPy does in a dozen passes over memory, in one, and in the same order of operations: the
// results are the same to the last bit. Learning rates and what follows from the number of steps
// are 0-d arrays of the parameters' type.

#include "native_work.h"

typedef struct {
    void *p, *m, *v, *h;
    const void *g;
    const void *step_size, *root_correction, *shrink;
    int64_t n;
    double weight_decay, keep1, take1, keep2, take2, eps;
    int flags;
} Step;

enum { MAXIMIZE = 1, DECOUPLED = 2, AMSGRAD = 4, NESTEROV = 8, MOMENTUM = 16, DAMPENING = 32 };

#define ELEMENTS_OF_PART                                                                           \
    const Step *const w = work;                                                                    \
    const int64_t first = part * PART, last = smaller(first + PART, w->n);

#define INLINE static inline __attribute__((always_inline))

static inline float nm_sqrt_float(float x) { return sqrtf(x); }
static inline double nm_sqrt_double(double x) { return sqrt(x); }

// Whether each pair of arrays out of two lists is one that can be worked on.
static int all_fit(const List *params, const List *others) {
    if (params->size != others->size) return 0;
    for (int64_t i = 0; i < params->size; i++)
        if (!fits(params->items[i]) || !fits(others->items[i]) ||
            !same_shape(params->items[i], others->items[i]))
            return 0;
    return 1;
}

static void run_step(Function function, Step *w, const Array *p, int threads) {
    w->n = size_of(p);
    run_parts(function, w, parts_of(w->n, PART), threads);
}

#define FUNCTIONS_OF(T)                                                                            \
    /* What is constant where this is put to use becomes a loop without branches. */               \
    INLINE void adam_elements_##T(const Step *w, int64_t first, int64_t last, int amsgrad,         \
                                  int decays, int decoupled) {                                     \
        T *const ps = w->p, *const ms = w->m, *const vs = w->v, *const hs = w->h;                  \
        const T *const gs = w->g;                                                                  \
        const T step_size = *(const T *)w->step_size;                                              \
        const T root_correction = *(const T *)w->root_correction;                                  \
        const T shrink = *(const T *)w->shrink;                                                    \
        const T decay = (T)w->weight_decay, eps = (T)w->eps;                                       \
        const T keep1 = (T)w->keep1, take1 = (T)w->take1;                                          \
        const T keep2 = (T)w->keep2, take2 = (T)w->take2;                                          \
        const int maximize = w->flags & MAXIMIZE, from_mean = w->keep1 > 0.5;                      \
        EACH_ALONE for (int64_t i = first; i < last; i++) {                                        \
            T p = ps[i], g = maximize ? -gs[i] : gs[i];                                            \
            p = decays && decoupled ? p * shrink : p;                                              \
            g = decays && !decoupled ? g + p * decay : g;                                          \
            const T apart = g - ms[i];                                                             \
            const T m = from_mean ? ms[i] + apart * take1 : g - apart * keep1;                     \
            const T v = vs[i] * keep2 + g * take2 * g;                                             \
            const T h = amsgrad ? nm_maximum_##T(hs[i], v) : v;                                    \
            const T root = nm_sqrt_##T(h) / root_correction + eps;                                 \
            ms[i] = m;                                                                             \
            vs[i] = v;                                                                             \
            if (amsgrad) hs[i] = h;                                                                \
            ps[i] = p - m * step_size / root;                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    static void adam_step_part_##T(void *work, int64_t part) {                                     \
        ELEMENTS_OF_PART                                                                           \
        const int decays = w->weight_decay != 0, decoupled = w->flags & DECOUPLED;                 \
        if (w->flags & AMSGRAD)                                                                    \
            decays ? decoupled ? adam_elements_##T(w, first, last, 1, 1, 1)                        \
                               : adam_elements_##T(w, first, last, 1, 1, 0)                        \
                   : adam_elements_##T(w, first, last, 1, 0, 0);                                   \
        else                                                                                       \
            decays ? decoupled ? adam_elements_##T(w, first, last, 0, 1, 1)                        \
                               : adam_elements_##T(w, first, last, 0, 1, 0)                        \
                   : adam_elements_##T(w, first, last, 0, 0, 0);                                   \
    }                                                                                              \
                                                                                                   \
    /* As `adam_step` of the primitives; highest is empty without amsgrad. */                      \
    int adam_step_##T(List *params, List *grads, List *means, List *squares, List *highest,        \
                      Array *step_size, Array *root_correction, Array *shrink,                     \
                      double weight_decay, double beta1, double beta2, double eps, int flags,      \
                      int threads) {                                                               \
        if (!all_fit(params, grads) || !all_fit(params, means) || !all_fit(params, squares))       \
            return 0;                                                                              \
        if (highest->size != 0 && !all_fit(params, highest)) return 0;                             \
        if (!fits(step_size) || !fits(root_correction) || !fits(shrink)) return 0;                 \
        for (int64_t i = 0; i < params->size; i++) {                                               \
            Array *const v = squares->items[i];                                                    \
            Step w = {.p = params->items[i]->data, .g = grads->items[i]->data,                     \
                      .m = means->items[i]->data, .v = v->data,                                    \
                      .h = highest->size == 0 ? v->data : highest->items[i]->data,                 \
                      .step_size = step_size->data, .root_correction = root_correction->data,      \
                      .shrink = shrink->data, .weight_decay = weight_decay, .keep1 = beta1,        \
                      .take1 = 1 - beta1, .keep2 = beta2, .take2 = 1 - beta2, .eps = eps,          \
                      .flags = flags};                                                             \
            run_step(adam_step_part_##T, &w, params->items[i], threads);                           \
        }                                                                                          \
        return 1;                                                                                  \
    }                                                                                              \
                                                                                                   \
    static void sgd_step_part_##T(void *work, int64_t part) {                                      \
        ELEMENTS_OF_PART                                                                           \
        T *const ps = w->p, *const bs = w->m;                                                      \
        const T *const gs = w->g;                                                                  \
        const T lr = *(const T *)w->step_size, decay = (T)w->weight_decay;                         \
        const T keep = (T)w->keep1, take = (T)w->take1;                                            \
        const int maximize = w->flags & MAXIMIZE, nesterov = w->flags & NESTEROV;                  \
        const int momentum = w->flags & MOMENTUM, dampens = w->flags & DAMPENING;                  \
        const int decays = w->weight_decay != 0;                                                   \
        EACH_ALONE for (int64_t i = first; i < last; i++) {                                        \
            const T p = ps[i];                                                                     \
            T g = maximize ? -gs[i] : gs[i];                                                       \
            g = decays ? g + p * decay : g;                                                        \
            if (momentum) {                                                                        \
                const T b = bs[i] * keep + (dampens ? g * take : g);                               \
                bs[i] = b;                                                                         \
                g = nesterov ? g + b * keep : b;                                                   \
            }                                                                                      \
            ps[i] = p - g * lr;                                                                    \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    /* As `sgd_step` of the primitives; buffers is empty without momentum. */                      \
    int sgd_step_##T(List *params, List *grads, List *buffers, Array *lr, double weight_decay,     \
                     double momentum, double dampening, int flags, int threads) {                  \
        if (!all_fit(params, grads) || !fits(lr)) return 0;                                        \
        if ((flags & MOMENTUM) && !all_fit(params, buffers)) return 0;                             \
        for (int64_t i = 0; i < params->size; i++) {                                               \
            Array *const p = params->items[i];                                                     \
            Step w = {.p = p->data, .g = grads->items[i]->data,                                    \
                      .m = flags & MOMENTUM ? buffers->items[i]->data : 0,                         \
                      .step_size = lr->data, .weight_decay = weight_decay, .keep1 = momentum,      \
                      .take1 = 1 - dampening, .flags = flags};                                     \
            run_step(sgd_step_part_##T, &w, p, threads);                                           \
        }                                                                                          \
        return 1;                                                                                  \
    }

FOR_TYPE(FUNCTIONS_OF)
