// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint: the image object.
 *
 * Capturing appends to it: records as bytes, memory as references to pages.
 * Emitting writes it to the image file. Nothing is written while the state is
 * being captured, so the two can be apart in time.
 */
#include <linux/bvec.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/uio.h>

#include "internal.h"

#define CKPT_CHUNK_SIZE		SZ_32K
#define CKPT_EMIT_BVECS		256

/**
 * struct ckpt_chunk - a piece of the image
 * @list: link in the image, in stream order
 * @buf: bytes of records, or NULL for a piece that is pages
 * @used: how many
 * @owner: @buf is an allocation, and not what another piece has left of it
 * @mm: address space of the pages, for those that must be read in
 * @inode: or the inode of shmem that they belong to
 * @source: or the file that they are read from
 * @addrs: addresses of the pages, or their offsets in @inode or @source
 * @pages: the pages with a reference each; NULL for one that is swapped out or
 *	not read yet
 * @nr: how many
 */
struct ckpt_chunk {
	struct list_head list;
	void *buf;
	size_t used;
	bool owner;
	struct mm_struct *mm;
	struct inode *inode;
	struct file *source;
	const u64 *addrs;
	struct page **pages;
	u32 nr;
};

/**
 * struct ckpt_image - what a checkpoint has captured
 * @chunks: pieces in stream order
 * @room: where the next record goes
 * @left: bytes there
 * @size: bytes of the stream so far
 * @nr_records: records so far
 */
struct ckpt_image {
	struct list_head chunks;
	void *room;
	size_t left;
	u64 size;
	u64 nr_records;
};

/**
 * ckpt_image_alloc - an empty image
 *
 * Return: the image or NULL.
 */
struct ckpt_image *ckpt_image_alloc(void)
{
	struct ckpt_image *image;

	image = kzalloc(sizeof(*image), GFP_KERNEL_ACCOUNT);
	if (image)
		INIT_LIST_HEAD(&image->chunks);
	return image;
}

static void ckpt_chunk_put_pages(struct ckpt_chunk *chunk)
{
	u32 i;

	for (i = 0; i < chunk->nr; i++)
		if (chunk->pages[i])
			put_page(chunk->pages[i]);
	chunk->nr = 0;
}

static void ckpt_chunk_free(struct ckpt_chunk *chunk)
{
	ckpt_chunk_put_pages(chunk);
	if (chunk->mm)
		mmdrop(chunk->mm);
	if (chunk->inode)
		iput(chunk->inode);
	if (chunk->source)
		fput(chunk->source);
	kvfree(chunk->pages);
	if (chunk->owner)
		kvfree(chunk->buf);
	kfree(chunk);
}

/**
 * ckpt_image_free - drop an image and its references
 * @image: image or NULL
 */
void ckpt_image_free(struct ckpt_image *image)
{
	struct ckpt_chunk *chunk, *next;

	if (!image)
		return;
	list_for_each_entry_safe(chunk, next, &image->chunks, list)
		ckpt_chunk_free(chunk);
	kfree(image);
}

static struct ckpt_chunk *ckpt_chunk_add(struct ckpt_image *image)
{
	struct ckpt_chunk *chunk = kzalloc(sizeof(*chunk), GFP_KERNEL_ACCOUNT);

	if (chunk)
		list_add_tail(&chunk->list, &image->chunks);
	return chunk;
}

/* Room for @len bytes at the end of the image. */
static void *ckpt_reserve(struct ckpt_image *image, size_t len)
{
	bool fresh = image->left < len;
	struct ckpt_chunk *chunk = NULL;
	void *p = image->room;

	if (!list_empty(&image->chunks))
		chunk = list_last_entry(&image->chunks, struct ckpt_chunk, list);

	if (fresh) {
		image->left = max_t(size_t, len, CKPT_CHUNK_SIZE);
		p = kvzalloc(image->left, GFP_KERNEL_ACCOUNT);
		if (!p)
			goto nomem;
	}
	/* Behind pages, a piece of its own in what is left of the last one. */
	if (fresh || !chunk || !chunk->buf) {
		chunk = ckpt_chunk_add(image);
		if (!chunk) {
			if (fresh)
				kvfree(p);
			goto nomem;
		}
		chunk->buf = p;
		chunk->owner = fresh;
	}
	chunk->used += len;
	image->room = p + len;
	image->left -= len;
	image->size += len;
	return p;
nomem:
	if (fresh)
		image->left = 0;
	return NULL;
}

