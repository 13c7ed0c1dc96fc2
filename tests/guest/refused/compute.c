/* SPDX-License-Identifier: Apache-2.0 */
/* The library of gpu.c. */
int compute(void);

int compute(void)
{
    return 42;
}
