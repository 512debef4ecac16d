/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/sweep/ports.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DUE 0x80

static uint32_t common_divisor(uint32_t a, uint32_t b)
{
	while (b != 0) {
		uint32_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* The golden section, whose multiples keep the largest gaps small, or the next number
 * above it that visits every port. */
static uint32_t choose_stride(uint32_t count)
{
	uint32_t stride = (uint32_t)((uint64_t)count * 618 / 1000);
	if (stride == 0)
		stride = 1;
	while (common_divisor(stride, count) != 1)
		stride++;
	return stride;
}

int sweep_ports_init(
	struct sweep_ports *ports, const struct port_set *set, uint64_t salt)
{
	ports->set = set;
	ports->count = ports_count(set);
	assert(ports->count > 0);
	ports->due = ports->count;
	ports->at = (uint32_t)(salt % ports->count);
	ports->stride = choose_stride(ports->count);
	ports->bytes = malloc(ports->count);
	if (!ports->bytes)
		return -ENOMEM;
	memset(ports->bytes, DUE | STATE_NONE, ports->count);
	return 0;
}

void sweep_ports_fini(struct sweep_ports *ports)
{
	free(ports->bytes);
	ports->bytes = NULL;
}

uint32_t sweep_ports_next(struct sweep_ports *ports)
{
	assert(ports->due > 0);
	for (;;) {
		uint32_t index = ports->at;
		ports->at = (ports->at + ports->stride) % ports->count;
		if (ports->bytes[index] & DUE) {
			ports->bytes[index] &= (uint8_t)~DUE;
			ports->due--;
			return index;
		}
	}
}

void sweep_ports_put_back(struct sweep_ports *ports, uint32_t index)
{
	assert(!(ports->bytes[index] & DUE));
	ports->bytes[index] |= DUE;
	ports->due++;
}

void sweep_ports_set(struct sweep_ports *ports, uint32_t index, enum probe_state state)
{
	assert(!(ports->bytes[index] & DUE));
	ports->bytes[index] = (uint8_t)state;
}

enum probe_state sweep_ports_state(const struct sweep_ports *ports, uint32_t index)
{
	return ports->bytes[index] & (uint8_t)~DUE;
}

uint32_t sweep_ports_renew(struct sweep_ports *ports)
{
	assert(ports->due == 0);
	for (uint32_t i = 0; i < ports->count; i++) {
		if (ports->bytes[i] != STATE_FILTERED)
			continue;
		ports->bytes[i] |= DUE;
		ports->due++;
	}
	return ports->due;
}