/**
 * ckpt_record - append a record to the image
 * @ctx: checkpoint context
 * @type: CKPT_HDR_*
 * @tail: bytes of the trailing array
 *
 * Return: the record, zeroed but for its header, which stays where it is until
 * the image is freed; NULL without memory.
 */
void *ckpt_record(struct ckpt_ctx *ctx, u32 type, size_t tail)
{
	const struct ckpt_record *rec = ckpt_record_find(type);
	size_t len = ALIGN(rec->size + tail, 8);
	struct ckpt_hdr *h;

	h = ckpt_reserve(ctx->image, len);
	if (!h)
		return NULL;
	h->type = type;
	h->len = len;
	ctx->image->nr_records++;
	return h;
}

/**
 * ckpt_record_string - append a string record
 * @ctx: checkpoint context
 * @text: the text, shorter than PATH_MAX
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_record_string(struct ckpt_ctx *ctx, const char *text)
{
	size_t size = strlen(text) + 1;
	struct ckpt_hdr_string *h;

	h = ckpt_record(ctx, CKPT_HDR_STRING, size);
	if (!h)
		return -ENOMEM;
	h->size = size;
	memcpy(h->text, text, size);
	return 0;
}

/**
 * ckpt_record_path - append a string record with a path
 * @ctx: checkpoint context
 * @path: the path; must be below the context's root
 *
 * Return: 0, -EBADF for a path outside of the root, -ENAMETOOLONG, -ENOMEM.
 */
int ckpt_record_path(struct ckpt_ctx *ctx, const struct path *path)
{
	char *buf, *name;
	int ret;

	buf = __getname();
	if (!buf)
		return -ENOMEM;

	name = __d_path(path, &ctx->root, buf, PATH_MAX);
	if (!name)
		ret = -EBADF;
	else if (IS_ERR(name))
		ret = PTR_ERR(name);
	else
		ret = ckpt_record_string(ctx, name);

	__putname(buf);
	return ret;
}

/* Zeros so that what stands @ahead bytes later is page-aligned. */
static int ckpt_record_pad(struct ckpt_ctx *ctx, size_t ahead)
{
	size_t fixed = sizeof(struct ckpt_hdr_pad), pad;
	struct ckpt_hdr_pad *h;

	if (!((ctx->image->size + ahead) & (PAGE_SIZE - 1)))
		return 0;
	pad = -(ctx->image->size + fixed + ahead) & (PAGE_SIZE - 1);
	h = ckpt_record(ctx, CKPT_HDR_PAD, pad);
	if (!h)
		return -ENOMEM;
	h->size = pad;
	return 0;
}

/* A chunk of pages whose owner is still to be named; NULL for an empty one. */
static struct ckpt_chunk *ckpt_record_chunk(struct ckpt_ctx *ctx,
					    const u64 *addrs,
					    struct page **pages, u32 nr)
{
	size_t head = sizeof(struct ckpt_hdr_pgarr) + nr * sizeof(u64);
	struct ckpt_image *image = ctx->image;
	struct ckpt_hdr_pgarr *h;
	struct ckpt_chunk *chunk;
	struct page **copy;
	int ret;

	if (nr) {
		ret = ckpt_record_pad(ctx, head);
		if (ret)
			return ERR_PTR(ret);
	}
	h = ckpt_record(ctx, CKPT_HDR_PGARR, nr * sizeof(u64));
	if (!h)
		return ERR_PTR(-ENOMEM);
	h->nr_pages = nr;
	if (!nr)
		return NULL;
	memcpy(h + 1, addrs, nr * sizeof(u64));

