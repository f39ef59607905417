// Stochastic gradient descent for a list of parameters, in place, in one launch.
//
//   g = (-grad if maximize else grad) + weight_decay * p
//   b = momentum * b + (1 - dampening) * g             if momentum
//   g = g + momentum * b if nesterov else b            if momentum
//   p = p - lr * g
//
// Lists of the table: gradients, parameters, and momentum buffers where momentum is not 0.
// lr is in device memory, so that a recorded launch sees its changes. Everything is calculated in
// the type of the arithmetic and rounded once, when it is stored.
#include "table.cuh"

template <typename C, bool HAS_MOMENTUM>
struct SgdUpdate {
    C lr, momentum, take, weight_decay;
    bool nesterov, maximize;
    template <int LISTS>
    __device__ __forceinline__ void operator()(C (&value)[LISTS]) const {
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

#define SGD(T, SUFFIX)                                                                      \
    KERNEL sgd_step_##SUFFIX(const long long* pointers, const long long* chunks,            \
                             long long arrays, long long chunk_count, const Compute<T>* lr, \
                             double momentum, double dampening, double weight_decay,        \
                             long long nesterov, long long maximize) {                      \
        typedef Compute<T> C;                                                               \
        const Table table = {pointers, chunks, arrays, chunk_count};                        \
        const C keep = C(momentum), take = C(1 - dampening), decay = C(weight_decay);       \
        if (momentum != 0) {                                                                \
            update<T, 3>(table, SgdUpdate<C, true>{*lr, keep, take, decay, nesterov != 0,   \
                                                   maximize != 0});                         \
        } else {                                                                            \
            update<T, 2>(table, SgdUpdate<C, false>{*lr, keep, take, decay, false,          \
                                                    maximize != 0});                        \
        }                                                                                   \
    }

FOR_EACH_TYPE(SGD)
