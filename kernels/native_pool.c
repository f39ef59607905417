// Threads that share the parts of one piece of work.
//
// nm_run(function, work, parts, threads) calls function(work, part) once for every part, on the
// caller's thread and on up to threads - 1 more, which are started when first needed and then wait
// for more work. Which thread does a part must not matter to its result.
//
// The caller waits for nobody who has not begun: when it finds no parts left, the work is closed,
// and whoever wakes up later goes back to sleep. While one caller has the threads, others do their
// work alone. A forked process begins without threads and starts its own.

#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>

enum { MOST_THREADS = 256 };

// To wake a thread takes as long as two or three parts of a quick function.
enum { PARTS_WORTH_A_THREAD = 4 };

typedef void (*Function)(void *work, int64_t part);

static pthread_mutex_t user;    // held by the caller that has the threads
static pthread_mutex_t state;   // guards everything below but next
static pthread_cond_t opened;   // there is work
static pthread_cond_t left;     // nobody but the caller is at work
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int started;             // threads beside callers
static int places;              // how many more may join the work; 0 when it is closed
static int inside;              // how many have joined
static Function function_now;
static void *work_now;
static int64_t parts_now;
static atomic_int_fast64_t next;

static void begin(void) {
    pthread_mutex_init(&user, NULL);
    pthread_mutex_init(&state, NULL);
    pthread_cond_init(&opened, NULL);
    pthread_cond_init(&left, NULL);
    started = places = inside = 0;
}

static void begin_for_good(void) {
    begin();
    pthread_atfork(NULL, NULL, begin);
}

static void do_parts(Function function, void *work, int64_t parts) {
    int64_t part;
    while ((part = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed)) < parts)
        function(work, part);
}

static void *helper(void *unused) {
    (void)unused;
    pthread_mutex_lock(&state);
    for (;;) {
        while (places == 0) pthread_cond_wait(&opened, &state);
        places--;
        inside++;
        const Function function = function_now;
        void *const work = work_now;
        const int64_t parts = parts_now;
        pthread_mutex_unlock(&state);
        do_parts(function, work, parts);
        pthread_mutex_lock(&state);
        // No parts are left: nobody else need join.
        places = 0;
        if (--inside == 0) pthread_cond_signal(&left);
    }
    return NULL;
}

// Start what is missing of so many helpers; fewer if the system refuses.
static void start(int helpers) {
    sigset_t all, before;
    sigfillset(&all);  // signals are for the program's own threads
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (started < helpers) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, helper, NULL) != 0) break;
        pthread_detach(thread);
        started++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void nm_run(Function function, void *work, int64_t parts, int threads) {
    if (threads > MOST_THREADS) threads = MOST_THREADS;
    if (threads > parts / PARTS_WORTH_A_THREAD) threads = (int)(parts / PARTS_WORTH_A_THREAD);
    if (threads > 1) pthread_once(&once, begin_for_good);
    if (threads <= 1 || pthread_mutex_trylock(&user) != 0) {
        for (int64_t part = 0; part < parts; part++) function(work, part);
        return;
    }
    pthread_mutex_lock(&state);
    start(threads - 1);
    atomic_store_explicit(&next, 0, memory_order_relaxed);
    function_now = function;
    work_now = work;
    parts_now = parts;
    places = threads - 1 < started ? threads - 1 : started;
    if (places == 1)
        pthread_cond_signal(&opened);
    else
        pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&state);
    do_parts(function, work, parts);
    pthread_mutex_lock(&state);
    places = 0;
    while (inside > 0) pthread_cond_wait(&left, &state);
    pthread_mutex_unlock(&state);
    pthread_mutex_unlock(&user);
}
