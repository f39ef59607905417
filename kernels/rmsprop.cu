// RMSprop for a list of parameters, in place, in one launch.
//
//   g = (-grad if maximize else grad) + weight_decay * p
//   v = alpha * v + (1 - alpha) * g * g
//   a = a + (1 - alpha) * (g - a)                      if centered
//   d = sqrt(v - a * a if centered else v) + eps
//   b = momentum * b + g / d                           if momentum
//   p = p - (lr * b if momentum else lr * g / d)
//
// Lists of the table: gradients, parameters, v, then a where centered, then b where momentum is
// not 0. lr and step are in device memory; the last block adds 1 to step. `counter` is 0 before
// and after. All three means of g are calculated in the type of the arithmetic.
// Source: Tieleman and Hinton, "Lecture 6.5: rmsprop" (2012); centered: Graves, "Generating
// sequences with recurrent neural networks" (2013).
#include "table.cuh"

template <typename C, bool CENTERED, bool HAS_MOMENTUM>
struct RmspropUpdate {
    C lr, keep, take, eps, weight_decay, momentum;
    bool maximize;
    template <int LISTS>
    __device__ __forceinline__ void operator()(C (&value)[LISTS]) const {
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

#define RMSPROP(T, SUFFIX)                                                                      \
    KERNEL rmsprop_step_##SUFFIX(const long long* pointers, const long long* chunks,            \
                                 long long arrays, long long chunk_count, const Compute<T>* lr, \
                                 float* step, unsigned int* counter, double alpha, double eps,  \
                                 double weight_decay, double momentum, long long centered,      \
                                 long long maximize) {                                          \
        typedef Compute<T> C;                                                                   \
        const Table table = {pointers, chunks, arrays, chunk_count};                            \
        const C keep = C(alpha), take = C(1 - alpha), push = C(momentum);                       \
        if (centered && momentum != 0) {                                                        \
            update<T, 5>(table, RmspropUpdate<C, true, true>{*lr, keep, take, C(eps),           \
                                                             C(weight_decay), push,             \
                                                             maximize != 0});                   \
        } else if (centered) {                                                                  \
            update<T, 4>(table, RmspropUpdate<C, true, false>{*lr, keep, take, C(eps),          \
                                                              C(weight_decay), push,            \
                                                              maximize != 0});                  \
        } else if (momentum != 0) {                                                             \
            update<T, 4>(table, RmspropUpdate<C, false, true>{*lr, keep, take, C(eps),          \
                                                              C(weight_decay), push,            \
                                                              maximize != 0});                  \
        } else {                                                                                \
            update<T, 3>(table, RmspropUpdate<C, false, false>{*lr, keep, take, C(eps),         \
                                                               C(weight_decay), push,           \
                                                               maximize != 0});                 \
        }                                                                                       \
        count_step(step, counter);                                                              \
    }

FOR_EACH_TYPE(RMSPROP)
