/*
 * Preloaded into a process, makes the n-th call of a function of libc fail, be cut short, or
 * kill the process: one that is about a file in or below a folder, so that the interpreter
 * starts in peace.
 *
 *   FAIL_CALL    open, read, write, fsync, rename, close, unlink, readdir, or any
 *   FAIL_AT      n, counted from 1 in each process; 0 is every call
 *   FAIL_WITH    errno to fail with; 0 cuts reads and writes to one byte, -1 kills
 *   FAIL_FOLDER  the folder
 *   FAIL_MARK    file that gets the path, as a line, each time it happens
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int calls;
static char last[8192]; /* the path of the call that is looked at */

static int inside(const char *path) {
    const char *folder = getenv("FAIL_FOLDER");
    if (!folder || !path)
        return 0;
    last[0] = 0;
    if (path[0] != '/' && !getcwd(last, 4096))
        return 0;
    size_t used = strlen(last);
    snprintf(last + used, sizeof last - used, used ? "/%s" : "%s", path);
    return strncmp(last, folder, strlen(folder)) == 0;
}

static int inside_open(int file) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 1 || path[0] != '/') /* a pipe */
        return 0;
    path[size] = 0;
    return inside(path);
}

/* Whether this call is the one; sets errno, or never returns. */
static int chosen(const char *name) {
    const char *call = getenv("FAIL_CALL"), *at = getenv("FAIL_AT"), *mark = getenv("FAIL_MARK");
    if (!call || !at || (strcmp(call, name) != 0 && strcmp(call, "any") != 0))
        return 0;
    calls++;
    if (atoi(at) != 0 && calls != atoi(at))
        return 0;
    if (mark) {
        int file = syscall(SYS_openat, AT_FDCWD, mark, O_WRONLY | O_CREAT | O_APPEND, 0666);
        strncat(last, "\n", sizeof last - strlen(last) - 1); /* one write: no lines are mixed */
        syscall(SYS_write, file, last, strlen(last));
        syscall(SYS_close, file);
    }
    int number = atoi(getenv("FAIL_WITH"));
    if (number < 0)
        raise(SIGKILL);
    errno = number;
    return 1;
}

#define REAL(name) static __typeof__(name) *real; if (!real) real = dlsym(RTLD_NEXT, #name)

#define OPEN(name)                                                                   \
    int name(const char *path, int flags, ...) {                                     \
        REAL(name);                                                                  \
        va_list more;                                                                \
        va_start(more, flags);                                                       \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(more, mode_t) : 0;    \
        va_end(more);                                                                \
        return inside(path) && chosen("open") ? -1 : real(path, flags, mode);        \
    }
OPEN(open)
OPEN(open64)

ssize_t read(int file, void *buffer, size_t size) {
    REAL(read);
    if (size > 1 && inside_open(file) && chosen("read")) {
        if (errno)
            return -1;
        size = 1;
    }
    return real(file, buffer, size);
}

ssize_t write(int file, const void *buffer, size_t size) {
    REAL(write);
    if (size > 1 && inside_open(file) && chosen("write")) {
        if (errno)
            return -1;
        size = 1;
    }
    return real(file, buffer, size);
}

int fsync(int file) {
    REAL(fsync);
    return inside_open(file) && chosen("fsync") ? -1 : real(file);
}

int close(int file) {
    REAL(close);
    int mine = inside_open(file) && chosen("close"), number = errno;
    int result = real(file); /* it is closed all the same, as Linux does */
    if (!mine)
        return result;
    errno = number;
    return -1;
}

int rename(const char *from, const char *to) {
    REAL(rename);
    return inside(to) && chosen("rename") ? -1 : real(from, to);
}

int unlink(const char *path) {
    REAL(unlink);
    return inside(path) && chosen("unlink") ? -1 : real(path);
}

#define READDIR(name, entry)                                                         \
    struct entry *name(DIR *folder) {                                                \
        REAL(name);                                                                  \
        return inside_open(dirfd(folder)) && chosen("readdir") ? NULL : real(folder); \
    }
READDIR(readdir, dirent)
READDIR(readdir64, dirent64)
