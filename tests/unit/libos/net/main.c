/* SPDX-License-Identifier: Apache-2.0 */
#include "stub.h"

int main(int argc, char **argv)
{
    const struct test *const all[] = {tests_ipv4, tests_ipv6, tests_config};

    for (unsigned i = 0; i < ARRAY_SIZE(all) && argc == 2; i++)
        for (const struct test *t = all[i]; t->name; t++)
            if (strcmp(t->name, argv[1]) == 0) {
                t->run();
                return 0;
            }
    return 2;
}
