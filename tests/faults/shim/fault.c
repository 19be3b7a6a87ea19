/*
 * Makes one system call fail, and shifts the wall clock: preloaded (LD_PRELOAD) into a process under test.
 *
 *   FAULT_DIR    only calls on files below this directory count; absolute
 *   FAULT_LOG    every call that counts is appended here: "NUMBER FUNCTION PATH", the one that fails with "!"
 *   FAULT_AT     the number of the call that fails; 0 or absent: none does
 *   FAULT_KIND   enospc, eio, eintr, short (half is written or read), torn (half is written, then the disk is full)
 *   FAULT_CLOCK  a file of 8 bytes, a signed number of seconds that is added to CLOCK_REALTIME; may change at any time
 *
 *   FAULT_DETOUR "PORT:OTHER": a connection to PORT of 127.0.0.1 goes to OTHER, as where a gateway intercepts
 *
 * What a library asks of the kernel without the C library is not met.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum kind { NONE, ENOSPC_, EIO_, EINTR_, SHORT_, TORN_ };

#define MOST_FDS 4096

static const char *folder;
static size_t folder_length;
static unsigned long fail_at;
static enum kind kind;
static int log_fd = -1;
static atomic_ulong calls;
static atomic_int torn_fd = -1;
static char *names[MOST_FDS];
static volatile int64_t *clock_shift;
static unsigned detour_from, detour_to;

#define REAL(name) \
    static __typeof__(&name) real_##name; \
    if (!real_##name) real_##name = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

__attribute__((constructor)) static void start(void) {
    const char *text = getenv("FAULT_CLOCK");
    if (text) {
        int fd = syscall(SYS_openat, AT_FDCWD, text, O_RDONLY | O_CLOEXEC, 0);
        void *page = fd < 0 ? MAP_FAILED : (void *)syscall(SYS_mmap, 0, 8, PROT_READ, MAP_SHARED, fd, 0);
        if (page != MAP_FAILED) clock_shift = page;
    }
    text = getenv("FAULT_LOG");
    if (text) log_fd = syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    text = getenv("FAULT_AT");
    fail_at = text ? strtoul(text, 0, 10) : 0;
    text = getenv("FAULT_KIND");
    if (text) {
        static const char *const words[] = {"", "enospc", "eio", "eintr", "short", "torn"};
        for (int i = 1; i < 6; i++)
            if (!strcmp(text, words[i])) kind = i;
    }
    text = getenv("FAULT_DETOUR");
    if (text) sscanf(text, "%u:%u", &detour_from, &detour_to);
    folder = getenv("FAULT_DIR");
    folder_length = folder ? strlen(folder) : 0;
}

static int is_below(const char *path) {
    return folder_length && path && !strncmp(path, folder, folder_length);
}

static const char *name_of(int fd) {
    return fd >= 0 && fd < MOST_FDS ? names[fd] : 0;
}

static void remember(int fd, const char *path) {
    if (fd < 0 || fd >= MOST_FDS) return;
    free(names[fd]);
    names[fd] = is_below(path) ? strdup(path + folder_length) : 0;
}

/* Whether the call that is made now is the one that fails. */
static int is_chosen(const char *function, const char *path) {
    unsigned long number = atomic_fetch_add(&calls, 1) + 1;
    int chosen = number == fail_at && kind != NONE;
    if (log_fd >= 0 && (!fail_at || chosen)) {
        char line[512];
        int length = snprintf(line, sizeof line, "%lu%s %s %s\n", number, chosen ? "!" : "", function, path);
        if (length > 0 && (size_t)length < sizeof line) syscall(SYS_write, log_fd, line, length);
    }
    return chosen;
}

static int error_of_kind(void) {
    return kind == EIO_ ? EIO : kind == EINTR_ ? EINTR : ENOSPC;
}

/* For calls that have no length. */
static int fails(const char *function, const char *path) {
    if (!path || !is_chosen(function, path)) return 0;
    errno = error_of_kind();
    return 1;
}

static int fails_below(const char *function, const char *path) {
    return is_below(path) && fails(function, path + folder_length);
}

/* For reads and writes: the length that is really transferred; -1 where the call fails. */
static ssize_t allowed(const char *function, int fd, size_t length, int writes) {
    const char *path = name_of(fd);
    if (!path) return length;
    int expected = fd;
    if (writes && atomic_compare_exchange_strong(&torn_fd, &expected, -1)) {
        errno = ENOSPC;
        return -1;
    }
    if (!is_chosen(function, path)) return length;
    if (kind == SHORT_ || kind == TORN_) {
        if (kind == TORN_) atomic_store(&torn_fd, fd);
        return length > 1 ? length / 2 : length;
    }
    errno = error_of_kind();
    return -1;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        if (fails_below(flags & O_CREAT ? "create" : "open", path)) return -1; \
        int fd = real_##name(path, flags, mode); \
        remember(fd, path); \
        return fd; \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int at, const char *path, int flags, ...) { \
        REAL(name); \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        if (fails_below(flags & O_CREAT ? "create" : "open", path)) return -1; \
        int fd = real_##name(at, path, flags, mode); \
        remember(fd, path); \
        return fd; \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    REAL(close);
    if (fd >= 0 && fd < MOST_FDS && names[fd]) {
        free(names[fd]);
        names[fd] = 0;
    }
    return real_close(fd);
}

