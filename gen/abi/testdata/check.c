// SPDX-License-Identifier: GPL-2.0
/*
 * Runs the kernel's record checks over a stream of { u32 size, record }, and
 * prints for each the name of the field that is refused, or "ok".
 */

#include <stdio.h>
#include <stdlib.h>

#include "records.h"

int main(void)
{
	u32 size;

	while (fread(&size, sizeof(size), 1, stdin) == 1) {
		const struct ckpt_record *rec;
		struct ckpt_hdr *h = malloc(size);
		const char *field = "ok";

		if (fread(h, size, 1, stdin) != 1)
			return 1;
		rec = ckpt_record_find(h->type);
		if (!rec)
			field = "unknown";
		else if (h->len > size && !rec->raw)
			field = "beyond";
		else
			rec->check(h, &field);
		puts(field);
		free(h);
	}
	return 0;
}
