/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever an SMB server may send: what is read is inside the bytes, and has words. */
#include <stdlib.h>

#include "probes/smb/smb2.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smb2_answer answer, shorter;
	ssize_t used = smb2_read_negotiate(data, size, &answer);

	if (used > (ssize_t)size || used > SMB2_ANSWER_MAX)
		abort();
	if (used == 0 && size >= SMB2_ANSWER_MAX)
		abort();
	if (used > 0 && answer.kind == SMB2_CHOSEN &&
		(!smb2_dialect_word(answer.dialect) || answer.status != 0))
		abort();
	if (used > 0 && answer.kind == SMB2_REFUSED && answer.status == 0)
		abort();
	/* More bytes never turn what can't be an answer into one, nor the reverse. */
	ssize_t before = smb2_read_negotiate(data, size / 2, &shorter);
	if (before != 0 && before != used)
		abort();
	return 0;
}