ssize_t read(int fd, void *to, size_t length) {
    REAL(read);
    ssize_t some = allowed("read", fd, length, 0);
    return some < 0 ? -1 : real_read(fd, to, some);
}

ssize_t write(int fd, const void *from, size_t length) {
    REAL(write);
    ssize_t some = allowed("write", fd, length, 1);
    return some < 0 ? -1 : real_write(fd, from, some);
}

#define PREAD(name, offset_type) \
    ssize_t name(int fd, void *to, size_t length, offset_type offset) { \
        REAL(name); \
        ssize_t some = allowed("pread", fd, length, 0); \
        return some < 0 ? -1 : real_##name(fd, to, some, offset); \
    }
PREAD(pread, off_t)
PREAD(pread64, off64_t)

#define PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *from, size_t length, offset_type offset) { \
        REAL(name); \
        ssize_t some = allowed("pwrite", fd, length, 1); \
        return some < 0 ? -1 : real_##name(fd, from, some, offset); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

/* A short one transfers the first part alone. */
#define VECTOR(name, offset_type) \
    ssize_t name(int fd, const struct iovec *parts, int count, offset_type offset) { \
        REAL(name); \
        size_t length = 0; \
        for (int i = 0; i < count; i++) length += parts[i].iov_len; \
        ssize_t some = allowed("pwritev", fd, length, 1); \
        if (some < 0) return -1; \
        return real_##name(fd, parts, (size_t)some < length ? 1 : count, offset); \
    }
VECTOR(pwritev, off_t)
VECTOR(pwritev64, off64_t)

#define ON_FD(name, shown, arguments, passed) \
    int name arguments { \
        REAL(name); \
        return fails(shown, name_of(fd)) ? -1 : real_##name passed; \
    }
ON_FD(fsync, "fsync", (int fd), (fd))
ON_FD(fdatasync, "fdatasync", (int fd), (fd))
ON_FD(ftruncate, "ftruncate", (int fd, off_t length), (fd, length))
ON_FD(ftruncate64, "ftruncate", (int fd, off64_t length), (fd, length))
ON_FD(fchmod, "chmod", (int fd, mode_t mode), (fd, mode))

#define ON_PATH(name, shown, arguments, passed) \
    int name arguments { \
        REAL(name); \
        return fails_below(shown, path) ? -1 : real_##name passed; \
    }
ON_PATH(unlink, "unlink", (const char *path), (path))
ON_PATH(mkdir, "mkdir", (const char *path, mode_t mode), (path, mode))
ON_PATH(chmod, "chmod", (const char *path, mode_t mode), (path, mode))
ON_PATH(rename, "rename", (const char *path, const char *to), (path, to))
ON_PATH(link, "link", (const char *path, const char *to), (path, to))

/* Locks: the only commands of fcntl that a file system may fail. */
static int fails_to_lock(int fd, int command) {
    if (command != F_SETLK && command != F_SETLKW) return 0;
    if (!fails("lock", name_of(fd))) return 0;
    errno = kind == EINTR_ ? EINTR : ENOLCK;
    return 1;
}

#define FCNTL(name) \
    int name(int fd, int command, ...) { \
        REAL(name); \
        va_list more; \
        va_start(more, command); \
        void *argument = va_arg(more, void *); \
        va_end(more); \
        return fails_to_lock(fd, command) ? -1 : real_##name(fd, command, argument); \
    }
FCNTL(fcntl)
FCNTL(fcntl64)

#define MMAP(name, offset_type) \
    void *name(void *at, size_t length, int protection, int flags, int fd, offset_type offset) { \
        REAL(name); \
        if (fails("mmap", name_of(fd))) { \
            errno = ENOMEM; \
            return MAP_FAILED; \
        } \
        return real_##name(at, length, protection, flags, fd, offset); \
    }
MMAP(mmap, off_t)
MMAP(mmap64, off64_t)

int connect(int fd, const struct sockaddr *to, socklen_t length) {
    REAL(connect);
    struct sockaddr_in other;
    if (detour_from && to && to->sa_family == AF_INET && length >= sizeof other) {
        memcpy(&other, to, sizeof other);
        if (other.sin_port == htons(detour_from) && other.sin_addr.s_addr == htonl(INADDR_LOOPBACK)) {
            other.sin_port = htons(detour_to);
            return real_connect(fd, (const struct sockaddr *)&other, sizeof other);
        }
    }
    return real_connect(fd, to, length);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int failed = syscall(SYS_clock_gettime, clock, time);
    if (!failed && clock == CLOCK_REALTIME && clock_shift) time->tv_sec += *clock_shift;
    return failed;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    struct timespec now;
    int failed = clock_gettime(CLOCK_REALTIME, &now);
    if (!failed) {
        time->tv_sec = now.tv_sec;
        time->tv_usec = now.tv_nsec / 1000;
    }
    return failed;
}

time_t time(time_t *where) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (where) *where = now.tv_sec;
    return now.tv_sec;
}
