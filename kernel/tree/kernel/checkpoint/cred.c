// SPDX-License-Identifier: GPL-2.0
/*
 * Checkpoint/restart: credentials.
 *
 * Restored credentials start as a copy of the caller's, and every change is
 * one that the caller could make itself. They are taken on as the very last
 * step, so that all else is made with the caller's rights.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/key.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/security.h>
#include <linux/securebits.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include <uapi/linux/keyctl.h>

#include "internal.h"

static int ckpt_cred_checkpoint(struct ckpt_ctx *ctx, struct task_struct *task,
				void *ptr, struct ckpt_object *obj)
{
	const struct cred *cred = ptr;
	struct user_namespace *ns = cred->user_ns;
	struct group_info *groups = cred->group_info;
	struct ckpt_hdr_cred *h;
	int i;

	h = ckpt_record(ctx, CKPT_HDR_CRED, groups->ngroups * sizeof(u32));
	if (!h)
		return -ENOMEM;
	h->objref = ckpt_obj_number(ctx, obj);
	h->securebits = cred->securebits;
	h->uid = from_kuid_munged(ns, cred->uid);
	h->euid = from_kuid_munged(ns, cred->euid);
	h->suid = from_kuid_munged(ns, cred->suid);
	h->fsuid = from_kuid_munged(ns, cred->fsuid);
	h->gid = from_kgid_munged(ns, cred->gid);
	h->egid = from_kgid_munged(ns, cred->egid);
	h->sgid = from_kgid_munged(ns, cred->sgid);
	h->fsgid = from_kgid_munged(ns, cred->fsgid);
	h->cap_inheritable = cred->cap_inheritable.val;
	h->cap_permitted = cred->cap_permitted.val;
	h->cap_effective = cred->cap_effective.val;
	h->cap_bounding = cred->cap_bset.val;
	h->cap_ambient = cred->cap_ambient.val;
#ifdef CONFIG_KEYS
	h->reqkey_keyring = cred->jit_keyring;
#endif
	h->nr_groups = groups->ngroups;
	for (i = 0; i < groups->ngroups; i++)
		h->groups[i] = from_kgid_munged(ns, groups->gid[i]);
	return 0;
}

static int ckpt_cred_lsm(struct ckpt_ctx *ctx, int err, const char *what)
{
	return ckpt_err(ctx, current, err,
			"a security module denies the caller the %s of the image",
			what);
}

static int ckpt_cred_uids(struct ckpt_ctx *ctx, struct cred *new,
			  const struct cred *old, const struct ckpt_hdr_cred *h)
{
	u32 ids[] = { h->uid, h->euid, h->suid, h->fsuid };
	kuid_t kuids[ARRAY_SIZE(ids)];
	struct user_struct *user;
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		kuids[i] = make_kuid(old->user_ns, ids[i]);
		if (!uid_valid(kuids[i]))
			return ckpt_err(ctx, current, -EINVAL,
					"user %u has no place in the user namespace",
					ids[i]);
		if (!uid_eq(kuids[i], old->uid) &&
		    !uid_eq(kuids[i], old->euid) &&
		    !uid_eq(kuids[i], old->suid) &&
		    !ns_capable_setid(old->user_ns, CAP_SETUID))
			return ckpt_err(ctx, current, -EPERM,
					"the caller may not become user %u",
					ids[i]);
	}
	if (!uid_eq(kuids[0], old->uid)) {
		user = alloc_uid(kuids[0]);
		if (!user)
			return -ENOMEM;
		free_uid(new->user);
		new->user = user;
	}
	new->uid = kuids[0];
	new->euid = kuids[1];
	new->suid = kuids[2];
	new->fsuid = kuids[3];
	ret = security_task_fix_setuid(new, old, LSM_SETID_RES);
	return ret ? ckpt_cred_lsm(ctx, ret, "user ids") : 0;
}

static int ckpt_cred_gids(struct ckpt_ctx *ctx, struct cred *new,
			  const struct cred *old, const struct ckpt_hdr_cred *h)
{
	u32 ids[] = { h->gid, h->egid, h->sgid, h->fsgid };
	kgid_t kgids[ARRAY_SIZE(ids)];
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		kgids[i] = make_kgid(old->user_ns, ids[i]);
		if (!gid_valid(kgids[i]))
			return ckpt_err(ctx, current, -EINVAL,
					"group %u has no place in the user namespace",
					ids[i]);
		if (!gid_eq(kgids[i], old->gid) &&
		    !gid_eq(kgids[i], old->egid) &&
		    !gid_eq(kgids[i], old->sgid) &&
		    !ns_capable_setid(old->user_ns, CAP_SETGID))
			return ckpt_err(ctx, current, -EPERM,
					"the caller may not become group %u",
					ids[i]);
	}
	new->gid = kgids[0];
	new->egid = kgids[1];
	new->sgid = kgids[2];
	new->fsgid = kgids[3];
	ret = security_task_fix_setgid(new, old, LSM_SETID_RES);
	return ret ? ckpt_cred_lsm(ctx, ret, "group ids") : 0;
}

static int ckpt_cred_groups(struct ckpt_ctx *ctx, struct cred *new,
			    const struct cred *old,
			    const struct ckpt_hdr_cred *h)
{
	struct group_info *groups;
	bool same;
	u32 i;
	int ret;

	groups = groups_alloc(h->nr_groups);
	if (!groups)
		return -ENOMEM;
	for (i = 0; i < h->nr_groups; i++) {
		groups->gid[i] = make_kgid(old->user_ns, h->groups[i]);
		if (!gid_valid(groups->gid[i])) {
			put_group_info(groups);
			return ckpt_err(ctx, current, -EINVAL,
					"group %u has no place in the user namespace",
					h->groups[i]);
		}
	}
	groups_sort(groups);

	same = groups->ngroups == old->group_info->ngroups;
	for (i = 0; same && i < h->nr_groups; i++)
		same = gid_eq(groups->gid[i], old->group_info->gid[i]);
	if (!same && !may_setgroups()) {
		put_group_info(groups);
		return ckpt_err(ctx, current, -EPERM,
				"the caller may not set supplementary groups");
	}
	/* The hook looks at the new ones. */
	if (!same)
		set_groups(new, groups);
	put_group_info(groups);
	ret = same ? 0 : security_task_fix_setgroups(new, old);
	return ret ? ckpt_cred_lsm(ctx, ret, "supplementary groups") : 0;
}

