// Stochastic gradient descent for a list of parameters, in place, in one launch.
//
//   g = grad / grad_scale                              written back, if grad_scale
//   g = (-g if maximize else g) + weight_decay * p
//   b = momentum * b + (1 - dampening) * g             if momentum
//   g = g + momentum * b if nesterov else b            if momentum
//   p = p - lr * g
//
// Nothing happens where found_inf is there and not 0. Lists: gradients, parameters, and momentum
// buffers where momentum is not 0. lr is in device memory, so that a recorded launch sees its
// changes; so are those of momentum, dampening and weight_decay that `varying` names. Everything is calculated in the type of the arithmetic and rounded once, when it is
// stored.
#include "table.cuh"

template <typename C, bool HAS_MOMENTUM>
struct SgdUpdate {
    Unscale<C> unscale;
    C lr, momentum, take, weight_decay;
    bool nesterov, maximize;
    template <int LISTS>
    __device__ __forceinline__ void operator()(C (&value)[LISTS]) const {
        unscale(value[0]);
        C g = maximize ? -value[0] : value[0];
        const C p = value[1];
        if (weight_decay != C(0)) g += weight_decay * p;
        if (HAS_MOMENTUM) {
            C& b = value[LISTS - 1];
            b = momentum * b + take * g;
            g = nesterov ? g + momentum * b : b;
        }
        value[1] = p - lr * g;
    }
};

#define SGD(T, SUFFIX)                                                                             \
    KERNEL sgd_step_##SUFFIX(BY_VALUE Addresses gradients,                                         \
                             NULLABLE const long long* more_gradients, const long long* pointers,  \
                             const long long* chunks, long long arrays, long long chunk_count,     \
                             const Compute<T>* lr, NULLABLE const float* grad_scale,               \
                             NULLABLE const float* found_inf, double momentum, double dampening,   \
                             double weight_decay, NULLABLE const double* numbers,                  \
                             long long varying, long long nesterov, long long maximize) {          \
        typedef Compute<T> C;                                                                      \
        if (skipped(found_inf)) return;                                                            \
        momentum = present(momentum, 0, numbers, varying);                                         \
        dampening = present(dampening, 1, numbers, varying);                                       \
        weight_decay = present(weight_decay, 2, numbers, varying);                                 \
        const Table table = {gradients, more_gradients, pointers, chunks, arrays, chunk_count};    \
        const Unscale<C> unscale = unscale_by<C>(grad_scale);                                      \
        const C keep = C(momentum), take = C(1 - dampening), decay = C(weight_decay);              \
        if (momentum != 0) {                                                                       \
            update<T, 3>(table, unscale.scaled,                                                    \
                         SgdUpdate<C, true>{unscale, *lr, keep, take, decay, nesterov != 0,        \
                                            maximize != 0});                                       \
        } else {                                                                                   \
            update<T, 2>(table, unscale.scaled,                                                    \
                         SgdUpdate<C, false>{unscale, *lr, keep, take, decay, false,               \
                                             maximize != 0});                                      \
        }                                                                                          \
    }

FOR_EACH_TYPE(SGD)
