// SPDX-License-Identifier: GPL-2.0

package schema

// Creds is who a task acts as.
var Creds = Subsystem{
	Name: "Credentials", Doc: "Who a task acts as. Ids are those of the task's user namespace.",
	Records: []*Record{
		{Name: "cred", Type: 115, Object: obj("CRED"), Doc: "Credentials (credentials(7), capabilities(7)).", Fields: []Field{
			{Name: "objref", Kind: S32, Doc: "object number"},
			{Name: "securebits", Kind: U32, Doc: "PR_GET_SECUREBITS"},
			{Name: "uid", Kind: U32, Doc: "real user id"},
			{Name: "euid", Kind: U32, Doc: "effective user id"},
			{Name: "suid", Kind: U32, Doc: "saved user id"},
			{Name: "fsuid", Kind: U32, Doc: "file-system user id"},
			{Name: "gid", Kind: U32, Doc: "real group id"},
			{Name: "egid", Kind: U32, Doc: "effective group id"},
			{Name: "sgid", Kind: U32, Doc: "saved group id"},
			{Name: "fsgid", Kind: U32, Doc: "file-system group id"},
			{Name: "cap_inheritable", Kind: U64, Doc: "CAP_* bits"},
			{Name: "cap_permitted", Kind: U64, Doc: "CAP_* bits"},
			{Name: "cap_effective", Kind: U64, Doc: "CAP_* bits"},
			{Name: "cap_bounding", Kind: U64, Doc: "CAP_* bits"},
			{Name: "cap_ambient", Kind: U64, Doc: "CAP_* bits"},
			{Name: "nr_groups", Kind: U32, Max: 65536, Doc: "supplementary groups"},
			{Name: "reqkey_keyring", Kind: U32, Max: 7, Doc: "KEY_REQKEY_DEFL_*: where request_key(2) puts a key, as KEYCTL_SET_REQKEY_KEYRING"},
			{Name: "groups", Kind: U32, LenOf: "nr_groups", MaxLen: 65536, Doc: "supplementary group ids, as getgroups(2)"},
		}},
	},
}
