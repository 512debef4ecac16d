/* SPDX-License-Identifier: Apache-2.0 */
/* Names with wildcards, as people write them: "rdls*.corp.example", "rpc/?". */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <stdbool.h>

/* True when the whole text is what the pattern says: `*` is any run of bytes, also
 * none, `?` is one byte, everything else is itself, ASCII case ignored. Takes time in
 * the product of both lengths at worst, and no memory. */
bool pattern_matches(const char *pattern, const char *text);

#endif
