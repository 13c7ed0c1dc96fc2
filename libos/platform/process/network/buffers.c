/* SPDX-License-Identifier: Apache-2.0 */
/* The program's buffers for the host, which reads and writes them in place. */
#include "host_ports.h"
#include <u2k/uaccess.h>

void iter_skip(struct iter *it, size_t n)
{
    while (n) {
        size_t part = MIN(n, it->vec->len - it->offset);
        iter_advance(it, part);
        n -= part;
        if (n) {
            it->vec++;
            it->count--;
            it->offset = 0;
        }
    }
}

size_t iter_vectors(const struct iter *it, unsigned access, struct host_iovec *v, unsigned *count)
{
    struct iter rest = *it;
    size_t all = 0, n;
    void *at;
    for (*count = 0; *count < VECTORS && (n = iter_span(&rest, access, rest.left, &at)); ++*count) {
        v[*count] = (struct host_iovec){at, n};
        all += n;
        iter_skip(&rest, n);
    }
    return all;
}
