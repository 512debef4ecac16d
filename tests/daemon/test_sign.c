/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "daemon/notify/sign.h"

static void check(
	const char *key, size_t key_length, const char *body, const char *wanted)
{
	char text[SIGN_TEXT];

	assert_int_equal(
		sign_body(key, key_length, body, strlen(body), text, sizeof text), 0);
	assert_string_equal(text, wanted);
}

/* RFC 4231, test cases 1, 2 and 6. */
static void the_vectors_of_rfc_4231_hold(void **state)
{
	char ones[20], big[131];

	(void)state;
	memset(ones, 0x0b, sizeof ones);
	memset(big, 0xaa, sizeof big);
	check(ones, sizeof ones, "Hi There",
		"sha256="
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	check("Jefe", 4, "what do ya want for nothing?",
		"sha256="
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	check(big, sizeof big, "Test Using Larger Than Block-Size Key - Hash Key First",
		"sha256="
		"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_rfc_4231_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
