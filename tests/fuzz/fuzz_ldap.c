/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a directory may send: what is read is inside the bytes, and texts are short,
 * printable UTF-8. */
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "probes/ldap/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char text[LDAP_TEXT])
{
	size_t left = strnlen(text, LDAP_TEXT);

	if (left == LDAP_TEXT)
		abort();
	while (left > 0) {
		uint32_t code;
		size_t length = utf8_read(text, left, &code);
		if (length == 0 || !utf8_is_printable(code))
			abort();
		text += length;
		left -= length;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ldap_message message;

	while (size > 0) {
		ssize_t used = ldap_read(data, size, &message);
		if (used > (ssize_t)size || used > LDAP_MESSAGE_MAX)
			abort();
		if (used == 0 && size >= LDAP_MESSAGE_MAX)
			abort();
		/* More bytes never turn what can't be a message into one. */
		ssize_t before = ldap_read(data, size / 2, &message);
		if (before != 0 && before != used)
			abort();
		if (used <= 0)
			break;
		ldap_read(data, size, &message);
		check_text(message.text);
		check_text(message.default_naming_context);
		check_text(message.dns_host_name);
		data += used;
		size -= (size_t)used;
	}
	return 0;
}
