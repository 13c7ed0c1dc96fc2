/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Internet checksum (RFC 1071). One's complement sums do not care about the width of what is added, nor
 * about byte order, so words of 64 bits are added and the carry comes back in.
 */
#include <u2k/packet.h>
#include <u2k/string.h>

typedef uint64_t __attribute__((may_alias, aligned(1))) word_t;

static inline uint64_t add(uint64_t sum, uint64_t word)
{
    sum += word;
    return sum + (sum < word);
}

static uint16_t fold(uint64_t sum)
{
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & UINT32_MAX) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t)sum;
}

uint16_t checksum(const void *at, size_t n, uint32_t start)
{
    const uint8_t *p = at;
    unsigned __int128 sum = start; /* carries gather in the upper half: two instructions a word */

    for (; n >= 64; n -= 64, p += 64) {
        const word_t *w = (const word_t *)(const void *)p;
        sum += w[0];
        sum += w[1];
        sum += w[2];
        sum += w[3];
        sum += w[4];
        sum += w[5];
        sum += w[6];
        sum += w[7];
    }
    for (; n >= 8; n -= 8, p += 8)
        sum += *(const word_t *)(const void *)p;
    if (n) {
        uint64_t last = 0;
        memcpy(&last, p, n);
        sum += last;
    }
    return fold(add((uint64_t)sum, (uint64_t)(sum >> 64)));
}

/* Sums of pieces are put together; one that starts at an odd place has its bytes the other way round. */
struct running {
    uint32_t sum;
    bool odd;
};

static void add_piece(struct running *r, const uint8_t *at, size_t n)
{
    uint16_t piece = checksum(at, n, 0);

    r->sum += r->odd ? swap16(piece) : piece;
    r->sum = (r->sum & 0xffff) + (r->sum >> 16);
    r->odd ^= n & 1;
}

uint16_t packet_checksum(const struct packet *p, size_t offset, uint32_t sum)
{
    if (LIKELY(!p->next && !p->slice_count && offset <= p->len))
        return checksum(p->data + offset, p->len - offset, sum);

    struct running r = {.sum = fold(sum)};
    for (const struct packet *b = p; b; b = b->next) {
        size_t skip = MIN((size_t)b->len, offset);
        offset -= skip;
        add_piece(&r, b->data + skip, b->len - skip);
    }
    for (unsigned i = 0; i < p->slice_count; i++) {
        size_t skip = MIN((size_t)p->slices[i].len, offset);
        offset -= skip;
        add_piece(&r, p->slices[i].at + skip, p->slices[i].len - skip);
    }
    return fold(r.sum);
}

uint16_t checksum_pseudo(const struct ip_addr *src, const struct ip_addr *dst, uint8_t protocol,
                         uint32_t len)
{
    uint64_t sum = (uint64_t)net16(protocol);

    if (ip_is_v4(dst)) {
        sum += (uint64_t)src->words[3] + dst->words[3] + net16(len);
    } else {
        sum = add(sum, net32(len));
        sum = add(sum, src->halves[0]);
        sum = add(sum, src->halves[1]);
        sum = add(sum, dst->halves[0]);
        sum = add(sum, dst->halves[1]);
    }
    return fold(sum);
}

void packet_finish_checksum(struct packet *p)
{
    uint8_t *at = p->csum_start + p->csum_offset;
    uint16_t sum = packet_checksum(p, (size_t)(p->csum_start - p->data), 0);

    sum = (uint16_t)~sum;
    /* UDP keeps 0 for "no checksum"; all ones are the same number (RFC 768). TCP and ICMP do not mind. */
    if (!sum)
        sum = 0xffff;
    put_raw16(at, sum);
    p->flags &= (uint16_t)~PACKET_SUM_WANTED;
}
