// SPDX-License-Identifier: GPL-2.0
/*
 * Restart: reading the image.
 *
 * The stream is hostile until proven otherwise: each record is checked against
 * the schema before its fields are looked at, nothing is allocated beyond what
 * its type allows, and not a byte is read beyond the trailer.
 */
#include <linux/bvec.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "internal.h"

/*
 * Records are small. So they are read ahead where what turns out to belong to
 * someone else can be given back, and up to the next page of the image: the
 * contents of pages begin there, and are not to be copied once more.
 */
static int ckpt_read_ahead(struct ckpt_ctx *ctx)
{
	size_t len = PAGE_SIZE - (ctx->pos & (PAGE_SIZE - 1));
	struct kvec kvec = { .iov_len = len };
	struct iov_iter iter;
	int ret;

	if (!ctx->ahead)
		ctx->ahead = kmalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	if (!ctx->ahead)
		return -ENOMEM;
	kvec.iov_base = ctx->ahead;
	iov_iter_kvec(&iter, ITER_DEST, &kvec, 1, len);
	ret = ckpt_file_io(ctx->file, &iter);
	ctx->ahead_at = 0;
	ctx->ahead_end = len - iov_iter_count(&iter);
	/* An error comes again when there is nothing left. */
	return ctx->ahead_end ? 0 : ret;
}

/**
 * ckpt_read_end - give back what has been read ahead
 * @ctx: restart context; nobody reads any more
 */
void ckpt_read_end(struct ckpt_ctx *ctx)
{
	bool lock = ctx->file->f_mode & FMODE_ATOMIC_POS;

	if (lock)
		mutex_lock(&ctx->file->f_pos_lock);
	ctx->file->f_pos -= ctx->ahead_end - ctx->ahead_at;
	if (lock)
		mutex_unlock(&ctx->file->f_pos_lock);
	ctx->ahead_at = ctx->ahead_end;
}

static int ckpt_file_read_some(struct ckpt_ctx *ctx, struct iov_iter *iter)
{
	size_t have = ctx->ahead_end - ctx->ahead_at, n;

	if (have) {
		n = copy_to_iter(ctx->ahead + ctx->ahead_at, have, iter);
		ctx->ahead_at += n;
		return n ? 0 : -EFAULT;
	}
	if (iov_iter_count(iter) < PAGE_SIZE &&
	    S_ISREG(file_inode(ctx->file)->i_mode) &&
	    (ctx->file->f_mode & FMODE_LSEEK))
		return ckpt_read_ahead(ctx);
	return ckpt_file_io(ctx->file, iter);
}

static int ckpt_file_read(struct ckpt_ctx *ctx, struct iov_iter *iter)
{
	size_t left;
	int ret = 0;

	while (!ret && iov_iter_count(iter)) {
		left = iov_iter_count(iter);
		ret = ckpt_file_read_some(ctx, iter);
		ctx->pos += left - iov_iter_count(iter);
	}
	if (ret == -EPIPE)
		return ckpt_err(ctx, NULL, ret, "the image ends early");
	return ret ? ckpt_err(ctx, current, ret, "cannot read the image") : 0;
}

static int ckpt_read_raw(struct ckpt_ctx *ctx, void *buf, size_t len)
{
	struct kvec kvec = { .iov_base = buf, .iov_len = len };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_DEST, &kvec, 1, len);
	return ckpt_file_read(ctx, &iter);
}

/**
 * ckpt_read - read bytes of the image
 * @ctx: restart context
 * @buf: where to
 * @len: how many
 *
 * Return: 0, -EPIPE when the image ends early, or what read(2) would have
 * failed with.
 */
int ckpt_read(struct ckpt_ctx *ctx, void *buf, size_t len)
{
	int ret = ckpt_read_raw(ctx, buf, len);

	if (!ret)
		xxh64_update(&ctx->hash, buf, len);
	return ret;
}

/**
 * ckpt_read_pages - read pages of the image
 * @ctx: restart context
 * @pages: where to
 * @nr: how many, CKPT_READ_PAGES at the most
 *
 * Return: 0 or a negative errno.
 */
int ckpt_read_pages(struct ckpt_ctx *ctx, struct page **pages, u32 nr)
{
	struct iov_iter iter;
	struct bio_vec *bvec;
	void *addr;
	u32 i;
	int ret;

	bvec = kmalloc_array(nr, sizeof(*bvec), GFP_KERNEL);
	if (!bvec)
		return -ENOMEM;
	for (i = 0; i < nr; i++)
		bvec_set_page(&bvec[i], pages[i], PAGE_SIZE, 0);
	iov_iter_bvec(&iter, ITER_DEST, bvec, nr, nr * PAGE_SIZE);
	ret = ckpt_file_read(ctx, &iter);
	for (i = 0; !ret && i < nr; i++) {
		addr = kmap_local_page(pages[i]);
		xxh64_update(&ctx->hash, addr, PAGE_SIZE);
		kunmap_local(addr);
	}
	kfree(bvec);
	if (!ret && fatal_signal_pending(current))
		ret = -EINTR;
	return ret;
}

