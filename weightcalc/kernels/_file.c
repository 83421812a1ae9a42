#define _POSIX_C_SOURCE 200809L
#include "_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_PIECE = 1 << 16 }; /* enough for most masks, and to see that a large file is none */

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
    struct stat status;
    if (fstat(file, &status) || !S_ISREG(status.st_mode) || (uint64_t)status.st_size > limit)
        return 0;
    c->size = (size_t)status.st_size;
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
    return 1;
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
