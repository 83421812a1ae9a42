#define _POSIX_C_SOURCE 200809L
#include "_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __APPLE__
#define st_mtim st_mtimespec
#define st_ctim st_ctimespec
#endif

enum { FIRST_PIECE = 1 << 16 }; /* enough for most masks, and to see that a large file is none */

static int is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static int is_unchanged(int file, const struct stat *before)
{
    struct stat now;
    return !fstat(file, &now) && now.st_size == before->st_size &&
           is_same_time(now.st_mtim, before->st_mtim) && is_same_time(now.st_ctim, before->st_ctim);
}

static int has_room(Content *c, size_t size)
{
    if (c->capacity >= size)
        return 1;
    free(c->data);
    c->data = malloc(size + size / 4);
    c->capacity = c->data ? size + size / 4 : 0;
    return c->data != NULL;
}

static int read_open(Content *c, int file, uint64_t limit, Judge *judge, const void *context)
{
    struct stat before;
    if (fstat(file, &before) || !S_ISREG(before.st_mode) || (uint64_t)before.st_size > limit)
        return 0;
    c->size = (size_t)before.st_size;
    if (!has_room(c, c->size > FIRST_PIECE ? c->size : FIRST_PIECE))
        return 0;
    const ssize_t first = read(file, c->data, c->size < FIRST_PIECE ? c->size : FIRST_PIECE);
    if (first <= 0 || !judge(context, c->data, (size_t)first, c->size))
        return 0;
    for (size_t at = (size_t)first; at < c->size;) {
        const ssize_t more = read(file, c->data + at, c->size - at);
        if (more <= 0)
            return 0;
        at += (size_t)more;
    }
    return is_unchanged(file, &before);
}

int read_file(Content *c, const char *path, uint64_t limit, Judge *judge, const void *context)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* waits for no FIFO */
    if (file < 0)
        return 0;
    const int is_read = read_open(c, file, limit, judge, context);
    close(file);
    return is_read;
}

void free_content(Content *c) { free(c->data); }
