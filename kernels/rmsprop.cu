// RMSprop for a list of parameters, in place, in one launch.
//
//   g = grad / grad_scale                              written back, if grad_scale
//   g = (-g if maximize else g) + weight_decay * p
//   v = alpha * v + (1 - alpha) * g * g
//   a = a + (1 - alpha) * (g - a)                      if centered
//   d = sqrt(v - a * a if centered else v) + eps
//   b = momentum * b + g / d                           if momentum
//   p = p - (lr * b if momentum else lr * g / d)
//
// Nothing happens, and nothing is counted, where found_inf is there and not 0.
// Lists: gradients, parameters, v, then a where centered, then b where momentum is not 0. lr and
// step are in device memory, and so are those of the numbers from alpha to momentum that `varying`
// names; the last block adds 1 to step. `counter` is 0 before and after. All
// three means of g are calculated in the type of the arithmetic.
// Source: Tieleman and Hinton, "Lecture 6.5: rmsprop" (2012); centered: Graves, "Generating
// sequences with recurrent neural networks" (2013).
#include "table.cuh"

template <typename C, bool CENTERED, bool HAS_MOMENTUM>
struct RmspropUpdate {
    Unscale<C> unscale;
    C lr, keep, take, eps, weight_decay, momentum;
    bool maximize;
    template <int LISTS>
    __device__ __forceinline__ void operator()(C (&value)[LISTS]) const {
        unscale(value[0]);
        C g = maximize ? -value[0] : value[0];
        C& p = value[1];
        C& v = value[2];
        if (weight_decay != C(0)) g += weight_decay * p;
        v = keep * v + take * g * g;
        C spread = v;
        if (CENTERED) {
            C& a = value[3];
            a = keep > C(0.5) ? a + take * (g - a) : g - keep * (g - a);
            spread = v - a * a;
        }
        const C d = sqrt(spread) + eps;
        if (HAS_MOMENTUM) {
            C& b = value[LISTS - 1];
            b = momentum * b + g / d;
            p -= lr * b;
        } else {
            p -= lr * g / d;
        }
    }
};

#define RMSPROP(T, SUFFIX)                                                                         \
    KERNEL rmsprop_step_##SUFFIX(BY_VALUE Addresses gradients,                                     \
                                 NULLABLE const long long* more_gradients,                         \
                                 const long long* pointers, const long long* chunks,               \
                                 long long arrays, long long chunk_count, const Compute<T>* lr,    \
                                 float* step, unsigned int* counter,                               \
                                 NULLABLE const float* grad_scale,                                 \
                                 NULLABLE const float* found_inf, double alpha, double eps,        \
                                 double weight_decay, double momentum,                             \
                                 NULLABLE const double* numbers, long long varying,                \
                                 long long centered, long long maximize) {                         \
        typedef Compute<T> C;                                                                      \
        if (skipped(found_inf)) return;                                                            \
        alpha = present(alpha, 0, numbers, varying), eps = present(eps, 1, numbers, varying);      \
        weight_decay = present(weight_decay, 2, numbers, varying);                                 \
        momentum = present(momentum, 3, numbers, varying);                                         \
        const Table table = {gradients, more_gradients, pointers, chunks, arrays, chunk_count};    \
        const Unscale<C> unscale = unscale_by<C>(grad_scale);                                      \
        const C keep = C(alpha), take = C(1 - alpha), push = C(momentum);                          \
        if (centered && momentum != 0) {                                                           \
            update<T, 5>(table, unscale.scaled,                                                    \
                         RmspropUpdate<C, true, true>{unscale, *lr, keep, take, C(eps),            \
                                                      C(weight_decay), push, maximize != 0});      \
        } else if (centered) {                                                                     \
            update<T, 4>(table, unscale.scaled,                                                    \
                         RmspropUpdate<C, true, false>{unscale, *lr, keep, take, C(eps),           \
                                                       C(weight_decay), push, maximize != 0});     \
        } else if (momentum != 0) {                                                                \
            update<T, 4>(table, unscale.scaled,                                                    \
                         RmspropUpdate<C, false, true>{unscale, *lr, keep, take, C(eps),           \
                                                       C(weight_decay), push, maximize != 0});     \
        } else {                                                                                   \
            update<T, 3>(table, unscale.scaled,                                                    \
                         RmspropUpdate<C, false, false>{unscale, *lr, keep, take, C(eps),          \
                                                        C(weight_decay), push, maximize != 0});    \
        }                                                                                          \
        count_step(step, counter);                                                                 \
    }

FOR_EACH_TYPE(RMSPROP)
