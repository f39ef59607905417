// Cross entropy of softmax over the rows of a matrix x of rows x cols, forward and backward.
//
//   forward    e[r] = m + log(s) - x[r, t[r]]      m, s: the row's largest number and the sum of
//                                                  exp(x - m); t[r] is the class of row r
//   backward   dx[r, c] = de[r] * (exp(x[r, c] - m - log(s)) - (c == t[r]))
//
// A row whose class is `ignored` has loss and gradient 0; any other class outside 0 ... cols - 1
// gives nan, and nothing outside the row is read.
// Forward writes m and log(s) of each row to `saved`, two numbers a row, unless that is null.
// Backward reads them from there, or, where it is null, makes them anew from x in the same launch.
// `de` is one number for each row, or one for all where `each` is 0.
// Reads x once (backward without `saved` twice, the second time from the cache).
#include "rows.cuh"

template <typename T>
struct CrossEntropyRows {
    const T* x;
    const long long* target;
    T* loss;
    Compute<T>* saved;
    long long ignored, cols;
    __device__ __forceinline__ void row(const Team& team, long long r) const {
        typedef Compute<T> C;
        const T* from = x + r * cols;
        const ExpSum<C> total = exp_sum(team, from, cols);
        if (!team.leads()) return;
        const C log_sum = log(total.sum);
        if (saved) {
            saved[2 * r] = total.largest;
            saved[2 * r + 1] = log_sum;
        }
        const long long t = target[r];
        C result = infinity<C>() - infinity<C>();
        if (t == ignored) {
            result = C(0);
        } else if (t >= 0 && t < cols) {
            result = log_sum - (widen(from[t]) - total.largest);
        }
        narrow(result, loss[r]);
    }
};

template <typename C>
struct Constant {
    C value;
    __device__ __forceinline__ C operator()(C) const { return value; }
};

template <typename C>
struct CrossEntropyGrad {
    C largest, log_sum, scale;
    __device__ __forceinline__ C operator()(C x) const {
        return exp(x - largest - log_sum) * scale;
    }
};

template <typename T>
struct CrossEntropyGradRows {
    const T* x;
    const long long* target;
    const T* de;
    const Compute<T>* saved;
    T* dx;
    long long ignored, each, cols;
    __device__ __forceinline__ void row(const Team& team, long long r) const {
        typedef Compute<T> C;
        const T* from = x + r * cols;
        T* to = dx + r * cols;
        const long long t = target[r];
        if (t == ignored) {
            map(team.walk(), cols, Constant<C>{C(0)}, to, from);
            return;
        }
        C scale = widen(de[each ? r : 0]);
        if (t < 0 || t >= cols) scale = infinity<C>() - infinity<C>();
        CrossEntropyGrad<C> f = {C(0), C(0), scale};
        if (saved) {
            f.largest = saved[2 * r];
            f.log_sum = saved[2 * r + 1];
        } else {
            const ExpSum<C> total = exp_sum(team, from, cols);
            f.largest = total.largest;
            f.log_sum = log(total.sum);
        }
        // The class's own element is computed before it may be overwritten (dx may be x), and
        // written after the walk, by the leader, once the whole team has finished the row.
        const bool inside = t >= 0 && t < cols;
        const C own = inside ? (exp(widen(from[t]) - f.largest - f.log_sum) - C(1)) * scale : C(0);
        team.sync();
        map(team.walk(), cols, f, to, from);
        team.sync();
        if (inside && team.leads()) narrow(own, to[t]);
    }
};

#define CROSS_ENTROPY(T, SUFFIX)                                                              \
    KERNEL cross_entropy_forward_##SUFFIX(const T* x, const long long* target, T* loss,       \
                                          NULLABLE Compute<T>* saved, long long ignored,      \
                                          long long rows, long long cols) {                   \
        for_each_row(rows, cols, CrossEntropyRows<T>{x, target, loss, saved, ignored, cols}); \
    }                                                                                         \
    KERNEL cross_entropy_backward_##SUFFIX(const T* x, const long long* target, const T* de,  \
                                           NULLABLE const Compute<T>* saved, T* dx,           \
                                           long long ignored, long long each, long long rows, \
                                           long long cols) {                                  \
        for_each_row(rows, cols,                                                              \
                     CrossEntropyGradRows<T>{x, target, de, saved, dx, ignored, each, cols}); \
    }

FOR_EACH_TYPE(CROSS_ENTROPY)
