/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strbuf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/size.h"

void strbuf_init(struct strbuf *buf)
{
	*buf = (struct strbuf){0};
}

/* Room for `more` bytes and the NUL. */
static bool reserve(struct strbuf *buf, size_t more)
{
	size_t need, doubled;
	if (buf->failed)
		return false;
	if (!size_add(buf->length, more, &need) || !size_add(need, 1, &need))
		goto failed;
	if (need <= buf->capacity)
		return true;
	if (!size_mul(buf->capacity, 2, &doubled) || doubled < need)
		doubled = need < 64 ? 64 : need;
	char *text = realloc(buf->text, doubled);
	if (!text)
		goto failed;
	buf->text = text;
	buf->capacity = doubled;
	return true;
failed:
	buf->failed = true;
	return false;
}

void strbuf_add(struct strbuf *buf, const char *text, size_t length)
{
	if (!reserve(buf, length))
		return;
	if (length)
		memcpy(buf->text + buf->length, text, length);
	buf->length += length;
	buf->text[buf->length] = '\0';
}

void strbuf_adds(struct strbuf *buf, const char *text)
{
	strbuf_add(buf, text, strlen(text));
}

void strbuf_addf(struct strbuf *buf, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	if (length < 0) {
		buf->failed = true;
	} else if (reserve(buf, (size_t)length)) {
		vsnprintf(buf->text + buf->length, (size_t)length + 1, format, again);
		buf->length += (size_t)length;
	}
	va_end(again);
	va_end(args);
}

void strbuf_reset(struct strbuf *buf)
{
	buf->length = 0;
	buf->failed = false;
	if (buf->text)
		buf->text[0] = '\0';
}

char *strbuf_take(struct strbuf *buf)
{
	strbuf_add(buf, "", 0);
	char *text = buf->text;
	if (buf->failed) {
		free(text);
		text = NULL;
	}
	strbuf_init(buf);
	return text;
}

void strbuf_fini(struct strbuf *buf)
{
	free(buf->text);
	strbuf_init(buf);
}
