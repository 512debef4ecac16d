/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever an endpoint mapper may answer. The first byte says what was asked: 0 lookup,
 * 1 map, 2 and 3 one tower, and 4 more for a big-endian server.
 */
#include <stdlib.h>
#include <string.h>

#include "probes/rpc/epm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(void *data, const struct epm_endpoint *endpoint)
{
	uint32_t *visited = data;
	bool has_port = endpoint->transport == EPM_TCP ||
			endpoint->transport == EPM_UDP ||
			endpoint->transport == EPM_HTTP;
	if (has_port != (endpoint->port != 0))
		abort();
	if (!memchr(endpoint->annotation, '\0', sizeof endpoint->annotation))
		abort();
	for (const char *c = endpoint->annotation; *c; c++)
		if (*c < ' ' || *c > '~')
			abort();
	++*visited;
}

static void read_page(bool is_lookup, const uint8_t *stub, size_t size, bool big_endian)
{
	uint32_t visited = 0;
	struct epm_page page;
	int rc = (is_lookup ? epm_read_lookup : epm_read_map)(
		stub, size, big_endian, visit, &visited, &page);
	if (rc < 0 ? visited > 0 : visited + page.unreadable != page.entries)
		abort();
	if (rc == 0 && page.entries > EPM_MAX_ENTRIES)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct epm_endpoint endpoint;
	uint32_t visited = 0;

	if (size == 0)
		return 0;
	bool big_endian = data[0] & 4;
	switch (data[0] & 3) {
	case 0:
	case 1:
		read_page(!(data[0] & 1), data + 1, size - 1, big_endian);
		break;
	default:
		if (epm_read_tower(data + 1, size - 1, &endpoint))
			visit(&visited, &endpoint);
	}
	return 0;
}
