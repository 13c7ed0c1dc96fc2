/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest program that says something: what is measured is what is around it. */
#include <stdio.h>

int main(void)
{
    puts("hello");
    return 0;
}
