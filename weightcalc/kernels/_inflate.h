/* Inflates a stream into runs, which rows take. */

#ifndef WEIGHTCALC_INFLATE_H
#define WEIGHTCALC_INFLATE_H

#include "_codes.h"
#include "_rows.h"

/* Whether there is memory for runs, those of the last two rows included. */
int open_runs(Runs *runs, size_t row_size);

/* Whether the stream is whole (RFC 1950, 1951) and without a fault, and just that of the rows; and
 * has runs that are long enough for this to be quicker than to make its bytes. */
int inflate_rows(Bits *in, Codes *codes, Runs *runs, Rows *rows);

#endif
