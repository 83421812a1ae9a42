/* Adds up what masks hold, so that small ones need not be looked at one by one. */

#ifndef WEIGHTCALC_TOGETHER_H
#define WEIGHTCALC_TOGETHER_H

#include "_png.h"

/* What a value is: the class of its number, or ignored. Whoever calls deals with the others. */
enum { IS_CLASS = 1, IS_IGNORED = 2 };

/* Of all masks that hold a value: its pixels, and all of theirs, with and without ignored ones. */
typedef struct {
    int64_t pixels, masks, mask_pixels, labelled_mask_pixels;
} ValueSums;

typedef struct {
    int64_t masks, pixels, ignored;
    ValueSums values[256];
} Together;

/* Whether a mask that was counted is added: a grey one of up to 8 bits, all values of which are
 * something by `roles`. There must be no more than 2^62 pixels before it. */
int add_mask(Together *together, const Png *png, const byte roles[256]);

#endif
