/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMB 2's first exchange over direct TCP: a NEGOTIATE request and what answers it.
 * Pure: bytes in, structs out. Source: [MS-SMB2] 2.1 (the 4-byte header of the
 * transport), 2.2.1.2, 2.2.2, 2.2.3, 2.2.4; the multi-protocol request is 3.2.4.2.2.1
 * with [MS-CIFS] 2.2.3.1 and 2.2.4.52.1.
 */
#ifndef PROBES_SMB2_H
#define PROBES_SMB2_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	SMB2_GUID_SIZE = 16,
	SMB2_SALT_SIZE = 32,
	SMB2_REQUEST_SIZE = 162, /* of smb2_write_negotiate() */
	SMB2_MULTI_SIZE = 61,    /* of smb2_write_multi_protocol() */
	SMB2_ANSWER_MAX = 16384, /* of a message, the transport's header included */
	SMB2_DIALECT_WILDCARD = 0x2ff, /* "some SMB 2": an answer to the multi-protocol
					  request alone */
};

enum smb2_kind {
	SMB2_CHOSEN,  /* dialect, signing_required */
	SMB2_REFUSED, /* status */
	SMB2_IS_SMB1, /* answered in SMB 1 */
};

struct smb2_answer {
	enum smb2_kind kind;
	uint16_t dialect;
	bool signing_required, signing_enabled;
	uint32_t status; /* NTSTATUS */
};

/*
 * Writes a request for the dialects 2.0.2 to 3.1.1. `guid` names the client, `salt`
 * goes into the preauthentication context that 3.1.1 must have; both should be random.
 */
void smb2_write_negotiate(uint8_t out[SMB2_REQUEST_SIZE],
	const uint8_t guid[SMB2_GUID_SIZE], const uint8_t salt[SMB2_SALT_SIZE]);

/*
 * Writes the request in SMB 1 that names no dialect but those of SMB 2: a server of
 * SMB 2 answers with that, one of SMB 1 alone says in its own words that it knows none.
 */
void smb2_write_multi_protocol(uint8_t out[SMB2_MULTI_SIZE]);

/*
 * Reads the answer to either: how many bytes it takes, with *answer; 0: more bytes are
 * needed; -EPROTO: these can't become one. Never waits for more than SMB2_ANSWER_MAX.
 */
ssize_t smb2_read_negotiate(
	const uint8_t *data, size_t size, struct smb2_answer *answer);

/* "3.1.1", ..., "2.?" for SMB2_DIALECT_WILDCARD; NULL when there is none. Static. */
const char *smb2_dialect_word(uint16_t dialect);

/* "STATUS_NOT_SUPPORTED", ...; NULL for most ([MS-ERREF] 2.3.1). Static. */
const char *smb2_status_word(uint32_t status);

#endif
