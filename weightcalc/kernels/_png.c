#include "_png.h"

enum {
    LARGEST_ROW = 1 << 20, /* bytes; two of them must fit into the memory for runs */
    LARGEST_FILE = 32 << 20, /* bytes; it is held in memory */
    SMALL_FILE = 4096,
    LEAST_RATIO = 4,       /* bytes of rows to those of the file, or making them is quicker */
    MOST_DIFFERENT = 1 << 16, /* pixels; more are no mask */
};

static int is_kind(const byte *chunk, const char *kind) { return !memcmp(chunk + 4, kind, 4); }

static int is_letters(const byte *p)
{
    for (int k = 0; k < 4; k++)
        if ((unsigned)(p[k] | 32) - 'a' > 'z' - 'a')
            return 0;
    return 1;
}

/* Whether a chunk is whole and right; if so, its body has `*size` bytes. */
static int check_chunk(const byte *chunk, size_t rest, size_t *size)
{
    if (rest < 12)
        return 0;
    *size = load_big_endian(chunk);
    return *size <= rest - 12 && is_letters(chunk + 4) &&
           crc32_of(chunk + 4, *size + 4) == load_big_endian(chunk + 8 + *size);
}

/* Samples of a pixel, 0 if there are no such pixels. */
static unsigned num_samples(unsigned color, unsigned depth)
{
    static const byte samples[] = {1, 0, 3, 1, 2, 0, 4};
    if (depth == 8 || (depth == 16 && color != PALETTE))
        return color < sizeof samples ? samples[color] : 0;
    return (depth == 1 || depth == 2 || depth == 4) && (color == GREY || color == PALETTE);
}

static size_t row_size(const Png *p)
{
    return (size_t)(((uint64_t)p->width * num_samples(p->color, p->depth) * p->depth + 7) / 8);
}

/* Whether it is within the limits, and such that this path is quicker than the other. */
static int is_for_us(const Png *p, uint64_t file_size, Limits limits)
{
    const uint64_t row = row_size(p), pixels = (uint64_t)p->width * p->height;
    const uint64_t bytes = (row + 1) * p->height;
    return row <= LARGEST_ROW && pixels <= limits.pixels && bytes <= limits.bytes &&
           (file_size <= SMALL_FILE || bytes / LEAST_RATIO >= file_size) &&
           pixels < ((uint64_t)1 << 62) / p->height; /* so that no count can overflow on the way */
}

/* Whether the header is right, and that of a file for this path. */
static int read_header(Png *p, const byte *data, size_t size, uint64_t file_size, Limits limits)
{
    size_t length;
    if (size < 33 || memcmp(data, "\x89PNG\r\n\x1a\n", 8) || !is_kind(data + 8, "IHDR"))
        return 0;
    if (!check_chunk(data + 8, size - 8, &length) || length != 13)
        return 0;
    p->width = load_big_endian(data + 16);
    p->height = load_big_endian(data + 20);
    p->depth = data[24];
    p->color = data[25];
    const int is_plain = !data[26] && !data[27] && !data[28]; /* not interlaced, above all */
    return is_plain && p->width && p->height && (p->width | p->height) >> 31 == 0 &&
           num_samples(p->color, p->depth) && is_for_us(p, file_size, limits);
}

/* Whether there is nothing to say about a chunk that holds no pixels. */
static int take_other(Png *p, const byte *chunk, size_t size, int before_pixels)
{
    if (is_kind(chunk, "PLTE")) {
        if (!before_pixels || p->color != PALETTE || p->palette || size % 3)
            return 0;
        p->palette = chunk + 8;
        p->palette_size = size;
        return size && size / 3 <= (size_t)1 << p->depth;
    }
    if (is_kind(chunk, "tRNS"))
        return before_pixels && p->color != GREY_ALPHA && p->color != RGBA &&
               (p->color != PALETTE || size <= p->palette_size / 3);
    return chunk[4] & 0x20 && !is_kind(chunk, "acTL"); /* known to be harmless, no animation */
}

/* All chunks after the header: whether each is as it should be, and where. */
static int read_chunks(Png *p, const byte *data, size_t file_size, Bits *in)
{
    size_t size;
    int is_over = 0; /* the pixels */
    for (size_t at = 33; check_chunk(data + at, file_size - at, &size); at += 12 + size) {
        const byte *chunk = data + at;
        if (is_kind(chunk, "IEND"))
            return size == 0 && at + 12 == file_size && in->next && (p->color != PALETTE || p->palette);
        if (is_kind(chunk, "IDAT")) {
            if (is_over)
                return 0;
            in->last = chunk + 8 + size;
            if (!in->next) {
                in->next = chunk + 8;
                in->end = in->last;
            }
            continue;
        }
        is_over = in->next != NULL;
        if (!take_other(p, chunk, size, !is_over))
            return 0;
    }
    return 0;
}

