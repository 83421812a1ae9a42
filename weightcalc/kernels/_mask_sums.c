#include "_mask_sums.h"

/* Ignored pixels; -1 if some value is neither a class nor ignored. */
static int64_t ignored_pixels(const Png *png, const byte roles[256])
{
    int64_t ignored = 0;
    for (unsigned k = 0; k < png->num_values; k++) {
        const byte value = png->values[k];
        if (roles[value] == IS_IGNORED)
            ignored += png->counts[value];
        else if (roles[value] != IS_CLASS)
            return -1;
    }
    return ignored;
}

int add_mask(MaskSums *sums, const Png *png, const byte roles[256])
{
    if (png->color != GREY || png->depth > 8)
        return 0;
    const int64_t pixels = (int64_t)png->width * png->height, ignored = ignored_pixels(png, roles);
    if (ignored < 0)
        return 0;
    for (unsigned k = 0; k < png->num_values; k++) {
        ValueSums *of_value = &sums->values[png->values[k]];
        of_value->pixels += png->counts[png->values[k]];
        of_value->masks++;
        of_value->mask_pixels += pixels;
        of_value->labelled_mask_pixels += pixels - ignored;
    }
    sums->masks++;
    sums->pixels += pixels;
    sums->ignored += ignored;
    return 1;
}