static int ckpt_cred_securebits(struct ckpt_ctx *ctx, struct cred *new,
				const struct cred *old, unsigned int bits)
{
	unsigned int change = old->securebits ^ bits;
	unsigned int locked = (old->securebits & SECURE_ALL_LOCKS) >> 1;

	if (bits & ~(SECURE_ALL_LOCKS | SECURE_ALL_BITS))
		return ckpt_err(ctx, current, -EINVAL,
				"securebits %#x are not valid", bits);
	/* PR_SET_KEEPCAPS needs no privilege, PR_SET_SECUREBITS does. */
	if ((change & locked) || (old->securebits & SECURE_ALL_LOCKS & ~bits) ||
	    ((change & ~issecure_mask(SECURE_KEEP_CAPS)) &&
	     !ns_capable(old->user_ns, CAP_SETPCAP)))
		return ckpt_err(ctx, current, -EPERM,
				"the caller may not set securebits %#x", bits);
	new->securebits = bits;
	return 0;
}

static kernel_cap_t ckpt_cap(u64 bits)
{
	return (kernel_cap_t){ .val = bits & CAP_VALID_MASK };
}

/*
 * Can the caller prevent that giving up user 0 takes capabilities away?
 * With SECBIT_NO_SETUID_FIXUP all of them stay, with SECBIT_KEEP_CAPS those
 * that are permitted; either may be locked.
 */
static bool ckpt_may_skip_fixup(const struct cred *old)
{
	return issecure(SECURE_NO_SETUID_FIXUP) ||
	       (!issecure(SECURE_NO_SETUID_FIXUP_LOCKED) &&
		ns_capable(old->user_ns, CAP_SETPCAP));
}

static bool ckpt_may_keep_caps(void)
{
	return issecure(SECURE_KEEP_CAPS) || !issecure(SECURE_KEEP_CAPS_LOCKED);
}

/* @new is what changing the ids has left of the caller's capabilities. */
static int ckpt_cred_caps(struct ckpt_ctx *ctx, struct cred *new,
			  const struct cred *old, const struct ckpt_hdr_cred *h)
{
	bool skip_fixup = ckpt_may_skip_fixup(old);
	kernel_cap_t may_permit = skip_fixup || ckpt_may_keep_caps() ?
				  old->cap_permitted : new->cap_permitted;
	kernel_cap_t had_ambient = skip_fixup ? old->cap_ambient :
						new->cap_ambient;
	kernel_cap_t inheritable = ckpt_cap(h->cap_inheritable);
	kernel_cap_t permitted = ckpt_cap(h->cap_permitted);
	kernel_cap_t effective = ckpt_cap(h->cap_effective);
	kernel_cap_t bounding = ckpt_cap(h->cap_bounding);
	kernel_cap_t ambient = ckpt_cap(h->cap_ambient);

	if (!cap_issubset(ambient, cap_intersect(permitted, inheritable)))
		return ckpt_err(ctx, current, -EINVAL,
				"ambient capabilities are not valid");
	if (!cap_issubset(permitted, may_permit) ||
	    security_capset(new, old, &effective, &inheritable, &permitted))
		return ckpt_err(ctx, current, -EPERM,
				"the caller does not have capabilities %llx",
				h->cap_permitted & ~may_permit.val);
	if (!cap_issubset(bounding, old->cap_bset) ||
	    (bounding.val != old->cap_bset.val &&
	     !ns_capable(old->user_ns, CAP_SETPCAP)))
		return ckpt_err(ctx, current, -EPERM,
				"the caller may not change the bounding set to %llx",
				h->cap_bounding);
	if (issecure(SECURE_NO_CAP_AMBIENT_RAISE) &&
	    !cap_issubset(ambient, had_ambient))
		return ckpt_err(ctx, current, -EPERM,
				"the caller may not raise ambient capabilities");
	new->cap_bset = bounding;
	new->cap_ambient = ambient;
	return 0;
}

