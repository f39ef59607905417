// Logistic sigmoid, forward and backward, elementwise over contiguous arrays of n elements.
//
//   forward    y  = 1 / (1 + exp(-x))
//   backward   dx = dy * y * (1 - y)       y is the saved output, so x need not be kept
//
// Entry points, with the suffix float32 or float64:
//   sigmoid_forward_<suffix>(x, y, n)            reads 1, writes 1 array
//   sigmoid_backward_<suffix>(dy, y, dx, n)      reads 2, writes 1 array
// Output may be an input (each element is read before it is written, by the same thread).
// Any launch shape is correct: threads walk the array with a stride of the whole grid, and indices
// have 64 bits. All arithmetic is done in the type of the array.

// exp(-x) overflows to infinity only where the true result is below the smallest normal number of
// the type; 1 / infinity then gives the zero that rounding to normal numbers would give.
__device__ __forceinline__ float logistic(float x) { return 1.0f / (1.0f + expf(-x)); }
__device__ __forceinline__ double logistic(double x) { return 1.0 / (1.0 + exp(-x)); }

template <typename T>
__device__ __forceinline__ void sigmoid_forward(const T* x, T* y, long long n) {
    const long long stride = static_cast<long long>(gridDim.x) * blockDim.x;
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    for (; i < n; i += stride) {
        y[i] = logistic(x[i]);
    }
}

template <typename T>
__device__ __forceinline__ void sigmoid_backward(const T* dy, const T* y, T* dx, long long n) {
    const long long stride = static_cast<long long>(gridDim.x) * blockDim.x;
    long long i = static_cast<long long>(blockIdx.x) * blockDim.x + threadIdx.x;
    for (; i < n; i += stride) {
        const T out = y[i];
        dx[i] = dy[i] * out * (T(1) - out);
    }
}

#define SIGMOID_KERNELS(T, SUFFIX)                                                        \
    extern "C" __global__ void sigmoid_forward_##SUFFIX(const T* x, T* y, long long n) {  \
        sigmoid_forward<T>(x, y, n);                                                      \
    }                                                                                     \
    extern "C" __global__ void sigmoid_backward_##SUFFIX(const T* dy, const T* y, T* dx,  \
                                                         long long n) {                   \
        sigmoid_backward<T>(dy, y, dx, n);                                                \
    }

SIGMOID_KERNELS(float, float32)
SIGMOID_KERNELS(double, float64)
