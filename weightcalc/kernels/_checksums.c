#include "_checksums.h"

static uint32_t after[8][256]; /* [k][b]: the CRC of byte b and then k bytes of 0 */

void prepare_crc32(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        after[0][b] = b;
        for (int bit = 0; bit < 8; bit++)
            after[0][b] = after[0][b] >> 1 ^ (after[0][b] & 1) * 0xedb88320u;
    }
    for (int k = 1; k < 8; k++)
        for (int b = 0; b < 256; b++)
            after[k][b] = after[k - 1][b] >> 8 ^ after[0][after[k - 1][b] & 255];
}

uint32_t crc32_of(const byte *p, size_t n)
{
    uint32_t crc = ~0u;
    for (; n >= 8; n -= 8, p += 8) {
        const uint64_t word = load(p, 8) ^ crc;
        crc = 0;
        for (int k = 0; k < 8; k++)
            crc ^= after[7 - k][word >> 8 * k & 255];
    }
    for (; n; n--)
        crc = crc >> 8 ^ after[0][(crc ^ *p++) & 255];
    return ~crc;
}
