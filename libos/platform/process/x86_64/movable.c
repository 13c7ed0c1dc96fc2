/* SPDX-License-Identifier: Apache-2.0 */
/* Which instructions a trampoline can have: lengths by Intel SDM volume 2, chapter 2. What follows calls in
 * practice, or stands before them, is a comparison, a move or a test; all else is not known here. */
#include "fast.h"

/* Bytes of ModRM, SIB and displacement; 0 where the operand depends on where the instruction is. */
static unsigned operand_size(const uint8_t *p)
{
    unsigned mode = p[0] >> 6, base = p[0] & 7, n = 1;

    if (mode == 3)
        return 1;
    if (mode == 0 && base == 5)
        return 0;
    if (base == 4)
        n += mode == 0 && (p[1] & 7) == 5 ? 5 : 1;
    return n + (mode == 1 ? 1 : mode == 2 ? 4 : 0);
}

unsigned code_movable(const uint8_t *code)
{
    const uint8_t *p = code;
    bool wide = false;
    unsigned immediate = 0, operand;

    if ((*p & 0xf0) == 0x40)
        wide = *p++ & 8;
    uint8_t op = *p++;
    switch (op) {
    case 0x05:
    case 0x0d:
    case 0x25:
    case 0x2d:
    case 0x35:
    case 0x3d:
    case 0xa9: return (unsigned)(p - code) + 4; /* on rax, with 32 bits */
    case 0xb8 ... 0xbf: return (unsigned)(p - code) + (wide ? 8 : 4);
    case 0x81: immediate = 4; break;
    case 0x83:
    case 0xc1: immediate = 1; break;
    case 0xc7: /* /0 is a move */
        if (*p & 0x38)
            return 0;
        immediate = 4;
        break;
    case 0xf7: /* TEST, and those without an immediate operand */
        immediate = (*p & 0x30) ? 0 : 4;
        break;
    case 0x0f:
        op = *p++;
        if (op != 0x1f && (op & 0xf0) != 0x40 && op != 0xb6 && op != 0xb7 && op != 0xbe &&
            op != 0xbf)
            return 0; /* NOP, CMOVcc, MOVZX, MOVSX */
        break;
    default: /* arithmetic between registers and memory, MOVSXD, TEST, MOV, LEA */
        if (!((op < 0x40 && (op & 7) < 4 && (op & 1)) || op == 0x63 || op == 0x85 || op == 0x89 ||
              op == 0x8b || (op == 0x8d && *p < 0xc0)))
            return 0;
    }
    operand = operand_size(p);
    return operand ? (unsigned)(p - code) + operand + immediate : 0;
}