/* As execve(2), and the authority over a key: these belong to what the caller was. */
static void ckpt_cred_drop_keyrings(struct cred *new)
{
#ifdef CONFIG_KEYS
	key_put(new->thread_keyring);
	new->thread_keyring = NULL;
	key_put(new->process_keyring);
	new->process_keyring = NULL;
	key_put(new->request_key_auth);
	new->request_key_auth = NULL;
#endif
}

/*
 * What keyctl(2) lets one choose. It makes a keyring of the thread or process for
 * that, which the task of the image does not have any more.
 */
static int ckpt_cred_reqkey(struct ckpt_ctx *ctx, struct cred *new,
			    const struct ckpt_hdr_cred *h)
{
#ifdef CONFIG_KEYS
	if (h->reqkey_keyring != KEY_REQKEY_DEFL_GROUP_KEYRING) {
		new->jit_keyring = h->reqkey_keyring;
		return 0;
	}
#else
	if (h->reqkey_keyring == KEY_REQKEY_DEFL_DEFAULT)
		return 0;
#endif
	return ckpt_err(ctx, current, -EINVAL,
			"keys cannot go to keyring %u by default",
			h->reqkey_keyring);
}

static void *ckpt_cred_restore(struct ckpt_ctx *ctx, const struct ckpt_hdr *hdr)
{
	const struct ckpt_hdr_cred *h = (const void *)hdr;
	const struct cred *old = current_cred();
	struct cred *new;
	int ret;

	new = prepare_creds();
	if (!new)
		return ERR_PTR(-ENOMEM);
	ckpt_cred_drop_keyrings(new);
	ret = ckpt_cred_gids(ctx, new, old, h);
	if (!ret)
		ret = ckpt_cred_groups(ctx, new, old, h);
	if (!ret)
		ret = ckpt_cred_uids(ctx, new, old, h);
	if (!ret)
		ret = ckpt_cred_securebits(ctx, new, old, h->securebits);
	if (!ret)
		ret = ckpt_cred_caps(ctx, new, old, h);
	if (!ret)
		ret = ckpt_cred_reqkey(ctx, new, h);
	if (!ret)
		ret = set_cred_ucounts(new);
	if (ret) {
		abort_creds(new);
		return ERR_PTR(ret);
	}
	return new;
}

static void ckpt_cred_grab(void *ptr)
{
	get_cred(ptr);
}

static void ckpt_cred_drop(void *ptr)
{
	put_cred(ptr);
}

const struct ckpt_obj_ops ckpt_cred_ops = {
	.name		= "credentials",
	.objtype	= CKPT_OBJ_CRED,
	.grab		= ckpt_cred_grab,
	.drop		= ckpt_cred_drop,
	.checkpoint	= ckpt_cred_checkpoint,
	.restore	= ckpt_cred_restore,
};

/**
 * ckpt_cred_check - may the caller take on credentials that another task built?
 * @ctx: restart context
 * @cred: restored credentials
 *
 * They began as a copy of those of the first task in the image that has them.
 * That one may have had more rights than the caller, or another user namespace.
 *
 * Return: 0 or -EPERM.
 */
int ckpt_cred_check(struct ckpt_ctx *ctx, const struct cred *cred)
{
	const struct cred *own = current_cred();

	if (cred->user_ns == own->user_ns &&
	    cap_issubset(cred->cap_permitted, own->cap_permitted) &&
	    cap_issubset(cred->cap_bset, own->cap_bset) &&
	    ((uid_eq(cred->uid, own->uid) && uid_eq(cred->euid, own->euid) &&
	      uid_eq(cred->suid, own->suid) &&
	      uid_eq(cred->fsuid, own->fsuid)) ||
	     ns_capable_setid(own->user_ns, CAP_SETUID)) &&
	    ((gid_eq(cred->gid, own->gid) && gid_eq(cred->egid, own->egid) &&
	      gid_eq(cred->sgid, own->sgid) &&
	      gid_eq(cred->fsgid, own->fsgid) &&
	      cred->group_info == own->group_info) ||
	     ns_capable_setid(own->user_ns, CAP_SETGID)))
		return 0;
	return ckpt_err(ctx, current, -EPERM,
			"the task has not the rights that another one used to take on the same credentials");
}

/**
 * ckpt_cred_commit - take on restored credentials
 * @ctx: restart context
 * @r: what the task becomes
 *
 * Return: 0; commit_creds() does not fail.
 */
int ckpt_cred_commit(struct ckpt_ctx *ctx, struct ckpt_restore *r)
{
	return commit_creds((struct cred *)get_cred(r->cred));
}