	if (pages)
		copy = kvmemdup(pages, nr * sizeof(*pages), GFP_KERNEL_ACCOUNT);
	else
		copy = kvcalloc(nr, sizeof(*pages), GFP_KERNEL_ACCOUNT);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	chunk = ckpt_chunk_add(image);
	if (!chunk) {
		kvfree(copy);
		return ERR_PTR(-ENOMEM);
	}
	chunk->addrs = (const u64 *)(h + 1);
	chunk->pages = copy;
	chunk->nr = nr;

	h->h.len += nr * PAGE_SIZE;
	image->size += (u64)nr * PAGE_SIZE;
	return chunk;
}

/**
 * ckpt_record_pages - append a chunk of memory
 * @ctx: checkpoint context
 * @mm: address space
 * @addrs: addresses of the pages
 * @pages: the pages, NULL for one that is swapped out; on success the image
 *	owns the caller's references, not the array
 * @nr: how many; 0 makes the chunk that ends an area
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_record_pages(struct ckpt_ctx *ctx, struct mm_struct *mm,
		      const u64 *addrs, struct page **pages, u32 nr)
{
	struct ckpt_chunk *chunk = ckpt_record_chunk(ctx, addrs, pages, nr);

	if (IS_ERR_OR_NULL(chunk))
		return PTR_ERR_OR_ZERO(chunk);
	mmgrab(mm);
	chunk->mm = mm;
	return 0;
}

/**
 * ckpt_record_inode_pages - append a chunk of shared memory
 * @ctx: checkpoint context
 * @inode: inode of shmem
 * @offsets: where in it the pages are, in bytes
 * @pages: the pages, as with ckpt_record_pages()
 * @nr: how many; 0 makes the chunk that ends the contents
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_record_inode_pages(struct ckpt_ctx *ctx, struct inode *inode,
			    const u64 *offsets, struct page **pages, u32 nr)
{
	struct ckpt_chunk *chunk = ckpt_record_chunk(ctx, offsets, pages, nr);

	if (IS_ERR_OR_NULL(chunk))
		return PTR_ERR_OR_ZERO(chunk);
	ihold(inode);
	chunk->inode = inode;
	return 0;
}

/**
 * ckpt_record_file_pages - append a chunk of a file
 * @ctx: checkpoint context
 * @file: the file, open for reading
 * @offsets: where in it the pages are, in bytes
 * @nr: how many; 0 makes the chunk that ends the contents
 *
 * They are read when the image is written, a chunk at a time.
 *
 * Return: 0 or -ENOMEM.
 */
int ckpt_record_file_pages(struct ckpt_ctx *ctx, struct file *file,
			   const u64 *offsets, u32 nr)
{
	struct ckpt_chunk *chunk = ckpt_record_chunk(ctx, offsets, NULL, nr);

	if (IS_ERR_OR_NULL(chunk))
		return PTR_ERR_OR_ZERO(chunk);
	chunk->source = get_file(file);
	return 0;
}

/**
 * struct ckpt_out - what is to be written with one call
 * @bvec: pieces of memory
 * @nr: how many
 * @len: bytes of them
 * @next: the first chunk whose pages have not been written completely
 */
struct ckpt_out {
	struct bio_vec bvec[CKPT_EMIT_BVECS];
	u32 nr;
	size_t len;
	struct ckpt_chunk *next;
};

static int ckpt_emit_flush(struct ckpt_ctx *ctx, struct ckpt_out *out)
{
	struct iov_iter iter;
	int ret;

	if (!out->nr)
		return 0;
	iov_iter_bvec(&iter, ITER_SOURCE, out->bvec, out->nr, out->len);
	ret = ckpt_file_io(ctx->file, &iter);
	ctx->pos += out->len - iov_iter_count(&iter);
	out->nr = 0;
	out->len = 0;
	if (!ret && fatal_signal_pending(current))
		ret = -EINTR;
	cond_resched();
	return ret;
}

static int ckpt_emit_piece(struct ckpt_ctx *ctx, struct ckpt_out *out,
			   struct page *page, size_t len, size_t offset)
{
	bvec_set_page(&out->bvec[out->nr++], page, len, offset);
	out->len += len;
	return out->nr == CKPT_EMIT_BVECS ? ckpt_emit_flush(ctx, out) : 0;
}

