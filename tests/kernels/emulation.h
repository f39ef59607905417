// Runs CUDA sources on the host, for tests: included before a source that g++ compiles.
//
// Blocks run one after the other. The threads of a block are fibres that run until they wait at a
// barrier or end; when all wait, they go on. Which runs first is the caller's choice, so a result
// that depends on it (a barrier is missing) shows as a difference between two runs. A barrier that
// some threads of a block or warp never reach is an error. Shared memory is not cleared in between.
// Memory is the host's: a sanitizer sees every access that is out of bounds or misaligned.

#include <math.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <functional>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

#define __global__
#define __device__
#define __forceinline__ inline
#define __shared__ static
#define __launch_bounds__(...)
#define __grid_constant__

struct alignas(16) uint4 {
    unsigned int x, y, z, w;
};

struct Index3 {
    unsigned int x, y, z;
};

static Index3 threadIdx, blockIdx, blockDim, gridDim;

namespace emulation {

constexpr unsigned int WARP_LANES = 32, MOST_THREADS = 1024;
constexpr size_t STACK_BYTES = 256 * 1024;

enum State { READY, AT_WARP_BARRIER, AT_BLOCK_BARRIER, ENDED };
enum Order { FORWARD, BACKWARD, SHUFFLED };

struct Fibre {
    ucontext_t context;
    State state = ENDED;
    bool odd_shuffle = false;
    char* stack = nullptr;
};

static std::vector<Fibre> fibres(MOST_THREADS);
static ucontext_t scheduler;
static std::function<void()> body;
static unsigned int running;
static char shuffled[2][MOST_THREADS][16];
static const char* error = "";

// Told of every change of stack, the sanitizer keeps track of which variables are alive.
inline void switch_to(ucontext_t* from, ucontext_t* to, [[maybe_unused]] const void* stack,
                      [[maybe_unused]] size_t bytes) {
#if defined(__SANITIZE_ADDRESS__)
    void* kept = nullptr;
    __sanitizer_start_switch_fiber(&kept, stack, bytes);
    swapcontext(from, to);
    __sanitizer_finish_switch_fiber(kept, nullptr, nullptr);
#else
    swapcontext(from, to);
#endif
}

static const void* scheduler_stack;
static size_t scheduler_bytes;

inline void wait_as(State state) {
    Fibre& fibre = fibres[running];
    fibre.state = state;
    switch_to(&fibre.context, &scheduler, scheduler_stack, scheduler_bytes);
}

inline void fibre_main() {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(nullptr, &scheduler_stack, &scheduler_bytes);
#endif
    for (;;) {  // the same fibre serves every later block
        body();
        wait_as(ENDED);
    }
}

inline void make(Fibre& fibre) {
    fibre.stack = static_cast<char*>(mmap(nullptr, STACK_BYTES, PROT_READ | PROT_WRITE,
                                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    getcontext(&fibre.context);
    fibre.context.uc_stack.ss_sp = fibre.stack;
    fibre.context.uc_stack.ss_size = STACK_BYTES;
    fibre.context.uc_link = nullptr;
    makecontext(&fibre.context, fibre_main, 0);
}

inline void resume(unsigned int thread) {
    Fibre& fibre = fibres[thread];
    running = thread;
    threadIdx = {thread, 0, 0};
    switch_to(&scheduler, &fibre.context, fibre.stack, STACK_BYTES);
}

inline unsigned int count(unsigned int first, unsigned int last, State state) {
    unsigned int found = 0;
    for (unsigned int t = first; t < last; ++t) found += fibres[t].state == state;
    return found;
}

inline void release(unsigned int first, unsigned int last) {
    for (unsigned int t = first; t < last; ++t) fibres[t].state = READY;
}

// Lets those go on who wait where all others wait too. False if there are none.
inline bool open_barriers() {
    const unsigned int threads = blockDim.x;
    bool opened = false;
    for (unsigned int first = 0; first < threads; first += WARP_LANES) {
        const unsigned int last = first + WARP_LANES;
        if (count(first, last, AT_WARP_BARRIER) == WARP_LANES) {
            release(first, last);
            opened = true;
        }
    }
    if (!opened && count(0, threads, AT_BLOCK_BARRIER) == threads) {
        release(0, threads);
        opened = true;
    }
    return opened;
}

inline bool run_block(Order order, uint64_t& random) {
    const unsigned int threads = blockDim.x;
    std::vector<unsigned int> turn(threads);
    for (unsigned int t = 0; t < threads; ++t) turn[t] = order == BACKWARD ? threads - 1 - t : t;
    for (unsigned int t = 0; t < threads; ++t) {
        if (fibres[t].stack == nullptr) make(fibres[t]);
        fibres[t].state = READY;
        fibres[t].odd_shuffle = false;
    }
    for (;;) {
        for (unsigned int k = threads; order == SHUFFLED && k > 1; --k) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            std::swap(turn[k - 1], turn[(random >> 33) % k]);
        }
        for (unsigned int t : turn) {
            if (fibres[t].state == READY) resume(t);
        }
        if (count(0, threads, ENDED) == threads) return true;
        if (!open_barriers()) return false;
    }
}

template <typename... A, size_t... I>
void call(void (*kernel)(A...), void** arguments, std::index_sequence<I...>) {
    kernel(*static_cast<std::remove_const_t<A>*>(arguments[I])...);
}

template <typename... A>
int launch(void (*kernel)(A...), void** arguments, unsigned int blocks, unsigned int threads,
           int order) {
    if (threads % WARP_LANES || threads == 0 || threads > MOST_THREADS) {
        error = "a block must have a multiple of 32 threads, at most 1024";
        return 1;
    }
    uint64_t random = 1;
    gridDim = {blocks, 1, 1};
    blockDim = {threads, 1, 1};
    body = [=] { call(kernel, arguments, std::index_sequence_for<A...>()); };
    for (unsigned int b = 0; b < blocks; ++b) {
        blockIdx = {order == FORWARD ? b : blocks - 1 - b, 0, 0};
        if (!run_block(static_cast<Order>(order), random)) {
            // The fibres hang in the middle of the kernel: later blocks need new ones.
            for (Fibre& fibre : fibres) fibre = Fibre();
            error = "some threads wait at a barrier that the others do not reach";
            return 1;
        }
    }
    return 0;
}

}  // namespace emulation

// What a test calls, for each entry point.
#define EMULATED(name)                                                                    \
    extern "C" int emulated_##name(void** arguments, unsigned int blocks,                 \
                                   unsigned int threads, int order) {                     \
        return emulation::launch(name, arguments, blocks, threads, order);                \
    }

