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

/* The symbols that have a code: how many there are of each length, and all of them in the order of
 * their codes, which are numbers that follow each other (3.2.2). */
typedef struct {
    unsigned number[16], longest;
    unsigned space; /* how much of the 2**15 longest codes they take */
    uint16_t symbols[NUM_SYMBOLS];
} Order;

/* The symbols that have a code, and how many they are. Which have one cannot be foreseen, so it is
 * no branch. */
static unsigned find_symbols(uint16_t *found, const byte *lengths, unsigned num)
{
    unsigned n = 0;
    for (unsigned k = 0; k < num; k++) {
        found[n] = (uint16_t)k;
        n += lengths[k] != 0;
    }
    return n;
}

static void sort_symbols(Order *o, const byte *lengths, unsigned num)
{
    uint16_t found[NUM_SYMBOLS];
    unsigned next[16], before = 0;
    const unsigned n = find_symbols(found, lengths, num);
    memset(o, 0, offsetof(Order, symbols));
    for (unsigned k = 0; k < n; k++)
        o->number[lengths[found[k]]]++;
    for (unsigned length = 1; length <= LONGEST_CODE; before += o->number[length++]) {
        o->space += o->number[length] << (LONGEST_CODE - length);
        o->longest = o->number[length] ? length : o->longest;
        next[length] = before;
    }
    for (unsigned k = 0; k < n; k++)
        o->symbols[next[lengths[found[k]]]++] = found[k];
}

/* The entry of a symbol with a code of so many bits. */
static uint32_t with_code(uint32_t entry, unsigned length) { return entry + (length << 8) + length; }

typedef struct {
    uint32_t *table;
    unsigned bits, longest;
    uint32_t used; /* entries that are taken, those of subtables included */
} Table;

/* A code that is longer than the index of the table. */
static void add_long_code(Table *t, unsigned code, unsigned length, uint32_t entry)
{
    const unsigned more = t->longest - t->bits;
    uint32_t *head = &t->table[code & ((1u << t->bits) - 1)];
    if (!*head) {
        *head = t->used << 16 | SUBTABLE | more;
        t->used += 1u << more;
    }
    for (code >>= t->bits; code < 1u << more; code += 1u << (length - t->bits))
        t->table[(*head >> 16) + code] = entry;
}

/* Begins with a table of one entry, and makes it twice as long for each bit, so that codes of so
 * many bits have one entry each. */
static void fill_table(Table *t, const Order *o, const uint32_t *entries)
{
    unsigned code = 0;
    const uint16_t *symbol = o->symbols;
    for (unsigned length = 1; length <= o->longest || length <= t->bits; length++, code <<= 1) {
        const size_t half = (size_t)1 << (length - 1);
        if (length <= t->bits)
            memcpy(t->table + half, t->table, half * sizeof *t->table);
        for (unsigned k = 0; k < o->number[length]; k++, symbol++) {
            const uint32_t entry = with_code(entries[*symbol], length);
            if (length <= t->bits)
                t->table[mirrored(code++, length)] = entry;
            else
                add_long_code(t, mirrored(code++, length), length, entry);
        }
    }
}

/* Codes must take all their space, or some bits would mean nothing. As with zlib, a single code
 * of one bit will do where `lenient`, and for distances, of which there may be none. */
static int make_table(uint32_t *table, unsigned bits, const byte *lengths,
                      unsigned num, const uint32_t *entries, int lenient)
{
    Order order;
    const unsigned all = 1u << LONGEST_CODE;
    sort_symbols(&order, lengths, num);
    if (order.space > all || (order.space < all && (!lenient || order.longest > 1)))
        return 0;
    Table t = {table, bits, order.longest, 1u << bits};
    table[0] = order.space < all ? with_code(WRONG, 1) : 0;
    fill_table(&t, &order, entries);
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