/* Records, which stay where they are until the image is freed. */
static int ckpt_emit_bytes(struct ckpt_ctx *ctx, struct ckpt_out *out,
			   const void *buf, size_t len)
{
	bool scattered = is_vmalloc_addr(buf);
	size_t part;
	int ret = 0;

	xxh64_update(&ctx->hash, buf, len);
	for (; !ret && len; buf += part, len -= part) {
		part = len;
		if (scattered)
			part = min(len, PAGE_SIZE - offset_in_page(buf));
		ret = ckpt_emit_piece(ctx, out, scattered ?
				      vmalloc_to_page(buf) : virt_to_page(buf),
				      part, offset_in_page(buf));
	}
	return ret;
}

/* A record that the checksum does not cover. */
static int ckpt_emit_record(struct ckpt_ctx *ctx, void *buf, size_t len)
{
	struct kvec kvec = { .iov_base = buf, .iov_len = len };
	struct iov_iter iter;
	int ret;

	iov_iter_kvec(&iter, ITER_SOURCE, &kvec, 1, len);
	ret = ckpt_file_io(ctx->file, &iter);
	ctx->pos += len - iov_iter_count(&iter);
	return ret;
}

/* Have the pages of a chunk that are swapped out read in: of shared memory... */
static int ckpt_chunk_fill_inode(struct ckpt_chunk *chunk)
{
	struct page *page;
	u32 i;

	for (i = 0; i < chunk->nr; i++) {
		if (chunk->pages[i])
			continue;
		page = shmem_read_mapping_page(chunk->inode->i_mapping,
					       chunk->addrs[i] >> PAGE_SHIFT);
		if (IS_ERR(page))
			return PTR_ERR(page);
		chunk->pages[i] = page;
	}
	return 0;
}

/* ... those of a file... */
static int ckpt_chunk_fill_file(struct ckpt_chunk *chunk)
{
	ssize_t got;
	loff_t pos;
	size_t len;
	u32 i;

	for (i = 0; i < chunk->nr; i++) {
		chunk->pages[i] = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!chunk->pages[i])
			return -ENOMEM;
		pos = chunk->addrs[i];
		for (len = 0; len < PAGE_SIZE; len += got) {
			got = kernel_read(chunk->source,
					  page_address(chunk->pages[i]) + len,
					  PAGE_SIZE - len, &pos);
			if (got < 0)
				return got;
			if (!got)
				break;
		}
		cond_resched();
	}
	return 0;
}

/* ... and of an address space. */
static int ckpt_chunk_fill(struct ckpt_chunk *chunk)
{
	bool live = false;
	long ret = 0;
	u32 i;

	for (i = 0; i < chunk->nr && ret >= 0; i++) {
		if (chunk->pages[i])
			continue;
		if (!live) {
			if (!mmget_not_zero(chunk->mm))
				return -ESRCH;
			live = true;
			mmap_read_lock(chunk->mm);
		}
		ret = get_user_pages_remote(chunk->mm, chunk->addrs[i], 1,
					    FOLL_FORCE, &chunk->pages[i], NULL);
		if (!ret)
			ret = -EFAULT;
	}
	if (live) {
		mmap_read_unlock(chunk->mm);
		mmput(chunk->mm);
	}
	return ret < 0 ? ret : 0;
}

static int ckpt_emit_pages(struct ckpt_ctx *ctx, struct ckpt_out *out,
			   struct ckpt_chunk *chunk)
{
	void *addr;
	int ret;
	u32 i;

	if (chunk->inode)
		ret = ckpt_chunk_fill_inode(chunk);
	else if (chunk->source)
		ret = ckpt_chunk_fill_file(chunk);
	else
		ret = ckpt_chunk_fill(chunk);
	for (i = 0; !ret && i < chunk->nr; i++) {
		addr = kmap_local_page(chunk->pages[i]);
		xxh64_update(&ctx->hash, addr, PAGE_SIZE);
		kunmap_local(addr);
		ret = ckpt_emit_piece(ctx, out, chunk->pages[i], PAGE_SIZE, 0);
	}
	return ret;
}

