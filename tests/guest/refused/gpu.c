/* SPDX-License-Identifier: Apache-2.0 */
/* Asks a library for a computation; tests link it with what has the name of a GPU's library, or of another. */
extern int compute(void);

int main(void)
{
    return compute() - 42;
}
