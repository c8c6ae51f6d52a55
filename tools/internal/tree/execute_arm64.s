// SPDX-License-Identifier: GPL-2.0

#include "go_asm.h"
#include "textflag.h"

// func execute(i *instr, failed *uint64)
//
// See execute.go. A system call keeps every register but R0.
TEXT ·execute(SB),NOSPLIT|NOFRAME,$0-16
	MOVD	i+0(FP), R19
	MOVD	failed+8(FP), R20

call:
	MOVD	instr_nr(R19), R8
	MOVD	(instr_args+0)(R19), R0
	MOVD	(instr_args+8)(R19), R1
	MOVD	(instr_args+16)(R19), R2
	MOVD	(instr_args+24)(R19), R3
	MOVD	(instr_args+32)(R19), R4
	MOVD	(instr_args+40)(R19), R5
	SVC
	CMN	$4095, R0
	BCS	error
	MOVD	instr_kind(R19), R9
	MOVD	instr_arg(R19), R10
	CMP	$const_kindFork, R9
	BEQ	forked
	CMP	$const_kindExpect, R9
	BNE	next
	CMP	R10, R0
	BNE	end

next:
	ADD	$instr__size, R19
	B	call

forked:
	CBNZ	R0, next
	MOVD	R10, R19
	B	call

error:
	// Only the first failure counts: *failed is 0 until then.
	NEG	R0, R0
	MOVD	instr_tag(R19), R9
	ORR	R0, R9, R9

again:
	LDAXR	(R20), R10
	CBNZ	R10, end
	STLXR	R9, (R20), R11
	CBNZ	R11, again

end:
	MOVD	$const_exitGroup, R8
	MOVD	$1, R0
	SVC
	B	end
