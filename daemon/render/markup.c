/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/render/markup.h"

#include "daemon/render/visible.h"

void markup_add(struct strbuf *out, const char *text)
{
	struct strbuf shown;

	strbuf_init(&shown);
	visible_add(&shown, text, false);
	for (size_t i = 0; i < shown.length; i++) {
		switch (shown.text[i]) {
		case '&':
			strbuf_adds(out, "&amp;");
			break;
		case '<':
			strbuf_adds(out, "&lt;");
			break;
		case '>':
			strbuf_adds(out, "&gt;");
			break;
		case '"':
			strbuf_adds(out, "&quot;");
			break;
		default:
			strbuf_add(out, shown.text + i, 1);
		}
	}
	out->failed |= shown.failed;
	strbuf_fini(&shown);
}
