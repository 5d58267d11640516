/* A wall clock that can be set while a process runs: preloaded, it adds the seconds that a shared file holds.

   The monotonic clock stays as it is, as when somebody sets a machine's clock. Waits until a moment of the wall clock
   are moved back by the same seconds, since the kernel's own clock was not set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#define WALL_FROM 1000000000 /* a moment later than this (seconds) is one of the wall clock, not since the start */

static const volatile int64_t none = 0;
static const volatile int64_t *ahead_s = &none;
static int (*next_clock_gettime)(clockid_t, struct timespec *);
static int (*next_cond_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
static int (*next_cnd_timedwait)(cnd_t *, mtx_t *, const struct timespec *);
static int (*next_sem_timedwait)(sem_t *, const struct timespec *);

static void *next_of(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("CHAOS_CLOCK");
    next_clock_gettime = next_of("clock_gettime");
    next_cond_timedwait = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2"); /* not the one before it */
    if (!next_cond_timedwait) next_cond_timedwait = next_of("pthread_cond_timedwait");
    next_cnd_timedwait = next_of("cnd_timedwait");
    next_sem_timedwait = next_of("sem_timedwait");
    int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *found = mmap(NULL, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (found != MAP_FAILED) ahead_s = found;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    if (!next_clock_gettime) next_clock_gettime = next_of("clock_gettime"); /* asked before the constructor ran */
    int code = next_clock_gettime(clock, now);
    if (!code && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += *ahead_s;
    return code;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    struct timespec found;
    (void)zone;
    int code = clock_gettime(CLOCK_REALTIME, &found);
    now->tv_sec = found.tv_sec;
    now->tv_usec = found.tv_nsec / 1000;
    return code;
}

time_t time(time_t *now) {
    struct timespec found;
    clock_gettime(CLOCK_REALTIME, &found);
    if (now) *now = found.tv_sec;
    return found.tv_sec;
}

static struct timespec true_moment(const struct timespec *moment) {
    struct timespec found = *moment;
    if (found.tv_sec > WALL_FROM) found.tv_sec -= *ahead_s;
    return found;
}

int pthread_cond_timedwait(pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict until) {
    struct timespec moment = true_moment(until);
    return next_cond_timedwait(condition, mutex, &moment);
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict until) {
    struct timespec moment = true_moment(until);
    return next_cnd_timedwait(condition, mutex, &moment);
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until) {
    struct timespec moment = true_moment(until);
    return next_sem_timedwait(semaphore, &moment);
}
