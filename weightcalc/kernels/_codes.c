#include "_codes.h"

enum { CODE_BITS = 7, NUM_CODES = 19 }; /* of the code for lengths of codes */

/* What each symbol stands for, without the bits of its code. */
static uint32_t symbol_entries[NUM_SYMBOLS], distance_entries[NUM_DISTANCES];
static uint32_t code_entries[NUM_CODES];

/* Values that follow each other; after the first `plain` ones, each `group` has one extra bit
 * more than the group before. 3.2.5 */
static void make_values(uint32_t *entries, unsigned num, unsigned value, unsigned plain, unsigned group)
{
    for (unsigned k = 0; k < num; k++) {
        const unsigned extra = k < plain ? 0 : (k - plain) / group + 1;
        entries[k] = value << 16 | extra;
        value += 1u << extra;
    }
}

void prepare_codes(void)
{
    for (unsigned k = 0; k < 256; k++)
        symbol_entries[k] = k << 16 | LITERAL;
    symbol_entries[256] = END;
    make_values(symbol_entries + 257, 28, 3, 8, 4);
    symbol_entries[285] = 258u << 16;
    symbol_entries[286] = symbol_entries[287] = WRONG;
    make_values(distance_entries, 30, 1, 4, 2);
    distance_entries[30] = distance_entries[31] = WRONG;
    for (unsigned k = 0; k < NUM_CODES; k++)
        code_entries[k] = k << 16;
}

/* A code as it comes: its highest bit first, where the lowest one is taken first. */
static unsigned mirrored(unsigned code, unsigned length)
{
    code = (code & 0x5555) << 1 | (code >> 1 & 0x5555);
    code = (code & 0x3333) << 2 | (code >> 2 & 0x3333);
    code = (code & 0x0f0f) << 4 | (code >> 4 & 0x0f0f);
    code = (code & 0x00ff) << 8 | code >> 8;
    return code >> (16 - length);
}

/* How many codes there are of each length, and the first one of each (3.2.2). Returns how much
 * of the space of 2**15 codes they take. */
static unsigned first_codes(const byte *lengths, unsigned num, unsigned number[16], unsigned next[16])
{
    unsigned space = 0, code = 0;
    memset(number, 0, 16 * sizeof *number);
    for (unsigned k = 0; k < num; k++)
        number[lengths[k]]++;
    number[0] = 0;
    for (unsigned length = 1; length <= LONGEST_CODE; length++) {
        space += number[length] << (LONGEST_CODE - length);
        next[length] = code = (code + number[length - 1]) << 1;
    }
    return space;
}

typedef struct {
    uint32_t *table;
    unsigned bits, longest;
    uint32_t used; /* entries that are taken, those of subtables included */
} Table;

/* The entry of a symbol with a code of so many bits. */
static uint32_t with_code(uint32_t entry, unsigned length) { return entry + (length << 8) + length; }

static void add_code(Table *t, unsigned code, unsigned length, uint32_t entry)
{
    entry = with_code(entry, length);
    if (length <= t->bits) {
        for (; code < 1u << t->bits; code += 1u << length)
            t->table[code] = entry;
        return;
    }
    const unsigned more = t->longest - t->bits;
    uint32_t *head = &t->table[code & ((1u << t->bits) - 1)];
    if (!*head) {
        *head = t->used << 16 | SUBTABLE | more;
        t->used += 1u << more;
    }
    length -= t->bits;
    for (code >>= t->bits; code < 1u << more; code += 1u << length)
        t->table[(*head >> 16) + code] = entry;
}

/* Codes must take all their space, or some bits would mean nothing. As with zlib, a single code
 * of one bit will do where `lenient`, and for distances, of which there may be none. */
static int make_table(uint32_t *table, unsigned bits, const byte *lengths,
                      unsigned num, const uint32_t *entries, int lenient)
{
    unsigned number[16], next[16], longest = LONGEST_CODE;
    const unsigned all = 1u << LONGEST_CODE, space = first_codes(lengths, num, number, next);
    while (longest && !number[longest])
        longest--;
    if (space > all || (space < all && (!lenient || longest > 1)))
        return 0;
    if (space < all)
        for (unsigned k = 0; k < 1u << bits; k++)
            table[k] = with_code(WRONG, 1);
    else if (longest > bits) /* else all entries will be set */
        memset(table, 0, sizeof *table << bits);
    Table t = {table, bits, longest, 1u << bits};
    for (unsigned k = 0; k < num; k++)
        if (lengths[k])
            add_code(&t, mirrored(next[lengths[k]]++, lengths[k]), lengths[k], entries[k]);
    return 1;
}

static int make_tables(Codes *codes, unsigned num_symbols, unsigned num_distances)
{
    const byte *lengths = codes->lengths;
    return make_table(codes->symbols, SYMBOL_BITS, lengths, num_symbols,
                      symbol_entries, 1) &&
           make_table(codes->distances, DISTANCE_BITS, lengths + num_symbols,
                      num_distances, distance_entries, 1);
}

/* Lengths of codes, which are packed by a code of their own (3.2.7). */
static int read_lengths(byte *lengths, unsigned num, Bits *in, const uint32_t *table)
{
    for (unsigned k = 0; k < num;) {
        fill_bits(in);
        const uint32_t entry = find_entry(table, CODE_BITS, in->word);
        const unsigned symbol = entry >> 16;
        drop_bits(in, bits_of(entry));
        unsigned times = 1, length = symbol;
        if (symbol == 16) {
            if (k == 0)
                return 0;
            length = lengths[k - 1];
            times = 3 + take_bits(in, 2);
        } else if (symbol > 16) {
            length = 0;
            times = symbol == 17 ? 3 + take_bits(in, 3) : 11 + take_bits(in, 7);
        }
        if (times > num - k || is_overdrawn(in))
            return 0;
        memset(lengths + k, (int)length, times);
        k += times;
    }
    return 1;
}

int read_codes(Codes *codes, Bits *in)
{
    static const byte order[NUM_CODES] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                          11, 4,  12, 3, 13, 2, 14, 1, 15};
    uint32_t table[1 << CODE_BITS];
    byte lengths[NUM_CODES] = {0};
    codes->are_fixed = 0;
    fill_bits(in);
    const unsigned num_symbols = take_bits(in, 5) + 257, num_distances = take_bits(in, 5) + 1;
    const unsigned num_codes = take_bits(in, 4) + 4;
    if (num_symbols > 286 || num_distances > 30)
        return 0;
    for (unsigned k = 0; k < num_codes; k++) {
        fill_bits(in);
        lengths[order[k]] = (byte)take_bits(in, 3);
    }
    return make_table(table, CODE_BITS, lengths, NUM_CODES, code_entries, 0) &&
           read_lengths(codes->lengths, num_symbols + num_distances, in, table) &&
           codes->lengths[256] && /* or the block could not end */
           make_tables(codes, num_symbols, num_distances);
}

void set_fixed_codes(Codes *codes)
{
    if (codes->are_fixed)
        return;
    memset(codes->lengths, 8, 144);
    memset(codes->lengths + 144, 9, 112);
    memset(codes->lengths + 256, 7, 24);
    memset(codes->lengths + 280, 8, 8);
    memset(codes->lengths + NUM_SYMBOLS, 5, NUM_DISTANCES);
    make_tables(codes, NUM_SYMBOLS, NUM_DISTANCES);
    codes->are_fixed = 1;
}