/* Takes a byte apart into pixels, of which the lowest ones may be none. */
static void add_samples(int64_t *counts, unsigned depth, unsigned byte, unsigned num, int64_t number)
{
    for (; num; num--, byte >>= depth)
        counts[byte & ((1u << depth) - 1)] += number;
}

/* What stands in the counts are bytes, each of which holds several pixels. */
static void split_bytes(Png *p)
{
    const Rows *r = &p->rows;
    const unsigned per_byte = 8 / p->depth;
    const unsigned padding = (unsigned)(r->size * per_byte - p->width);
    int64_t bytes[256];
    memcpy(bytes, p->counts, sizeof bytes);
    memset(p->counts, 0, sizeof p->counts);
    for (unsigned k = 0; k < 256; k++) {
        if (bytes[k])
            add_samples(p->counts, p->depth, k, per_byte, bytes[k]);
        if (r->ends[k])
            add_samples(p->counts, p->depth, k, padding, -r->ends[k]);
    }
}

static void sum_counts(Png *p)
{
    const Rows *r = &p->rows;
    for (unsigned k = 0; k < 256; k++)
        p->counts[k] = r->counts[0][k] + r->counts[1][k] + r->counts[2][k] + r->counts[3][k] +
                       r->held[k].sum;
    if (p->depth < 8)
        split_bytes(p);
    p->num_values = 0;
    for (unsigned k = 0; k < 256; k++) {
        p->values[p->num_values] = (byte)k;
        p->num_values += p->counts[k] != 0;
    }
}

/* Counts must add up to all pixels, and none may be below 0: a slip would hardly pass this. */
static int add_up(const Png *p)
{
    uint64_t rest = (uint64_t)p->width * p->height;
    const Sums *sums = &p->rows.sums;
    const size_t num = p->rows.width == 1 ? p->num_values : (size_t)1 << sums->bits;
    for (size_t k = 0; k < num; k++) {
        int64_t n;
        if (p->rows.width == 1)
            n = p->counts[p->values[k]];
        else
            n = sums->entries[k].number ? sums->entries[k].number - BIAS : 0;
        if (n < 0 || (uint64_t)n > rest)
            return 0;
        rest -= (uint64_t)n;
    }
    return rest == 0;
}

static int count_rows(Png *p, Bits *in)
{
    const size_t size = row_size(p), bits = num_samples(p->color, p->depth) * p->depth;
    const int has_padding = p->width * (uint64_t)bits % 8 != 0;
    if (!open_runs(&p->runs, size) ||
        !open_rows(&p->rows, size, bits < 8 ? 1 : bits / 8, p->height, has_padding))
        return 0;
    if (!inflate_rows(in, &p->codes, &p->runs, &p->rows))
        return 0;
    if (p->rows.width == 1)
        sum_counts(p);
    else if (!p->rows.sums.entries || p->rows.sums.used > MOST_DIFFERENT)
        return 0;
    return add_up(p);
}

int count_png(Png *p, const byte *data, size_t size, Limits limits)
{
    Bits in = {NULL, NULL, NULL, 0, 0, 0};
    p->palette = NULL;
    p->palette_size = 0;
    return read_header(p, data, size, size, limits) && read_chunks(p, data, size, &in) &&
           count_rows(p, &in);
}

typedef struct {
    Png *png;
    Limits limits;
} Reading;

static int is_worth_reading(const void *context, const byte *data, size_t size, uint64_t file_size)
{
    const Reading *reading = context;
    return read_header(reading->png, data, size, file_size, reading->limits);
}

int count_png_file(Png *p, const char *path, Limits limits)
{
    const Reading reading = {p, limits};
    return read_file(&p->content, path, LARGEST_FILE, is_worth_reading, &reading) &&
           count_png(p, p->content.data, p->content.size, limits);
}

void close_png(Png *p) { close_rows(&p->rows); }

void free_png(Png *p)
{
    if (!p)
        return;
    free_rows(&p->rows);
    free(p->runs.runs);
    free_content(&p->content);
    free(p);
}
