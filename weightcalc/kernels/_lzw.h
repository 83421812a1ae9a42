/* LZW as TIFF has it: a strip or a tile to its bytes. */

#ifndef WEIGHTCALC_LZW_H
#define WEIGHTCALC_LZW_H

#include "_bytes.h"

/* Decodes until there are `size` bytes, an end code, no whole code any more, or a code that has no
 * meaning. Returns the number of bytes; `wrong` gets the code without meaning, or -1. */
size_t decode_lzw(const byte *data, size_t data_size, byte *bytes, size_t size, int *wrong);

#endif
