/* Adds up what masks hold, so that small ones need not be looked at one by one. */

#ifndef WEIGHTCALC_MASK_SUMS_H
#define WEIGHTCALC_MASK_SUMS_H

#include "_png.h"

/* What a value is: the class of its number, or ignored. Whoever calls deals with all others. */
enum { IS_CLASS = 1, IS_IGNORED = 2 };

/* Of all masks that hold a value: its pixels, and all of theirs, with and without ignored ones. */
typedef struct {
    int64_t pixels, masks, mask_pixels, labelled_mask_pixels;
} ValueSums;

/* Files of 32 MiB have below 2^39 pixels, so that no sum of some hundred masks can overflow. */
typedef struct {
    int64_t masks, pixels, ignored;
    ValueSums values[256];
} MaskSums;

/* Whether a mask that was counted is added: a grey one of up to 8 bits, all of whose values are
 * something by `roles`. */
int add_mask(MaskSums *sums, const Png *png, const byte roles[256]);

#endif