/* How many of the addresses follow each other, so that one GUP can get them. */
static u32 ckpt_run(const u64 *addrs, u32 nr)
{
	u32 n = 1;

	while (n < nr && addrs[n] == addrs[n - 1] + PAGE_SIZE)
		n++;
	return n;
}

/**
 * ckpt_read_to_user - read pages of the image into an address space
 * @ctx: restart context
 * @mm: address space, which has private areas at @addrs
 * @addrs: page-aligned addresses
 * @nr: how many pages
 *
 * The pages go from the file to where they belong with one copy.
 *
 * Return: 0 or a negative errno.
 */
int ckpt_read_to_user(struct ckpt_ctx *ctx, struct mm_struct *mm,
		      const u64 *addrs, u32 nr)
{
	struct page **pages;
	u32 have, run;
	long got;
	int ret = 0;

	pages = kmalloc_array(CKPT_READ_PAGES, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		ret = -ENOMEM;

	while (nr && !ret) {
		run = min_t(u32, nr, CKPT_READ_PAGES);
		mmap_read_lock(mm);
		for (have = 0; have < run; have += got) {
			got = pin_user_pages_remote(mm, addrs[have],
						    ckpt_run(addrs + have,
							     run - have),
						    FOLL_WRITE | FOLL_FORCE,
						    pages + have, NULL);
			if (got <= 0) {
				ret = got ?: -EFAULT;
				break;
			}
		}
		mmap_read_unlock(mm);
		if (ret) {
			ckpt_err(ctx, NULL, ret, "cannot fill the page at %llx",
				 addrs[have]);
			goto unpin;
		}

		ret = ckpt_read_pages(ctx, pages, have);
unpin:
		unpin_user_pages_dirty_lock(pages, have, true);
		addrs += have;
		nr -= have;
		cond_resched();
	}
	kfree(pages);
	return ret;
}

static const struct ckpt_record *ckpt_read_hdr(struct ckpt_ctx *ctx,
					       struct ckpt_hdr *h)
{
	const struct ckpt_record *rec;
	int ret;

	ret = ckpt_read_raw(ctx, h, sizeof(*h));
	if (ret)
		return ERR_PTR(ret);
	/* The trailer is not part of what it sums up. */
	if (h->type != CKPT_HDR_TAIL)
		xxh64_update(&ctx->hash, h, sizeof(*h));
	ctx->nr_records++;

	if (h->len < sizeof(*h) || h->len % 8)
		return ERR_PTR(ckpt_err(ctx, NULL, -EINVAL,
					"record %u has length %u", h->type,
					h->len));
	rec = ckpt_record_find(h->type);
	if (!rec && !(h->type & CKPT_HDR_OPTIONAL))
		return ERR_PTR(ckpt_err(ctx, NULL, -EINVAL,
					"record type %u is unknown", h->type));
	if (rec && h->len < rec->size)
		return ERR_PTR(ckpt_err(ctx, NULL, -EINVAL,
					"%s record is too short: %u bytes",
					rec->name, h->len));
	if (rec && !rec->raw && h->len > rec->max_len)
		return ERR_PTR(ckpt_err(ctx, NULL, -EINVAL,
					"%s record is too long: %u bytes",
					rec->name, h->len));
	return rec;
}

static int ckpt_skip(struct ckpt_ctx *ctx, u32 len)
{
	void *buf = kmalloc(SZ_4K, GFP_KERNEL);
	int ret = 0;
	u32 n;

	if (!buf)
		return -ENOMEM;
	for (; !ret && len; len -= n) {
		n = min_t(u32, len, SZ_4K);
		ret = ckpt_read(ctx, buf, n);
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
	}
	kfree(buf);
	return ret;
}

static void *ckpt_read_body(struct ckpt_ctx *ctx, const struct ckpt_record *rec,
			    const struct ckpt_hdr *h)
{
	size_t len = rec->raw ? rec->size : h->len;
	const char *field = "";
	struct ckpt_hdr *full;
	int ret;

	full = kvmalloc(len, GFP_KERNEL_ACCOUNT);
	if (!full)
		return ERR_PTR(-ENOMEM);
	*full = *h;
	if (h->type == CKPT_HDR_TAIL)
		ret = ckpt_read_raw(ctx, full + 1, len - sizeof(*h));
	else
		ret = ckpt_read(ctx, full + 1, len - sizeof(*h));
	if (!ret && rec->check(full, &field))
		ret = ckpt_err(ctx, NULL, -EINVAL,
			       "%s record: field %s is not valid", rec->name,
			       field);
	if (ret) {
		kvfree(full);
		return ERR_PTR(ret);
	}
	return full;
}

static int ckpt_image_error(struct ckpt_ctx *ctx,
			    const struct ckpt_hdr_error *h)
{
	return ckpt_err(ctx, NULL, -EIO,
			"the checkpoint had failed with %d: %.*s", h->err,
			h->size ? (int)h->size - 1 : 0, h->text + 1);
}

/**
 * ckpt_next_record - read the next record, which must be of a type
 * @ctx: restart context
 * @type: CKPT_HDR_*
 *
 * Padding and unknown optional records on the way are skipped; objects on the
 * way are restored. Only the fixed part of a raw record is read.
 *
 * Return: the record, checked, to be freed with kvfree(), or an ERR_PTR.
 */
void *ckpt_next_record(struct ckpt_ctx *ctx, u32 type)
{
	const struct ckpt_record *rec, *want = ckpt_record_find(type);
	struct ckpt_hdr hdr, *h;
	int ret;

	for (;;) {
		if (fatal_signal_pending(current))
			return ERR_PTR(-EINTR);
		cond_resched();
		rec = ckpt_read_hdr(ctx, &hdr);
		if (IS_ERR(rec))
			return ERR_CAST(rec);
		if (!rec) {
			ret = ckpt_skip(ctx, hdr.len - sizeof(hdr));
			if (ret)
				return ERR_PTR(ret);
			continue;
		}
		if (hdr.type != type && hdr.type != CKPT_HDR_PAD &&
		    hdr.type != CKPT_HDR_ERROR && !rec->objtype)
			return ERR_PTR(ckpt_err(ctx, NULL, -EINVAL,
						"%s record where %s belongs",
						rec->name, want->name));
		h = ckpt_read_body(ctx, rec, &hdr);
		if (IS_ERR(h) || hdr.type == type)
			return h;

		if (hdr.type == CKPT_HDR_ERROR)
			ret = ckpt_image_error(ctx, (void *)h);
		else if (hdr.type == CKPT_HDR_PAD)
			ret = 0;
		else if (ctx->restoring) /* what it refers to stands earlier */
			ret = ckpt_err(ctx, NULL, -EINVAL,
				       "%s record inside another object",
				       rec->name);
		else
			ret = ckpt_obj_restore(ctx, rec, h);
		kvfree(h);
		if (ret)
			return ERR_PTR(ret);
	}
}

/**
 * ckpt_next_string - read the next record, which must be a string
 * @ctx: restart context
 *
 * Return: the text, to be freed with kfree(), or an ERR_PTR.
 */
char *ckpt_next_string(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_string *h = ckpt_next_record(ctx, CKPT_HDR_STRING);
	char *text;

	if (IS_ERR(h))
		return ERR_CAST(h);
	text = kmemdup_nul(h->text, h->size ? h->size - 1 : 0,
			   GFP_KERNEL_ACCOUNT);
	kvfree(h);
	return text ?: ERR_PTR(-ENOMEM);
}

/**
 * ckpt_read_tail - read the trailer and verify the image against it
 * @ctx: restart context
 *
 * Return: 0, or -EINVAL for a trailer that does not fit what was read.
 */
int ckpt_read_tail(struct ckpt_ctx *ctx)
{
	struct ckpt_hdr_tail *h = ckpt_next_record(ctx, CKPT_HDR_TAIL);
	int ret = 0;

	if (IS_ERR(h))
		return PTR_ERR(h);
	if (h->magic != CKPT_MAGIC_TAIL)
		ret = ckpt_err(ctx, NULL, -EINVAL, "bad magic in the trailer");
	else if (h->nr_records != ctx->nr_records)
		ret = ckpt_err(ctx, NULL, -EINVAL,
			       "%llu records, the trailer says %llu",
			       ctx->nr_records, h->nr_records);
	else if (h->size != ctx->pos)
		ret = ckpt_err(ctx, NULL, -EINVAL,
			       "%llu bytes, the trailer says %llu", ctx->pos,
			       h->size);
	else if (h->checksum != xxh64_digest(&ctx->hash))
		ret = ckpt_err(ctx, NULL, -EINVAL,
			       "the checksum does not match");
	kvfree(h);
	return ret;
}
