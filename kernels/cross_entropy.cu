// Cross entropy of softmax over the rows of a matrix x of rows x cols, forward and backward.
//
//   forward    e[r] = m + log(s) - x[r, t[r]]      m, s: the row's largest number and the sum of
//                                                  exp(x - m); t[r] is the class of row r
//   backward   dx[r, c] = de[r] * (y[r, c] - (c == t[r])),  y = softmax(x) = exp(x - m - log(s))
//
//   mean       the sum of e over the rows that are counted, divided by their `count`; nan for none
//
// A row whose class is `ignored` has loss and gradient 0 and is not counted; any other class
// outside 0 ... cols - 1 gives nan, and nothing outside the row is read or written.
// Forward keeps for backward, where these are not null: m and log(s) of each row in `saved`, two
// numbers a row; y in `softmax`.
//   cross_entropy_backward           from x, with `saved`, or making m and s anew where it is null
//   cross_entropy_backward_softmax   from y
// `de` is one number for each row, or one for all where `each` is 0; it is divided by `count` where
// that is not null.
// Forward reads x once, and a second time from the cache if it writes y; backward reads x or y once
// (x without `saved` twice, the second time from the cache). dx may be x or y. The mean wants
// `partial`, two numbers for each block, and `counter`, which is 0 before and after; both may be
// null for a launch of one block.
#include "rows.cuh"

template <typename C>
struct Constant {
    C value;
    __device__ __forceinline__ C operator()(C) const { return value; }
};

// The gradient where a class is not the row's own, and where it is: from x, and from y.
template <typename C>
struct CrossEntropyGrad {
    C largest, log_sum, scale;
    __device__ __forceinline__ C operator()(C x) const {
        return exp(x - largest - log_sum) * scale;
    }
    __device__ __forceinline__ C own(C x) const {
        return (exp(x - largest - log_sum) - C(1)) * scale;
    }
};

template <typename C>
struct CrossEntropyGradOfSoftmax {
    C scale;
    __device__ __forceinline__ C operator()(C y) const { return y * scale; }
    __device__ __forceinline__ C own(C y) const { return (y - C(1)) * scale; }
};

