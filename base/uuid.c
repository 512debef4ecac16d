/* SPDX-License-Identifier: Apache-2.0 */
#include "base/uuid.h"

#include <stdio.h>
#include <string.h>

#include "base/quantity.h"

enum {
	TEXT_LENGTH = UUID_TEXT - 1
};

static bool is_dash_place(size_t at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Reads TEXT_LENGTH characters, of which none is NUL. */
static bool parse_digits(const char *text, struct uuid *uuid)
{
	size_t nibbles = 0;

	memset(uuid, 0, sizeof *uuid);
	for (size_t i = 0; i < TEXT_LENGTH; i++) {
		if (is_dash_place(i)) {
			if (text[i] != '-')
				return false;
			continue;
		}
		int value = digit(text[i]);
		if (value < 0)
			return false;
		uint8_t *byte = &uuid->bytes[nibbles / 2];
		*byte = (uint8_t)(*byte << 4 | value);
		nibbles++;
	}
	return true;
}

const char *uuid_format(const struct uuid *uuid, char *out)
{
	static const char digits[] = "0123456789abcdef";
	size_t nibbles = 0;

	for (size_t i = 0; i < TEXT_LENGTH; i++) {
		if (is_dash_place(i)) {
			out[i] = '-';
			continue;
		}
		uint8_t byte = uuid->bytes[nibbles / 2];
		out[i] = digits[nibbles % 2 ? byte & 15 : byte >> 4];
		nibbles++;
	}
	out[TEXT_LENGTH] = '\0';
	return out;
}

/* "1" or "1.0" */
static bool parse_version(const char *text, struct uuid_syntax *syntax)
{
	const char *dot = strchr(text, '.');
	size_t length = dot ? (size_t)(dot - text) : strlen(text);
	char major[8];
	uint64_t number;

	if (length >= sizeof major)
		return false;
	memcpy(major, text, length);
	major[length] = '\0';
	if (!number_parse(major, UINT16_MAX, &number))
		return false;
	syntax->major = (uint16_t)number;
	if (!dot)
		return true;
	if (!number_parse(dot + 1, UINT16_MAX, &number))
		return false;
	syntax->minor = (uint16_t)number;
	return true;
}

bool uuid_syntax_parse(const char *text, struct uuid_syntax *syntax)
{
	memset(syntax, 0, sizeof *syntax);
	if (strlen(text) < TEXT_LENGTH || !parse_digits(text, &syntax->uuid))
		return false;
	text += TEXT_LENGTH;
	syntax->any_version = *text == '\0';
	return syntax->any_version || (*text == '@' && parse_version(text + 1, syntax));
}

const char *uuid_syntax_format(const struct uuid_syntax *syntax, char *out)
{
	uuid_format(&syntax->uuid, out);
	if (!syntax->any_version)
		snprintf(out + TEXT_LENGTH, UUID_SYNTAX_TEXT - TEXT_LENGTH, "@%u.%u",
			(unsigned)syntax->major, (unsigned)syntax->minor);
	return out;
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Its own inverse. */
static void swap_fields(const uint8_t in[16], uint8_t out[16])
{
	static const uint8_t order[8] = {3, 2, 1, 0, 5, 4, 7, 6};

	for (size_t i = 0; i < sizeof order; i++)
		out[i] = in[order[i]];
	memcpy(out + 8, in + 8, 8);
}

void uuid_to_le(const struct uuid *uuid, uint8_t out[16])
{
	swap_fields(uuid->bytes, out);
}

void uuid_from_le(const uint8_t bytes[16], struct uuid *uuid)
{
	swap_fields(bytes, uuid->bytes);
}
