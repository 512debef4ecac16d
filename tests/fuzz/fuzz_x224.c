/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever an RDP server may send: what is read is inside the bytes, and has words. */
#include <stdlib.h>

#include "probes/rdp/x224.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct x224_answer answer, shorter;
	ssize_t used = x224_read_confirm(data, size, &answer);

	if (used > (ssize_t)size || used > X224_ANSWER_MAX)
		abort();
	if (used == 0 && size >= X224_ANSWER_MAX)
		abort();
	if (used > 0 && answer.kind != X224_FAILED && !x224_protocol_word(answer.value))
		abort();
	/* More bytes never turn what can't be an answer into one, nor the reverse. */
	ssize_t before = x224_read_confirm(data, size / 2, &shorter);
	if (before != 0 && before != used)
		abort();
	return 0;
}