template <typename T>
struct CrossEntropyRows {
    const T* x;
    const long long* target;
    T* loss;
    Compute<T>* saved;
    T* softmax;
    long long ignored, cols;
    __device__ __forceinline__ void row(const Team& team, long long r) const {
        typedef Compute<T> C;
        const T* from = x + r * cols;
        const ExpSum<C> total = exp_sum(team, from, cols);
        const C log_sum = log(total.sum);
        if (softmax) {
            const CrossEntropyGrad<C> f = {total.largest, log_sum, C(1)};
            map(team.walk(), cols, f, softmax + r * cols, from);
        }
        if (!team.leads()) return;
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

// What both ways backward share; `from` is x or y.
template <typename T>
struct GradTask {
    const T* from;
    const long long* target;
    const T* de;
    const Compute<T>* count;
    T* dx;
    long long ignored, each, cols;

    // Writes zeros and returns true if the row is not counted.
    __device__ __forceinline__ bool skip(const Team& team, long long r) const {
        if (target[r] != ignored) return false;
        map(team.walk(), cols, Constant<Compute<T>>{Compute<T>(0)}, dx + r * cols, from + r * cols);
        return true;
    }

    __device__ __forceinline__ bool inside(long long r) const {
        return target[r] >= 0 && target[r] < cols;
    }

    __device__ __forceinline__ Compute<T> scale(long long r) const {
        const Compute<T> none = infinity<Compute<T>>() - infinity<Compute<T>>();
        if (!inside(r)) return none;
        const Compute<T> grad = widen(de[each ? r : 0]);
        return count ? grad / *count : grad;
    }

    // The class's own element is read before it may be overwritten, and written once the whole
    // team has done the row.
    template <typename F>
    __device__ __forceinline__ void finish(const Team& team, long long r, const F& f) const {
        const T* row = from + r * cols;
        const Compute<T> own = inside(r) ? f.own(widen(row[target[r]])) : Compute<T>(0);
        team.sync();
        map(team.walk(), cols, f, dx + r * cols, row);
        team.sync();
        if (inside(r) && team.leads()) narrow(own, dx[r * cols + target[r]]);
    }
};

template <typename T>
struct CrossEntropyGradRows {
    GradTask<T> task;
    const Compute<T>* saved;
    __device__ __forceinline__ void row(const Team& team, long long r) const {
        typedef Compute<T> C;
        if (task.skip(team, r)) return;
        CrossEntropyGrad<C> f = {C(0), C(0), task.scale(r)};
        if (saved) {
            f.largest = saved[2 * r];
            f.log_sum = saved[2 * r + 1];
        } else {
            const ExpSum<C> total = exp_sum(team, task.from + r * task.cols, task.cols);
            f.largest = total.largest;
            f.log_sum = log(total.sum);
        }
        task.finish(team, r, f);
    }
};

template <typename T>
struct SoftmaxGradRows {
    GradTask<T> task;
    __device__ __forceinline__ void row(const Team& team, long long r) const {
        if (task.skip(team, r)) return;
        task.finish(team, r, CrossEntropyGradOfSoftmax<Compute<T>>{task.scale(r)});
    }
};

template <typename T>
struct WriteMean {
    T* mean;
    Compute<T>* count;
    __device__ __forceinline__ void operator()(Pair<Compute<T>> total) const {
        narrow(total.first / total.second, *mean);
        *count = total.second;
    }
};

template <typename T>
__device__ __forceinline__ void mean_of_counted(const T* loss, const long long* target,
                                                const WriteMean<T>& finish,
                                                Compute<T>* partial, unsigned int* counter,
                                                long long ignored, long long rows) {
    typedef Compute<T> C;
    const Walk walk = grid_walk();
    Pair<C> total = {C(0), C(0)};
#pragma unroll 4
    for (long long r = walk.first; r < rows; r += walk.step) {
        total = total + Pair<C>{widen(loss[r]), target[r] == ignored ? C(0) : C(1)};
    }
    grid_sum(total, reinterpret_cast<Pair<C>*>(partial), counter, finish);
}

#define CROSS_ENTROPY(T, SUFFIX)                                                               \
    KERNEL cross_entropy_forward_##SUFFIX(const T* x, const long long* target, T* loss,        \
                                          NULLABLE Compute<T>* saved, NULLABLE T* softmax,     \
                                          long long ignored, long long rows, long long cols) { \
        for_each_row(rows, cols,                                                               \
                     CrossEntropyRows<T>{x, target, loss, saved, softmax, ignored, cols});     \
    }                                                                                          \
    KERNEL cross_entropy_mean_##SUFFIX(const T* loss, const long long* target, T* mean,        \
                                       Compute<T>* count, NULLABLE Compute<T>* partial,        \
                                       NULLABLE unsigned int* counter, long long ignored,      \
                                       long long rows) {                                       \
        const WriteMean<T> finish = {mean, count};                                             \
        mean_of_counted(loss, target, finish, partial, counter, ignored, rows);                \
    }                                                                                          \
    KERNEL cross_entropy_backward_##SUFFIX(const T* x, const long long* target, const T* de,   \
                                           NULLABLE const Compute<T>* count,                   \
                                           NULLABLE const Compute<T>* saved, T* dx,            \
                                           long long ignored, long long each, long long rows,  \
                                           long long cols) {                                   \
        const GradTask<T> task = {x, target, de, count, dx, ignored, each, cols};              \
        for_each_row(rows, cols, CrossEntropyGradRows<T>{task, saved});                        \
    }                                                                                          \
    KERNEL cross_entropy_backward_softmax_##SUFFIX(const T* y, const long long* target,        \
                                                   const T* de,                                \
                                                   NULLABLE const Compute<T>* count, T* dx,    \
                                                   long long ignored, long long each,          \
                                                   long long rows, long long cols) {           \
        const GradTask<T> task = {y, target, de, count, dx, ignored, each, cols};              \
        for_each_row(rows, cols, SoftmaxGradRows<T>{task});                                    \
    }

FOR_EACH_TYPE(CROSS_ENTROPY)