extern "C" const char* emulation_error() { return emulation::error; }

inline void __syncthreads() { emulation::wait_as(emulation::AT_BLOCK_BARRIER); }
inline void __syncwarp() { emulation::wait_as(emulation::AT_WARP_BARRIER); }
inline void __threadfence() {}

inline float __int_as_float(int bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

template <typename V>
V __shfl_xor_sync(unsigned int, V v, int lanes) {
    // Two places in turn: nobody writes to one before all have read from it.
    bool& odd = emulation::fibres[emulation::running].odd_shuffle;
    auto& place = emulation::shuffled[odd];
    odd = !odd;
    const unsigned int thread = emulation::running;
    memcpy(place[thread], &v, sizeof v);
    __syncwarp();
    memcpy(&v, place[thread ^ static_cast<unsigned int>(lanes)], sizeof v);
    return v;
}

// One bit for every lane of the warp. All lanes must take part, as the mask of our calls says.
inline unsigned int __ballot_sync(unsigned int, bool vote) {
    bool& odd = emulation::fibres[emulation::running].odd_shuffle;
    auto& place = emulation::shuffled[odd];
    odd = !odd;
    const unsigned int thread = emulation::running, first = thread & ~31u;
    place[thread][0] = vote;
    __syncwarp();
    unsigned int votes = 0;
    for (unsigned int lane = 0; lane < 32; ++lane) {
        if (place[first + lane][0]) votes |= 1u << lane;
    }
    return votes;
}

// The number of the lowest bit that is set, from 1; 0 if there is none.
inline int __ffs(unsigned int bits) { return __builtin_ffs(static_cast<int>(bits)); }

// CUDA's own addition to the functions of C.
template <typename C>
C rsqrt(C x) {
    return C(1) / sqrt(x);
}

inline unsigned int atomicAdd(unsigned int* at, unsigned int v) {
    const unsigned int before = *at;
    *at += v;
    return before;
}
