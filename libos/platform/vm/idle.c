/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting for the outside world. */
#include "vm.h"

void plat_idle(uint64_t deadline)
{
    vm_stream_start();
    vm_halt(vm_stream_events() ? 0 : deadline);
    vm_stream_events();
}