/* How many pieces a chunk makes, or a few more. */
static size_t ckpt_chunk_pieces(const struct ckpt_chunk *chunk)
{
	if (!chunk->buf)
		return chunk->nr;
	return is_vmalloc_addr(chunk->buf) ? chunk->used / PAGE_SIZE + 2 : 1;
}

/*
 * Small chunks go together: a task has some twenty, and a call for each would
 * cost more than what it writes.
 */
static int ckpt_emit_chunk(struct ckpt_ctx *ctx, struct ckpt_out *out,
			   struct ckpt_chunk *chunk)
{
	int ret;

	if (out->nr + ckpt_chunk_pieces(chunk) > CKPT_EMIT_BVECS) {
		ret = ckpt_emit_flush(ctx, out);
		if (ret)
			return ret;
		/* Those that came back from swap need not stay. */
		while (out->next != chunk) {
			ckpt_chunk_put_pages(out->next);
			out->next = list_next_entry(out->next, list);
		}
	}
	if (chunk->buf)
		return ckpt_emit_bytes(ctx, out, chunk->buf, chunk->used);
	return ckpt_emit_pages(ctx, out, chunk);
}

/**
 * ckpt_image_emit - write the captured image and its trailer
 * @ctx: checkpoint context
 *
 * Return: 0, -ESRCH when a member ended on the way, or what write(2) would
 * have failed with.
 */
int ckpt_image_emit(struct ckpt_ctx *ctx)
{
	struct ckpt_image *image = ctx->image;
	struct ckpt_hdr_tail tail = {
		.h = { .type = CKPT_HDR_TAIL, .len = sizeof(tail) },
		.magic = CKPT_MAGIC_TAIL,
		.nr_records = image->nr_records + 1,
		.size = image->size + sizeof(tail),
	};
	struct ckpt_chunk *chunk;
	struct ckpt_out *out;
	int ret = 0;

	out = kmalloc(sizeof(*out), GFP_KERNEL);
	if (!out)
		return -ENOMEM;
	out->nr = 0;
	out->len = 0;
	out->next = list_first_entry(&image->chunks, struct ckpt_chunk, list);
	list_for_each_entry(chunk, &image->chunks, list) {
		ret = ckpt_emit_chunk(ctx, out, chunk);
		if (ret)
			break;
	}
	if (!ret)
		ret = ckpt_emit_flush(ctx, out);
	if (!ret) {
		tail.checksum = xxh64_digest(&ctx->hash);
		ret = ckpt_emit_record(ctx, &tail, sizeof(tail));
	}
	kfree(out);
	if (ret)
		ckpt_err(ctx, NULL, ret, "cannot write the image at byte %llu",
			 ctx->pos);
	return ret;
}

/**
 * ckpt_image_emit_error - write the error record of a failed checkpoint
 * @ctx: checkpoint context
 * @err: negative errno
 *
 * When nothing has been written yet, the header is written first, so that the
 * record is found by reading as well as from the end of the file.
 */
void ckpt_image_emit_error(struct ckpt_ctx *ctx, int err)
{
	size_t size, fixed = sizeof(struct ckpt_hdr_error);
	struct ckpt_hdr_error *h;
	struct ckpt_chunk *chunk;

	if (!ctx->file)
		return;
	if (!ctx->pos) {
		chunk = list_first_entry_or_null(&ctx->image->chunks,
						 struct ckpt_chunk, list);
		if (!chunk || !chunk->buf ||
		    chunk->used < sizeof(struct ckpt_hdr_header) ||
		    ckpt_emit_record(ctx, chunk->buf,
				     sizeof(struct ckpt_hdr_header)))
			return;
	}

	size = strlen(ctx->msg) + 2;
	h = kzalloc(ALIGN(fixed + size, 8), GFP_KERNEL);
	if (!h)
		return;
	h->h.type = CKPT_HDR_ERROR;
	h->h.len = ALIGN(fixed + size, 8);
	h->err = err;
	h->size = size;
	memcpy(h->text + 1, ctx->msg, size - 2);
	ckpt_emit_record(ctx, h, h->h.len);
	kfree(h);
}
